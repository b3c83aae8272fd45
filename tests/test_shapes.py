"""The shapes that signatures state are compared with the arrays of every call under test."""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest

from fallline.problems import gradients, objective
from shape_checker import check_shapes


def test_a_call_with_other_axes_is_found() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="points"):
        gradients(objective("booth"), np.zeros(2))


def test_axes_of_one_name_have_one_length() -> None:
    def shifted(w: jaxtyping.Shaped[np.ndarray, "*runs P"]) -> jaxtyping.Shaped[np.ndarray, "*runs P"]:
        return w[..., 1:]

    checked = jaxtyping.jaxtyped(shifted, typechecker=check_shapes)
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        checked(np.zeros((3, 2)))


@pytest.mark.parametrize("w", [[1.0, 3.0], np.array([1.0, 3.0]), np.zeros((4, 5, 2))])
def test_right_calls_pass(w: object) -> None:
    assert np.shape(objective("booth").loss(w)) == np.shape(w)[:-1]  # type: ignore[arg-type]
