"""One style for every picture: fonts, sizes, title and legend, with the colours of `theme`."""

from __future__ import annotations

import threading
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fallline.errors import UnknownNameError, visible
from fallline.views.pictures.theme import THEMES, Theme, look, oklab_ramp

__all__ = [
    "MARKERS", "THEMES", "WIDTH", "Theme", "balanced", "canvas", "colours_along", "colours_of", "drawing", "legend_below", "look", "oklab_ramp", "points",
    "rim", "rimmed", "text_width", "wrapped",
]  # fmt: skip

WIDTH = 5.0
"""Width of a picture in inches. On a telephone of 360 pixels the letters are then 10 pixels high."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes that go with the colours, so that a picture can be read without colours."""

HALO = 1.4
"""Width, in points, of the rim that separates a line from what is drawn under it."""

# matplotlib keeps its settings in one global table. Each drawing changes it and restores it, one thread at a time. It
# starts from matplotlib's defaults, so that no user's matplotlibrc changes a picture.
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
def drawing(theme: Theme, scale: float = 1.0) -> Iterator[None]:
    """Set matplotlib up while a picture is drawn or written, and restore its settings afterwards.

    All fonts are multiplied by `scale`.
    """
    import matplotlib

    settings = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(_NOT_STYLE)}
    settings |= {
        "font.family": ["DejaVu Sans"],  # part of matplotlib, so it is always installed
        "font.size": 10.0 * scale,
        "mathtext.fontset": "dejavusans",
        "text.parse_math": False,  # a column may be called "price in $"
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": 10.0 * scale,
        "axes.titlesize": 9.5 * scale,
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
        "xtick.labelsize": 9.0 * scale,
        "ytick.labelsize": 9.0 * scale,
        "figure.facecolor": theme.background,
        "figure.edgecolor": theme.background,
        "figure.dpi": 100.0,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "auto",
        "legend.frameon": False,
        "legend.fontsize": 9.0 * scale,
        "legend.labelcolor": theme.ink,
        "legend.handlelength": 1.8,
        "lines.solid_capstyle": "round",
        "lines.solid_joinstyle": "round",
        "svg.fonttype": "path",
        "svg.hashsalt": "fallline",
        "pdf.compression": 6,
        "pdf.fonttype": 42,  # journals ask for TrueType fonts
        "ps.fonttype": 42,
    }
    with _LOCK, matplotlib.rc_context(settings):
        yield


def points(size: float) -> float:
    """A font size in points, for text that is `size` points high where matplotlib's own text is 10 points high."""
    import matplotlib

    return size * float(matplotlib.rcParams["font.size"]) / 10


def canvas(theme: Theme, height: float, title: str, width: float = WIDTH) -> Any:
    """An empty figure with a title above an area `height` inches high, for use inside `drawing`."""
    from matplotlib.figure import Figure

    size = points(11.5)
    text = balanced(title, 72 * (width - 0.3), size, "bold")
    height += (0.1 + 0.19 * len(text.split("\n"))) if title else 0.1
    figure: Any = Figure(figsize=(width, height), facecolor=theme.background)
    if title:
        figure.suptitle(text, x=0.12 / width, ha="left", fontsize=size, fontweight="bold")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.07)
    return figure


def legend_below(figure: Any, handles: Sequence[Any], texts: Sequence[str], columns: int = 1, **options: Any) -> None:
    """Draw a legend under the picture, which grows by the height of the legend."""
    if not handles:
        return
    room = 72 * figure.get_figwidth() / columns - 52
    lines = [wrapped(text, room, points(9)) for text in texts]
    rows = [lines[k : k + columns] for k in range(0, len(lines), columns)]
    count = sum(max(text.count("\n") + 1 for text in row) for row in rows)
    figure.set_figheight(figure.get_figheight() + 0.12 + 0.15 * count + 0.07 * len(rows))
    figure.legend(
        list(handles), lines, loc="outside lower left", ncols=columns, labelspacing=0.5, borderpad=0.2,
        columnspacing=1.2, handletextpad=0.6, **options,
    )  # fmt: skip


def colours_of(cmap: Any, ramp: Sequence[str]) -> Any:
    """The user's colour map, given by itself or by its name; without one, our own ramp of these colours."""
    import matplotlib
    from matplotlib.colors import Colormap, ListedColormap

    if cmap is None:
        return ListedColormap(oklab_ramp(ramp, 256), "fallline")
    if isinstance(cmap, Colormap):
        return cmap
    if cmap not in matplotlib.colormaps:
        raise UnknownNameError("cmap", cmap, matplotlib.colormaps)
    return matplotlib.colormaps[cmap]


def colours_along(cmap: Any, count: int) -> tuple[str, ...]:
    """Colours at even steps along the user's colour map."""
    from matplotlib.colors import to_hex

    steps = [k / max(1, count - 1) for k in range(count)]
    return tuple(to_hex(colours_of(cmap, ())(step)) for step in steps)


def rim(theme: Theme, width: float = HALO) -> list[Any]:
    """Path effects: a rim in the colour of the background around a line or letters."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=2 * width, foreground=theme.background), Normal()]


def rimmed(theme: Theme, line_width: float) -> list[Any]:
    """Path effects: a translucent rim around a line of that width."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=line_width + 2 * HALO, foreground=theme.background, alpha=0.75), Normal()]


def balanced(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text in as few lines as fit the width, of nearly equal length."""
    best = wrapped(text, width, size, weight)
    for share in (0.9, 0.8, 0.7, 0.6):
        narrower = wrapped(text, share * width, size, weight)
        if narrower.count("\n") > best.count("\n"):
            break
        best = narrower
    return best


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width of a line of text, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return float(TextToPath().get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text with line breaks, so that no line is wider than `width` points."""
    lines: list[str] = []
    for paragraph in visible(text, keep="\n").split("\n"):
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
