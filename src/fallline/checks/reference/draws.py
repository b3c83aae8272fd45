"""Draws: the weights and samples at which a gradient is checked.

There are two batch sizes, both primes that differ from every layer's size. So a factor of 1/m differs from a constant,
and an array summed over the wrong axis has a shape that no right array has. There are several draws of each, so that
between them every unit is on and off. Samples near a kink are left out: there the slope is a convention, and finite
differences prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.reference.declarations import NOTHING, Declarations
from fallline.data.dataset import Dataset, one_hot
from fallline.errors import DataError
from fallline.textbook import network as pages
from fallline.textbook.naming import recording
from fallline.textbook.network import Kept, Network, Parameters

__all__ = ["Group", "activity", "draw", "meetings"]

Floats = NDArray[np.float64]

KINK = 1e-3
"""A sample is near a kink if the absolute value of one of its pre-activations is at most this."""

SAMPLES = (7, 11, 13, 17, 19, 23, 29, 31)
DRAWS = 3
TRIES = 40
RETRIES = 12
ENOUGH = 3
"""The number of samples in which a delta should reach each weight: with only one, sums look like single terms."""


@dataclass(frozen=True, eq=False)
class Group:
    """Draws of one batch size m, stacked: weights (draws, P), X (draws, m, n_in), T (draws, m, n_out).

    `declared` are the settings of the loss that the caller gave explicitly; `data` and `seed` are what the draws were made
    from.
    """

    network: Network
    w: Floats
    X: Floats
    T: Floats
    declared: Declarations = NOTHING
    data: Dataset | None = None
    seed: int = 0

    @property
    def samples(self) -> int:
        """The batch size m."""
        return int(self.X.shape[-2])

    @property
    def parameters(self) -> Parameters:
        return self.network.unpack(self.w)

    @property
    def factor(self) -> float:
        """The factor of the network's reduction on the sum of the losses."""
        return 1 if self.network.reduction == "sum" else 1 / self.samples

    def gradient(self) -> Parameters:
        """The textbook's gradient, penalty included, each block (draws, ...)."""
        _, gradient = pages.loss_and_gradient(self.network, self.parameters, self.X, self.T, self.factor)
        if not self.network.l2:
            return gradient
        _, penalty = pages.penalty(self.network, self.parameters, self.network.l2)
        return tuple(
            pages.Layer(g.W + p.W, None if g.b is None else g.b + p.b) for g, p in zip(gradient, penalty, strict=True)
        )

    def loss(self, w: Any) -> Any:
        """The loss, penalty included, at weights (..., draws, P) of any kind of number."""
        parameters = self.network.unpack(w)
        Z, _ = pages.forward(self.network, parameters, self.X)
        value = self.factor * self.network.loss.value(Z, self.T).sum(axis=-1)
        return value + (pages.penalty(self.network, parameters, self.network.l2)[0] if self.network.l2 else 0)

    def kept(self) -> tuple[Kept, ...]:
        return pages.forward(self.network, self.parameters, self.X)[1]


def draw(
    network: Network,
    data: Dataset | None = None,
    seed: int = 0,
    declared: Declarations = NOTHING,
    *,
    later: bool = False,
) -> tuple[Group, ...]:
    """Two groups of draws, the best of a few tries; `later` takes other batch sizes, where the data has enough samples.

    Between them every unit is on and off, and a delta comes back to it in both states, as far as possible: two units
    that are each on at times may never be on together.
    """
    best: tuple[float, tuple[Group, ...]] | None = None
    for attempt in range(TRIES):
        groups = tuple(
            _group(network, m, data, seed, attempt * 2 + k) for k, m in enumerate(_batch_sizes(network, data, later))
        )
        idle = sum(float(((share == 0) | (share == 1)).sum()) for share in activity(groups))
        idle += sum(float((count < ENOUGH).sum()) for count in meetings(groups))
        if best is None or idle < best[0]:
            best = idle, groups
        if idle == 0:
            break
    assert best is not None
    return tuple(replace(group, declared=declared, data=data, seed=seed) for group in best[1])


def activity(groups: Sequence[Group]) -> list[Floats]:
    """For each hidden layer the share of (draw, sample) pairs in which each unit's pre-activation is positive."""
    positive = [[k.Z > 0 for k in g.kept()[:-1]] for g in groups]
    return [
        np.concatenate([p[l].reshape(-1, p[l].shape[-1]) for p in positive]).mean(axis=0)
        for l in range(len(positive[0]))
    ]


