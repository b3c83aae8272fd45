"""The local server: its address, who may speak to it, and the socket of a page."""
