"""Elementary functions of our own, from fma + - * / sqrt, comparisons and integer bit tricks.

The library's exp differs between machines and between vector widths; these do not, because IEEE 754 fixes every
operation they use. Largest errors in ulp, tested against mpmath over the whole range (`BOUNDS`):

              exp   log   log1p  tanh   sqrt  sin, cos  erf   power
    float32   1.0   1.0   1.5    2.5    0.5   1.0       2.5   10
    float64   1.0   1.0   1.5    2.5    0.5   1.0       2.5   10

Infinities, NaN and subnormal numbers are what IEEE 754 and C99's annex F ask for. One exception is ours: sin and cos of
arguments beyond 1e5 (float32) or 2^30 (float64) are those of 0. Polynomials are near-minimax fits (weighted least
squares on Chebyshev nodes, 60 digits) of the functions named beside them; the methods are the classical ones of Cody &
Waite 1980 and Muller, Elementary Functions.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fallline.readings.machine.vectors import Vectors, avx512

__all__ = ["BOUNDS", "ELEMENTARY", "NARROW"]

BOUNDS = {
    "exp": 1.0, "log": 1.0, "log1p": 1.5, "tanh": 2.5, "sqrt": 0.5, "sin": 1.0, "cos": 1.0, "erf": 2.5, "power": 10.0,
}  # fmt: skip
"""Largest error of each function in units of the last place, in either format."""


@dataclass(frozen=True)
class Format:
    """What the functions need to know of a floating-point format. Polynomials: lowest power first."""

    mantissa: int
    bias: int
    ln2: tuple[float, float]
    """ln(2) as a sum of two numbers; float32's first has so few bits that its product with an exponent is exact."""
    half_pi: tuple[float, ...]
    """pi/2 as a sum, in the same way."""
    root: float
    """sqrt(2), rounded: from it on a mantissa is halved before its logarithm is taken."""
    far: float
    """Largest argument that sin and cos reduce; beyond it neighbouring numbers lie too far apart to mean anything."""
    highest: float
    lowest: float
    expm1: tuple[float, ...]
    """(exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2."""
    log: tuple[float, ...]
    """(2 atanh(s) - 2 s) / s^3 in s^2, for 1 + f = (1 + s)/(1 - s) in [sqrt(1/2), sqrt(2)]."""
    sin: tuple[float, ...]
    """(sin(r)/r - 1) / r^2 in r^2, on |r| <= pi/4."""
    cos: tuple[float, ...]
    """(cos(r) - 1 + r^2/2) / r^4 in r^2, on |r| <= pi/4."""
    erf: tuple[float, ...]
    """erf(x)/x in x^2, on |x| <= 1."""
    erfc: tuple[float, ...]
    """-log erfc(x) in x - erfc_centre, on 1 <= x <= erfc_end, beyond which erf rounds to 1."""
    erfc_centre: float
    erfc_end: float


SINGLE = Format(
    mantissa=23,
    bias=127,
    ln2=(0.693145751953125, 1.428606765330187e-06),
    half_pi=(1.570770263671875, 2.5987625122070312e-05, 7.549790126404332e-08, -1.7151245100058819e-15),
    root=1.4142135381698608,
    far=1e5,
    highest=89.0,
    lowest=-104.5,
    expm1=(
        0.5, 0.1666666716337204, 0.04166626185178757, 0.008333273231983185, 0.0013946429826319218,
        0.00019913418509531766,
    ),
    log=(0.6666666269302368, 0.4000033736228943, 0.2853727340698242, 0.23582179844379425),
    sin=(-0.1666666716337204, 0.008333329111337662, -0.00019839325977955014, 2.718239329624339e-06),
    cos=(0.0416666679084301, -0.0013888883404433727, 2.4799530365271494e-05, -2.7211206088395556e-07),
    erf=(
        1.128379225730896, -0.37612637877464294, 0.11283782869577408, -0.026865441352128983, 0.005221063736826181,
        -0.0008484554127790034, 0.00011269417882431298, -9.676958143245429e-06,
    ),
    erfc=(
        5.364941120147705, 4.418160915374756, 0.9237509369850159, 0.016465818509459496, -0.0035704493056982756,
        0.0007302514277398586, -0.00013775505067314953, 2.1660507627530023e-05,
    ),
    erfc_centre=2.0,
    erfc_end=4.0,
)  # fmt: skip

