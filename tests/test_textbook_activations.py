"""Every activation by contract: its value, its slope, its kinks, far out, and in every dtype."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from fallline.errors import UnknownNameError
from fallline.textbook.activations import ACTIVATIONS, LEAK, Activation, activation

EVERY = pytest.mark.parametrize("name", sorted(ACTIVATIONS))
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# The definitions once more, as books print them, for 50 digits: no care for overflow is needed there.
DEFINITIONS = {
    "gelu": lambda z: z * mpmath.ncdf(z),
    "identity": lambda z: z,
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(LEAK) * z,
    "logistic": lambda z: 1 / (1 + mpmath.exp(-z)),
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "tanh": mpmath.tanh,
}

POINTS = np.concatenate([np.linspace(-40, 40, 321) + 0.0123, [-1e4, -800, -90, 90, 800, 1e4]])


def test_there_is_a_definition_for_every_activation() -> None:
    assert set(DEFINITIONS) == set(ACTIVATIONS)


@EVERY
def test_value_and_slope_agree_with_the_definition(name: str) -> None:
    with mpmath.workdps(50):
        value = [float(DEFINITIONS[name](mpmath.mpf(z))) for z in POINTS]
    with mpmath.workdps(60):
        slope = [float(mpmath.diff(DEFINITIONS[name], mpmath.mpf(z), h=mpmath.mpf(10) ** -20)) for z in POINTS]
    page = ACTIVATIONS[name]
    # Absolute near 0: 1 + erf and 1 - tanh^2 cancel in their far tails, to a few 1e-16 of the activation's own size.
    np.testing.assert_allclose(page(POINTS), value, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(np.broadcast_to(page.slope(POINTS), POINTS.shape), slope, rtol=1e-14, atol=1e-14)


@EVERY
def test_slope_is_the_complex_step_derivative_over_a_wide_range(name: str) -> None:
    """The step 1e-30 leaves no truncation, and away from a kink even ReLU is analytic, piece by piece."""
    page, z = ACTIVATIONS[name], np.linspace(-40, 40, 4000)  # 0 itself is not among these
    derivative = page(z + 1e-30j).imag / 1e-30
    assert np.abs(derivative - page.slope(z)).max() < 1e-14


@EVERY
@DTYPES
def test_far_out_nothing_overflows_and_nothing_is_nan(name: str, dtype: type) -> None:
    """Warnings are errors here, so an overflow inside would show too."""
    page = ACTIVATIONS[name]
    z = np.array([-1e15, -1e6, -1e4, -1e3, -104, 104, 1e3, 1e4, 1e6, 1e15], dtype=dtype)
    for values in (page(z), page.slope(z)):
        assert np.isfinite(values).all()
    slope = np.broadcast_to(page.slope(z), z.shape)
    saturates = name in ("logistic", "tanh")
    left = {"identity": 1, "leaky_relu": dtype(LEAK)}.get(name, 0)
    np.testing.assert_allclose(slope[:4], left, atol=1e-20, rtol=1e-6)
    np.testing.assert_allclose(slope[5:], 0 if saturates else 1, atol=1e-20)


@EVERY
@DTYPES
def test_dtype_is_kept(name: str, dtype: type) -> None:
    z = np.linspace(-3, 3, 7, dtype=dtype)
    page = ACTIVATIONS[name]
    assert page(z).dtype == dtype
    assert np.asarray(page.slope(z) * z).dtype == dtype  # the slope of identity is the number 1


@pytest.mark.parametrize("name", [n for n, a in ACTIVATIONS.items() if not a.analytic])
def test_a_kinked_activation_has_the_slope_from_the_left_at_its_kink(name: str) -> None:
    page = ACTIVATIONS[name]
    at, left = page.slope(np.array([0.0, -1.0]))
    right = page.slope(np.array([1.0]))[0]
    assert at == left != right


@pytest.mark.parametrize("name", [n for n, a in ACTIVATIONS.items() if a.analytic])
def test_an_activation_called_analytic_has_no_kink(name: str) -> None:
    left, right = np.broadcast_to(ACTIVATIONS[name].slope(np.array([-1e-9, 1e-9])), 2)
    assert left == pytest.approx(right, abs=1e-8)


def test_lookup_by_name_by_record_and_by_mistake() -> None:
    mine = Activation("mine", lambda z: z**3, lambda z: 3 * z**2)
    assert activation("relu") is ACTIVATIONS["relu"]
    assert activation(mine) is mine
    with pytest.raises(UnknownNameError, match=r"activation must be one of .*; got 'rleu'\. Did you mean 'relu'"):
        activation("rleu")
