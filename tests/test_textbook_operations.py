"""Softmax and log-sum-exp against 50 digits; `let`; the small vocabulary."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.textbook import operations
from fallline.textbook.naming import let, recording
from fallline.textbook.operations import erf, log_sum_exp, magnitude, positive, rows, softmax

LOGITS = [
    [0.0],
    [0.0, 0.0, 0.0],
    [1.0, 2.0, 3.0],
    [-1e4, 0.0, 1e4],
    [1e4, 1e4 - 1e-3, 1e4 - 30.0],
    [-1e4, -1e4 + 5.0],
    [745.0, -745.0, 0.1],
    [1e-9, 0.0, -1e-9],
    [36.7, 0.0],  # here log(1 + exp(-z)) is about one unit in the last place of 1
]


def exactly(logits: list[float]) -> tuple[float, list[float]]:
    """Log-sum-exp and softmax of doubles, worked with 50 digits: no shift is needed."""
    with mpmath.workdps(50):
        total = mpmath.fsum(mpmath.exp(z) for z in logits)
        return float(mpmath.log(total)), [float(mpmath.exp(z) / total) for z in logits]


@pytest.mark.parametrize("logits", LOGITS, ids=str)
def test_softmax_and_log_sum_exp_agree_with_fifty_digits(logits: list[float]) -> None:
    expected_log, expected = exactly(logits)
    z = np.array(logits)
    assert float(log_sum_exp(z)) == pytest.approx(expected_log, rel=1e-15, abs=1e-15)
    # exp of a difference of size d carries d units of rounding, so a tail 1e-300 is right to fewer digits than 1.
    np.testing.assert_allclose(softmax(z), expected, rtol=2e-13, atol=0)
    assert softmax(z).sum() == pytest.approx(1, abs=1e-15)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6), st.floats(-1e4, 1e4))
def test_a_constant_added_to_all_logits_changes_no_probability(logits: list[float], constant: float) -> None:
    z = np.array(logits)
    # Adding the constant rounds each logit, by up to 4e-12 at 2e4; no more than that may reach a probability.
    np.testing.assert_allclose(softmax(z + constant), softmax(z), atol=1e-11)
    assert float(log_sum_exp(z + constant) - constant) == pytest.approx(float(log_sum_exp(z)), abs=1e-11)


def test_the_vocabulary_is_numpys_own() -> None:
    """A page reads with any array type because these are NumPy's functions, which dispatch on it."""
    for name in ("cos", "exp", "floor", "log", "log1p", "maximum", "minimum", "sin", "sqrt", "tanh", "where"):
        assert getattr(operations, name) is getattr(np, name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_indicator_and_magnitude_keep_the_dtype(dtype: type) -> None:
    z = np.array([-2.0, -0.0, 0.0, 3.0], dtype=dtype)
    assert positive(z).tolist() == [0, 0, 0, 1]
    assert magnitude(z).tolist() == [2, 0, 0, 3]
    for value in (positive(z), magnitude(z), erf(z), softmax(z), log_sum_exp(z)):
        assert value.dtype == dtype


def test_rows_makes_one_row_for_every_sample() -> None:
    b = np.arange(6.0).reshape(2, 3)
    assert rows(b).shape == (2, 1, 3)
    assert (np.zeros((2, 5, 3)) + rows(b))[1, 4].tolist() == [3, 4, 5]


def test_let_is_the_value_itself_unless_someone_listens() -> None:
    value = object()
    assert let("Z", 1, value) is value
    with recording(lambda symbol, layer, _: f"{symbol}{layer}"):
        assert let("Z", 1, value) == "Z1"
        with recording(lambda *_: "inner"):
            assert let("Z", 1, value) == "inner"
        assert let("A", 2, value) == "A2"
    assert let("Z", 1, value) is value


def test_a_recorder_is_gone_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), recording(lambda *_: 1 / 0):
        let("Z", 1, 0.0)
    assert let("Z", 1, 5.0) == 5.0
