"""Operands that are hard for an fma: halfway cases, cancellation, subnormal numbers, overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

KINDS = (
    "any bits",
    "ordinary",
    "halfway",
    "few bits",
    "cancellation",
    "neighbours",
    "underflow",
    "tiny products",
    "overflow",
    "ends",
)


def operands(kind: str, dtype: Any, n: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Three arrays of n numbers."""
    info = np.finfo(dtype)
    width, fraction = 8 * np.dtype(dtype).itemsize, int(info.nmant)
    whole = np.uint32 if width == 32 else np.uint64
    bias = int(info.maxexp) - 1

    def any_bits() -> Any:
        return rng.integers(0, 2**width, n, dtype=np.uint64).astype(whole)

    def numbers(low: int, high: int, kept: Any = fraction) -> Any:
        """Of biased exponents low..high-1, with some bits of the fraction."""
        bits = any_bits()
        mask = ~((whole(1) << (fraction - np.asarray(kept)).astype(whole)) - whole(1))
        exponent = rng.integers(low, high, n).astype(whole) << whole(fraction)
        sign = bits & (whole(1) << whole(width - 1))
        return ((bits & whole((1 << fraction) - 1) & mask) | exponent | sign).view(dtype)

    def few() -> Any:
        return numbers(bias - 40, bias + 40, rng.integers(0, fraction + 1, n))

    def moved(x: Any, most: int) -> Any:
        """By some numbers up or down."""
        return (x.view(whole) + rng.integers(-most, most + 1, n).astype(whole)).view(dtype)

    with np.errstate(all="ignore"):
        if kind == "any bits":
            return any_bits().view(dtype), any_bits().view(dtype), any_bits().view(dtype)
        if kind == "ordinary":
            return numbers(bias - 30, bias + 30), numbers(bias - 30, bias + 30), numbers(bias - 60, bias + 60)
        if kind == "halfway":  # half of c's last place, times (1 + j eps)(1 - j eps): a hair below it
            c, off = numbers(bias - 5, bias + 5), rng.integers(-3, 4, n) * info.eps
            return np.spacing(c) / 2 * (1 + off).astype(dtype), (1 - off).astype(dtype), c
        if kind == "few bits":
            return few(), few(), few()
        if kind == "cancellation":
            a, b = few(), few()
            return a, b, moved((-(a * b)).astype(dtype), 3)
        if kind == "neighbours":  # a power of 2 times the product, moved: near to halfway
            a, b = numbers(bias - 3, bias + 3), numbers(bias - 3, bias + 3)
            return a, b, moved(np.ldexp(a * b, rng.integers(-fraction - 6, fraction + 6, n)).astype(dtype), 2)
        if kind == "underflow":
            return numbers(0, bias), numbers(0, bias + 5), numbers(0, 60)
        if kind == "tiny products":
            return numbers(bias // 2 - 20, bias // 2 + 20), numbers(bias // 2 - 60, bias // 2 + 20), numbers(0, 80)
        if kind == "overflow":
            return numbers(bias, 2 * bias + 1), numbers(bias, 2 * bias + 2), numbers(2 * bias - 60, 2 * bias + 2)
    ends = np.array(
        [0, -0.0, 1, -1, 2, 0.5, 3, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny, -info.tiny, 1 + info.eps,
         info.smallest_subnormal, -info.smallest_subnormal, 1 - info.epsneg, -1 - info.eps, info.eps / 4], dtype,
    )  # fmt: skip
    a, b, c = (ends[rng.integers(0, len(ends), n)] for _ in range(3))
    return a, b, c
