"""The boundary of trainability is fractal: its box-counting dimension, beside that of a quadratic.

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

NULL = 1.0
"""The dimension of a smooth line."""


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


def _outside(found: Dimension, value: float) -> float:
    """How far a value lies outside the interval; 0 inside."""
    return max(0.0, found.low - value, value - found.high)


def _test(trial: Trial) -> Iterator[Finding]:
    null = dimension([_slopes(null_spec(SIZE), trial, trial.seed)])
    yield finding("a quadratic", "dimension", NULL, [null.value], 0.1, note=f"{null} over {null.windows} windows")
    seeds = range(trial.seed, trial.seed + max(2, trial.starts // SHARE))
    slopes = [_slopes(PRESETS[VARIANT].spec(seed, size=SIZE), trial, seed) for seed in seeds]
    found, published = dimension(slopes), PRESETS[VARIANT].published
    medians = ", ".join(f"{float(np.median(np.concatenate(s))):.2f}" for s in slopes if any(map(len, s)))
    yield finding(
        PRESETS[VARIANT].title, f"distance of {published:g} from the interval", 0.0, [_outside(found, published)], 1e-9,
        note=f"dimension {found} over {found.windows} windows; medians of the starts {medians}",
    )  # fmt: skip


FRACTAL_BOUNDARY = Law(
    "fractal-boundary",
    "The boundary between learning rates that train and learning rates that diverge is a fractal.",
    r"D = -\lim_{s \to 0} \frac{\log N(s)}{\log s} > 1",
    "J. Sohl-Dickstein, The boundary of neural network trainability is fractal, 2024, arXiv:2402.06184.",
    f"16-16-1 linear network in mean-field scaling, a learning rate for each layer, 500 steps; {WINDOWS - 1} windows of {SIZE} x {SIZE} "
    "cells along the boundary of each start.",
    _test,
    published="Dimension 1.17 of the linear network, the median over a zoom; 1.20 to 1.66 of the other variants.",
)
