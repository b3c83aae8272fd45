"""Derivatives of a graph by a reverse walk, as nodes of the same graph."""

from fallline.readings.reverse.walk import delta_of, derivative, derivatives, gradient_of

__all__ = ["delta_of", "derivative", "derivatives", "gradient_of"]
