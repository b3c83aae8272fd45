"""Calibration: the share of right answers against the probability that the networks gave them."""

from __future__ import annotations

from typing import Any

from fallline.models.calibration import Calibration
from fallline.runs.intervals import share as share_of
from fallline.views.numerals import number, percent
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme

__all__ = ["draw_calibration"]


def draw_calibration(
    found: Calibration,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw, for answers of similar probability, the share that is right, with 95 % intervals.

    Calibrated answers lie on the line. Below it the networks are too sure, above it too cautious.

    Parameters
    ----------
    found
        The calibration of a model.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    with sheet(Place(ax, size, theme), 3.3, f"Probability and share of right answers differ by {percent(found.error)}", title) as page:  # fmt: skip
        ax, colour = page.axes(), page.theme.series[1]
        ax.plot([0, 1], [0, 1], color=page.theme.ink, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        for chance, right, count in zip(found.chance, found.right, found.count, strict=True):
            interval = share_of(round(float(right) * int(count)), int(count))
            ax.plot(
                [chance, chance],
                [interval.low, interval.high],
                color=colour,
                linewidth=page.line(1.2),
                alpha=0.6,
                zorder=2,
            )
        ax.plot(found.chance, found.right, marker="o", markersize=6, color=colour, linewidth=page.line(1.4), zorder=3,
                markeredgecolor=page.theme.background)  # fmt: skip
        low = min(0.5, 0.95 * float(min(found.chance.min(), found.right.min()))) if found.chance.min() > 0.3 else 0.0
        ax.set(xlim=(low, 1.01), ylim=(low if low else -0.02, 1.02))
        ax.set_xlabel("probability that the networks give")
        ax.set_ylabel("share of right answers")
    worst = int(abs(found.chance - found.right).argmax())
    return page.picture(
        f"Calibration in {len(found.count)} groups of answers. The largest difference: of {int(found.count[worst])} answers of "
        f"probability {number(float(found.chance[worst]), 3)}, {percent(float(found.right[worst]))} are right."
    )
