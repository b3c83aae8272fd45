"""Values that were predicted, and what the rows hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.views.numerals import number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme

__all__ = ["draw_residuals"]

Floats = NDArray[np.float64]


def draw_residuals(
    answers: Floats,
    targets: Floats,
    name: str,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw predicted values against the values of the rows above, and the residuals, value minus prediction, below.

    Parameters
    ----------
    answers, targets
        Of each row.
    name
        Of the target.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on; the residuals are then left out.
    size
        Width, or (width, height), of the picture in inches.
    """
    rmse = float(np.sqrt(np.mean((answers - targets) ** 2)))
    with sheet(
        Place(ax, size, theme), 4.9 if ax is None else 3.4, f"Typical error {number(rmse, 3)} in {name}", title
    ) as page:
        panels = page.figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1)) if page.own else [page.axes()]
        dots: dict[str, Any] = {"marker": "o", "linestyle": "none", "color": page.theme.series[1], "markeredgewidth": 0,
                                "markersize": float(np.clip(7 - len(answers) / 150, 2.5, 5.5)),
                                "alpha": 0.7 if len(answers) < 500 else 0.35}  # fmt: skip
        low, high = float(min(answers.min(), targets.min())), float(max(answers.max(), targets.max()))
        line: dict[str, Any] = {"color": page.theme.ink, "linewidth": 0.9, "linestyle": (0, (4, 3)), "zorder": 1}
        panels[0].plot([low, high], [low, high], **line)
        panels[0].plot(answers, targets, **dots)
        panels[0].set_ylabel(f"{name} in the table", parse_math=False)
        panels[-1].set_xlabel(f"predicted {name}", parse_math=False)
        if len(panels) > 1:
            panels[1].axhline(0, **line)
            panels[1].plot(answers, targets - answers, **dots)
            panels[1].set_ylabel("residual")
    spread = np.quantile(np.abs(targets - answers), [0.5, 0.9])
    return page.picture(
        f"Values of {name} against the predicted ones, {len(answers)} rows. Half of the residuals are below {number(float(spread[0]), 3)}, "
        f"nine of ten below {number(float(spread[1]), 3)}."
    )
