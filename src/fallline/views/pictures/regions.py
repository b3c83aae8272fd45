"""A picture of a network's answers: decision regions, shaded by probability, with the data on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError
from fallline.problems import NetworkObjective, as_vector, has_plane
from fallline.views.numerals import capitalized, number, percent
from fallline.views.pictures.data import legend_columns, points_on
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import Theme, colours_of

__all__ = ["draw_regions", "range_of", "shade_classes", "shade_values"]

Floats = NDArray[np.float64]


def draw_regions(
    objective: NetworkObjective,
    w: ArrayLike,
    *,
    cmap: Any = None,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the answers of a network of two inputs with parameters w.

    Classes: the colour is that of the likeliest class, stronger the surer the network is. Values: the first output as
    a colour. Samples whose class the network gets wrong are ringed.

    Parameters
    ----------
    objective, w
        A network of two inputs on data, and its parameters.
    cmap, limits
        Colour map of matplotlib, and lowest and highest value of the colours, for outputs that are values.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    if not has_plane(objective):
        raise ShapeError(f"decision regions need data of 2 inputs; {objective.name} has {objective.network.sizes[0]}.")
    point = as_vector(w, objective, "w")
    default = f"What {objective.network.text} answers: {_score(objective, point)}"
    with sheet(Place(ax, size, theme), 3.9, default, title) as page:
        handles, texts, image = regions_on(page, page.axes(), objective, point, cmap, limits)
        if page.own:
            page.legend(handles, texts, legend_columns(len(handles)))
    return page.picture(_alt(objective, point), image)


def regions_on(
    page: Sheet,
    ax: Any,
    objective: NetworkObjective,
    w: Floats,
    cmap: Any = None,
    limits: tuple[float, float] | None = None,
    bar: bool = True,
) -> tuple[list[Any], list[str], Any]:
    """Draw regions and data on these axes, `bar` with a colour bar; return handles and texts for a legend, and the image."""
    theme = page.theme
    data = objective.data.raw
    x, y = (range_of(data.X[:, k]) for k in (0, 1))
    grid = np.stack(np.meshgrid(np.linspace(*x, 240), np.linspace(*y, 240)), axis=-1)
    with np.errstate(all="ignore"):
        answer = objective.predict(w, objective.data.inputs_at(grid.reshape(-1, 2))).reshape(240, 240, -1)
    extent = (*x, *y)
    if objective.network.loss.targets == "values":
        image = shade_values(page, ax, answer[..., 0], extent, cmap, limits, bar)
    else:
        image = shade_classes(ax, grid, answer, extent, theme)
    handles, texts = points_on(ax, data, theme, rim=True)
    wrong = _wrong(objective, w)
    if wrong.any():
        style: dict[str, Any] = {"marker": "o", "markersize": 10, "markerfacecolor": "none", "markeredgecolor": theme.ink,
                 "markeredgewidth": 1.0, "linestyle": "none"}  # fmt: skip
        ax.plot(*data.X[wrong].T, zorder=4, label="wrong", **style)
        handles.append(Line2D([], [], **style))
        texts.append(f"wrong: {int(wrong.sum())}")
    ax.set_aspect("auto")
    if 0.5 < (y[1] - y[0]) / (x[1] - x[0]) < 2:
        ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=x, ylim=y)
    return handles, texts, image


def range_of(values: Floats) -> tuple[float, float]:
    """The range of an axis: that of the values, and a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def shade_classes(ax: Any, grid: Floats, answer: Floats, extent: tuple[float, ...], theme: Theme) -> Any:
    """Shade the plane with the colour of the likeliest class, stronger where it is surer, and draw the borders."""
    if answer.shape[-1] == 1:
        answer = np.concatenate([1 - answer, answer], axis=-1)
    count = answer.shape[-1]
    known = np.asarray(np.isfinite(answer).all(axis=-1))
    answer = np.where(known[..., None], answer, 1 / count)
    winner, chance = answer.argmax(axis=-1), answer.max(axis=-1)
    colours = np.array([to_rgb(theme.series[k % len(theme.series)]) for k in range(count)])
    # No colour if all classes are equally likely, and an opacity of just over a half if the network is certain.
    strength = 0.1 + 0.42 * np.clip((chance - 1 / count) / (1 - 1 / count), 0, 1)[..., None]
    paper = np.array(to_rgb(theme.background))
    image = np.where(known[..., None], paper + strength * (colours[winner] - paper), paper)
    shown = ax.imshow(image, origin="lower", extent=extent, interpolation="none", zorder=0)
    for k in range(count):
        mine = (winner == k) & known
        if 0 < mine.sum() < mine.size:
            others = np.delete(answer, k, axis=-1).max(axis=-1)
            ax.contour(grid[..., 0], grid[..., 1], answer[..., k] - others, levels=[0], colors=[theme.ink],
                       linewidths=0.8, zorder=1)  # fmt: skip
    return shown


def shade_values(
    page: Sheet,
    ax: Any,
    value: Floats,
    extent: tuple[float, ...],
    cmap: Any,
    limits: tuple[float, float] | None,
    bar: bool,
) -> Any:
    """Shade the plane with a value as a colour, `bar` with a colour bar."""
    low, high = limits or (None, None)
    image = ax.imshow(np.ma.masked_invalid(value), origin="lower", extent=extent, vmin=low, vmax=high,
                      cmap=colours_of(cmap, page.theme.heights), interpolation="none")  # fmt: skip
    if bar:
        scale = page.figure.colorbar(image, ax=ax, aspect=32, pad=0.02, fraction=0.06)
        scale.set_label("output")
        scale.outline.set_visible(not page.own)
    return image


def _wrong(objective: NetworkObjective, w: Floats) -> NDArray[np.bool_]:
    Z, T = objective.logits(w), objective.data.T
    if objective.network.loss.targets == "values":
        return np.zeros(len(T), dtype=bool)
    if objective.network.loss.targets == "labels":
        return np.asarray(((Z > 0) != (T > 0.5)).any(axis=-1))
    return np.asarray(Z.argmax(axis=-1) != T.argmax(axis=-1))


def _score(objective: NetworkObjective, w: Floats) -> str:
    if objective.network.loss.targets == "values":
        return f"loss {number(float(objective.loss(w)))}"
    return f"{percent(float(objective.accuracy(w)))} of {len(objective.data)} samples right"


def _alt(objective: NetworkObjective, w: Floats) -> str:
    data = objective.data
    if objective.network.loss.targets == "values":
        answer = objective.predict(w)[..., 0]
        low, high = number(float(answer.min()), 3), number(float(answer.max()), 3)
        return f"Output of {objective.name} over its two inputs as a colour: from {low} to {high} on the data."
    right = percent(float(objective.accuracy(w)))
    text = (
        f"Decision regions of {objective.name}, stronger in colour where the network is surer: {right} of {len(data)} "
        "samples right."
    )
    wrong = _wrong(objective, w)
    for k, name in enumerate(data.classes[:8]):
        mine = data.labels == k
        text += f" Class {capitalized(name)}: {int(wrong[mine].sum())} of {int(mine.sum())} wrong."
    return text
