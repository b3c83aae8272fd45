"""Float32 and float64 as the elementary functions see them: sizes, split constants and polynomials.

Polynomials are near-minimax fits (weighted least squares on Chebyshev nodes, 60 digits) of the functions named beside
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fallline.readings.machine.vectors import Vectors

__all__ = ["DOUBLE", "SINGLE", "Format", "format_of", "polynomial"]


@dataclass(frozen=True)
class Format:
    """Constants of a floating-point format. The coefficients of polynomials begin with the lowest power."""

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
    """Return the format of the numbers in the vectors."""
    return DOUBLE if v.bits == 64 else SINGLE


def polynomial(v: Vectors, x: str, coefficients: Sequence[float]) -> str:
    """Write a polynomial by Horner's rule, which has the fewest operations. Other lanes and units hide its latency."""
    y = v.number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        y = v.fma(y, x, v.number(c))
    return y
