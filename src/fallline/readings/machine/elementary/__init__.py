"""Elementary functions of our own, from fma + - * / sqrt, comparisons and integer bit tricks."""

from fallline.readings.machine.elementary.functions import BOUNDS, DOUBLE, ELEMENTARY, NARROW, SINGLE

__all__ = ["BOUNDS", "DOUBLE", "ELEMENTARY", "NARROW", "SINGLE"]
