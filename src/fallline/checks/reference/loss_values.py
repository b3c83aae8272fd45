"""The values of a user's own loss at random weights, and fits to them by a data loss and sums of squared parameters."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.reference.draws import Group
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss, number
from fallline.textbook import network as pages
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["Coefficients", "LossValues"]

Floats = NDArray[np.float64]

EXACT = 1e-11
"""The largest difference between the values of a loss and of its fit, relative to the largest value."""
EXACT_SINGLE = 3e-6
STEPS = 40
"""Of Newton's method, for an epsilon or a slope."""
IDLE = 5
"""Steps without a better fit, after which the method is stopped."""
SECONDS = 1.0
"""Time for the values of a loss."""


class RunValues(NamedTuple):
    """The values of the loss at runs of one batch size: weights (runs, P), X and T (runs, m, n), values (runs,)."""

    w: Floats
    X: Floats
    T: Floats
    values: Floats


class Coefficients(NamedTuple):
    """Of one fit, for each batch size: those of the data loss's columns, of the squared weights, of the squared biases."""

    data: list[Floats]
    weights: list[Floats]
    biases: list[Floats]


class LossValues:
    """The values of one loss, and fits to them.

    Raises NoReferenceError if the loss cannot be computed, or is too slow.
    """

    def __init__(self, loss: OwnLoss, groups: Sequence[Group]) -> None:
        self.network = network = groups[0].network
        first = groups[0]
        times = [time.perf_counter()]
        values = []
        for w in (first.w[0], _without_biases(network, first.w[0]), first.w[-1]):
            values.append(number(loss, w, first.X[0], first.T[0]))
            times.append(time.perf_counter())
        self.biasless = network.bias and values[0] == values[1]
        affordable = SECONDS / max(np.diff(times).min(), 1e-6) / len(groups)  # the fastest call was interrupted least
        # Half of the runs must determine a coefficient for each class, its changes by a slope and an epsilon, and the penalties.
        classes = 3 * network.sizes[-1]
        self.by_layer = 2 * (classes + 2 * network.depth + 2) <= affordable
        runs = 2 * (classes + (2 * network.depth if self.by_layer else 2) + 2)
        if runs > affordable:
            raise NoReferenceError("the loss is too slow to be read")
        self.values = [_run_values(loss, group, runs) for group in groups]
        single = all(float(np.float32(v)) == v for of in self.values for v in of.values)
        self.exact = EXACT_SINGLE if single else EXACT
        self.penalties = [_squares(network, of.w, self.by_layer) for of in self.values]
        self.samples = [group.samples for group in groups]

    # Columns: for each batch size those of the data loss, (columns, runs)

    def plain(self, network: Network, loss: Loss) -> list[list[Floats]]:
        return [[loss.value(self._logits(network, of), of.T).sum(axis=-1)] for of in self.values]

    def smoothed(self, network: Network, loss: Loss) -> list[list[Floats]]:
        columns = []
        for of in self.values:
            Z = self._logits(network, of)
            even = np.full_like(of.T, 1 / of.T.shape[-1] if loss.targets == "classes" else 0.5)
            columns.append([loss.value(Z, T).sum(axis=-1) for T in (of.T, even)])
        return columns

    def weighted(self, network: Network, loss: Loss) -> list[list[Floats]]:
        columns = []
        for of in self.values:
            each = loss.value(self._logits(network, of), of.T)
            columns.append([(each * of.T[..., k]).sum(axis=-1) for k in range(of.T.shape[-1])])
        return columns

    def _logits(self, network: Network, of: RunValues) -> Any:
        w = _without_biases(network, of.w) if self.biasless else of.w
        return pages.forward(network, network.unpack(w), of.X)[0]

    # Fits

    def fit(self, columns: list[list[Floats]]) -> tuple[Coefficients, float]:
        """Fit the columns and the penalties to the first half of the values; the error on all of them."""
        worst, found = 0.0, Coefficients([], [], [])
        for of, data, (weights, biases) in zip(self.values, columns, self.penalties, strict=True):
            table = np.vstack([data, weights, biases]).T
            half, size = len(of.values) // 2, np.abs(table).max(axis=0)
            if not np.isfinite(table).all() or not size.all():
                return found, np.inf
            fit, _, rank, _ = np.linalg.lstsq(table[:half] / size, of.values[:half], rcond=1e-10)
            if rank < len(size):
                return found, np.inf
            coefficients = fit / size
            scale = float(np.abs(of.values).max()) or 1.0
            worst = max(worst, float(np.abs(table @ coefficients - of.values).max()) / scale)
            n, k = len(data), len(weights)
            found.data.append(coefficients[:n])
            found.weights.append(coefficients[n : n + k])
            found.biases.append(coefficients[n + k :])
        return found, worst

    def solved(self, columns: Callable[..., list[list[Floats]]], start: tuple[float, ...]) -> tuple[float, ...] | None:
        """The parameters of the data loss with which it fits all values, with few digits; None if there are none."""
        found = self.iterated(columns, start)
        if found is None or not self.fit(columns(*found))[1] <= self.exact:
            return None
        at = list(found)
        for k, value in enumerate(at):
            simple = itertools.chain(() if start[k] else (0.0,), _shortened(value))
            at[k] = next(v for v in simple if self.fit(columns(*at[:k], v, *at[k + 1 :]))[1] <= self.exact)
        return tuple(at)

    def iterated(
        self, columns: Callable[..., list[list[Floats]]], start: tuple[float, ...]
    ) -> tuple[float, ...] | None:
        """The parameters that fit the first half of the values best, by Gauss and Newton's steps; None if those diverge."""
        at, best, idle = list(start), np.inf, 0
        for _ in range(STEPS):
            here = columns(*at)
            error = self.fit(here)[1]
            idle = 0 if error < best / 2 else idle + 1
            best = min(best, error)
            if error <= self.exact or idle > IDLE:
                break
            table = [list(of) for of in here]
            for k, value in enumerate(at):
                h = max(1e-4 * abs(value), 1e-9)
                lower = h if value else 0.0
                above, below = (columns(*(*at[:k], value + by, *at[k + 1 :])) for by in (h, -lower))
                for of, up, down in zip(table, above, below, strict=True):
                    of += [(b - c) / (h + lower) for b, c in zip(up, down, strict=True)]
            coefficients, _ = self.fit(table)
            if not coefficients.data:
                return None
            n, c = len(here[0]), coefficients.data[0]
            moves = [float(c[n * (k + 1) : n * (k + 2)] @ c[:n] / (c[:n] @ c[:n])) for k in range(len(at))]
            at = [value + move for value, move in zip(at, moves, strict=True)]
            if not start[-1]:
                at[-1] = max(at[-1], 0.0)  # an epsilon, which begins at 0
            if not all(np.isfinite(value) and abs(value) < 1 for value in at):
                return None
            if all(abs(move) <= 1e-10 * abs(value) for value, move in zip(at, moves, strict=True)):
                break
        return tuple(at)


