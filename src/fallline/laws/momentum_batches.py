"""Both batch limits of momentum: at which batch sharpness training with small and with large minibatches stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import exact, random
from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.laws.edges import starts_of
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import DRAWN, Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.batch_sharpness import BatchSharpness, batch_sharpness_along
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["MOMENTUM_BATCHES", "limits", "scaled"]

Floats = NDArray[Any]

SAMPLES, STEPS, LOOKS = 128, 8000, 8
"""Samples; updates of a run, and how often the batch sharpness is computed in the second half of it."""
MOMENTA, SMALL, LARGE = (0.5, 0.8), 4, 120
"""Momenta; numbers of samples in a small and in a large minibatch."""
EFFECTIVE, RATE, CROSSOVER = 0.1, 0.2, 0.06
"""The effective learning rate with small minibatches; the learning rates with large ones, and with all sizes."""
TOLERANCE = 0.2


def limits(momentum: float) -> tuple[float, float]:
    """Batch sharpness times learning rate at which training stays: with small minibatches, and with large ones.

    >>> limits(0.0), limits(0.5)
    ((2.0, 2.0), (1.0, 3.0))
    """
    return 2 * (1 - momentum), 2 * (1 + momentum)


def _problem() -> NetworkObjective:
    """A network 2-16-16-1 of tanh that learns sin 3x + y^2 - 1 at normal points; half the mean squared error."""
    X = random.normal(0, "inputs", 2 * SAMPLES).reshape(SAMPLES, 2)
    network = Network.of("2-16-16-1", activation="tanh", loss="half_squared_error", reduction="mean")
    return NetworkObjective(network, (X, exact.each(exact.sin, 3 * X[:, 0]) + X[:, 1] * X[:, 1] - 1))


def scaled(trial: Trial, batch: int, rates: Floats, momenta: Floats) -> BatchSharpness:
    """Batch sharpness times learning rate of each start with each pair of settings, mean of the second half: (pairs, starts)."""
    problem, count = _problem(), trial.starts
    settings = {"learning_rate": np.repeat(rates, count), "momentum": np.repeat(momenta, count)}
    rows = random.batches(trial.seed, SAMPLES, batch, STEPS) if batch < SAMPLES else None
    starts = np.tile(starts_of(trial, problem), (len(rates), 1))
    training = Training(problem, method("momentum").with_(settings), STEPS, starts, rows=rows)
    stride = STEPS // 2 // LOOKS - 1  # odd, so that looks take turns where runs oscillate
    at = range(STEPS - stride * (LOOKS - 1), STEPS + 1, stride)
    drawn = min(32, max(8, 2 * SAMPLES // batch))
    execution, seed = trial.execution, trial.seed + 1

    def along(some: Training) -> dict[str, Floats]:
        return vars(batch_sharpness_along(some, at, count=drawn, seed=seed, execution=execution))

    found = trial.of_runs(training, along)

    def mean(values: Floats) -> Floats:
        return np.asarray((values * settings["learning_rate"][:, None]).mean(axis=1).reshape(len(rates), count))

    return BatchSharpness(**{name: mean(values) for name, values in found.items()})


def _momentum_batches(trial: Trial) -> Iterator[Finding | Curves]:
    momenta = np.array(MOMENTA)
    for batch, rates, which in ((SMALL, EFFECTIVE * (1 - momenta), 0), (LARGE, np.full(len(momenta), RATE), 1)):
        found = scaled(trial, batch, rates, momenta)
        for k, momentum in enumerate(MOMENTA):
            case = f"batch {batch} of {SAMPLES}, momentum {momentum:g}, learning rate {rates[k]:g}"
            for name, values in (
                ("mean of ratios", found.mean_of_ratios[k]),
                ("ratio of means", found.ratio_of_means[k]),
            ):
                quantity = f"batch sharpness ({name}) x learning rate, mean of the second half"
                yield finding(case, quantity, limits(momentum)[which], values, TOLERANCE)
    yield _crossover(trial)


def _crossover(trial: Trial) -> Curves:
    """From one limit to the other with the number of samples in a minibatch."""
    some, momentum = Trial(min(DRAWN, trial.starts), trial.seed, trial.execution), MOMENTA[:1]
    sizes = np.array([2, 4, 8, 16, 32, 64, 96, 120])
    rate = CROSSOVER
    along = [scaled(some, int(size), np.array([rate]), np.array(momentum)).mean_of_ratios[0] for size in sizes]
    low, high = (np.full(len(sizes), limit) for limit in limits(momentum[0]))
    return Curves(
        "crossover", f"Batch sharpness with momentum {momentum[0]:g} and learning rate {rate:g}", "samples in a minibatch",
        "batch sharpness x learning rate", sizes.astype(float), {"mean of the second half": np.stack(along, axis=1)},
        {"small minibatches": low, "large minibatches": high}, log="x",
    )  # fmt: skip


def _region(trial: Trial, side: int) -> Iterator[Region]:
    momentum = MOMENTA[0]
    low, high = limits(momentum)
    x, y = Axis("learning_rate", 0.02, 0.5, side, "log"), Axis("batch", 1, LARGE, side, "log")
    fates: dict[str, list[Floats]] = {
        name: []
        for name in ("agree", "between the limits", "below both", "above both", "at the other limit", "diverge")
    }
    for batch in y.values.round().astype(int).tolist():
        found = scaled(trial, batch, x.values, np.full(side, momentum)).mean_of_ratios
        near = [np.abs(found / limit - 1) <= TOLERANCE for limit in (low, high)]
        agree, other = near if batch * batch < SAMPLES else near[::-1]
        rest, lost = ~(agree | other), ~np.isfinite(found)
        between, below, above = (found > low) & (found < high), found < low, found > high
        parts = (agree, rest & between, rest & below, rest & above, other, lost)
        for name, fate in zip(fates, parts, strict=True):
            fates[name].append(fate.mean(axis=1))
    side_of = f"up to {int(SAMPLES**0.5)} samples at the low one, more at the high one"
    title = f"Where the batch sharpness is at its limit, within {100 * TOLERANCE:g} %, with momentum {momentum:g}: {side_of}"
    yield Region("batches", title, x, y, trial.starts, {name: np.stack(rows) for name, rows in fates.items()})


MOMENTUM_BATCHES = Law(
    "momentum-batches",
    "With momentum, the batch sharpness settles at a low value for small minibatches and at a high one for large minibatches.",
    r"E\left[\frac{g_B^T H_B g_B}{|g_B|^2}\right] \epsilon \to 2 (1 - \alpha) \text{ for small minibatches} \quad "
    r"\to 2 (1 + \alpha) \text{ for large ones}",
    "A. Andreyev et al., Momentum further constrains sharpness at the edge of stochastic stability, 2026, arXiv:2604.14108; "
    "batch sharpness: A. Andreyev and P. Beneventano, 2024, arXiv:2412.20553.",
    f"2-16-16-1, tanh, half the mean squared error, sin 3x + y^2 - 1 at {SAMPLES} normal points, {STEPS:,} steps.",
    _momentum_batches,
    prediction=limits,
    published="2 (1 - a) / rate for small minibatches, 2 (1 + a) / rate for large ones (abstract).",
    region=_region,
)
