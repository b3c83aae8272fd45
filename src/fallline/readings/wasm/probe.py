"""A small module that finds out whether a processor rounds a b + c once, where a browser leaves that open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.readings.machine.compiled import assemble
from fallline.readings.wasm.binary import exporting
from fallline.readings.wasm.target import to_object
from fallline.readings.wasm.vectors import RelaxedVectors

__all__ = ["Probe", "probe"]

CASES = 8


@dataclass(frozen=True)
class Probe:
    """A module with relaxed SIMD, and what it must compute.

    Parameters
    ----------
    module
        Its function `run` takes the address of a table of 64-bit words: the addresses of a, b, c and of the results, and the
        number of vectors.
    operands
        a, b and c. With two roundings, every a b + c of theirs is 0.
    results
        a b + c with one rounding.
    """

    module: bytes
    operands: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    results: NDArray[Any]


def probe(bits: int) -> Probe:
    """The probe of modules that compute with that many bits.

    >>> tried = probe(32)
    >>> a, b, c = tried.operands
    >>> bool((a * b + c == 0).all()), bool((a.astype(float) * b + c == tried.results).all())
    (True, True)
    """
    v = RelaxedVectors(bits)
    places = [v.fresh(f"load ptr, ptr {v.at('%args', i, 'i64')}") for i in range(4)]
    with v.loop(v.load_scalar("%args", 4, "i64")) as i:
        a, b, c = (v.load(place, i) for place in places[:3])
        v.store(v.fma(a, b, c), places[3], i)
    module = exporting(to_object(assemble(v), relaxed=True), "run")
    real = np.dtype(f"float{bits}")
    # (1 + m eps)(1 + n eps) is 1 + (m + n) eps, and m n eps^2, which a second rounding loses
    m = 2 * np.arange(CASES) + 1
    n, eps = m + 2, float(np.finfo(real).eps)
    operands = ((1 + m * eps).astype(real), (1 + n * eps).astype(real), -(1 + (m + n) * eps).astype(real))
    return Probe(module, operands, (m * n * eps**2).astype(real))
