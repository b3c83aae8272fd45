"""fallline: maps of how neural networks learn."""