DOUBLE = Format(
    mantissa=52,
    bias=1023,
    ln2=(0.6931471805599453, 2.3190468138462996e-17),
    half_pi=(1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33),
    root=1.4142135623730951,
    far=2.0**30,
    highest=710.0,
    lowest=-746.0,
    expm1=(
        0.5, 0.16666666666666682, 0.04166666666666673, 0.00833333333331707, 0.0013888888888858105,
        0.00019841269896329842, 2.4801587374525647e-05, 2.755723488492669e-06, 2.7557232708504554e-07,
        2.51120361241029e-08, 2.0927130261253147e-09,
    ),
    log=(
        0.6666666666666666, 0.4000000000000617, 0.28571428569099333, 0.22222222645536088, 0.18181775736121183,
        0.15387088400557877, 0.13250161152183146, 0.13250999153984946,
    ),
    sin=(
        -0.16666666666666666, 0.008333333333333323, -0.00019841269841255047, 2.755731921417115e-06,
        -2.5052104905450095e-08, 1.6058365757256994e-10, -7.578651578201467e-13,
    ),
    cos=(
        0.041666666666666664, -0.0013888888888888874, 2.4801587301571564e-05, -2.755731921539119e-07,
        2.0876754367254123e-09, -1.1470293189285056e-11, 4.738098622598269e-14,
    ),
    erf=(
        1.1283791670955126, -0.3761263890318375, 0.11283791670954883, -0.026866170645077587, 0.005223977624825688,
        -0.0008548326981271505, 0.00012055331127463809, -1.4925595643141381e-05, 1.6461006453360162e-06,
        -1.6350375227898373e-07, 1.4660190546145475e-08, -1.1374432993787571e-09, 5.959819644243884e-11,
    ),
    erfc=(
        7.806815272727265, 5.352680750986434, 0.9438937335242629, 0.01085807273755842, -0.002165476903013115,
        0.00042093256287041646, -7.703078162419038e-05, 1.2755860761666978e-05, -1.7690221054871707e-06,
        1.558972572193315e-07, 1.2616014041467136e-08, -1.0853320370661276e-08, 3.5440051583203783e-09,
        -8.75981849186134e-10, 1.3677484430879026e-10, -1.862203892630059e-11, 8.776866144613172e-12,
        8.222040438636328e-13, -1.0235681599682512e-12,
    ),
    erfc_centre=2.5,
    erfc_end=6.0,
)  # fmt: skip


def format_of(v: Vectors) -> Format:
    return DOUBLE if v.bits == 64 else SINGLE


def polynomial(v: Vectors, x: str, coefficients: Sequence[float]) -> str:
    """Horner's rule: the fewest operations; the lanes and the units beside it hide its latency."""
    y = v.number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        y = v.fma(y, x, v.number(c))
    return y


def _reduced(v: Vectors, x: str, factor: float, offset: float) -> tuple[str, str, str]:
    """For y = factor x: k, the whole number nearest to y / ln 2; bits whose low end is k + offset; and y - k ln 2.

    Adding 2^mantissa leaves no room for a fraction: the sum is rounded to a whole number and its bits hold it.
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

    Where the result is 0 it is never scaled down to it: many processors take a hundred cycles to round a number away.
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
    """exp(x) for x <= 0 or NaN, the same bits with fewer instructions: it cannot overflow, and one scaling is enough.

    2^(k + s) is normal for every k of the range, so y 2^(k + s) is exact and the product with 2^-s rounds once. Outside of
    the range k and y are anything, and are replaced.
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
    """The bits of x less those of sqrt(1/2): e stands where the exponent stood."""
    f = format_of(v)
    root = (
        struct.unpack("<q", struct.pack("<d", f.root))[0]
        if v.bits == 64
        else struct.unpack("<i", struct.pack("<f", f.root))[0]
    )
    return v.bit("sub", v.to_bits(x), v.whole(root - (1 << f.mantissa)))


def _exponent(v: Vectors, x: str) -> str:
    """e of `_log_parts`, where a number's exponent stands."""
    mask = (1 << format_of(v).mantissa) - 1
    bits = _from_root(v, x)
    return v.bit("sub", bits, v.bit("and", bits, v.whole(mask)))


def _float_of(v: Vectors, whole: str) -> str:
    """A small whole number as a float: it stands in the low bits of 1.5 2^mantissa, which is then subtracted."""
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
    """log's values at 0, below 0, at infinity and NaN."""
    if v.avx512:
        return avx512.log_ends(v, x, y)
    zero, infinity = v.number(0.0), v.number(math.inf)
    y = v.select(v.compare("oeq", x, zero), v.number(-math.inf), y)
    y = v.select(v.compare("olt", x, zero), v.number(-math.nan), y)  # the NaN that processors make themselves
    return v.select(v.compare("ult", x, infinity), v.select(v.compare("uno", x, x), x, y), v.add(x, x))


