"""Live pages: a map as one HTML file that trains in the reader's browser, with the bits of this package and without a server."""
