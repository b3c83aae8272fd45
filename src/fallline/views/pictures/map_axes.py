"""Axes of a map's picture: scale, borders of cells, ticks and labels, in the values of the map's own axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.choices import NUMBERS
from fallline.settings import SETTINGS
from fallline.views.numerals import number
from fallline.views.pictures.sheet import axes_height, axes_width
from fallline.views.words import axis_words

__all__ = ["axis_label", "borders", "is_even", "log_ticks", "set_scale", "shown_log"]

Floats = NDArray[np.float64]

EACH = 8
"""Largest number of listed values of which each has a tick."""

LETTER = 0.58
"""Mean width of a letter as a part of the size of its font. Names of choices that do not fit side by side are turned."""


def shown_log(axis: Axis) -> bool:
    """Whether the picture's axis is logarithmic: that of a logarithmic axis, and of listed values with equal ratios."""
    if axis.scale == "log" or not axis.listed:
        return axis.scale == "log"
    values = np.array(axis.listed)
    if len(values) < 3 or not (values > 0).all():
        return False
    return not _equal(np.diff(values)) and _equal(np.diff(np.log(values)))


def borders(axis: Axis) -> Floats:
    """The borders between cells, (count + 1,): half-way between values, on the picture's scale."""
    if axis.scale == "log" or not shown_log(axis):
        return axis.edges
    places = np.log(axis.values)
    half = np.diff(places) / 2
    return np.asarray(np.exp(np.concatenate([places[:1] - half[:1], places[:-1] + half, places[-1:] + half[-1:]])))


def is_even(axis: Axis) -> bool:
    """Whether all cells are equally large in the picture. Only listed values can have other steps."""
    edges = borders(axis)
    return not axis.listed or _equal(np.diff(np.log(edges) if shown_log(axis) else edges))


def _equal(steps: Floats) -> bool:
    return bool(np.allclose(steps, steps.mean(), rtol=1e-6, atol=0))


def set_scale(target: Any, axis: Axis, *, own: bool) -> None:
    """Set the label of one of the picture's axes, and its ticks, which on the user's axes are mostly matplotlib's own."""
    if isinstance(axis, ChoiceAxis):
        labels = [caption.replace("$", r"\$") for caption in axis.captions]
        letters = axes_width(target.axes) / (LETTER * target.get_ticklabels()[0].get_fontsize())
        long = target.axis_name == "x" and max(map(len, labels)) * len(labels) > letters
        turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if long else {}
        target.set_ticks(axis.positions, labels=labels, **turned)
        target.set_tick_params(length=0)
        target.set_minor_locator(NullLocator())
        target.set_label_text(axis_label(axis))
        return
    edges = borders(axis)
    low, high = float(edges[0]), float(edges[-1])
    if axis.listed and axis.count <= EACH:
        ticks = [float(v) for v in axis.values]
    elif own and shown_log(axis):
        ticks = log_ticks(low, high)
    else:
        ticks = []
    if ticks:
        places = (
            np.interp(np.log(ticks), np.log([low, high]), [0, 1])
            if shown_log(axis)
            else np.interp(ticks, [low, high], [0, 1])
        )
        target.set_ticks(ticks, labels=_that_fit(target, places, [number(t) for t in ticks]))
        target.set_minor_locator(NullLocator())
    elif own:
        target.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    target.set_label_text(axis_label(axis), parse_math=True)


def _that_fit(target: Any, places: Floats, labels: list[str]) -> list[str]:
    """The labels at these places of the axis, from 0 to 1; one that would touch the label before it is left out."""
    font = target.get_ticklabels()[0].get_fontsize()
    if target.axis_name == "x":
        halves = [(len(label) + 1) * LETTER * font / axes_width(target.axes) / 2 for label in labels]
    else:
        halves = [1.2 * font / axes_height(target.axes) / 2] * len(labels)
    last = -np.inf
    for k, (place, half) in enumerate(zip(places, halves, strict=True)):
        if place - half < last:
            labels[k] = ""
        else:
            last = place + half
    return labels


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
    setting = NUMBERS.get(axis.name) or SETTINGS.get(axis.name.partition(".")[0])
    name = axis_words(axis.name).replace("$", r"\$")
    return f"{name}, ${setting.symbol}$" if setting and setting.symbol else name
