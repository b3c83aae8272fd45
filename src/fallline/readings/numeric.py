"""What each operation of a graph means for NumPy's arrays. A graph can so be evaluated with any array type.

Comparisons and selections use the real parts of complex numbers, so that complex-step differentiation works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.readings.constants import INEXACT, constant

__all__ = ["NUMERIC", "numeric"]


def _real(x: Any) -> Any:
    return x.real if (isinstance(x, np.ndarray) and x.dtype.kind == "c") or isinstance(x, complex) else x


def _erf(x: Any) -> Any:
    from fallline.textbook.operations import erf

    return erf(x)


def _largest(x: Any, y: Any) -> Any:
    complex_valued = np.iscomplexobj(x) or np.iscomplexobj(y)
    return np.where(_real(x) > _real(y), x, y) if complex_valued else np.maximum(x, y)


def _smallest(x: Any, y: Any) -> Any:
    complex_valued = np.iscomplexobj(x) or np.iscomplexobj(y)
    return np.where(_real(x) < _real(y), x, y) if complex_valued else np.minimum(x, y)


NUMERIC: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "power": lambda x, y: x**y,
    "fma": lambda x, y, z: x * y + z,
    "exp": lambda x: np.exp(x),
    "log": lambda x: np.log(x),
    "log1p": lambda x: np.log1p(x),
    "tanh": lambda x: np.tanh(x),
    "sqrt": lambda x: np.sqrt(x),
    "sin": lambda x: np.sin(x),
    "cos": lambda x: np.cos(x),
    "erf": _erf,
    "floor": lambda x: np.floor(x),
    "absolute": lambda x: np.where(_real(x) > 0, x, -x) if np.iscomplexobj(x) else np.abs(x),
    "maximum": _largest,
    "minimum": _smallest,
    "greater": lambda x, y: _real(x) > _real(y),
    "greater_equal": lambda x, y: _real(x) >= _real(y),
    "less": lambda x, y: _real(x) < _real(y),
    "less_equal": lambda x, y: _real(x) <= _real(y),
    "equal": lambda x, y: np.equal(_real(x), _real(y)),
    "not_equal": lambda x, y: np.not_equal(_real(x), _real(y)),
    "logical_and": lambda x, y: np.logical_and(x, y),
    "logical_or": lambda x, y: np.logical_or(x, y),
    "logical_not": lambda x: np.logical_not(x),
    "select": lambda c, x, y: np.where(c, x, y),
    "constant": lambda x: x,
}


def numeric(op: str, *numbers: float) -> float:
    """Return an operation's value for plain numbers, the same on every machine. 1 / 0 is infinity, the root of -1 is NaN.

    >>> numeric("exp", 2.0), numeric("divide", 1.0, 0.0)
    (7.38905609893065, inf)
    """
    if op in INEXACT:
        return constant(op, *numbers)
    with np.errstate(all="ignore"):
        return float(NUMERIC[op](*(np.float64(x) for x in numbers)))
