"""Where a picture is drawn: on a figure of our own, or on axes of the user's figure.

On the user's axes, matplotlib's settings (`rcParams`) are the user's: fonts, sizes, lines, grid and colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fallline.errors import UsageError, shown
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.style import WIDTH, Theme, canvas, drawing, legend_below, look, points, wrapped

__all__ = ["SMALLEST", "Place", "Sheet", "Size", "axes_height", "axes_width", "is_low", "on_axes", "sheet"]

Size = float | tuple[float, float] | None

SMALLEST = 0.7
"""Smallest factor on the fonts of a narrow picture: the letters are then 6 to 7 points high."""


@dataclass(frozen=True)
class Place:
    """Where and how large a picture is drawn: the arguments `ax`, `size` and `theme` of every picture.

    Parameters
    ----------
    ax
        Axes of the user's figure; None for a figure of our own.
    size
        Width, or width and height, of our own figure in inches.
    theme
        "light" or "dark". On the user's axes, matplotlib's settings and the background of the axes decide instead.
    """

    ax: Any = None
    size: Size = None
    theme: str | Theme = "light"


@dataclass
class Sheet:
    """A figure that is being drawn.

    Attributes
    ----------
    figure
        The matplotlib figure.
    theme
        The colours: those of the theme, or on the user's axes those of matplotlib's settings.
    ax
        The user's axes; None on a figure of our own.
    scale
        Factor on all fonts of a figure of our own.
    low
        Whether the user's size is lower than the height that the drawing asked for.
    """

    figure: Any
    theme: Theme
    title: str
    ax: Any = None
    scale: float = 1.0
    low: bool = False

    @property
    def own(self) -> bool:
        """Whether the figure is ours."""
        return self.ax is None

    def axes(self) -> Any:
        """The axes of a picture that has a single one."""
        return self.figure.add_subplot() if self.own else self.ax

    def line(self, width: float) -> float:
        """The width of lines: `width` points on our own figure, matplotlib's setting on the user's axes."""
        import matplotlib

        return width if self.own else float(matplotlib.rcParams["lines.linewidth"])

    def legend(
        self,
        handles: Sequence[Any],
        texts: Sequence[str],
        columns: int = 1,
        *,
        short: Sequence[str] = (),
        **options: Any,
    ) -> None:
        """Draw a legend: under our own figure, or inside the user's axes with the `short` texts, if there are any.

        Inside axes whose background is a picture it would hide a part, so only what has a label is in `ax.legend()` there.
        """
        if self.own:
            legend_below(self.figure, handles, texts, columns, **options)
        elif handles:
            room = 0.7 * axes_width(self.ax)
            labels = [wrapped(text, room, points(10)) for text in short or texts]
            self.ax.legend(list(handles), labels, **options).set_zorder(8)

    def picture(self, alt: str, image: Any = None) -> Picture:
        """The finished picture."""
        axes = self.ax if self.ax is not None else self.figure.axes[0]
        return Picture(self.figure, self.title, alt, self.theme, axes, image, self.scale, self.own)


@contextmanager
def sheet(place: Place, height: float, default_title: str, title: str | None, width: float = WIDTH) -> Iterator[Sheet]:
    """Yield a sheet while a picture is drawn.

    Parameters
    ----------
    height, width
        Height of the drawing area and width of our own figure in inches, unless the user has chosen a size.
    default_title, title
        The title: the default one if `title` is None, and no heading if it is "". On the user's axes no heading is drawn
        unless `title` is given.
    """
    theme = look(place.theme)
    if place.ax is not None:
        with on_axes(place.ax, theme) as theirs:
            if title:
                place.ax.set_title(title, parse_math=False)
            yield Sheet(place.ax.get_figure(), theirs, title or default_title, place.ax)
        return
    across, tall = _inches(place.size, width)
    scale = 1.0 if place.size is None else max(SMALLEST, min(1.0, across / WIDTH))
    with drawing(theme, scale):
        figure = canvas(theme, height * min(1.0, across / width), default_title if title is None else title, across)
        yield Sheet(figure, theme, title or default_title, scale=scale, low=is_low(place.size, height))
        if tall is not None:
            figure.set_size_inches(across, tall)


@contextmanager
def on_axes(ax: Any, theme: Theme) -> Iterator[Theme]:
    """Yield the colours for a picture on the user's axes, and keep its labels inside the figure."""
    only_axes(ax)
    yield _colours(ax, theme)
    _keep_labels_inside(ax)


def only_axes(ax: Any) -> None:
    """Raise UsageError unless `ax` is one matplotlib axes."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise UsageError(f"ax must be one axes of a matplotlib figure, as plt.subplots() gives it; got {shown(ax)}.")


def axes_width(ax: Any) -> float:
    """The width of the axes, in points."""
    return 72 * float(ax.get_window_extent().width / ax.get_figure().figure.dpi)


def axes_height(ax: Any) -> float:
    """The height of the axes, in points."""
    return 72 * float(ax.get_window_extent().height / ax.get_figure().figure.dpi)


def is_low(size: Size, height: float) -> bool:
    """Whether the user's size leaves a drawing less than two thirds of the height that it asks for."""
    return size is not None and (_inches(size, WIDTH)[1] or height) < 0.67 * height


def _inches(size: Size, width: float) -> tuple[float, float | None]:
    if size is None:
        return width, None
    try:
        across, tall = size if isinstance(size, tuple | list) else (size, None)
        across, tall = float(across), None if tall is None else float(tall)
    except (TypeError, ValueError):
        across, tall = 0.0, None
    if not (0.5 <= across <= 100 and (tall is None or 0.5 <= tall <= 100)):
        raise UsageError(f"size must be a width, or (width, height), of 0.5 to 100 inches; got {shown(size)}.")
    return across, tall


def _colours(ax: Any, theme: Theme) -> Theme:
    """The user's colours. The ramps are those of the theme that suits the background; so is the cycle of colours, unless the
    user has set one."""
    import matplotlib
    from matplotlib.colors import to_hex, to_rgb

    rc = matplotlib.rcParams
    background = to_hex(ax.get_facecolor()) if ax.patch.get_visible() and ax.get_facecolor()[3] else "#ffffff"
    dark = sum(to_rgb(background)) < 1.2
    theme = look("dark" if dark else theme if theme.name != "dark" else "light")
    cycle = rc["axes.prop_cycle"]
    chosen = cycle != matplotlib.rcParamsDefault["axes.prop_cycle"] and "color" in cycle.keys
    series = tuple(to_hex(c) for c in cycle.by_key()["color"]) if chosen else theme.series
    ink, muted, faint = (to_hex(rc[name]) for name in ("text.color", "xtick.color", "grid.color"))
    return replace(theme, background=background, ink=ink, muted=muted, faint=faint, series=series)


def _keep_labels_inside(ax: Any) -> None:
    """Let matplotlib make room for labels where the user has not chosen a layout: its default margins cut them off in a small
    figure. `tight` is the layout that later calls of `tight_layout` and `subplots_adjust` go with."""
    import matplotlib

    figure = ax.get_figure()
    untouched = all(
        getattr(figure.subplotpars, side, None) == matplotlib.rcParams[f"figure.subplot.{side}"]
        for side in ("left", "right", "bottom", "top", "wspace", "hspace")
    )
    if (
        hasattr(figure, "set_layout_engine")
        and figure.get_layout_engine() is None
        and ax.get_subplotspec()
        and untouched
    ):
        figure.set_layout_engine("tight")
