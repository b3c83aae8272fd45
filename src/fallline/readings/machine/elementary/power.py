"""x ** y, from the exponential and the logarithm."""

from __future__ import annotations

import math

from fallline.readings.machine.elementary.exponential import exp
from fallline.readings.machine.elementary.formats import format_of
from fallline.readings.machine.elementary.logarithm import log_in_two
from fallline.readings.machine.vectors import Vectors

__all__ = ["power"]


def power(v: Vectors, x: str, y: str) -> str:
    """x ** y by exp(y log x) with log x in two parts; negative x with whole y as C99 has it."""
    zero, one, infinity = v.number(0.0), v.number(1.0), v.number(math.inf)
    a = v.call("fabs", x)
    high, low = log_in_two(v, a)
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
