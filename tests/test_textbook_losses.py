"""Every loss by contract: value with 50 digits, gradient by complex step, large logits, what the logits mean."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from fallline.errors import UnknownNameError
from fallline.textbook.losses import LOSSES, Loss, loss

EVERY = pytest.mark.parametrize("name", sorted(LOSSES))


def _entropy(Z: list[mpmath.mpf], T: list[float]) -> mpmath.mpf:
    total = mpmath.fsum(mpmath.exp(z) for z in Z)
    return -mpmath.fsum(t * mpmath.log(mpmath.exp(z) / total) for z, t in zip(Z, T, strict=True) if t)


def _logistic(Z: list[mpmath.mpf], T: list[float]) -> mpmath.mpf:
    y = [1 / (1 + mpmath.exp(-z)) for z in Z]
    return -mpmath.fsum(mpmath.log(p if t else 1 - p) for p, t in zip(y, T, strict=True))


# As books print them, with the logarithm of a probability: harmless with enough digits.
DEFINITIONS = {
    "cross_entropy": _entropy,
    "half_squared_error": lambda Z, T: mpmath.fsum((z - t) ** 2 for z, t in zip(Z, T, strict=True)) / 2,
    "logistic": _logistic,
    "squared_error": lambda Z, T: mpmath.fsum((z - t) ** 2 for z, t in zip(Z, T, strict=True)),
}

LOGITS = [
    ([0.3, -1.2, 2.5], [0, 1, 0]),
    ([0.0, 0.0, 0.0], [1, 0, 0]),
    ([1e4, -1e4, 3.0], [0, 1, 0]),
    ([1e4, -1e4, 3.0], [1, 0, 0]),
    ([-1e4, -1e4, -1e4], [0, 0, 1]),
    ([700.0, 710.0, -745.0], [0, 0, 1]),
    ([12.0, -25.0, 30.0], [0, 0, 1]),  # right and sure: the loss is 1.5e-8, all of it cancellation if done badly
]


def test_there_is_a_definition_for_every_loss() -> None:
    assert set(DEFINITIONS) == set(LOSSES)


@EVERY
@pytest.mark.parametrize(("Z", "T"), LOGITS, ids=str)
def test_value_agrees_with_the_definition_worked_with_many_digits(name: str, Z: list[float], T: list[int]) -> None:
    # 1 - y of a logit 1e4 is 1e-4343, and of a difference 2e4 the square of it: the printed form needs that many digits.
    with mpmath.workdps(50 + int(0.9 * max(map(abs, Z)))):
        exact = DEFINITIONS[name]([mpmath.mpf(z) for z in Z], T)
        got = LOSSES[name].value(np.array([Z]), np.array([T], dtype=float))
        assert got.shape == (1,)
        # Cross-entropy is the difference of two numbers of the logits' size and keeps their absolute accuracy.
        size = max(1.0, max(map(abs, Z)) if name == "cross_entropy" else 0.0)
        assert abs(got[0] - exact) <= 4e-16 * max(float(abs(exact)), size)


@EVERY
@pytest.mark.parametrize(("Z", "T"), LOGITS, ids=str)
def test_delta_is_the_complex_step_derivative_of_the_value(name: str, Z: list[float], T: list[int]) -> None:
    record, t = LOSSES[name], np.array([T], dtype=float)
    z = np.array([Z])
    stepped = z + 1e-30j * np.eye(3)[:, None, :]  # (3, 1, 3): one logit is moved in each
    derivative = record.value(stepped, t)[:, 0].imag / 1e-30
    np.testing.assert_allclose(record.delta(z, t)[0], derivative, rtol=1e-13, atol=1e-15)


@EVERY
def test_value_is_one_number_for_each_sample_of_each_run(name: str) -> None:
    state = np.random.RandomState(0)
    Z, T = state.randn(4, 5, 3), np.eye(3)[state.randint(3, size=5)]
    record = LOSSES[name]
    assert record.value(Z, T).shape == (4, 5)
    assert record.delta(Z, T).shape == record.output(Z).shape == Z.shape
    for run in range(4):
        np.testing.assert_allclose(record.value(Z, T)[run], record.value(Z[run], T), rtol=1e-15)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_at_large_logits(name: str, dtype: type) -> None:
    Z, T = np.array([[1e4, -1e4, 0.0]], dtype=dtype), np.array([[0.0, 1.0, 0.0]], dtype=dtype)
    record = LOSSES[name]
    for values in (record.value(Z, T), record.delta(Z, T), record.output(Z)):
        assert values.dtype == dtype
        assert np.isfinite(values).all()


@EVERY
def test_the_best_answer_has_no_gradient_and_the_least_loss(name: str) -> None:
    T = np.array([[0.0, 1.0, 0.0]])
    best = T if LOSSES[name].targets == "values" else 800 * (2 * T - 1)
    record = LOSSES[name]
    np.testing.assert_allclose(record.output(best), T, atol=1e-300)
    np.testing.assert_allclose(record.delta(best, T), 0, atol=1e-300)
    assert record.value(best, T)[0] == pytest.approx(0, abs=1e-300)


def test_half_squared_error_is_half_of_squared_error() -> None:
    Z, T = np.random.RandomState(1).randn(2, 7, 3)
    np.testing.assert_array_equal(2 * LOSSES["half_squared_error"].value(Z, T), LOSSES["squared_error"].value(Z, T))
    np.testing.assert_array_equal(2 * LOSSES["half_squared_error"].delta(Z, T), LOSSES["squared_error"].delta(Z, T))


def test_logistic_of_one_output_is_cross_entropy_of_two_classes() -> None:
    """With logits (z, 0) softmax is the logistic function of z: two roads to the same binary loss."""
    z = np.linspace(-30, 30, 61)[:, None]
    t = (np.arange(61) % 2.0)[:, None]
    two = LOSSES["cross_entropy"].value(np.hstack([z, 0 * z]), np.hstack([t, 1 - t]))
    np.testing.assert_allclose(LOSSES["logistic"].value(z, t), two, rtol=1e-13, atol=1e-14)


def test_lookup_by_name_by_record_and_by_mistake() -> None:
    assert loss("logistic") is LOSSES["logistic"]
    mine = Loss("mine", lambda Z, T: Z, lambda Z, T: T, lambda Z: Z, "values")
    assert loss(mine) is mine
    with pytest.raises(UnknownNameError, match="Did you mean 'cross_entropy'"):
        loss("crossentropie")
