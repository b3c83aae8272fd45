"""Elementary functions of floats, correctly rounded: the float nearest to the true value, on every machine.

The C library and NumPy's vector code err in the last place, each in its own way, so their results differ between machines.
Here the value is computed to far more digits than a float has, with whole numbers and Python's `decimal` (whose exp and
ln are correctly rounded), and rounded once. That takes microseconds for each value. These functions serve axes, data,
starts and constants; compiled kernels have their own (`readings/machine/elementary/`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["between", "circle", "cos", "each", "exp", "log", "place", "power", "sin", "tanh"]

_WIDE = Context(prec=70, Emin=-9999, Emax=9999)
"""Digits for exponentials. No exp or log of a float is within 1e-36 of the middle between two floats."""

_AXIS = Context(prec=50)
"""Digits for the values of a logarithmic axis."""

_BITS = 220
"""Bits after the point with which logarithms, sines and cosines are computed."""

_TERMS = 50
"""Powers of an angle below pi/4 in those series: the next term is smaller than 2^-_BITS."""

_ODD_POWERS = 36
"""Powers of a number below 1/100 in the series of the logarithm: the next is smaller than 2^-_BITS."""

_TINY = 1e-9
"""Below it sin x and tanh x, x (1 - x^2/6) and x (1 - x^2/3), are nearest to x itself."""

_BLOCK = 2048
"""Values of a logarithmic axis that share one of two factors."""


def exp(x: float) -> float:
    """Return the exponential; infinity if it is larger than every float.

    >>> exp(1.0), exp(-800.0)
    (2.718281828459045, 0.0)
    """
    if not abs(x) <= 800:
        return math.inf if x > 0 else 0.0 if x < 0 else math.nan
    return float(_WIDE.exp(Decimal(x)))


def log(x: float) -> float:
    """Return the natural logarithm; minus infinity at 0, NaN for a negative number.

    >>> log(2.0)
    0.6931471805599453
    """
    if not 0 < x < math.inf:
        return -math.inf if x == 0 else x if x > 0 else math.nan
    over, under = x.as_integer_ratio()
    twos = over.bit_length() - under.bit_length()
    over, under = over << max(0, -twos), under << max(0, twos)  # their ratio is between 1/2 and 2
    near = round(64 * over / under)
    top, bottom = 64 * over - near * under, 64 * over + near * under
    s = (top << _BITS) // bottom  # log(ratio) = log(near/64) + 2 atanh s, and |s| < 1/100
    square, power, series = s * s >> _BITS, s, s
    for k in range(3, _ODD_POWERS, 2):
        power = power * square >> _BITS
        series += power // k
    return (2 * series + _log_of_64th(near) + twos * _log_of_64th(128)) / (1 << _BITS)


def power(over: int, under: int, exponent: float) -> float:
    """Return (over/under)^exponent, of positive whole numbers.

    >>> power(64, 1, -0.5), power(3, 2, 2)
    (0.125, 2.25)
    """
    return float(_WIDE.power(_WIDE.divide(Decimal(over), Decimal(under)), Decimal(exponent)))


def tanh(x: float) -> float:
    """Return the hyperbolic tangent.

    >>> tanh(0.5)
    0.46211715726000974
    """
    if abs(x) < _TINY:
        return x
    if not abs(x) < 30:
        return math.copysign(1.0, x) if abs(x) >= 30 else math.nan
    e = _WIDE.exp(Decimal(-2 * abs(x)))
    return math.copysign(float(_WIDE.divide(_WIDE.subtract(Decimal(1), e), _WIDE.add(Decimal(1), e))), x)


def cos(x: float) -> float:
    """Return the cosine of an angle in radians.

    >>> cos(0.0), cos(1.0)
    (1.0, 0.5403023058681398)
    """
    return circle(x)[0]


def sin(x: float) -> float:
    """Return the sine of an angle in radians.

    >>> sin(1.0), sin(3.141592653589793)
    (0.8414709848078965, 1.2246467991473532e-16)
    """
    return circle(x)[1]


def circle(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in radians; NaN for an angle that is not finite.

    >>> circle(0.0)
    (1.0, 0.0)
    """
    if not math.isfinite(angle):
        return math.nan, math.nan
    cosine, sine = _circle(angle)
    return cosine / (1 << _BITS), angle if abs(angle) < _TINY else sine / (1 << _BITS)


