"""A picture of a data set: each class has its own colour and shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from fallline.data.dataset import Dataset
from fallline.errors import UsageError
from fallline.views.numerals import capitalized, listed, number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import MARKERS, Theme, colours_of

__all__ = ["draw_data"]


def draw_data(
    dataset: Dataset,
    *,
    columns: tuple[int, int] = (0, 1),
    cmap: Any = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the samples: one input against the other, or a single input against its target.

    Parameters
    ----------
    dataset
        Classes differ in shape and colour; targets that are values in colour.
    columns
        Which two inputs, where there are more than two.
    cmap
        A colour map of matplotlib, or its name, for targets that are values.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    width = dataset.X.shape[1]
    if width > 1 and not all(0 <= c < width for c in columns):
        raise UsageError(
            f"columns must be two places from 0 to {width - 1}, the inputs of {dataset.name}; got {columns}."
        )
    with sheet(Place(ax, size, theme), 3.9, _title(dataset, columns), title) as page:
        ax = page.axes()
        handles, texts = points_on(ax, dataset, page.theme, columns, cmap=cmap)
        if not dataset.classes and width > 1:
            colour_of_values(page, ax, dataset)
        page.legend(handles, texts, legend_columns(len(handles)), short=dataset.classes)
    return page.picture(_alt(dataset, columns))


def legend_columns(count: int) -> int:
    """Number of columns in a legend of classes."""
    return max(1, count) if count <= 3 else 2 if count == 4 else 3


def points_on(
    ax: Any,
    dataset: Dataset,
    theme: Theme,
    columns: tuple[int, int] = (0, 1),
    *,
    rim: bool = False,
    cmap: Any = None,
) -> tuple[list[Any], list[str]]:
    """Draw the samples on these axes; return handles and texts for a legend."""
    X = dataset.X
    single = X.shape[1] == 1
    x = X[:, 0] if single else X[:, columns[0]]
    y: Any = dataset.T[:, 0] if single else X[:, columns[1]]
    if single and dataset.classes:
        y = dataset.labels
    size = float(np.clip(8 - len(X) / 150, 3.5, 7))
    edge: dict[str, Any] = {
        "markeredgecolor": theme.background,
        "markeredgewidth": 0.7 if rim else 0.4,
        "linestyle": "none",
    }
    handles, texts = [], []
    if dataset.classes:
        for k, name in enumerate(dataset.classes):
            mine = dataset.labels == k
            style = edge | {"marker": MARKERS[k % len(MARKERS)], "color": theme.series[k % len(theme.series)]}
            ax.plot(x[mine], y[mine], markersize=size, zorder=3, label=name, **style)
            handles.append(Line2D([], [], markersize=7, **style))
            texts.append(f"class {name}: {int(mine.sum())}")
    elif single:
        ax.plot(x, y, marker="o", color=theme.series[1], markersize=size, zorder=3, **edge)
    else:
        ax.scatter(x, y, c=dataset.T[:, 0], cmap=colours_of(cmap, theme.values), s=size**2, zorder=3,
                   edgecolors=theme.muted, linewidths=0.4)  # fmt: skip
    names = _columns(dataset)
    ax.set_xlabel(names[0] if single else names[columns[0]], parse_math=False)
    ax.set_ylabel(("class" if dataset.classes else "target") if single else names[columns[1]], parse_math=False)
    if single and dataset.classes:
        ax.set_yticks(range(len(dataset.classes)), dataset.classes)
        ax.margins(y=0.3)
    elif not single and 0.5 < _spread(y) / _spread(x) < 2:
        ax.set_aspect("equal", adjustable="datalim")
    return handles, texts


def colour_of_values(page: Sheet, ax: Any, dataset: Dataset) -> None:
    """Draw the colour bar of targets that are numbers."""
    bar = page.figure.colorbar(ax.collections[0], ax=ax, aspect=32, pad=0.02, fraction=0.06)
    bar.set_label("target" if dataset.T.shape[1] == 1 else f"target 1 of {dataset.T.shape[1]}")
    bar.outline.set_visible(not page.own)


def _columns(dataset: Dataset) -> Sequence[str]:
    return dataset.columns or tuple(f"x{k + 1}" for k in range(dataset.X.shape[1]))


def _spread(values: Any) -> float:
    return float(np.ptp(values)) or 1.0


def _title(dataset: Dataset, columns: tuple[int, int]) -> str:
    count = f"{len(dataset)} sample{'s' if len(dataset) != 1 else ''}"
    width = dataset.X.shape[1]
    more = f", inputs {columns[0] + 1} and {columns[1] + 1} of {width}" if width > 2 else ""
    return f"{capitalized(dataset.name)}: {count}{more}, {_targets(dataset)}"


def _targets(dataset: Dataset) -> str:
    count = len(dataset.classes)
    if count:
        return f"{count} class{'es' if count != 1 else ''}"
    return "a target value each"


def _alt(dataset: Dataset, columns: tuple[int, int]) -> str:
    text = f"{_title(dataset, columns)}."
    names = _columns(dataset)
    shown = range(len(names)) if len(names) <= 2 else columns
    for k, name in enumerate(dataset.classes[:8]):
        rows = dataset.X[dataset.labels == k]
        if len(rows):
            centre = listed([f"{names[c]} {number(float(rows[:, c].mean()), 3)}" for c in shown])
            text += f" Class {name}: {len(rows)}, around {centre}."
    if not dataset.classes:
        T = dataset.T[:, 0]
        text += f" Targets from {number(float(T.min()), 3)} to {number(float(T.max()), 3)}."
    return text