def meetings(groups: Sequence[Group]) -> list[Floats]:
    """For each layer (2, n_in, n_out): in how many (draw, sample) pairs a delta reaches each weight.

    Counted separately for those in which the unit that the weight comes from is on, and those in which it is off.
    """
    total: list[Floats] = []
    for group in groups:
        deltas: dict[int, Floats] = {}

        def keep(symbol: str, layer: int | None, value: Any, deltas: dict[int, Floats] = deltas) -> Any:
            if symbol == "D" and layer is not None:
                deltas[layer] = value
            return value

        with recording(keep):
            group.gradient()
        counts = []
        kept = group.kept()
        for l in range(1, group.network.depth + 1):
            reached = (deltas[l] != 0).astype(float)
            on = kept[l - 2].Z > 0 if l > 1 else group.X != 0
            off = ~on if l > 1 else on  # an input is not a unit, and cannot be off
            counts.append(np.stack([(units.astype(float).mT @ reached).sum(axis=0) for units in (on, off)]))
        total = [a + b for a, b in zip(total, counts, strict=True)] if total else counts
    return total


def _batch_sizes(network: Network, data: Dataset | None, later: bool) -> tuple[int, int]:
    sizes = [m for m in SAMPLES if m not in network.sizes]
    if later and len(sizes) > 3 and (data is None or len(data) > sizes[3]):
        sizes = sizes[2:]
    if data is None:
        return sizes[0], sizes[1]
    if len(data) < 2:
        raise DataError(f"a gradient is checked on at least 2 samples; {data.name} has {len(data)}. Add rows.")
    fitting = [m for m in sizes if m < len(data)] or [max(1, len(data) - 1)]
    return fitting[0], min(len(data), 64)


def _group(network: Network, m: int, data: Dataset | None, seed: int, index: int) -> Group:
    picked = []
    for k in range(DRAWS):
        best = max(_candidates(network, m, data, seed, index * DRAWS + k), key=lambda c: c[0])
        picked.append(best[1:])
        if best[0] == 0:
            raise DataError(
                "every sample lies at a kink of an activation, where a gradient has no value. Are all inputs 0, or is a "
                "layer dead? Check with other data, or with biases."
            )
    count = min(m, *(len(X) for _, X, _ in picked))
    parts = zip(*((w, X[:count], T[:count]) for w, X, T in picked), strict=True)
    w, X, T = (np.stack(part) for part in parts)
    return Group(network, w, X, T)


def _candidates(
    network: Network, m: int, data: Dataset | None, seed: int, index: int
) -> Iterator[tuple[int, Floats, Floats, Floats]]:
    """Weights with their samples away from kinks, and how many these are; ends with the first that has enough."""
    for attempt in range(RETRIES):
        w = _weights(network, seed, index + attempt * 10_000)
        X, T = _samples(network, m, data, seed, index + attempt * 10_000)
        clear = _clear(network, w, X)
        yield min(m, int(clear.sum())), w, X[clear], T[clear]
        if clear.sum() >= min(m, len(X)):
            return


def _weights(network: Network, seed: int, index: int) -> Floats:
    """Weights of deviation 1.2 / sqrt(n_in), biases of 0.5: units are switched both ways, and nothing saturates."""
    z = random.normal(seed, "gradient check weights", network.parameter_count, index)
    parts = []
    for (W, b), (n, _) in zip(network.unpack(z), (shape for shape, _ in network.shapes), strict=True):
        parts.append((1.2 / np.sqrt(n) * W).ravel())
        if b is not None:
            parts.append(0.5 * b)
    return np.concatenate(parts)


def _samples(network: Network, m: int, data: Dataset | None, seed: int, index: int) -> tuple[Floats, Floats]:
    """More samples than needed, since those near a kink are left out."""
    if data is not None:
        order = np.argsort(random.uniform(seed, "gradient check rows", len(data), index), kind="stable")
        return data.X[order], data.T[order]
    count, n_in, n_out = 3 * m, network.sizes[0], network.sizes[-1]
    X = random.normal(seed, "gradient check inputs", count * n_in, index).reshape(count, n_in)
    u = random.uniform(seed, "gradient check targets", count * n_out, index).reshape(count, n_out)
    if network.loss.targets == "classes":
        return X, one_hot((u[:, 0] * n_out).astype(np.int64), n_out)
    if network.loss.targets == "labels":
        return X, (u > 0.5).astype(float)
    return X, 4 * u - 2


def _clear(network: Network, w: Floats, X: Floats) -> NDArray[np.bool_]:
    """For each sample whether it is away from all kinks."""
    _, kept = pages.forward(network, network.unpack(w), X)
    clear = np.ones(len(X), dtype=bool)
    for activation, k in zip(network.activations, kept[:-1], strict=True):
        if not activation.analytic:
            clear &= (np.abs(k.Z) > KINK).all(axis=-1)
    return clear