def log(v: Vectors, x: str) -> str:
    if v.avx512:  # takes subnormal numbers apart like others
        return _log_ends(v, x, _log_of(v, x))
    up, below = _scaled_up(v, x)
    return _log_ends(v, x, _log_of(v, up, below=below))


def log_at_least_one(v: Vectors, x: str) -> str:
    """log(x) for finite x >= 1 or NaN, the same bits with fewer instructions: none of log's ends can be met."""
    y = _log_of(v, x)
    return y if v.avx512 else v.or_nan(y, x)


def _scaled_up(v: Vectors, x: str) -> tuple[str, str]:
    """x 2^below in the range of normal numbers, and below: 0 where x lies in it already."""
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


def sqrt(v: Vectors, x: str) -> str:
    return v.call("sqrt", x)


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
    return v.select(v.compare("oeq", x, v.number(0.0)), x, _sine(v, x, 0))


def cos(v: Vectors, x: str) -> str:
    return _sine(v, x, 1)


def erf(v: Vectors, x: str) -> str:
    """x times a polynomial up to 1; from there 1 - exp(-q) with a polynomial q = -log erfc."""
    f = format_of(v)
    a = v.call("fabs", x)
    near = v.mul(x, polynomial(v, v.mul(x, x), f.erf))
    b = v.clamp_below(v.clamp_above(a, v.number(f.erfc_end)), v.number(1.0))
    q = polynomial(v, v.sub(b, v.number(f.erfc_centre)), f.erfc)
    far = v.call("copysign", v.sub(v.number(1.0), exp_at_most_zero(v, v.neg(q))), x)
    return v.select(v.compare("olt", a, v.number(1.0)), near, far)


def power(v: Vectors, x: str, y: str) -> str:
    """x ** y by exp(y log x) with log x in two parts; negative x with whole y as C99 has it."""
    zero, one, infinity = v.number(0.0), v.number(1.0), v.number(math.inf)
    a = v.call("fabs", x)
    high, low = _log_in_two(v, a)
    product = v.mul(y, high)
    error = v.fma(y, low, v.fma(y, high, v.neg(product)))
    # where the product is infinite or huge its error is NaN or meaningless: exp is 0 or infinite there
    sane = v.compare("olt", v.call("fabs", product), v.number(2.0 * format_of(v).highest))
    result = exp(v, product, v.select(sane, error, zero))
    whole = v.compare("oeq", v.call("floor", y), y)
    half = v.mul(y, v.number(0.5))
    odd = v.both(whole, v.compare("une", v.call("floor", half), half))
    result = v.select(v.compare("oeq", a, zero), v.select(v.compare("ogt", y, zero), zero, infinity), result)
    grows = v.either(
        v.both(v.compare("ogt", a, one), v.compare("ogt", y, zero)),
        v.both(v.compare("olt", a, one), v.compare("olt", y, zero)),
    )
    extreme = v.either(v.compare("oeq", a, infinity), v.compare("oeq", v.call("fabs", y), infinity))
    result = v.select(extreme, v.select(grows, infinity, zero), result)
    signed = v.select(odd, v.call("copysign", result, x), result)
    undefined = v.both(
        v.both(v.compare("olt", x, zero), v.compare("une", a, infinity)), v.compare("une", v.call("floor", y), y)
    )
    signed = v.select(undefined, v.number(math.nan), signed)
    signed = v.select(v.either(v.compare("uno", x, x), v.compare("uno", y, y)), v.add(x, y), signed)
    endless = v.both(v.compare("oeq", a, one), v.compare("oeq", v.call("fabs", y), infinity))
    trivial = v.either(v.either(v.compare("oeq", y, zero), v.compare("oeq", x, one)), endless)
    return v.select(trivial, one, signed)


def _log_in_two(v: Vectors, a: str) -> tuple[str, str]:
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


ELEMENTARY: dict[str, Callable[..., str]] = {
    "exp": exp, "log": log, "log1p": log1p, "tanh": tanh, "sqrt": sqrt, "sin": sin, "cos": cos, "erf": erf,
    "power": power,
}  # fmt: skip

NARROW: dict[str, Callable[..., str]] = {"exp": exp_at_most_zero, "log": log_at_least_one}
"""Functions of the part of their range that `ranges` finds."""
