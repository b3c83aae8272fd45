"""The cells of a map as one image of numbers over the map's own axes, so that other drawings land where they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, Bbox, BboxTransform, TransformedBbox
from numpy.typing import NDArray

from fallline.errors import UsageError, shown
from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis, refuse_lines
from fallline.views.numerals import number
from fallline.views.pictures.map_axes import borders, is_even, log_ticks, set_scale, shown_log
from fallline.views.pictures.sheet import Sheet
from fallline.views.pictures.style import points

__all__ = ["Cells", "cells_on", "colour_bar", "colour_scale", "cover_unknown", "lines_on"]

Floats = NDArray[np.float64]

FINEST = 1200
"""Largest number of cells along an axis that are drawn one by one. With more cells, neighbours are averaged."""

LEAST = 600
"""Pixels along an axis of an image in a file, at least. Cells are repeated: many programs blur few pixels."""


class Cells(AxesImage):
    """An image whose cells are equally large in the picture, on logarithmic axes too."""

    def get_transform(self) -> Any:
        """From values on the axes to the picture: linear between the corners, whatever the scale of the axes."""
        x0, x1, y0, y1 = self.get_extent()
        corners = Bbox([[x0, y0], [x1, y1]])
        return BboxTransform(corners, TransformedBbox(corners, super().get_transform()))

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """As `AxesImage`; small images get larger pixels."""
        image, left, bottom, place = super().make_image(renderer, magnification, unsampled)
        transform: Any = place
        if unsampled and image is not None:
            for k in (0, 1):
                times = max(1, LEAST // image.shape[k])
                image = np.repeat(image, times, axis=k)
                across, up = (1 / times, 1.0) if k else (1.0, 1 / times)
                transform = Affine2D().scale(across, up) + transform
        return image, left, bottom, transform


@dataclass(frozen=True)
class _Scale:
    """What `Normalize` needs, and whether there are values beyond it."""

    norm: Normalize
    extend: str


def cells_on(
    sheet: Sheet,
    ax: Any,
    values: Any,
    x_axis: Axis,
    y_axis: Axis,
    colours: Colormap,
    norm: Normalize,
    lost: tuple[str, str],
) -> Any:
    """Draw the cells and set up both axes.

    `lost` is the colour of masked cells, which they keep when another colour map is set, and its name in a legend.

    Returns an `AxesImage`, or a `QuadMesh` where the cells of a listed axis differ in size.
    """
    x, y = borders(x_axis), borders(y_axis)
    for axis, scale in ((x_axis, ax.set_xscale), (y_axis, ax.set_yscale)):
        scale("log" if shown_log(axis) else "linear")
    colours = colours.with_extremes(bad=lost[0])
    if np.ma.getmaskarray(values).any():
        ax.add_patch(
            Rectangle((x[0], y[0]), x[-1] - x[0], y[-1] - y[0], color=lost[0], label=lost[1], linewidth=0, zorder=-0.1)
        )
    if is_even(x_axis) and is_even(y_axis):
        many = max(values.shape) > FINEST
        image: Any = Cells(
            ax, cmap=colours, norm=norm, origin="lower", extent=(x[0], x[-1], y[0], y[-1]), zorder=0,
            interpolation=None if many else "none", interpolation_stage="rgba",
        )  # fmt: skip
        image.set_data(values)
        ax.add_image(image)
        image.set_clip_path(ax.patch)
    else:
        image = ax.pcolormesh(x, y, values, cmap=colours, norm=norm, rasterized=True, zorder=0)
    for axis, edges, line in ((x_axis, x, ax.axvline), (y_axis, y, ax.axhline)):
        for edge in edges[1:-1] if isinstance(axis, ChoiceAxis) else ():
            line(edge, color=sheet.theme.background, linewidth=1, zorder=0.5)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    set_scale(ax.xaxis, x_axis, own=sheet.own)
    set_scale(ax.yaxis, y_axis, own=sheet.own)
    if sheet.own:
        ax.spines[["top", "right"]].set_visible(True)
    return image


def cover_unknown(sheet: Sheet, ax: Any, known: NDArray[np.bool_], x_axis: Axis, y_axis: Axis) -> None:
    """Give cells that are not computed the colour of the paper."""
    paper = np.ma.masked_array(np.zeros(known.shape), known)
    colours = ListedColormap([sheet.theme.background])
    ax.pcolormesh(borders(x_axis), borders(y_axis), paper, cmap=colours, rasterized=True, zorder=0.2)


def lines_on(
    ax: Any, array: Floats, lost: NDArray[np.bool_], x_axis: Axis, y_axis: Axis, levels: Sequence[float]
) -> None:
    """Draw lines of equal value, where the map is not too small for them."""
    if not levels or min(array.shape) < 2:
        return
    refuse_lines(x_axis, y_axis)
    values = np.ma.masked_array(array, lost)
    drawn = ax.contour(x_axis.values, y_axis.values, values, levels=sorted(levels), colors=["#ffffff"], linewidths=1.1)
    ax.clabel(drawn, fmt=lambda v: number(v), fontsize=points(8.5), colors=["#ffffff"])


def colour_scale(kept: Floats, limits: tuple[float, float] | None, log: bool | None) -> _Scale:
    """The scale of colours of these values: logarithmic by default if all values are positive and span a factor of 20."""
    low, high = _ends(kept, limits)
    if log is None:
        log = bool(len(kept)) and low > 0 and high > 20 * low
    if log and low <= 0:
        raise UsageError(
            f"logarithmic colours need positive values; the lowest is {number(low)}. Give limits=(low, high) or log=False."
        )
    if high <= low:
        high = low + (abs(low) or 1.0)
    norm = LogNorm(low, high, clip=True) if log else Normalize(low, high, clip=True)
    below, above = bool(len(kept)) and bool(kept.min() < low), bool(len(kept)) and bool(kept.max() > high)
    # a pointed end means that there are values beyond it
    return _Scale(norm, {(1, 1): "both", (1, 0): "min", (0, 1): "max", (0, 0): "neither"}[below, above])


def _ends(kept: Floats, limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is None:
        return (float(kept.min()), float(kept.max())) if len(kept) else (0.0, 1.0)
    try:
        low, high = (float(v) for v in limits)
    except (TypeError, ValueError):
        low, high = 0.0, -1.0
    if not (np.isfinite([low, high]).all() and low <= high):
        raise UsageError(f"limits must be (lowest, highest), two finite numbers that rise; got {shown(limits)}.")
    return low, high


def colour_bar(sheet: Sheet, ax: Any, image: Any, label: str, extend: str = "neither") -> Any:
    """Draw the colour bar of an image."""
    bar = sheet.figure.colorbar(image, ax=ax, aspect=32, pad=0.02, fraction=0.06, extend=extend, extendfrac=0.03)
    bar.set_label(label)
    if sheet.own:
        low, high = image.norm.vmin, image.norm.vmax
        ticks = log_ticks(low, high) if isinstance(image.norm, LogNorm) else bar.get_ticks()
        ticks = [float(t) for t in ticks if low <= t <= high]
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2)
        bar.set_ticks(ticks, labels=[number(t) for t in ticks])
        bar.ax.minorticks_off()
    return bar
