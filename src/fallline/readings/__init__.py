"""The ways to read a page of the textbook: numbers, symbols, graph, machine. A reading knows no particular formula."""
