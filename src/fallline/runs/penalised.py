"""Networks whose L2 penalty is a method's own, in place of the network's."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective, Objective
from fallline.shapes import Shaped
from fallline.textbook import network as pages

__all__ = ["penalised"]

Floats = NDArray[Any]


def penalised(objective: Objective, l2: float | Shaped[Floats, " runs"]) -> Objective:
    """The objective with that penalty: a number, or one for each of the runs side by side. A landscape has no weights."""
    if not isinstance(objective, NetworkObjective):
        return objective
    if isinstance(l2, np.ndarray):
        return _Penalised(objective, l2)
    return _with_l2(objective, l2)


@dataclass(frozen=True, eq=False)
class _Penalised(Objective):
    """A network whose L2 penalty differs from run to run: the penalty's page at l2 = 1, times each run's own."""

    objective: NetworkObjective
    l2: Shaped[Floats, " runs"]

    @property
    def name(self) -> str:
        return self.objective.name

    @property
    def dimension(self) -> int:
        return self.objective.dimension

    @property
    def labels(self) -> tuple[str, ...]:
        return self.objective.labels

    def loss(self, w: Shaped[Floats, "runs P"]) -> Shaped[Floats, " runs"]:
        return self.loss_and_gradient(w)[0]

    def loss_and_gradient(
        self, w: Shaped[Floats, "runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None = None
    ) -> tuple[Shaped[Floats, " runs"], Shaped[Floats, "runs P"]]:
        loss, gradient = self._bare.loss_and_gradient(w, rows)
        extra, slope = self._penalty(w)
        return loss + extra, gradient + slope

    def minibatch(
        self, w: Shaped[Floats, "runs P"], rows: Shaped[NDArray[np.int64], " batch"]
    ) -> tuple[Shaped[Floats, " runs"], Shaped[Floats, "runs P"], Shaped[Floats, "runs P"]]:
        loss, gradient, step = self._bare.minibatch(w, rows)
        extra, slope = self._penalty(w)
        return loss + extra, gradient + slope, step + slope

    @cached_property
    def _bare(self) -> NetworkObjective:
        return _with_l2(self.objective, 0.0)

    def _penalty(self, w: Shaped[Floats, "runs P"]) -> tuple[Shaped[Floats, " runs"], Shaped[Floats, "runs P"]]:
        network = self._bare.network
        extra, slope = pages.penalty(network, network.unpack(w), 1.0)
        return self.l2 * extra, self.l2[:, None] * network.pack(slope)


def _with_l2(objective: NetworkObjective, l2: float) -> NetworkObjective:
    """Return the objective, which may be of a subclass with other arguments, with another penalty of its network."""
    changed = copy(objective)
    object.__setattr__(changed, "network", objective.network.with_(l2=l2))
    return changed
