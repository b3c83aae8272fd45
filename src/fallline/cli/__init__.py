"""The command line: thin doors to what Python offers. Heavy modules load inside the command that needs them."""

from fallline.cli.app import main

__all__ = ["main"]
