"""The boundary of trainability is fractal: the box-counting dimension of each start's boundary, beside those of smooth lines.

A boundary of dimension 1 is measured as 1.0 to 1.1 in windows of so few cells. So a boundary counts as fractal if its dimension is above
all that the same pipeline gives for a quadratic, whose boundary is a smooth line: the null model.

The form here is small: the linear network, windows of 48 x 48 cells, a few starts. `bench/fractal.py` measures all variants in
windows of 512 x 512.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.laws.law import Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.maps.boundary import local_slopes
from fallline.maps.dimension import Dimension, dimension
from fallline.maps.fractal import PRESETS
from fallline.maps.key_frames import key_frames, trains

__all__ = ["FRACTAL_BOUNDARY", "null_spec"]

VARIANT = "fractal-linear"
SIZE = 48
WINDOWS = 4
"""Windows of each start, each 8 times deeper than the one before it; the first, the whole plane, is not measured."""

SHARE = 25
"""A fractal start takes as long as many of other laws: one in so many is taken, but at least two."""

NULL, NULLS = 1.0, 16
"""The dimension of a smooth line; and how many ways along that of a quadratic are taken."""


def null_spec(size: int) -> MapSpec:
    """A quadratic over learning rate and momentum, whose boundary is a smooth line.

    >>> null_spec(8).steps
    500
    """
    return map_spec(
        "quadratic", x="learning_rate=1e-3..10:log", y="momentum=0..0.99", size=size, optimizer_="momentum", steps=500,
        measures="convergence", start=(1, 1),
    )  # fmt: skip


def _slopes(spec: MapSpec, trial: Trial, seed: int) -> list[NDArray[np.float64]]:
    """The local slopes of the windows that follow the boundary of a map inwards."""
    options: dict[str, Any] = {"threads": trial.execution.threads, "device": trial.execution.device}

    def slopes(spec: MapSpec) -> list[NDArray[np.float64]]:
        windows = key_frames(spec, WINDOWS, seed=seed, **options)
        return [local_slopes(trains(m)) for number, m in enumerate(windows) if number]

    return trial.of_maps(spec, WINDOWS, slopes)


def _middle(slopes: list[NDArray[np.float64]]) -> float:
    """The median of the local slopes of all windows; NaN without a boundary."""
    return float(np.median(np.concatenate(slopes))) if any(map(len, slopes)) else float("nan")


def _outside(found: Dimension, value: float) -> float:
    """How far a value lies outside the interval; 0 inside."""
    return max(0.0, found.low - value, value - found.high)


def _test(trial: Trial) -> Iterator[Finding]:
    smooth = [_middle(_slopes(null_spec(SIZE), trial, trial.seed + k)) for k in range(NULLS)]
    yield finding("a quadratic", "dimension", NULL, smooth, 0.1, note=f"{NULLS} ways along its boundary")
    seeds = range(trial.seed, trial.seed + max(2, trial.starts // SHARE))
    slopes = [_slopes(PRESETS[VARIANT].spec(seed, size=SIZE), trial, seed) for seed in seeds]
    found, published, title = dimension(slopes), PRESETS[VARIANT].published, PRESETS[VARIANT].title
    medians = [_middle(some) for some in slopes]
    yield finding(
        title, "dimension, beside the largest of the quadratic", max(smooth), medians, 0.0, above=True,
        note=f"starts: {', '.join(f'{m:.2f}' for m in medians)}",
    )  # fmt: skip
    yield finding(
        title, f"distance of {published:g} from the interval of the dimension", 0.0, [_outside(found, published)], 1e-9,
        note=f"dimension {found} over {found.windows} windows",
    )  # fmt: skip


FRACTAL_BOUNDARY = Law(
    "fractal-boundary",
    "The boundary between learning rates that train and learning rates that diverge is a fractal.",
    r"D = -\lim_{s \to 0} \frac{\log N(s)}{\log s} > 1",
    "J. Sohl-Dickstein, The boundary of neural network trainability is fractal, 2024, arXiv:2402.06184.",
    f"16-16-1 linear network in mean-field scaling, a learning rate for each layer, 500 steps; {WINDOWS - 1} windows of {SIZE} x {SIZE} "
    "cells along the boundary of each start.",
    _test,
    published="Dimension 1.17 of the linear network, the median over a zoom; 1.20 to 1.66 of the other variants. A start agrees here if its "
    "boundary is not smooth: its dimension is above all those of the null model. That 1.17 lies in the interval is weaker, since the "
    "interval of so few windows is wide.",
)
