"""The gradient by back-propagation beside two that know nothing of it: differences, and the reverse walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.reference.agreement import Agreement, agree
from fallline.checks.reference.draws import draw
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective
from fallline.textbook import network as pages

__all__ = ["Block", "GradientCheck", "check_gradient"]

Floats = NDArray[np.float64]
POINTS = 8
STEP = 6e-6
"""Of the central difference: the cube root of the spacing of floats, which balances rounding and truncation."""
LARGEST = 4000
"""Parameters up to which the derivatives by other means are taken too."""
MOST = 400
"""Parameters beyond which a sample of them is checked."""


@dataclass(frozen=True)
class Block:
    """The parameters of one letter: how many were compared, and the largest relative error."""

    name: str
    shape: tuple[int, ...]
    compared: int
    error: float


@dataclass(frozen=True)
class GradientCheck:
    """Back-propagation against central differences at several points.

    Attributes
    ----------
    points
        Number of random points.
    blocks
        By letter of the parameters.
    others
        Derivatives by other means, complex step and the reverse walk, at points and samples of their own.
    left_out
        Comparisons left out, since the step crossed a kink of an activation, where a difference is no evidence.
    """

    points: int
    blocks: tuple[Block, ...]
    left_out: int
    others: tuple[Agreement, ...] = ()

    @property
    def error(self) -> float:
        """Largest error, divided by the norm of the gradient."""
        return max(b.error for b in self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """What machines read."""
        return {
            "method": "central differences", "points": self.points, "left_out": self.left_out, "error": self.error,
            "others": [{"method": o.against, "compared": o.checked, "error": o.error} for o in self.others],
            "blocks": [{"name": b.name, "compared": b.compared, "error": b.error} for b in self.blocks],
        }  # fmt: skip


def check_gradient(problem: NetworkObjective, points: int = POINTS) -> GradientCheck:
    """Check the gradient of a network on its data. Errors are relative to the gradient's largest entry at that point."""
    starts = draw_starts(problem, points, seed=4)
    chosen = np.unique(np.linspace(0, problem.dimension - 1, min(MOST, problem.dimension)).astype(int))
    errors = np.full((points, len(chosen)), np.nan)
    for k, w in enumerate(starts):
        gradient = problem.loss_and_gradient(w)[1]
        h = STEP * np.maximum(1, np.abs(w[chosen]))
        shift = h[:, None] * (chosen[:, None] == np.arange(problem.dimension))
        numeric = (problem.loss(w + shift) - problem.loss(w - shift)) / (2 * h)
        crossed = _signs(problem, w + shift) != _signs(problem, w - shift)
        error = np.abs(numeric - gradient[chosen]) / max(float(np.abs(gradient).max()), 1e-300)
        errors[k] = np.where(crossed, np.nan, error)
    blocks, at = [], 0
    for layer, shapes in enumerate(problem.network.shapes, start=1):
        for letter, shape in zip("Wb", shapes, strict=True):
            if shape is None:
                continue
            size = int(np.prod(shape))
            mine = errors[:, (chosen >= at) & (chosen < at + size)]
            at += size
            known = mine[~np.isnan(mine)]
            blocks.append(Block(f"{letter}{layer}", shape, known.size, float(known.max(initial=0))))
    others = agree(draw(problem.network)) if problem.dimension <= LARGEST else ()
    return GradientCheck(points, tuple(blocks), int(np.isnan(errors).sum()), others)


def _signs(problem: NetworkObjective, w: Floats) -> NDArray[np.object_]:
    """Which side of the kink each unit is on, for each sample: one comparable thing for each parameter vector."""
    _, kept = pages.forward(problem.network, problem.network.unpack(w), problem.data.X)
    flat = [(layer.Z > 0).reshape(len(w), -1) for layer in kept[:-1]]
    if not flat:
        return np.zeros(len(w), dtype=object)
    packed = np.packbits(np.concatenate(flat, axis=-1), axis=-1)
    found = np.empty(len(w), dtype=object)
    found[:] = [row.tobytes() for row in packed]
    return found
