"""What each column is worth, as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.views.numerals import number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme

__all__ = ["draw_importance"]

MOST = 20
"""The most columns that are drawn."""


def draw_importance(
    falls: Mapping[str, NDArray[np.float64]],
    score: str,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw, for each column, how far the score falls when the column is shuffled: the mean as a bar, each repeat as a dot.

    Parameters
    ----------
    falls
        The falls of each column, as `importance` gives them.
    score
        What the score is called.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    means = {name: float(values.mean()) for name, values in falls.items()}
    order = sorted(means, key=lambda name: -means[name])
    shown = order[:MOST]
    default = f"The most important column is {order[0]}" if len(order) > 1 else f"What {order[0]} is worth"
    with sheet(Place(ax, size, theme), 0.27 * len(shown) + 0.75, default, title) as page:
        ax = page.axes()
        places = np.arange(len(shown))
        ax.barh(places, [means[name] for name in shown], height=0.62, color=page.theme.series[1], alpha=0.55)
        for k, name in enumerate(shown):
            ax.plot(
                falls[name],
                [k] * len(falls[name]),
                "o",
                markersize=3,
                color=page.theme.ink,
                alpha=0.7,
                markeredgewidth=0,
            )
        ax.axvline(0, color=page.theme.muted, linewidth=0.8)
        ax.set_yticks(places, [name if len(name) <= 24 else name[:23] + "…" for name in shown])
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(f"fall of the {score} when the column is shuffled")
    listed = "; ".join(f"{name} {number(means[name], 2)}" for name in shown[:8])
    return page.picture(f"Fall of the {score} when a column is shuffled, in the mean: {listed}.")
