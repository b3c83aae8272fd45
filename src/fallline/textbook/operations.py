"""The vocabulary of the textbook: about a dozen named operations.

Most of them are NumPy's own functions under NumPy's own names. NumPy hands a call on to the type of its arguments
(`__array_ufunc__` and `__array_function__`), so that one page can be read as numbers, symbols, graph or machine code.
Constants in a page are Python numbers (`math.sqrt(2)`, never `np.sqrt(2)`), so that float32 stays float32.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy import cos, exp, floor, log, log1p, maximum, minimum, sin, sqrt, tanh, where

from fallline.shapes import Shaped

__all__ = [
    "Array",
    "cos",
    "erf",
    "exp",
    "floor",
    "log",
    "log1p",
    "log_sum_exp",
    "magnitude",
    "maximum",
    "minimum",
    "positive",
    "rows",
    "shift",
    "sin",
    "softmax",
    "sqrt",
    "tanh",
    "total",
    "where",
]

Array: TypeAlias = Any
"""An array of any reading: floats, complex numbers, symbols, or traced scalars."""


def rows(b: Shaped[Array, "*runs n_out"]) -> Shaped[Array, "*runs 1 n_out"]:
    """rows(b)[..., 0, k] = b[..., k]: the vector b as one row for all samples.

    >>> (np.zeros((2, 3)) + rows(np.array([1.0, 2.0, 3.0]))).tolist()
    [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    """
    return b[..., None, :]


def positive(z: Array) -> Array:
    """positive(z) = [z > 0]: 1 where z is positive, else 0 (also at 0), in the shape and dtype of z.

    >>> positive(np.array([-2.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    return where(z > 0, np.ones_like(z), np.zeros_like(z))


def magnitude(z: Array) -> Array:
    """magnitude(z) = |z|, elementwise, written with a condition so that it is analytic away from 0 (complex step).

    >>> magnitude(np.array([-2.0, 2.0, -1 + 3j])).tolist()
    [(2-0j), (2+0j), (1-3j)]
    """
    return where(z > 0, z, -z)


def erf(x: Array) -> Array:
    """erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) for t from 0 to x, elementwise.

    >>> erf(np.array([0.0, 1.0])).round(6).tolist()
    [0.0, 0.842701]
    """
    from scipy.special import erf as scipy_erf  # a NumPy ufunc; imported late to keep `import fallline` light

    return scipy_erf(x)


def shift(Z: Shaped[Array, "*shape n_out"]) -> Shaped[Array, "*shape 1"]:
    """shift(Z) = max_k z_k over the last axis: the constant to subtract before exp.

    Softmax and log-sum-exp have the same value for every shift; the largest entry keeps exp from overflowing. It counts
    as a constant: no reading differentiates it. In exact arithmetic (symbols) it is 0.

    >>> shift(np.array([1.0, 3.0, 2.0])).tolist()
    [3.0]
    """
    own = getattr(Z, "shift", None)
    if own is not None:
        return own()
    return _by_columns(maximum, Z.real) if _has_few_columns(Z) else Z.real.max(axis=-1, keepdims=True)


def total(Z: Shaped[Array, "*shape n_out"], keepdims: bool = False) -> Array:
    """total(Z) = sum_k z_k over the last axis: shape (..., n) to (...), or to (..., 1) with `keepdims`.

    >>> total(np.array([[1.0, 2.0, 3.0]])).tolist()
    [6.0]
    """
    if not _has_few_columns(Z):
        return Z.sum(axis=-1, keepdims=keepdims)
    whole = _by_columns(np.add, Z)
    return whole if keepdims else whole[..., 0]


def _has_few_columns(Z: Array) -> bool:
    """Whether folding column by column is worth it: NumPy takes ten times as long to fold an axis of a few classes.

    Both give the same bits below 8 columns; from there NumPy adds in pairs.
    """
    return isinstance(Z, np.ndarray) and Z.dtype != object and 1 <= Z.shape[-1] < 8


def _by_columns(operation: Any, Z: Shaped[Array, "*shape n_out"]) -> Shaped[Array, "*shape 1"]:
    whole = Z[..., :1]
    for k in range(1, Z.shape[-1]):
        whole = operation(whole, Z[..., k : k + 1])
    return whole


def log_sum_exp(Z: Shaped[Array, "*shape n_out"]) -> Shaped[Array, "*shape"]:
    """lse(Z) = log(sum_k exp(z_k)) over the last axis, without overflow.

    Computed as m + log(sum_k exp(z_k - m)) with m = max_k z_k. Source: Blanchard, Higham & Higham 2021.

    >>> float(log_sum_exp(np.array([1e4, 1e4])))
    10000.69314718056
    """
    m = shift(Z)
    return m[..., 0] + log(total(exp(Z - m)))


def softmax(Z: Shaped[Array, "*shape n_out"]) -> Shaped[Array, "*shape n_out"]:
    """y_k = exp(z_k) / sum_j exp(z_j) over the last axis: class probabilities.

    Computed from z_k - max_j z_j, so that exp does not overflow. Source: Bridle 1990.

    >>> softmax(np.array([0.0, 1e4])).tolist()
    [0.0, 1.0]
    """
    E = exp(Z - shift(Z))
    return E / total(E, keepdims=True)
