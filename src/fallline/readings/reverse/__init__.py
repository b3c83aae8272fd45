"""Derivatives of a graph, by a reverse walk over it.

- `partials`: the derivatives of each smooth operation
- `choices`: which operand `where`, `maximum`, `minimum` and the absolute value take, also where two are equal
- `masks`: the conditions under which a part of a derivative counts
- `walk`: the walk itself, and the derivatives of functions
"""

from fallline.readings.reverse.walk import delta_of, derivative, derivatives, gradient_of

__all__ = ["delta_of", "derivative", "derivatives", "gradient_of"]
