"""The exponential, and the functions made of it: tanh and the error function."""

from __future__ import annotations

from fallline.readings.machine.elementary.formats import DOUBLE, format_of, polynomial
from fallline.readings.machine.vectors import Vectors, avx512

__all__ = ["erf", "exp", "exp_at_most_zero", "tanh"]


def _reduced(v: Vectors, x: str, factor: float, offset: float) -> tuple[str, str, str]:
    """For y = factor x: k, the whole number nearest to y / ln 2; bits that end in k + offset; and y - k ln 2.

    Adding 2^mantissa leaves no room for a fraction, so the sum is rounded to a whole number, which its bits hold.
    """
    f = format_of(v)
    magic = 2.0**f.mantissa + offset
    shifted = v.fma(x, v.number(factor / DOUBLE.ln2[0]), v.number(magic))
    k = v.sub(shifted, v.number(magic))
    if factor != 1:
        x = v.mul(x, v.number(factor))
    r = v.fma(k, v.number(-f.ln2[0]), x)
    return k, v.to_bits(shifted), v.fma(k, v.number(-f.ln2[1]), r)


def _expm1_reduced(v: Vectors, r: str, correction: str | None = None) -> str:
    """exp(r) - 1 for |r| <= ln(2)/2."""
    p = v.fma(polynomial(v, r, format_of(v).expm1), v.mul(r, r), r)
    return p if correction is None else v.add(p, v.fma(p, correction, correction))


def exp(v: Vectors, x: str, correction: str | None = None) -> str:
    """exp(x), or exp(x + correction) for a correction below an ulp of x. Rounded once, subnormals included.

    A result of 0 is selected, never reached by scaling: many processors take a hundred cycles to round a number to 0.
    """
    f = format_of(v)
    zero = v.number(0.0)
    inside = v.compare("uge", x, v.number(f.lowest))
    x = v.clamp_below(v.clamp_above(x, v.number(f.highest)), v.number(f.lowest))
    k, bits, r = _reduced(v, x, 1, 2 * f.bias)
    y = v.add(_expm1_reduced(v, r, correction), v.number(1))
    if v.avx512:
        return avx512.scale(v, v.select(inside, y, zero), k)
    # 2^k in two factors, each a normal number: their biased exponents add up to k + 2 bias.
    half = v.bit("and", v.bit("lshr", bits, v.whole(1)), v.whole(2 * f.bias + 1))
    shift = v.whole(f.mantissa)
    first = v.from_bits(v.bit("shl", half, shift))
    second = v.from_bits(v.bit("shl", v.bit("sub", bits, half), shift))
    return v.mul(v.select(inside, v.mul(y, first), zero), second)


def exp_at_most_zero(v: Vectors, x: str) -> str:
    """exp(x) for x <= 0 or NaN, with the same bits and fewer instructions: it cannot overflow, so one scaling is enough.

    2^(k + s) is normal for every k of the range, so y 2^(k + s) is exact and the product with 2^-s rounds once. Outside of
    the range k and y are meaningless, and the result is replaced.
    """
    f = format_of(v)
    inside = v.compare("uge", x, v.number(f.lowest))
    s = (f.bias + 1) // 2
    k, bits, r = _reduced(v, x, 1, f.bias + s)
    y = v.add(_expm1_reduced(v, r), v.number(1))
    if v.avx512:
        return avx512.scale(v, v.select(inside, y, v.number(0.0)), k)
    y = v.mul(y, v.from_bits(v.bit("shl", bits, v.whole(f.mantissa))))
    return v.mul(v.select(inside, y, v.number(0.0)), v.number(2.0**-s))


def tanh(v: Vectors, x: str) -> str:
    """t / (t + 2) with t = exp(2 |x|) - 1, which loses nothing near 0; then the sign of x."""
    f = format_of(v)
    a = v.clamp_above(v.call("fabs", x), v.number(22.0))  # tanh rounds to 1 from 19.1 on
    _, bits, r = _reduced(v, a, 2, f.bias)
    s = v.from_bits(v.bit("shl", bits, v.whole(f.mantissa)))
    t = v.fma(s, _expm1_reduced(v, r), v.sub(s, v.number(1)))
    return v.call("copysign", v.div(t, v.add(t, v.number(2))), x)


def erf(v: Vectors, x: str) -> str:
    """x times a polynomial up to 1; from there 1 - exp(-q) with a polynomial q = -log erfc."""
    f = format_of(v)
    a = v.call("fabs", x)
    near = v.mul(x, polynomial(v, v.mul(x, x), f.erf))
    b = v.clamp_below(v.clamp_above(a, v.number(f.erfc_end)), v.number(1.0))
    q = polynomial(v, v.sub(b, v.number(f.erfc_centre)), f.erfc)
    far = v.call("copysign", v.sub(v.number(1.0), exp_at_most_zero(v, v.neg(q))), x)
    return v.select(v.compare("olt", a, v.number(1.0)), near, far)
