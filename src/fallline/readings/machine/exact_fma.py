"""a b + c with one rounding, for x86 processors that have no such instruction."""

from __future__ import annotations

from fallline.readings.machine.vectors import Vectors

__all__ = ["ExactVectors"]


class ExactVectors(Vectors):
    pass
