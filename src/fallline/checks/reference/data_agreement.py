"""A network's gradient on its own data, compared with central differences, for a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.reference.agreement import MOST_PARAMETERS, Agreement, agree, relative
from fallline.checks.reference.derivatives import central_difference
from fallline.checks.reference.draws import draw
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective
from fallline.textbook import network as pages

__all__ = ["BlockAgreement", "DataAgreement", "agree_on_data"]

POINTS = 8
DIFFERENCE = 6e-6
"""Step of the central difference: the cube root of the spacing of floats, which balances rounding and truncation."""
MOST_COMPARED = 400
"""The largest number of parameters that are compared; of a larger network, this many evenly spaced ones."""


@dataclass(frozen=True)
class BlockAgreement:
    """The parameters of one letter and layer: how many were compared, and the largest relative error."""

    name: str
    shape: tuple[int, ...]
    compared: int
    error: float


@dataclass(frozen=True)
class DataAgreement:
    """Back-propagation compared with central differences on a network's own data, at several points.

    Attributes
    ----------
    points
        Number of random points.
    blocks
        The blocks of the parameters, in their order.
    left_out
        Comparisons left out, since the step crossed a kink of an activation, where a difference is no evidence.
    others
        Derivatives by other means, at points and samples of their own.
    """

    points: int
    blocks: tuple[BlockAgreement, ...]
    left_out: int
    others: tuple[Agreement, ...] = ()

    @property
    def error(self) -> float:
        """Largest error, relative to the largest entry of the gradient at the same point."""
        return max(b.error for b in self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "method": "central differences", "points": self.points, "left_out": self.left_out, "error": self.error,
            "others": [{"method": o.against, "compared": o.checked, "error": o.error} for o in self.others],
            "blocks": [{"name": b.name, "compared": b.compared, "error": b.error} for b in self.blocks],
        }  # fmt: skip


def agree_on_data(problem: NetworkObjective, points: int = POINTS) -> DataAgreement:
    """Compare the gradient of a network on its data with central differences, and on other draws with other derivatives."""
    starts = draw_starts(problem, points, seed=4)
    compared = np.unique(np.linspace(0, problem.dimension - 1, min(MOST_COMPARED, problem.dimension)).astype(int))
    errors = np.full((points, len(compared)), np.nan)
    directions = np.asarray(compared[:, None] == np.arange(problem.dimension))
    for k, w in enumerate(starts):
        gradient = problem.loss_and_gradient(w)[1]
        h = DIFFERENCE * np.maximum(1, np.abs(w[compared]))
        step = h[:, None] * directions
        slopes = central_difference(problem.loss, w, step) / h
        crossed = _active_units(problem, w + step) != _active_units(problem, w - step)
        errors[k] = np.where(crossed, np.nan, relative(slopes - gradient[compared], gradient))
    blocks, at = [], 0
    for layer, shapes in enumerate(problem.network.shapes, start=1):
        for letter, shape in zip("Wb", shapes, strict=True):
            if shape is None:
                continue
            size = int(np.prod(shape))
            of_block = errors[:, (compared >= at) & (compared < at + size)]
            at += size
            known = of_block[~np.isnan(of_block)]
            blocks.append(BlockAgreement(f"{letter}{layer}", shape, known.size, float(known.max(initial=0))))
    others = agree(draw(problem.network)) if problem.dimension <= MOST_PARAMETERS else ()
    return DataAgreement(points, tuple(blocks), int(np.isnan(errors).sum()), others)


def _active_units(problem: NetworkObjective, w: Any) -> NDArray[np.object_]:
    """Which side of the kink each unit is on, for each sample: one comparable object for each parameter vector."""
    _, kept = pages.forward(problem.network, problem.network.unpack(w), problem.data.X)
    flat = [(layer.Z > 0).reshape(len(w), -1) for layer in kept[:-1]]
    if not flat:
        return np.zeros(len(w), dtype=object)
    packed = np.packbits(np.concatenate(flat, axis=-1), axis=-1)
    states = np.empty(len(w), dtype=object)
    states[:] = [row.tobytes() for row in packed]
    return states
