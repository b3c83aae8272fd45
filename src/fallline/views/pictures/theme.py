"""Colours of pictures, light and dark.

Colours for classes and runs differ for the colour-blind too: least OKLab distance 0.059 under full protanopia,
deuteranopia or tritanopia (Machado et al. 2009), and contrast with the background of about 3 to 1 or more. Ramps are
even steps in OKLab, so equal steps of a value look equal. Low is blue, as water gathers in a valley; diverged is orange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError

__all__ = ["THEMES", "Theme", "look", "oklab_ramp"]


@dataclass(frozen=True)
class Theme:
    """Colours of one theme.

    Parameters
    ----------
    background, ink, muted, faint
        Paper, text, secondary text, grid lines.
    series
        For classes and runs, in this order.
    heights
        Ramp of a landscape, low to high. A path must stand out from all of it.
    values
        Ramp of a map, low to high.
    diverged
        Ramp of diverged cells, early to late; its middle stands for all of them.
    outcomes
        Converged, still descending, stalled, oscillating, diverged, rising.
    """

    name: str
    background: str
    ink: str
    muted: str
    faint: str
    series: tuple[str, ...]
    heights: tuple[str, ...]
    values: tuple[str, ...]
    diverged: tuple[str, ...]
    outcomes: tuple[str, ...]


THEMES: dict[str, Theme] = {
    t.name: t
    for t in (
        Theme(
            "light", "#ffffff", "#1b2430", "#5b6675", "#dfe4ea",
            ("#d55e00", "#0072b2", "#009e73", "#4b1d5c", "#b489a4", "#6e2f00"),
            ("#5f9aca", "#a4c8e1", "#d3e4ef", "#f1f5f8"),
            ("#08204a", "#0f4c8a", "#2f86bd", "#79bfd9", "#d8f0ea"),
            ("#5c1a00", "#d55e00", "#ffb469"),
            ("#0f4c8a", "#79bfd9", "#8a93a0", "#e9cf3f", "#d55e00", "#8c2d04"),
        ),
        Theme(
            "dark", "#14181f", "#e8ecf2", "#a3adba", "#333b47",
            ("#f2793a", "#56b4e9", "#0fa37a", "#f3e55a", "#f3c0dc", "#a56fc9"),
            ("#3a7fb8", "#26557f", "#1d3a56", "#1a2735"),
            ("#0b2a5e", "#0f4c8a", "#2f86bd", "#79bfd9", "#d8f0ea"),
            ("#6b2206", "#d55e00", "#ffb469"),
            ("#2a6db3", "#8cd0e6", "#7c8694", "#e9cf3f", "#d55e00", "#8c2d04"),
        ),
    )
}  # fmt: skip


def look(theme: str | Theme) -> Theme:
    """The theme of that name."""
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise UnknownNameError("theme", theme, THEMES)
    return THEMES[theme]


_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip


def oklab_ramp(colours: Sequence[str], count: int) -> NDArray[np.float64]:
    """`count` colours, (count, 3) in sRGB, at even steps along the given ones in OKLab (Ottosson 2020)."""
    anchors = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(anchors <= 0.04045, anchors / 12.92, ((anchors + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    at = np.linspace(0, along[-1], count) if count > 1 else np.array([along[-1] / 2])
    steps = np.column_stack([np.interp(at, along, lab[:, k]) for k in range(3)])
    linear = np.clip((steps @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))
