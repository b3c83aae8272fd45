"""Deep linear networks: each mode of the data is learned along a sigmoid curve of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.method import method
from fallline.laws.law import Finding, Law, Trial, finding
from fallline.problems import NetworkObjective
from fallline.runs.lanes import train
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["MODE_CURVES"]

Floats = NDArray[Any]

STRENGTHS = (3.0, 1.0)
"""Singular values of the map from inputs to targets: the modes."""
SMALL = 1e-3
"""Each mode's strength in the network at the start."""
RATE, STEPS = 1e-3, 6000


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


def _mode_curves(trial: Trial) -> Iterator[Finding]:
    count = trial.starts
    inner = _rotations(2 * np.pi * random.uniform(trial.seed, "law starts", count))
    left, right = _rotations(np.array([0.4, 1.1]))  # singular vectors of the map
    network = Network.of("2-2-2", activation="identity", loss="half_squared_error", bias=False)
    problem = NetworkObjective(network, (np.eye(2), left @ np.diag(STRENGTHS) @ right.T))  # whitened inputs
    first, second = np.sqrt(SMALL) * left @ inner, np.sqrt(SMALL) * inner.mT @ right.T
    starts = np.concatenate([first.reshape(count, 4), second.reshape(count, 4)], axis=1)
    how = method("gradient_descent", learning_rate=RATE)
    path = train(Training(problem, how, STEPS, starts), ["path"], execution=trial.execution)["path"][:, ::50]
    product = path[..., :4].reshape(*path.shape[:2], 2, 2) @ path[..., 4:].reshape(*path.shape[:2], 2, 2)
    modes = np.diagonal(left.T @ product @ right, axis1=-2, axis2=-1)  # (runs, times, modes)
    time = RATE * 50 * np.arange(path.shape[1])
    for k, strength in enumerate(STRENGTHS):
        error = np.abs(modes[:, :, k] - mode_curve(strength, SMALL, time)).max(axis=1) / strength
        yield finding(f"mode of strength {strength:g}", "largest distance from the curve / strength", 0.0, error, 0.01)


MODE_CURVES = Law(
    "mode-curves",
    "A linear network with one hidden layer learns each mode of whitened data along a sigmoid curve, the stronger ones first.",
    r"u(t) = \frac{s\, e^{2 s t}}{e^{2 s t} - 1 + s / u_0}",
    "A. Saxe, J. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2013, arXiv:1312.6120.",
    f"2-2-2, identity, no biases, inputs of unit covariance, learning rate {RATE:g}, {STEPS:,} steps; starts are balanced and differ by a rotation.",
    _mode_curves,
)
