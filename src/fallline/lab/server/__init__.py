"""The local server: its address, access to it, and the socket of a page."""
