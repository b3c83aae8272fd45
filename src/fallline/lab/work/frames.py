"""A network's answers over a plane of its inputs: regions, and what each hidden unit answers, at the steps of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.lab.work.input_plane import InputPlane
from fallline.lab.work.units import MOST_UNITS, UNIT_SIDE, living_units
from fallline.problems import NetworkObjective
from fallline.runs.run import Run

__all__ = ["answers", "frames", "regions", "scale_of"]

Arrays = dict[str, NDArray[Any]]

SIDE = 48
"""Cells along each side of the plane of a network's answers."""

MOST_NUMBERS = 4_000_000
"""Numbers of one chunk of frames on their way through the network."""


def frames(net: NetworkObjective, run: Run, plane: InputPlane, first: int, last: int) -> tuple[dict[str, Any], Arrays]:
    """The network's answers at steps first, ..., last, fewer if they are many. After a divergence the last answer stays."""
    most = max(1, int(MOST_NUMBERS // (SIDE**2 * max(net.network.sizes))))
    steps = np.arange(first, min(last, run.steps, first + most - 1) + 1)
    alive = np.flatnonzero(np.isfinite(np.asarray(run.path)).all(axis=-1) & np.isfinite(run.losses))
    at = alive[np.maximum(0, np.searchsorted(alive, steps, side="right") - 1)] if len(alive) else steps * 0
    return answers(net, np.asarray(run.path, dtype=np.float64)[at], plane)


def answers(net: NetworkObjective, w: NDArray[np.float64], plane: InputPlane) -> tuple[dict[str, Any], Arrays]:
    """The network's answers for parameters (n, P).

    Returns
    -------
    facts
        "window" of the plane; "scale", the values that 0 and 255 stand for, where the targets are values; "unit_side".
    arrays
        "regions", (n, 48, 48), row 0 at the bottom: classes by number, or values as 0 to 255; and the hidden units
        (`living_units`), if there are not too many.
    """
    with np.errstate(all="ignore"):
        answer = net.predict(w, net.data.inputs_at(plane.points(SIDE)))
        drawn = regions(answer, scale := scale_of(net))
    facts: dict[str, Any] = {"window": plane.window} | ({"scale": scale} if scale else {})
    arrays = {"regions": drawn.reshape(len(w), SIDE, SIDE)}
    if 0 < sum(net.network.sizes[1:-1]) <= MOST_UNITS:
        facts["unit_side"] = UNIT_SIDE
        arrays |= living_units(net, w, net.data.inputs_at(plane.points(UNIT_SIDE)))
    return facts, arrays


def scale_of(net: NetworkObjective) -> list[float] | None:
    """The values that 0 and 255 stand for, where the targets are values."""
    if net.network.loss.targets != "values":
        return None
    low, high = float(net.data.T[:, 0].min()), float(net.data.T[:, 0].max())
    return [low, high] if low < high else [low - 1, high + 1]


def regions(answer: NDArray[Any], scale: list[float] | None) -> NDArray[np.uint8]:
    """Answers (..., n_out) as classes by number; with a scale, as values between 0 and 255.

    >>> regions(np.array([[0.2, 0.8], [0.9, 0.1]]), None).tolist(), regions(np.array([[0.5], [3.0]]), [0.0, 2.0]).tolist()
    ([1, 0], [63, 255])
    """
    drawn: NDArray[np.uint8]
    if scale is not None:
        low, high = scale
        shade = np.nan_to_num((answer[..., 0] - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
        drawn = np.clip(255 * shade, 0, 255).astype(np.uint8)
    elif answer.shape[-1] == 1:
        drawn = np.asanyarray(answer[..., 0] > 0.5).astype(np.uint8)
    else:
        drawn = np.nan_to_num(answer).argmax(axis=-1).astype(np.uint8)
    return drawn
