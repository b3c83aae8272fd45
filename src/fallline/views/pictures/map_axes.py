"""Axes of a map's picture: the position of a value, ticks and labels.

The picture's own axes are linear, because all cells of an image are equally large. A value on a logarithmic axis stands
at its logarithm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike, NDArray

from fallline.experiment.axes import Axis
from fallline.settings import SETTINGS
from fallline.views.numerals import number
from fallline.views.words import axis_words

__all__ = ["axis_label", "extent", "log_ticks", "position", "set_scale"]

Floats = NDArray[np.float64]


def position(values: ArrayLike, axis: Axis) -> Floats:
    """The positions of values in the picture: the values, or their logarithms on a logarithmic axis."""
    v = np.asarray(values, dtype=np.float64)
    if axis.scale != "log":
        return v
    with np.errstate(all="ignore"):
        return np.log10(v)


def extent(axis: Axis) -> tuple[float, float]:
    """The positions of the outer edges of the first and the last cell."""
    edges = position(axis.edges, axis)
    return float(edges[0]), float(edges[-1])


def set_scale(target: Any, axis: Axis) -> None:
    """Set the ticks and labels of one of the picture's axes."""
    low, high = extent(axis)
    if axis.scale == "log":
        ticks = log_ticks(10**low, 10**high)
        target.set_ticks([float(np.log10(t)) for t in ticks], labels=[number(t) for t in ticks])
    else:
        target.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    target.set_label_text(axis_label(axis), parse_math=True)


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between low and high: decades, and numbers between the decades if these are fewer than three."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for multiples in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [m * 10.0**k for k in decades for m in multiples if low <= m * 10.0**k <= high * (1 + 1e-12)]
        if len(ticks) >= 3:
            return ticks[:: -(-len(ticks) // 7)]
    return [float(f"{v:.3g}") for v in np.geomspace(low, high, 5)[1:-1]]


def axis_label(axis: Axis) -> str:
    """The name of the axis, and its setting's symbol."""
    setting = SETTINGS.get(axis.name.partition(".")[0])
    name = axis_words(axis.name).replace("$", r"\$")
    return f"{name}, ${setting.symbol}$" if setting else name
