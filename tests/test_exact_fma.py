"""The fma of machines that have none: bit for bit a b + c, rounded once. `tests/long/exact_fma.py` tries millions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from elementwise import elementwise
from fallline.readings.machine.target import INSTRUCTION_SETS, this_host
from fallline.readings.machine.vectors import exact_fma
from fma_operands import KINDS, operands

WITHOUT = [name for name, row in INSTRUCTION_SETS.items() if not row.fma]


def nearest(value: Fraction, dtype) -> float:
    """The number nearest to a fraction, ties to even; not 0."""
    info = np.finfo(dtype)
    exponent = max(value.numerator.bit_length() - value.denominator.bit_length() - 1, int(info.minexp))
    if abs(value) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    unit = Fraction(2) ** (exponent - int(info.nmant))
    rounded = round(value / unit) * unit  # Python rounds ties to even
    return float(np.copysign(np.inf, float(value > 0) - 0.5)) if abs(rounded) > float(info.max) else float(rounded)


def exactly(a, b, c, dtype) -> float:
    if not np.isfinite([a, b, c]).all() or a == 0 or b == 0:
        with np.errstate(all="ignore"):
            return float(c if np.isfinite([a, b]).all() and not np.isfinite(c) else a * b + c)
    total = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if total:
        return float(np.copysign(nearest(total, dtype), float(total > 0) - 0.5))
    return 0.0 if c else float(np.copysign(0.0, a) * np.copysign(1.0, b))


@pytest.mark.parametrize("name", WITHOUT)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_fma_is_rounded_once(name, dtype, kind):
    if name not in this_host().sets:
        pytest.skip(f"this machine does not run {name}")
    a, b, c = operands(kind, dtype, 400, np.random.default_rng(3))
    got = elementwise("fma", dtype, 3, name)(a, b, c)
    right = np.array([exactly(*numbers, dtype) for numbers in zip(a, b, c, strict=True)], dtype)
    np.testing.assert_array_equal(got, right)
    assert (np.signbit(got) == np.signbit(right))[~np.isnan(right)].all()


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_alone_give_the_same(kind, monkeypatch):
    """What rare operands get, for all of them."""
    name = next((n for n in WITHOUT if n in this_host().sets), None)
    if name is None:
        pytest.skip("every instruction set of this machine has an fma")
    a, b, c = operands(kind, np.float64, 400, np.random.default_rng(4))
    monkeypatch.setattr(exact_fma, "SMALL", np.inf)
    got = elementwise("fma", np.float64, 3, name)(a, b, c)
    right = np.array([exactly(*numbers, np.float64) for numbers in zip(a, b, c, strict=True)])
    np.testing.assert_array_equal(got, right)
    assert (np.signbit(got) == np.signbit(right))[~np.isnan(right)].all()
