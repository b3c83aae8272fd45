"""Which faults give the numbers of the checked function: a catalogue, and a search."""
