"""Sine and cosine: the angle is reduced by multiples of pi/2, then a polynomial serves each quadrant."""

from __future__ import annotations

import math

from fallline.readings.machine.elementary.formats import format_of, polynomial
from fallline.readings.machine.vectors import Vectors

__all__ = ["cos", "sin"]


def _quadrant(v: Vectors, x: str) -> tuple[str, str, str]:
    """The bits of k, the whole number nearest to x / (pi/2), and x - k pi/2 as a sum of two numbers."""
    f = format_of(v)
    magic = 1.5 * 2.0**f.mantissa
    shifted = v.fma(x, v.number(2 / math.pi), v.number(magic))
    k = v.neg(v.sub(shifted, v.number(magic)))
    r = x
    for exact in f.half_pi[:-2]:
        r = v.fma(k, v.number(exact), r)
    # the last two parts with every rounding error kept: next to a zero of sin or cos little else is left
    part = v.number(f.half_pi[-2])
    product = v.mul(k, part)
    product_error = v.fma(k, part, v.neg(product))
    high, low = _two_sum(v, r, product)
    low = v.add(low, v.fma(k, v.number(f.half_pi[-1]), product_error))
    total = v.add(high, low)
    return v.to_bits(shifted), total, v.sub(low, v.sub(total, high))


def _two_sum(v: Vectors, a: str, b: str) -> tuple[str, str]:
    """a + b as its rounded value and the error (Knuth)."""
    total = v.add(a, b)
    back = v.sub(total, a)
    return total, v.add(v.sub(a, v.sub(total, back)), v.sub(b, back))


def _sine(v: Vectors, x: str, quarter: int) -> str:
    f = format_of(v)
    far = v.compare("ogt", v.call("fabs", x), v.number(f.far))
    keep = v.compare("olt", v.call("fabs", x), v.number(math.inf))
    x = v.select(v.both(far, keep), v.number(0.0), x)
    bits, r, low = _quadrant(v, x)
    if quarter:
        bits = v.bit("add", bits, v.whole(quarter))
    z = v.mul(r, r)
    sine = v.add(r, v.fma(v.mul(z, r), polynomial(v, z, f.sin), low))
    half = v.mul(z, v.number(0.5))
    w = v.sub(v.number(1.0), half)
    rest = v.sub(v.sub(v.number(1.0), w), half)
    cosine = v.add(w, v.fma(v.mul(z, z), polynomial(v, z, f.cos), v.fma(v.neg(r), low, rest)))
    odd = v.let(f"icmp ne {v.integer} {v.bit('and', bits, v.whole(1))}, zeroinitializer")
    sign = v.bit("shl", v.bit("lshr", bits, v.whole(1)), v.whole(v.bits - 1))
    return v.from_bits(v.bit("xor", v.to_bits(v.select(odd, cosine, sine)), sign))


def sin(v: Vectors, x: str) -> str:
    """sin(x): -0 at -0, NaN where x is infinite."""
    return v.select(v.compare("oeq", x, v.number(0.0)), x, _sine(v, x, 0))


def cos(v: Vectors, x: str) -> str:
    """cos(x): NaN where x is infinite."""
    return _sine(v, x, 1)
