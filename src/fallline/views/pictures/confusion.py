"""A confusion matrix: how many rows of each class were answered with each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme, points, text_width

__all__ = ["draw_confusion"]

MOST = 30
"""The most classes whose counts are written."""


def draw_confusion(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw a confusion matrix: a row for each class, a column for each answer.

    The colour is the share of the row: right answers blue, wrong ones orange.

    Parameters
    ----------
    counts
        Rows of the table with class i that were answered with class j, (classes, classes).
    classes
        Their names.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    n, right, total = len(classes), int(np.trace(counts)), int(counts.sum())
    height = float(np.clip(0.42 * n + 0.9, 1.9, 5.2))
    with sheet(Place(ax, size, theme), height, f"{right:,} of {total:,} rows right", title) as page:
        ax = page.axes()
        ax.imshow(_colours(counts, page.theme), interpolation="none", aspect="auto")
        small = float(np.clip(220 / n / max(1, len(str(counts.max()))), 4, 10)) if n else 10
        for i, j in np.ndindex(n, n) if n <= MOST else ():
            if counts[i, j]:
                ax.text(
                    j,
                    i,
                    f"{counts[i, j]:,}",
                    ha="center",
                    va="center",
                    fontsize=points(min(10, small)),
                    color=page.theme.ink,
                )
        ax.set_xticks(range(n), [_short(name) for name in classes])
        ax.set_yticks(range(n), [_short(name) for name in classes])
        widest = max(text_width(_short(name), points(9)) for name in classes)
        if widest * n > 230:
            ax.tick_params(axis="x", rotation=90)
        ax.set_xlabel("answer")
        ax.set_ylabel("class")
        ax.tick_params(length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
        ax.grid(which="minor", color=page.theme.background, linewidth=1.5)
        ax.tick_params(which="minor", length=0)
    return page.picture(_alt(counts, classes))


def _colours(counts: NDArray[np.int64], theme: Theme) -> NDArray[np.float64]:
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    paper, good, bad = (np.array(to_rgb(c)) for c in (theme.background, theme.series[1], theme.series[0]))
    colour = np.where(np.eye(len(counts), dtype=bool)[..., None], good, bad)
    # A single wrong row must be seen, and the figures must be legible on the strongest colour.
    strength = np.where(counts > 0, 0.12 + 0.48 * share, 0.0)[..., None]
    faint = np.array(to_rgb(theme.faint))
    return np.asarray(
        np.where(counts[..., None] > 0, paper + strength * (colour - paper), paper + 0.25 * (faint - paper))
    )


def _short(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"


def _alt(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    text = f"Confusion matrix of {len(classes)} classes: {int(np.trace(counts))} of {int(counts.sum())} rows are right."
    wrong = [(int(counts[i, j]), i, j) for i, j in np.ndindex(*counts.shape) if i != j and counts[i, j]]
    for count, i, j in sorted(wrong, reverse=True)[:4]:
        text += f" {count} of class {classes[i]} were answered with {classes[j]}."
    return text
