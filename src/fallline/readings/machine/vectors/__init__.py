"""A small writer of LLVM's text, with explicit vectors of float32 or float64."""

from fallline.readings.machine.vectors.instructions import Vectors

__all__ = ["Vectors"]
