"""The lab: training explored live, in the browser or in a notebook."""

from fallline.lab.serve import serve

__all__ = ["serve"]
