"""Our elementary functions against mpmath, over the whole range of float32 and float64."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from elementwise import elementwise
from fallline.readings.machine.elementary import BOUNDS, DOUBLE, NARROW, SINGLE
from fallline.readings.machine.target import this_host

EXACT = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "tanh": mpmath.tanh, "sqrt": mpmath.sqrt,
    "sin": mpmath.sin, "cos": mpmath.cos, "erf": mpmath.erf, "power": mpmath.power,
}  # fmt: skip
DTYPES = (np.float32, np.float64)
MACHINES = [("native", 1), ("native", 2), ("native", 4), *((name, 1) for name in this_host().sets)]
"""Instruction sets, and vector registers side by side."""


def ulps(got, exact, dtype) -> np.ndarray:
    """Errors in units of the last place of the exact value; those of subnormal numbers in the smallest one."""
    info = np.finfo(dtype)
    out = []
    for g, e in zip(got, exact, strict=True):
        if not np.isfinite(g):
            out.append(0.0 if abs(e) > mpmath.mpf(float(info.max)) and (g > 0) == (e > 0) else np.inf)
            continue
        exponent = max(int(mpmath.floor(mpmath.log(abs(e), 2))), int(info.minexp)) if e else int(info.minexp)
        out.append(float(abs(mpmath.mpf(float(g)) - e) / mpmath.mpf(2) ** (exponent - int(info.nmant))))
    return np.array(out)


def sample(op: str, dtype) -> np.ndarray:
    """Numbers of every exponent, many ordinary ones, and the ends of the range."""
    rng = np.random.default_rng(7)
    info = np.finfo(dtype)
    unsigned = np.uint32 if dtype is np.float32 else np.uint64
    any_bits = rng.integers(0, 2 ** (8 * np.dtype(dtype).itemsize), 1200, dtype=np.uint64).astype(unsigned).view(dtype)
    any_bits = any_bits[np.isfinite(any_bits)]
    subnormal = (rng.integers(1, 1000, 50) * info.smallest_subnormal).astype(dtype)
    ordinary = (rng.normal(size=1000) * 2.0 ** rng.uniform(-12, 6, 1000)).astype(dtype)
    near_one = (1 + rng.normal(size=400) * 2.0 ** rng.uniform(-20, -1, 400)).astype(dtype)
    x = np.concatenate([any_bits, subnormal, -subnormal, ordinary, near_one, -near_one])
    if op == "exp":
        low, high = (-104.0, 88.75) if dtype is np.float32 else (-745.2, 709.8)
        return np.concatenate([x[np.abs(x) < 1000], np.linspace(low, high, 1000).astype(dtype)])
    if op in ("log", "sqrt"):
        return x[x > 0]
    if op == "log1p":
        return x[x > -1]
    if op in ("sin", "cos"):
        far = 1e5 if dtype is np.float32 else 2.0**30
        turns = (np.pi / 2 * rng.integers(-(far // 2), far // 2, 400)).astype(dtype)  # next to zeros: cancellation
        return np.concatenate([x, turns])[np.abs(np.concatenate([x, turns])) <= far]
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", [op for op in EXACT if op != "power"])
def test_error_stays_below_its_bound(op, dtype):
    x = sample(op, dtype)
    with mpmath.workprec(160):
        exact = [EXACT[op](mpmath.mpf(float(value))) for value in x]
        error = ulps(elementwise(op, dtype, 1)(x), exact, dtype)
    worst = int(error.argmax())
    assert error[worst] <= BOUNDS[op] + 1e-6, f"{op}({x[worst]!r}) is off by {error[worst]:.3f} ulp"


@pytest.mark.parametrize("dtype", DTYPES)
def test_power_stays_below_its_bound(dtype):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.uniform(0, 1, 600), 2.0 ** rng.uniform(-30, 30, 600), rng.uniform(0.9, 1.1, 600)]).astype(
        dtype
    )
    y = np.concatenate([rng.integers(0, 1000, 600), rng.normal(size=600) * 3, rng.normal(size=600) * 100]).astype(dtype)
    with mpmath.workprec(200):
        exact = [mpmath.power(mpmath.mpf(float(a)), mpmath.mpf(float(b))) for a, b in zip(x, y, strict=True)]
        error = ulps(elementwise("power", dtype, 2)(x, y), exact, dtype)
    worst = int(error.argmax())
    assert error[worst] <= BOUNDS["power"], f"{x[worst]!r} ** {y[worst]!r} is off by {error[worst]:.3f} ulp"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", [op for op in EXACT if op not in ("power", "erf")])
def test_ends_are_those_of_c99(op, dtype):
    info = np.finfo(dtype)
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1, 1, info.max, -info.max, info.smallest_subnormal], dtype)
    if op in ("sin", "cos"):
        x = x[np.abs(np.nan_to_num(x, nan=0, posinf=0, neginf=0)) <= 1]  # see the module: far arguments count as 0
    got = elementwise(op, dtype, 1)(x)
    with np.errstate(all="ignore"):
        want = getattr(np, op)(x)
    np.testing.assert_allclose(got, want, rtol=4 * float(info.eps))
    signed = ~np.isnan(want)
    assert (np.signbit(got) == np.signbit(want))[signed].all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_power_at_its_ends(dtype):
    values = np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, np.inf, -np.inf, np.nan], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        want = np.power(x, y)
    np.testing.assert_allclose(elementwise("power", dtype, 2)(x, y), want, rtol=1e-6)


def test_erf_and_far_angles():
    for dtype in DTYPES:
        x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
        np.testing.assert_array_equal(elementwise("erf", dtype, 1)(x), np.array([0, -0.0, 1, -1, np.nan], dtype))
        far = np.array([1e30, -1e30], dtype)
        np.testing.assert_array_equal(elementwise("cos", dtype, 1)(far), [1, 1])
        np.testing.assert_array_equal(elementwise("sin", dtype, 1)(far), [0, 0])


@pytest.mark.parametrize("op", EXACT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_on_every_instruction_set(op, dtype):
    info = np.finfo(dtype)
    ends = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny, info.smallest_subnormal]
    roots = np.nextafter(dtype(np.sqrt(2)), np.array([0, 1, 2], dtype)) * np.array([[1], [0.5], [2]], dtype)
    x = np.concatenate([sample("tanh", dtype), np.array(ends, dtype), roots.ravel()])
    arguments = (np.abs(x), np.roll(x, 1)) if op == "power" else (x,)
    results = [elementwise(op, dtype, len(arguments), *machine)(*arguments) for machine in MACHINES]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
        np.testing.assert_array_equal(
            np.signbit(results[0]) | np.isnan(results[0]), np.signbit(other) | np.isnan(other)
        )


@pytest.mark.parametrize("form", [SINGLE, DOUBLE])
def test_constants_are_those_of_the_functions(form):
    """Sums of numbers are as good as their last part, which has 46 right bits in float64 and 20 in float32."""
    bits = 20 if form is SINGLE else 46
    rounded = np.float32 if form is SINGLE else np.float64
    with mpmath.workprec(400):
        for parts, value in ((form.ln2, mpmath.log(2)), (form.half_pi, mpmath.pi / 2)):
            assert all(float(rounded(part)) == part for part in parts)
            left = value - mpmath.fsum(map(mpmath.mpf, parts))
            assert abs(left) <= mpmath.mpf(abs(parts[-1])) * mpmath.mpf(2) ** -bits
        assert form.root == float(rounded(float(mpmath.sqrt(2))))
        assert DOUBLE.ln2[0] == float(mpmath.log(2))


PARTS = {"exp": lambda x: x[~(x > 0)], "log": lambda x: x[~(x < 1) & ~(x > 2**20)]}
"""The part of its range that each function in `NARROW` is for, NaN included."""


@pytest.mark.parametrize("machine", MACHINES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", NARROW)
def test_part_of_the_range_has_the_bits_of_the_whole(op, dtype, machine):
    """`tests/long/every_float.py` takes every float32."""
    info = np.finfo(dtype)
    ends = [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, -np.nan, -info.max, -info.tiny, -info.smallest_subnormal, 2**20]
    subnormal = np.log(float(info.smallest_subnormal)) + np.linspace(
        -3, 40, 5000
    )  # exp of these passes through all of them
    parts = [sample("tanh", dtype), subnormal, -(10.0 ** np.linspace(-3, 30, 500)), np.linspace(1, 40, 1000), ends]
    x = PARTS[op](np.concatenate(parts).astype(dtype))
    assert len(x) > 1000
    whole, part = elementwise(op, dtype, 1, *machine)(x), elementwise(op, dtype, 1, *machine, narrow=True)(x)
    np.testing.assert_array_equal(part, whole)
    np.testing.assert_array_equal(np.signbit(part) | np.isnan(part), np.signbit(whole) | np.isnan(whole))
