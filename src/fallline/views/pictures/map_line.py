"""A map of one dimension as a curve: a measure of every run over one setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from fallline.experiment.choice_axis import ChoiceAxis
from fallline.maps.map import Map
from fallline.measures.measure import RequestedMeasure
from fallline.measures.outcome import OUTCOMES
from fallline.views.numerals import number, percent
from fallline.views.pictures.map_axes import axis_label, set_scale
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme
from fallline.views.words import minima_words, span_words, value_words

__all__ = ["draw_map_line"]

Floats = NDArray[np.float64]


def draw_map_line(
    m: Map,
    wanted: RequestedMeasure,
    *,
    contours: Sequence[float] = (),
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    title: str = "",
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw a measure over the axis of a map of one dimension. Cells without a value are marked below the curve.

    Parameters
    ----------
    wanted
        The measure.
    contours
        Values at which a horizontal line is drawn.
    log
        Whether the values have a logarithmic axis. By default, if all are positive and span a factor of 20.
    limits
        Lowest and highest value of the axis.
    ax
        Axes of a figure of your own to draw on. `ax.legend()` then names cells without a value.
    size
        Width, or (width, height), of the picture in inches.
    """
    values = wanted.measure.shown(m.plane(wanted.name)[0].astype(np.float64), m.spec.steps)
    known, lost = m.known, m.lost(wanted)[0]
    with sheet(Place(ax, size, theme), 3.4, title, title) as page:
        ax, theme = page.axes(), page.theme
        chosen = isinstance(m.x, ChoiceAxis)
        if m.x.scale == "log":
            ax.set_xscale("log")
        ax.set_xlabel(axis_label(m.x), parse_math=True)
        if page.own:
            ax.grid(axis="y", which="major")
            ax.set_axisbelow(True)
        named = wanted.measure.kind in ("outcomes", "minima")
        if wanted.measure.kind == "outcomes":
            _rows(ax, m.x.positions[known], values[known], {kind: theme.outcomes[kind] for kind in OUTCOMES})
        elif wanted.measure.kind == "minima":
            minima = minima_words(m.spec.objective)
            colours = [theme.series[k % len(theme.series)] for k in range(len(minima))]
            _rows(ax, m.x.positions[known], values[known], dict(zip(minima, colours, strict=True)))
        else:
            _curve(ax, m.x.positions, np.where(lost, np.nan, values), wanted, log, theme, joined=not chosen)
        if chosen:
            set_scale(ax.xaxis, m.x, own=page.own)
            ax.set_xlim(m.x.edges[0], m.x.edges[-1])
        numbered = [*([] if chosen else [ax.xaxis]), *([] if named else [ax.yaxis])]
        for side in numbered if page.own else ():
            side.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
            side.set_minor_formatter(NullFormatter())
        if limits is not None:
            ax.set_ylim(*limits)
        for level in contours:
            ax.axhline(level, color=theme.ink, linewidth=0.9, linestyle=(0, (4, 3)))
        lost &= known
        if lost.any() and wanted.measure.kind != "outcomes":
            text = f"{wanted.measure.lost_word}: {percent(float(lost.mean()))} of runs"
            (marks,) = ax.plot(
                m.x.positions[lost], np.zeros(int(lost.sum())), "X", transform=ax.get_xaxis_transform(), clip_on=False,
                color=theme.diverged[1], markersize=6, label=text,
            )  # fmt: skip
            if page.own:  # on the user's axes, `ax.legend()` names them
                page.legend([marks], [text])
    return page.picture(_alt(m, wanted, values, lost))


def _curve(
    ax: Any, x: Floats, values: Floats, wanted: RequestedMeasure, log: bool | None, theme: Theme, *, joined: bool
) -> None:
    kept = values[np.isfinite(values)]
    log = wanted.measure.log if log is None else log
    if log is None:
        log = bool(len(kept)) and kept.min() > 0 and kept.max() > 20 * kept.min()
    if log:
        ax.set_yscale("log")
    style: dict[str, Any] = {"marker": "o", "markersize": 4 if joined else 7} if len(x) <= 60 or not joined else {}
    ax.plot(x, values, color=theme.series[1], linewidth=1.6, linestyle="-" if joined else "none", **style)
    ax.set_ylabel(wanted.label)


def _rows(ax: Any, x: Floats, places: Floats, colours: Mapping[str, str]) -> None:
    """A row of dots for each name that occurs among the places in `colours`."""
    present = [name for k, name in enumerate(colours) if (places == k).any()]
    for row, name in enumerate(present):
        at = x[places == list(colours).index(name)]
        ax.plot(at, np.full(len(at), row), "s", color=colours[name], markersize=5)
    ax.set_yticks(range(len(present)), labels=present)
    ax.set_ylim(-0.6, len(present) - 0.4)


def _alt(m: Map, wanted: RequestedMeasure, values: Floats, lost: NDArray[np.bool_]) -> str:
    text = f"Curve of {wanted.label} over {span_words(m.x)}: {m.x.count} runs."
    if wanted.measure.kind in ("outcomes", "minima"):
        names = OUTCOMES if wanted.measure.kind == "outcomes" else minima_words(m.spec.objective)
        shares = {name: float((values == k).mean()) for k, name in enumerate(names)}
        if wanted.measure.kind == "minima":
            shares[wanted.measure.lost_word] = float(lost.mean())
        return f"{text} " + ", ".join(f"{kind} {percent(share)}" for kind, share in shares.items() if share) + "."
    if lost.any():
        text += f" {percent(float(lost.mean()))} of the runs: {wanted.measure.lost_word}."
    kept = np.where(m.known & ~lost & np.isfinite(values), values, np.inf)
    if np.isfinite(kept).any():
        k = int(kept.argmin())
        text += f" The lowest value is {number(float(kept[k]))}, at {value_words(m.x, k)}."
    return text
