"""How the user's function is loaded and called, and how its arguments and results are read."""
