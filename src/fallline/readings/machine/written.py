"""Values written as code: a formula in NumPy's words becomes the instructions of its operations, one by one.

The graph fuses products into sums. Here nothing is fused or shared, so a formula gives the bits that NumPy gives for the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.readings.machine.emit import operation
from fallline.readings.machine.vectors import Vectors

__all__ = ["Written"]

_NAMES = {"bitwise_and": "logical_and", "bitwise_or": "logical_or", "invert": "logical_not"}


class Written(np.lib.mixins.NDArrayOperatorsMixin):
    """A vector of numbers, or of conditions, by its name in the code. Python numbers beside it stand in every lane.

    Examples
    --------
    >>> v = Vectors(64, 2)
    >>> x = Written(v, "%x")
    >>> np.where(x > 0, 2 * x + 1, np.sqrt(x)).name
    '%v5'
    >>> print(v.text())
      %v1 = fcmp ogt <2 x double> %x, splat (double 0x0000000000000000)
      %v2 = fmul <2 x double> splat (double 0x4000000000000000), %x
      %v3 = fadd <2 x double> %v2, splat (double 0x3FF0000000000000)
      %v4 = call <2 x double> @llvm.sqrt.v2f64(<2 x double> %x)
      %v5 = select <2 x i1> %v1, <2 x double> %v3, <2 x double> %v4
    """

    def __init__(self, v: Vectors, name: str) -> None:
        self.v, self.name = v, name

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **_: Any) -> Written:
        name = ufunc.__name__
        return Written(self.v, operation(self.v, _NAMES.get(name, name), *map(self._name_of, inputs)))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is not np.where:
            return NotImplemented
        return Written(self.v, self.v.select(*map(self._name_of, args)))

    def _name_of(self, value: Any) -> str:
        return value.name if isinstance(value, Written) else self.v.number(float(value))
