"""Back-propagation against two independent derivatives, over the whole product of what a network can be.

Every activation x loss x depth (0 to 4 hidden layers) x outputs (1 to 5) x sum or mean. A gradient that is right for
one output and wrong for several, or right for a sum and wrong for a mean, has lived for years in a widely used library.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fallline.problems import NetworkObjective
from fallline.textbook import network as pages
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from strategies import data_for, weights

DRAWS = 8
"""Weight vectors for each network: with one alone a fault can hide behind a unit that happens to be off."""
MARGIN = 1e-3
"""No pre-activation of a hidden unit lies nearer to a kink than this; the steps below move it far less."""
STEP = 6e-6
"""The cube root of the rounding unit balances rounding and truncation of a central difference."""


def away_from_kinks(problem: NetworkObjective, draws: int = DRAWS) -> NDArray[np.float64]:
    """Parameters, (draws, P), at which no hidden pre-activation is near 0."""
    candidates = weights(problem.network, 8, 20 * draws)
    _, kept = pages.forward(problem.network, problem.network.unpack(candidates), problem.data.X)
    nearest = np.full(len(candidates), np.inf)
    for layer in kept[:-1]:
        nearest = np.minimum(nearest, np.abs(layer.Z).min(axis=(-2, -1)))
    chosen = candidates[nearest > MARGIN][:draws]
    assert len(chosen) == draws, "too few draws keep away from the kinks: lower the margin or draw more"
    return chosen


def complex_step(problem: NetworkObjective, w: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gradient at each row of w as the imaginary part of the loss: one batched forward pass, no cancellation."""
    h = 1e-30
    return problem.loss(w[..., None, :] + 1j * h * np.eye(w.shape[-1])).imag / h


def central_difference(problem: NetworkObjective, w: NDArray[np.float64]) -> NDArray[np.float64]:
    shift = STEP * np.eye(w.shape[-1])
    up, down = w[..., None, :] + shift, w[..., None, :] - shift
    return (problem.loss(up) - problem.loss(down)) / (2 * STEP)


def assert_gradient(problem: NetworkObjective) -> None:
    w = away_from_kinks(problem)
    value, gradient = problem.loss_and_gradient(w)
    assert gradient.shape == w.shape
    np.testing.assert_allclose(value, problem.loss(w), rtol=1e-14)
    # Relative to each draw's largest entry, or to 0.01: a sure and right answer, softmax(z) - t = 1 - 1 + 1e-5, is
    # accurate to rounding of 1, and for a single class cross-entropy is constant and both are 0.
    size = np.maximum(np.abs(gradient).max(axis=-1, keepdims=True), 1e-2)
    analytic = all(a.analytic for a in problem.network.activations)
    derivative, tolerance = (complex_step, 1e-12) if analytic else (central_difference, 1e-7)
    error = np.abs(derivative(problem, w) - gradient) / size
    at = np.unravel_index(error.argmax(), error.shape)
    assert error.max() < tolerance, (
        f"{problem.network!r}, l2 {problem.network.l2:g}: d loss / d {problem.network.label(int(at[1]))} is "
        f"{derivative(problem, w)[at]:.15g}, but backward says {gradient[at]:.15g}"
    )


def problem_of(activation: str, loss: str, hidden: int, outputs: int, samples: int = 6, **fields: Any) -> Any:
    network = Network.of([3, *[4] * hidden, outputs], activation=activation, loss=loss, **fields)
    return NetworkObjective(network, data_for(network, samples, seed=outputs))


@pytest.mark.parametrize("hidden", range(5))
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_backward_is_the_derivative_of_the_loss(activation: str, loss: str, hidden: int) -> None:
    for outputs in range(1, 6):
        for reduction in ("sum", "mean"):
            assert_gradient(problem_of(activation, loss, hidden, outputs, reduction=reduction))


VARIANTS = {
    "penalty": {"l2": 0.3},
    "penalty of a mean": {"l2": 0.3, "reduction": "mean"},
    "scales": {"scales": (0.5, 3.0, 0.25)},
    "no biases": {"bias": False},
    "all of them": {"l2": 0.3, "reduction": "mean", "scales": (0.5, 3.0, 0.25), "bias": False},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_so_it_is_with_penalty_scales_and_without_biases(activation: str, loss: str, variant: str) -> None:
    for outputs in (1, 3):
        assert_gradient(problem_of(activation, loss, 2, outputs, **VARIANTS[variant]))


@pytest.mark.parametrize("order", [("tanh", "gelu", "silu"), ("relu", "logistic", "leaky_relu")])
def test_each_layer_uses_its_own_slope(order: tuple[str, ...]) -> None:
    for names in (order, order[::-1]):
        assert_gradient(problem_of(names, "cross_entropy", 3, 3))


@pytest.mark.parametrize("activation", sorted(n for n, a in ACTIVATIONS.items() if not a.analytic))
def test_away_from_its_kinks_even_relu_is_exact(activation: str) -> None:
    """Within one pattern of active units the network is analytic, so the complex step holds there too."""
    for hidden in range(1, 5):
        problem = problem_of(activation, "cross_entropy", hidden, 3)
        w = away_from_kinks(problem)
        gradient = problem.loss_and_gradient(w)[1]
        np.testing.assert_allclose(gradient, complex_step(problem, w), atol=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("hidden", range(5))
def test_the_draws_reach_every_parameter(hidden: int) -> None:
    """A check that a gradient is right says nothing of a unit that was off in all of its draws."""
    problem = problem_of("relu", "cross_entropy", hidden, 3)
    gradient = problem.loss_and_gradient(away_from_kinks(problem))[1]
    never = [problem.network.label(k) for k in np.flatnonzero((gradient == 0).all(axis=0))]
    assert not never


def test_a_wrong_gradient_would_be_seen() -> None:
    """The check itself: an error of one part in 10^11 in one entry fails it."""
    problem = problem_of("tanh", "cross_entropy", 2, 3)
    right = problem.loss_and_gradient

    def wrong(w: Any, rows: Any = None) -> Any:
        value, gradient = right(w, rows)
        return value, gradient * (1 + 1e-11)

    object.__setattr__(problem, "loss_and_gradient", wrong)
    with pytest.raises(AssertionError, match="but backward says"):
        assert_gradient(problem)
