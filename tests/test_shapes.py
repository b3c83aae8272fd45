"""The shapes that signatures state are compared with the arrays of every call under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jaxtyping
import numpy as np
import pytest

import fallline as fl
from fallline.experiment.method import method
from fallline.measures.over_starts import over_starts
from fallline.measures.statistics import Statistics
from fallline.problems import NetworkObjective, gradients, objective
from fallline.runs.explain import explain
from fallline.runs.training import Training
from fallline.textbook.landscapes import quadratic
from fallline.textbook.network import Network, forward, loss_and_gradient
from fallline.textbook.optimizers import OPTIMIZERS
from shape_checker import check_shapes

BOOTH, PLAIN = objective("booth"), method()
NETWORK = Network.of("2-3", loss="squared_error")
MOMENTUM = {"learning_rate": 0.1, "momentum": 0.5}


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("points", lambda: gradients(BOOTH, np.zeros(2))),
        ("gradient_norms", lambda: Statistics.of_curves(np.ones(4), np.ones(3), np.ones(2))),
        ("right", lambda: Statistics.of_curves(np.ones((5, 4)), np.ones((5, 4)), np.ones((5, 2)), right=np.ones(4))),
        ("values", lambda: over_starts(np.array(1.0), "mean")),
        ("rows", lambda: Training(BOOTH, PLAIN, 7, np.zeros(2), np.zeros((6, 1), int))),
        ("norms", lambda: explain(BOOTH, PLAIN, np.zeros((4, 2)), np.zeros(4), np.zeros(3))),
        ("w", lambda: NetworkObjective(NETWORK, (np.zeros((4, 2)), np.zeros((4, 3)))).loss(np.array(1.0))),
        ("X", lambda: forward(NETWORK, NETWORK.unpack(np.zeros(9)), np.zeros(2))),
        ("T", lambda: loss_and_gradient(NETWORK, NETWORK.unpack(np.zeros(9)), np.zeros((4, 2)), np.zeros((5, 3)))),
        ("T", lambda: NETWORK.loss.value(np.zeros((4, 3)), np.zeros((4, 1)))),
        ("g", lambda: OPTIMIZERS["momentum"].step(np.zeros(2), np.zeros(1), (np.zeros(2),), 1, **MOMENTUM)),
        ("state", lambda: OPTIMIZERS["momentum"].step(np.zeros(2), np.zeros(2), (np.zeros(1),), 1, **MOMENTUM)),
    ],
)
def test_a_call_with_other_axes_is_found(name: str, call: Callable[[], Any]) -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match=f"parameter '{name}'"):
        call()


def test_axes_of_one_name_have_one_length() -> None:
    def shifted(w: jaxtyping.Shaped[np.ndarray, "*runs P"]) -> jaxtyping.Shaped[np.ndarray, "*runs P"]:
        return w[..., 1:]

    checked = jaxtyping.jaxtyped(shifted, typechecker=check_shapes)
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        checked(np.zeros((3, 2)))


@pytest.mark.parametrize("w", [[1.0, 3.0], np.array([1.0, 3.0]), np.zeros((4, 5, 2))])
def test_right_calls_pass(w: object) -> None:
    assert np.shape(BOOTH.loss(w)) == np.shape(w)[:-1]  # type: ignore[arg-type]


def test_a_function_without_shapes_is_left_alone() -> None:
    assert quadratic(3.0).function.__closure__[0].cell_contents == 3.0
    assert fl.landscape("booth").function.__code__.co_name == "booth"
