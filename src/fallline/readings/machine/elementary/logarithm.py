"""The logarithm: log(x), log(1 + x), and log(x) as a sum of two numbers for powers."""

from __future__ import annotations

import math
import struct

from fallline.readings.machine.elementary.formats import format_of, polynomial
from fallline.readings.machine.vectors import Vectors, avx512

__all__ = ["log", "log1p", "log_at_least_one", "log_in_two"]


def _log_parts(v: Vectors, x: str) -> tuple[str, str]:
    """x = m 2^e, positive and normal, with m in [sqrt(1/2), sqrt(2)): m, and e as a float."""
    f = format_of(v)
    if v.avx512:
        m, e = avx512.mantissa(v, x), avx512.exponent(v, x)
        high = v.compare("oge", m, v.number(f.root))
        return v.select(high, v.mul(m, v.number(0.5)), m), v.select(high, v.add(e, v.number(1)), e)
    m = v.from_bits(v.bit("sub", v.to_bits(x), _exponent(v, x)))
    return m, _float_of(v, v.bit("ashr", _from_root(v, x), v.whole(f.mantissa)))


def _from_root(v: Vectors, x: str) -> str:
    """The bits of x minus those of sqrt(1/2), which hold e at the place of the exponent."""
    f = format_of(v)
    root = (
        struct.unpack("<q", struct.pack("<d", f.root))[0]
        if v.bits == 64
        else struct.unpack("<i", struct.pack("<f", f.root))[0]
    )
    return v.bit("sub", v.to_bits(x), v.whole(root - (1 << f.mantissa)))


def _exponent(v: Vectors, x: str) -> str:
    """e of `_log_parts`, at the place of a number's exponent."""
    mask = (1 << format_of(v).mantissa) - 1
    bits = _from_root(v, x)
    return v.bit("sub", bits, v.bit("and", bits, v.whole(mask)))


def _float_of(v: Vectors, whole: str) -> str:
    """A small whole number as a float: it is added to the bits of 1.5 2^mantissa, which is then subtracted."""
    f = format_of(v)
    bits = ((f.bias + f.mantissa) << f.mantissa) | (1 << (f.mantissa - 1))
    return v.sub(v.from_bits(v.bit("add", whole, v.whole(bits))), v.number(1.5 * 2.0**f.mantissa))


def _log_of(v: Vectors, x: str, residue: str | None = None, below: str | None = None) -> str:
    """log(x + residue), or log(x / 2^below), for normal x > 0 and |residue| below an ulp of x.

    A residue is 0 where x is too large for it to matter.
    """
    f = format_of(v)
    m, e = _log_parts(v, x)
    if below is not None:
        e = v.sub(e, below)
    g = v.sub(m, v.number(1))
    c = None
    if residue is not None:  # scaled by 2^-e like x
        scale = v.from_bits(v.bit("sub", v.whole(f.bias << f.mantissa), _exponent(v, x)))
        small = v.compare("olt", x, v.number(2.0 ** (f.mantissa + 2)))
        c = v.select(small, v.mul(residue, scale), v.number(0.0))
    # log(1 + g) = 2 atanh(s), s = g / (2 + g), arranged as g - (g^2/2 - s (g^2/2 + R)): Tang, fdlibm
    s = v.div(g, v.add(g, v.number(2)))
    z = v.mul(s, s)
    remainder = v.mul(z, polynomial(v, z, f.log))
    h = v.mul(v.mul(g, g), v.number(0.5))
    low = v.mul(e, v.number(f.ln2[1]))
    if c is not None:
        low = v.add(low, v.fma(v.neg(c), g, c))  # log'(1 + g) c = c (1 - g + ...)
        low = v.fma(v.mul(c, g), g, low)
    tail = v.fma(s, v.add(h, remainder), low)
    return v.fma(e, v.number(f.ln2[0]), v.sub(g, v.sub(h, tail)))


def _log_ends(v: Vectors, x: str, y: str) -> str:
    """Replace y by log's values where x is 0, negative, infinite or NaN."""
    if v.avx512:
        return avx512.log_ends(v, x, y)
    zero, infinity = v.number(0.0), v.number(math.inf)
    y = v.select(v.compare("oeq", x, zero), v.number(-math.inf), y)
    y = v.select(v.compare("olt", x, zero), v.number(-math.nan), y)  # the NaN that processors produce
    return v.select(v.compare("ult", x, infinity), v.select(v.compare("uno", x, x), x, y), v.add(x, x))


def log(v: Vectors, x: str) -> str:
    """log(x): -inf at 0, NaN below."""
    if v.avx512:  # its instructions take subnormal numbers, too
        return _log_ends(v, x, _log_of(v, x))
    up, below = _scaled_up(v, x)
    return _log_ends(v, x, _log_of(v, up, below=below))


def log_at_least_one(v: Vectors, x: str) -> str:
    """log(x) for finite x >= 1 or NaN, with the same bits and fewer instructions: log needs none of its special values."""
    y = _log_of(v, x)
    return y if v.avx512 else v.or_nan(y, x)


def _scaled_up(v: Vectors, x: str) -> tuple[str, str]:
    """x 2^below as a normal number, and below, which is 0 where x is normal."""
    f = format_of(v)
    tiny = v.compare("olt", x, v.number(2.0 ** (1 - f.bias)))
    up = v.select(tiny, v.mul(x, v.number(2.0 ** (f.mantissa + 1))), x)
    return up, v.select(tiny, v.number(float(f.mantissa + 1)), v.number(0.0))


def log1p(v: Vectors, x: str) -> str:
    """log(u + (x - (u - 1))) with u = 1 + x rounded."""
    one = v.number(1.0)
    u = v.add(x, one)
    residue = v.sub(x, v.sub(u, one))
    y = _log_of(v, u, residue)
    y = _log_ends(v, u, y)
    return v.select(v.compare("oeq", u, one), x, y)


def log_in_two(v: Vectors, a: str) -> tuple[str, str]:
    """log(a) of a > 0 as high + low, good to about 2^-6 ulp: enough for exponents whose result is not extreme."""
    f = format_of(v)
    up, below = _scaled_up(v, a)
    m, e = _log_parts(v, up)
    e = v.sub(e, below)
    # s = g / (2 + g) in two parts: the remainder of the division is exact with fma
    g = v.sub(m, v.number(1.0))
    d = v.add(g, v.number(2.0))
    d_low = v.sub(g, v.sub(d, v.number(2.0)))
    s = v.div(g, d)
    s_low = v.div(v.fma(v.neg(s), d_low, v.fma(v.neg(s), d, g)), d)
    z = v.mul(s, s)
    # 2 s + s^3 (c0 + z ...): the first coefficient, 2/3, in two parts as well
    tail = polynomial(v, z, f.log)
    cube = v.mul(z, s)
    cubic = v.mul(cube, tail)
    two_s = v.add(s, s)
    head = v.add(two_s, cubic)
    low = v.add(v.add(v.sub(two_s, head), cubic), v.add(s_low, s_low))
    base = v.mul(e, v.number(f.ln2[0]))
    base_low = v.fma(e, v.number(f.ln2[0]), v.neg(base))
    high = v.add(base, head)
    bigger = v.sub(high, base)
    rest = v.add(v.sub(base, v.sub(high, bigger)), v.sub(head, bigger))
    low = v.add(v.add(v.fma(e, v.number(f.ln2[1]), base_low), low), rest)
    return high, low
