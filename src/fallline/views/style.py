"""One style for every picture: colours, fonts, light and dark, the words for numbers.

Colours for classes and runs differ for the colour-blind too: least OKLab distance 0.059 under full protanopia,
deuteranopia or tritanopia (Machado et al. 2009), and contrast with the background of 3 to 1 or more. Ramps are even
steps in OKLab, so equal steps of a value look equal. Low is blue, as water gathers in a valley; diverged is orange.
"""

from __future__ import annotations

import threading
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError

__all__ = ["MARKERS", "THEMES", "Theme", "drawing", "look", "named", "number", "oklab_ramp", "percent", "wrapped"]

WIDTH = 5.0
"""Width of a picture in inches: on a telephone 360 pixels wide its letters are then 10 pixels high."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes that go with the colours, so that no one needs the colours."""

HALO = 1.4
"""Width of the rim, in points, that keeps a line apart from what lies under it."""


@dataclass(frozen=True)
class Theme:
    """Colours of one theme.

    Parameters
    ----------
    background, ink, muted, faint: paper, text, secondary text, grid lines.
    series: for classes and runs, in this order.
    heights: ramp of a landscape, low to high. A path must stand out from all of it.
    values: ramp of a map, low to high.
    diverged: ramp of diverged cells, early to late; its middle stands for all of them.
    outcomes: converged, still descending, stalled, oscillating, diverged.
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
            ("#0f4c8a", "#79bfd9", "#8a93a0", "#e9cf3f", "#d55e00"),
        ),
        Theme(
            "dark", "#14181f", "#e8ecf2", "#a3adba", "#333b47",
            ("#f2793a", "#56b4e9", "#0fa37a", "#f3e55a", "#f3c0dc", "#a56fc9"),
            ("#3a7fb8", "#26557f", "#1d3a56", "#1a2735"),
            ("#0b2a5e", "#0f4c8a", "#2f86bd", "#79bfd9", "#d8f0ea"),
            ("#6b2206", "#d55e00", "#ffb469"),
            ("#2a6db3", "#8cd0e6", "#7c8694", "#e9cf3f", "#d55e00"),
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


# matplotlib keeps its settings in one global table. We set it for the moment of drawing alone, starting from its
# defaults so that nobody's matplotlibrc changes a picture, and one thread at a time.
_LOCK = threading.RLock()
_NOT_STYLE = (
    "backend",
    "interactive",
    "toolbar",
    "keymap",
    "webagg",
    "tk.",
    "timezone",
    "date.",
    "docstring",
    "figure.",
)


@contextmanager
def drawing(theme: Theme) -> Iterator[None]:
    """matplotlib's settings while a picture is drawn or written; afterwards all is as it was."""
    import matplotlib

    settings = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(_NOT_STYLE)}
    settings |= {
        "font.family": ["DejaVu Sans"],  # matplotlib brings it along, so it exists everywhere
        "font.size": 10.0,
        "mathtext.fontset": "dejavusans",
        "text.parse_math": False,  # a column called "price in $" is no formula
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": 10.0,
        "axes.titlesize": 9.5,
        "axes.titlecolor": theme.muted,
        "axes.titlelocation": "left",
        "axes.facecolor": theme.background,
        "axes.edgecolor": theme.muted,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "axes.unicode_minus": True,
        "grid.color": theme.faint,
        "grid.linewidth": 0.7,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "figure.facecolor": theme.background,
        "figure.edgecolor": theme.background,
        "figure.dpi": 100.0,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "auto",
        "legend.frameon": False,
        "legend.fontsize": 9.0,
        "legend.labelcolor": theme.ink,
        "legend.handlelength": 1.8,
        "lines.solid_capstyle": "round",
        "lines.solid_joinstyle": "round",
        "svg.fonttype": "path",
        "svg.hashsalt": "fallline",
        "pdf.compression": 6,
    }
    with _LOCK, matplotlib.rc_context(settings):
        yield


def canvas(theme: Theme, height: float, title: str, width: float = WIDTH) -> Any:
    """An empty figure with its title above so many inches, for use inside `drawing`."""
    from matplotlib.figure import Figure

    text = balanced(title, 72 * (width - 0.3), 11.5, "bold")
    height += 0.1 + 0.19 * len(text.split("\n"))
    figure: Any = Figure(figsize=(width, height), facecolor=theme.background)
    figure.suptitle(text, x=0.12 / width, ha="left", fontsize=11.5, fontweight="bold")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.07)
    return figure


def legend_below(figure: Any, handles: Sequence[Any], texts: Sequence[str], columns: int = 1, **options: Any) -> None:
    """A legend under the picture, which grows by its lines."""
    if not handles:
        return
    room = 72 * figure.get_figwidth() / columns - 52
    lines = [wrapped(text, room, 9) for text in texts]
    rows = [lines[k : k + columns] for k in range(0, len(lines), columns)]
    count = sum(max(text.count("\n") + 1 for text in row) for row in rows)
    figure.set_figheight(figure.get_figheight() + 0.12 + 0.15 * count + 0.07 * len(rows))
    figure.legend(
        list(handles), lines, loc="outside lower left", ncols=columns, labelspacing=0.5, borderpad=0.2,
        columnspacing=1.2, handletextpad=0.6, **options,
    )  # fmt: skip


def rim(theme: Theme, width: float = HALO) -> list[Any]:
    """A rim in the colour of the paper around a line or letters."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=2 * width, foreground=theme.background), Normal()]


def rimmed(theme: Theme, line_width: float) -> list[Any]:
    """A rim around a line of that width."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=line_width + 2 * HALO, foreground=theme.background, alpha=0.75), Normal()]


def balanced(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text in as few lines as fit the width, these as equal as can be."""
    best = wrapped(text, width, size, weight)
    for share in (0.9, 0.8, 0.7, 0.6):
        narrower = wrapped(text, share * width, size, weight)
        if narrower.count("\n") > best.count("\n"):
            break
        best = narrower
    return best


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return float(TextToPath().get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text with line breaks, so that no line is wider than so many points."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size, weight) > width:
                lines.append(line)
                longer = word
            while len(longer) > 1 and text_width(longer, size, weight) > width:  # one word wider than a line
                fits = bisect(range(1, len(longer)), width, key=lambda k: text_width(longer[:k], size, weight)) or 1
                lines.append(longer[:fits])
                longer = longer[fits:]
            line = longer
        lines.append(line)
    return "\n".join(lines)


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def number(value: float, digits: int = 4) -> str:
    """A number as people write it.

    >>> [number(v) for v in (232.4917, 8e-5, 1e-5, -0.5, float("inf"), 1e6, 300)]
    ['232.5', '8×10⁻⁵', '10⁻⁵', '−0.5', '∞', '10⁶', '300']
    """
    if np.isnan(value):
        return "not a number"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    text = mantissa
    if e:
        power = "10" + str(int(exponent)).translate(_RAISED)
        text = {"1": power, "-1": "-" + power}.get(mantissa, f"{mantissa}×{power}")
    return text.replace("-", "−")


def lowered(index: int) -> str:
    """An index below the line: 12 to "₁₂"."""
    return str(index).translate(_LOWERED)


def percent(share: float) -> str:
    """A share in percent; never "0 %" or "100 %" for what is not quite so.

    >>> percent(0.2345), percent(0.0004), percent(0.9999), percent(1.0)
    ('23 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def named(name: str) -> str:
    """A name of the project as words: "three_hump_camel" to "Three hump camel"."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


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
