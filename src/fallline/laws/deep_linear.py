"""Deep linear networks: each mode of the data is learned along a sigmoid curve of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import DRAWN, Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["MODE_CURVES", "mode_curve"]

Floats = NDArray[Any]

STRENGTHS = (3.0, 1.0)
"""Singular values of the map from inputs to targets: the modes."""
SMALL = 1e-3
"""Each mode's strength in the network at the start."""
RATE, TIME, TOLERANCE = 1e-3, 6.0, 0.01


def _rotations(angles: Floats) -> Floats:
    c, s = np.cos(angles), np.sin(angles)
    return np.array([[c, -s], [s, c]]).transpose(2, 0, 1)


def mode_curve(strength: float, small: float, time: Floats) -> Floats:
    """s e^(2 s t) / (e^(2 s t) - 1 + s / u0): a mode's strength in the network after a time.

    >>> mode_curve(2.0, 0.5, np.array([0.0, 10.0])).round(6).tolist()
    [0.5, 2.0]
    """
    growth = np.exp(2 * strength * time)
    return strength * growth / (growth - 1 + strength / small)


def _modes(trial: Trial, rate: float, small: float) -> tuple[Floats, Floats]:
    """The strengths of the modes of each start, (starts, times, modes), and these times: 121 up to a time of 6."""
    count = trial.starts
    inner = _rotations(2 * np.pi * random.uniform(trial.seed, "law starts", count))
    left, right = _rotations(np.array([0.4, 1.1]))  # singular vectors of the map
    network = Network.of("2-2-2", activation="identity", loss="half_squared_error", bias=False)
    problem = NetworkObjective(network, (np.eye(2), left @ np.diag(STRENGTHS) @ right.T))  # whitened inputs
    first, second = np.sqrt(small) * left @ inner, np.sqrt(small) * inner.mT @ right.T
    starts = np.concatenate([first.reshape(count, 4), second.reshape(count, 4)], axis=1)
    steps = round(TIME / rate)
    training = Training(problem, method("gradient_descent", learning_rate=rate), steps, starts)
    path = trial.train(training, ["path"])["path"]
    at = np.unique(np.linspace(0, steps, 121).astype(int))
    path = path[:, at]
    product = path[..., :4].reshape(*path.shape[:2], 2, 2) @ path[..., 4:].reshape(*path.shape[:2], 2, 2)
    return np.diagonal(left.T @ product @ right, axis1=-2, axis2=-1), rate * at


def _distances(modes: Floats, time: Floats, small: float) -> Floats:
    """The largest distance of each mode from its curve, as a share of its strength, (starts, modes)."""
    curves = np.stack([mode_curve(s, small, time) for s in STRENGTHS], axis=-1)
    return np.asarray((np.abs(modes - curves) / STRENGTHS).max(axis=1))


def _mode_curves(trial: Trial) -> Iterator[Finding | Curves]:
    modes, time = _modes(trial, RATE, SMALL)
    curves = {f"mode of strength {s:g}": mode_curve(s, SMALL, time) for s in STRENGTHS}
    for case, error in zip(curves, _distances(modes, time, SMALL).T, strict=True):
        yield finding(case, "largest distance from the curve / strength", 0.0, error, TOLERANCE)
    measured = {case: modes[:DRAWN, :, k] for k, case in enumerate(curves)}
    yield Curves(
        "modes",
        "Strength of each mode in the network",
        "time = learning rate x step",
        "strength",
        time,
        measured,
        curves,
    )


def _region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("learning_rate", 1e-3, 0.3, side, "log"), Axis("strength_at_the_start", 1e-5, 1.0, side, "log")
    agree = np.empty((side, side))
    few = replace(trial, starts=1)  # starts differ by a rotation alone
    for i, rate in enumerate(x.values.tolist()):
        for j, small in enumerate(y.values.tolist()):
            with np.errstate(all="ignore"):
                agree[j, i] = _distances(*_modes(few, rate, small), small).max() <= TOLERANCE
    title = f"Where both modes stay within {100 * TOLERANCE:g} % of their curves"
    yield Region("modes", title, x, y, 1, {"agree": agree, "differ": 1 - agree})


MODE_CURVES = Law(
    "mode-curves",
    "A linear network with one hidden layer learns each mode of whitened data along a sigmoid curve, the stronger ones first.",
    r"u(t) = \frac{s\, e^{2 s t}}{e^{2 s t} - 1 + s / u_0}",
    "A. Saxe, J. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2013, arXiv:1312.6120.",
    f"2-2-2, identity, no biases, inputs of unit covariance, learning rate {RATE:g}, {TIME / RATE:,.0f} steps; starts are balanced and differ by a rotation.",
    _mode_curves,
    prediction=mode_curve,
    published="The curve itself, derived for small, balanced starts.",
    region=_region,
)