def each(function: Callable[[float], float], values: ArrayLike) -> NDArray[np.float64]:
    """Apply a function of one float to every entry of an array.

    >>> each(log, [1.0, 2.0]).tolist()
    [0.0, 0.6931471805599453]
    """
    own = getattr(values, "elementary", None)  # of an array of columns, which stand for numbers to come
    if own is not None:
        return own(function.__name__)  # type: ignore[no-any-return]
    array = np.asarray(values, dtype=np.float64)
    return np.array([function(x) for x in array.ravel().tolist()], dtype=np.float64).reshape(array.shape)


def between(
    low: float, high: float, places: Iterable[int], parts: int, *, logarithmic: bool = False
) -> NDArray[np.float64]:
    """Return the values at the fractions place/parts of the way from low to high, in equal ratios if logarithmic.

    >>> between(1e-4, 1e-2, range(3), 2, logarithmic=True).tolist()
    [0.0001, 0.001, 0.01]
    """
    return np.array((_ratios if logarithmic else _straight)(low, high, places, parts), dtype=np.float64)


def place(value: float, low: float, high: float, parts: int, *, logarithmic: bool = False) -> int:
    """Return which of so many equal parts of the way from low to high holds a value, from 0 on; the inverse of `between`.

    >>> place(2.0, 1.0, 16.0, 8, logarithmic=True), place(0.25, 0.0, 1.0, 4)
    (2, 1)
    """
    if logarithmic:
        start, ratio = Decimal(low), _AXIS.ln(_AXIS.divide(Decimal(high), Decimal(low)))
        way = _AXIS.divide(_AXIS.ln(_AXIS.divide(Decimal(value), start)), ratio)
        return int(_AXIS.multiply(way, Decimal(parts)).to_integral_value(ROUND_FLOOR, _AXIS))
    begin = Fraction(low)
    return math.floor((Fraction(value) - begin) / (Fraction(high) - begin) * parts)


def _straight(low: float, high: float, places: Iterable[int], parts: int) -> list[float]:
    """low + (high - low) place/parts over one common denominator. Python divides whole numbers with one rounding."""
    (a, p), (b, q) = low.as_integer_ratio(), high.as_integer_ratio()
    first, step, under = a * q * parts, b * p - a * q, p * q * parts
    return [(first + step * k) / under for k in places]


def _ratios(low: float, high: float, places: Iterable[int], parts: int) -> list[float]:
    """low (high/low)^(place/parts). A place is block + rest, so that two exponentials serve thousands of values."""
    start, ratio = Decimal(low), _AXIS.ln(_AXIS.divide(Decimal(high), Decimal(low)))

    @cache
    def factor(k: int) -> Decimal:
        return _AXIS.exp(_AXIS.divide(_AXIS.multiply(ratio, Decimal(k)), Decimal(parts)))

    def value(k: int) -> float:
        if k in (0, parts):
            return high if k else low
        rest = k % _BLOCK
        return float(_AXIS.multiply(_AXIS.multiply(start, factor(k - rest)), factor(rest)))

    return [value(k) for k in places]


@cache
def _log_of_64th(n: int) -> int:
    """log(n/64) in units of 2^-_BITS."""
    wide = Context(prec=100)
    return int(wide.multiply(wide.ln(wide.divide(Decimal(n), Decimal(64))), Decimal(1 << _BITS)))


def _circle(x: float) -> tuple[int, int]:
    """Cosine and sine as whole numbers of 2^-_BITS."""
    numerator, denominator = x.as_integer_ratio()
    bits = _BITS + max(0, numerator.bit_length() - denominator.bit_length())
    quarter = _pi(bits) >> 1
    scaled = (numerator << bits) // denominator
    turns = (2 * scaled + quarter) // (2 * quarter)
    r = (scaled - turns * quarter) >> (bits - _BITS)  # between -pi/4 and pi/4
    square = r * r >> _BITS
    cosine = even = 1 << _BITS
    sine = odd = r
    for k in range(1, _TERMS, 2):
        even = -(even * square >> _BITS) // (k * (k + 1))
        odd = -(odd * square >> _BITS) // ((k + 1) * (k + 2))
        cosine, sine = cosine + even, sine + odd
    return ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[turns % 4]


@lru_cache(maxsize=32)
def _pi(bits: int) -> int:
    """pi in units of 2^-bits, by Machin's formula 16 arctan(1/5) - 4 arctan(1/239)."""
    unit = 1 << (bits + 16)

    def arctan_of_inverse(n: int) -> int:
        power, total, k = unit // n, 0, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power, k = power // (n * n), k + 2
        return total

    return (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) >> 16
