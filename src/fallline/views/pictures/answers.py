"""The answers of a model of two numbers, over the plane of both, with its rows on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.views.pictures.data import legend_columns, points_on
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.regions import range_of, shade_classes, shade_values
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme

__all__ = ["draw_answers"]

Floats = NDArray[np.float64]

SIDE = 200
"""Points of each axis at which the model is asked."""


def draw_answers(
    dataset: Dataset,
    answers: Callable[[Floats], Floats],
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw what a model answers over two inputs: the colour of the likeliest class, or the value as a colour.

    Parameters
    ----------
    dataset
        Rows of two inputs.
    answers
        From inputs (points, 2) to the probabilities of classes, or values.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    with sheet(
        Place(ax, size, theme), 3.9, f"What the model answers over {' and '.join(dataset.columns)}", title
    ) as page:
        ax = page.axes()
        x, y = (range_of(dataset.X[:, k]) for k in (0, 1))
        grid = np.stack(np.meshgrid(np.linspace(*x, SIDE), np.linspace(*y, SIDE)), axis=-1)
        answer = answers(grid.reshape(-1, 2)).reshape(SIDE, SIDE, -1)
        if dataset.classes:
            image = shade_classes(ax, grid, answer, (*x, *y), page.theme)
        else:
            image = shade_values(page, ax, answer[..., 0], (*x, *y), None, None, True)
        handles, texts = points_on(ax, dataset, page.theme, rim=True)
        ax.set_aspect("auto")
        ax.set(xlim=x, ylim=y)
        if page.own:
            page.legend(handles, texts, legend_columns(len(handles)))
    return page.picture(f"Answers of the model over {' and '.join(dataset.columns)}, with {len(dataset)} rows.", image)
