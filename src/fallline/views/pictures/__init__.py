"""Pictures: each is drawn by one function and returned as a `Picture`."""