def _run_values(loss: OwnLoss, group: Group, runs: int) -> RunValues:
    """The loss at random weights of several sizes, so small that log(1 - p) keeps its digits.

    Raises NoReferenceError if a value is not finite.
    """
    count, draws = group.network.parameter_count, len(group.w)
    w = random.normal(1, "own loss in words", runs * count, group.samples).reshape(runs, count)
    w *= np.linspace(0.2, 0.7, runs)[np.argsort(random.uniform(2, "own loss in words", runs, group.samples)), None]
    at = np.arange(runs) % draws
    X, T = group.X[at], group.T[at]
    values = [number(loss, *arguments) for arguments in zip(w, X, T, strict=True)]
    return RunValues(w, X, T, np.array(values))


def _squares(network: Network, w: Floats, by_layer: bool) -> tuple[Floats, Floats]:
    """The sums of squared weights and of squared biases at each run, (layers, runs), or (1, runs) if not `by_layer`."""
    layers = network.unpack(w)
    weights = np.array([(layer.W**2).sum(axis=(-2, -1)) for layer in layers])
    biases = np.array([(layer.b**2).sum(axis=-1) for layer in layers if layer.b is not None]).reshape(-1, len(w))
    if by_layer:
        return weights, biases
    return weights.sum(axis=0, keepdims=True), biases.sum(axis=0, keepdims=True) if len(biases) else biases


def _without_biases(network: Network, w: Any) -> Any:
    layers = network.unpack(np.asarray(w))
    return network.pack(tuple(layer._replace(b=None if layer.b is None else 0 * layer.b) for layer in layers))


def _shortened(value: float) -> Iterator[float]:
    """The value with 1, 2, ... digits, and at last as it is."""
    yield from (float(f"{value:.{digits}g}") for digits in (1, 2, 3, 4, 6))
    yield value
