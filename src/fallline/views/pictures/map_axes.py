"""Axes of a map's picture: where a value stands, what its ticks say, what it is called.

The picture's own axes are linear, and logarithmic settings are drawn at their logarithms: an image has cells of equal
size only so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike, NDArray

from fallline.experiment.axes import Axis
from fallline.settings import SETTINGS
from fallline.views.numerals import number

__all__ = ["axis_label", "axis_name", "extent", "log_ticks", "position", "set_scale"]

Floats = NDArray[np.float64]


def position(values: ArrayLike, axis: Axis) -> Floats:
    """Where values stand on the picture, whose own axes are linear: logarithms on a logarithmic axis."""
    v = np.asarray(values, dtype=np.float64)
    if axis.scale != "log":
        return v
    with np.errstate(all="ignore"):
        return np.log10(v)


def extent(axis: Axis) -> tuple[float, float]:
    """The outer edges of the first and last cell, as places on the picture."""
    edges = position(axis.edges, axis)
    return float(edges[0]), float(edges[-1])


def set_scale(target: Any, axis: Axis) -> None:
    """Put ticks and their labels on one of the picture's axes."""
    low, high = extent(axis)
    if axis.scale == "log":
        ticks = log_ticks(10**low, 10**high)
        target.set_ticks([float(np.log10(t)) for t in ticks], labels=[number(t) for t in ticks])
    else:
        target.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    target.set_label_text(axis_label(axis), parse_math=True)


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between low and high: decades, and as many between them as make at least a few."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for multiples in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [m * 10.0**k for k in decades for m in multiples if low <= m * 10.0**k <= high * (1 + 1e-12)]
        if len(ticks) >= 3:
            return ticks[:: -(-len(ticks) // 7)]
    return [float(f"{v:.3g}") for v in np.geomspace(low, high, 5)[1:-1]]


def axis_name(axis: Axis) -> str:
    """The axis in words: "learning rate of layer 2"."""
    name, _, part = axis.name.partition(".")
    words = name.replace("_", " ")
    if not part:
        return words
    return (
        f"{words} of layer {part}"
        if name == "learning_rate"
        else f"{part} of the start"
        if name == "start"
        else f"{words} {part}"
    )


def axis_label(axis: Axis) -> str:
    """The axis in words and with its setting's symbol."""
    setting = SETTINGS.get(axis.name.partition(".")[0])
    name = axis_name(axis).replace("$", r"\$")
    return f"{name}, ${setting.symbol}$" if setting else name
