"""Loss at each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.measures.outcome import OUTCOMES
from fallline.measures.statistics import diverged_at
from fallline.runs.run import Run
from fallline.views.numerals import capitalized, number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import MARKERS, Theme, colours_along, points, rim
from fallline.views.words import ending, loss_words, objective_words, run_labels, runs_sentence, shared

__all__ = ["draw_curves", "loss_ticks"]

Floats = NDArray[np.float64]

MANY = 10
"""Largest number of runs that have a colour each; more runs are coloured by outcome."""


def draw_curves(
    runs: Sequence[Run],
    *,
    log: bool | None = None,
    target: float | None = None,
    names: Sequence[str] | None = None,
    limits: tuple[float, float] | None = None,
    cmap: Any = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the loss of each run at each step. The curve of a diverged run ends at the step of divergence, with a cross.

    Parameters
    ----------
    runs
        Descents of the same objective.
    log
        Whether the loss has a logarithmic axis. By default, if all losses are positive and span a factor of 50.
    target
        A loss at which a line is drawn.
    names
        Names of the runs; by default, the settings in which they differ.
    limits
        Lowest and highest loss of the vertical axis.
    cmap
        A colour map of matplotlib, or its name: runs have colours along it, in their order.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    runs = list(runs)
    if not runs:
        raise UsageError("draw_curves needs at least one run; got none.")
    labels = run_labels(runs, names)
    shown = [_before_divergence(run) for run in runs]
    log = _wants_log(shown) if log is None else log
    with sheet(Place(ax, size, theme), 3.1 + (0.15 if len(runs) == 1 else 0), _title(runs), title) as page:
        ax = page.axes()
        if cmap is not None:
            page.theme = replace(page.theme, series=colours_along(cmap, len(runs)))
        handles, texts = curves_on(ax, runs, labels, page, log=log, target=target)
        if limits is not None:
            ax.set_ylim(limits)
        if len(runs) > 1:
            columns = 1 if len(runs) <= MANY else 2
            page.legend(handles, texts, columns, short=labels if len(runs) <= MANY else ())
    return page.picture(_alt(runs, labels, log, target))


def curves_on(
    ax: Any, runs: Sequence[Run], labels: Sequence[str], page: Sheet, *, log: bool | None, target: float | None = None
) -> tuple[list[Any], list[str]]:
    """Draw the curves on these axes; return handles and texts for a legend."""
    theme = page.theme
    shown = [_before_divergence(run) for run in runs]
    log = _wants_log(shown) if log is None else log
    if log:
        ax.set_yscale("log")
    if page.own:
        ax.grid(axis="y", which="major")
        ax.set_axisbelow(True)
    many = len(runs) > MANY
    ceiling = _ceiling(runs, shown, log)
    handles: list[Any] = []
    cuts: list[tuple[float, float, int]] = []
    for k, (run, losses) in enumerate(zip(runs, shown, strict=True)):
        diverged = run.outcome.failed
        colour = theme.series[k % len(theme.series)]
        if many:
            colour = theme.outcomes[run.outcome.kind]
        style = {"linewidth": 0.8, "alpha": 0.5} if many else {"linewidth": page.line(1.8)}
        shape = MARKERS[k % len(MARKERS)]
        x, y = _visible(losses, ceiling, log) if diverged else (np.arange(float(len(losses))), losses)
        ax.plot(x, y, color=colour, label=labels[k], **style)
        if len(losses) <= 40 and not many:
            inner = slice(None, -1) if diverged else slice(None)
            ax.plot(x[inner], y[inner], linestyle="none", marker=shape, markersize=4, color=colour)
        if diverged:
            ax.plot(x[-1:], y[-1:], marker="X", markersize=9, color=colour, markeredgecolor=theme.background,
                    clip_on=False, zorder=6)  # fmt: skip
            cuts.append((float(x[-1]), float(y[-1]), run.outcome.step or 0))
        elif not many:
            ax.plot(x[-1:], y[-1:], marker=shape, color=colour, markersize=6, clip_on=False, zorder=4,
                    markeredgecolor=theme.background)  # fmt: skip
        handles.append(_handle(colour, "X" if diverged else shape, theme))
    _limits(ax, runs, shown, ceiling, log)
    if target is not None:
        ax.axhline(target, color=theme.ink, linewidth=0.9, linestyle=(0, (4, 3)))
        ax.annotate(f"target {number(target)}", (1, target), (0, 3), xycoords=("axes fraction", "data"),
                    textcoords="offset points", ha="right", va="bottom", fontsize=points(9), color=theme.ink)  # fmt: skip
    ax.set_xlabel("step")
    if not page.own:
        ax.set_ylabel(capitalized(loss_words(runs[0].objective).partition(":")[0]), parse_math=False)
        _say_diverged(ax, cuts, max(run.steps for run in runs), theme)
        return _by_outcome(runs, theme) if many else (handles, list(labels))
    subtitle = capitalized(loss_words(runs[0].objective))
    if len(runs) == 1:
        subtitle += f"\nfrom {number(float(runs[0].losses[0]))} to {ending(runs[0]).removeprefix('loss ')}"
    ax.set_title(subtitle, color=theme.ink)
    loss_ticks(ax, log)
    _say_diverged(ax, cuts, max(run.steps for run in runs), theme)
    if many:
        return _by_outcome(runs, theme)
    return handles, [f"{name}: {ending(run)}" for name, run in zip(labels, runs, strict=True)]


def _before_divergence(run: Run) -> Floats:
    """The finite losses up to and including the step of divergence."""
    losses = np.asarray(run.losses, dtype=np.float64)
    at = int(diverged_at(losses))
    if at >= 0:
        losses = losses[: at + 1]
    return losses[: int(np.isfinite(losses).argmin())] if not np.isfinite(losses).all() else losses


def _wants_log(curves: Sequence[Floats]) -> bool:
    values = np.concatenate([c for c in curves if len(c)] or [np.ones(1)])
    return bool((values > 0).all() and values.max() > 50 * values.min())


def _ceiling(runs: Sequence[Run], curves: Sequence[Floats], log: bool) -> float:
    """The highest loss that is shown: the highest of the runs that did not diverge, or a little above the start."""
    kept = [float(c.max()) for run, c in zip(runs, curves, strict=True) if not run.outcome.failed and len(c)]
    starts = [float(c[0]) for c in curves if len(c)]
    highest = max([*kept, *starts, -np.inf])
    if not np.isfinite(highest):
        return 1.0
    diverged = any(run.outcome.failed for run in runs)
    if not diverged:
        return highest
    peak = max((float(c.max()) for c in curves if len(c)), default=highest)
    room = abs(highest) * (1000 if log else 4) if not kept else abs(highest) * (10 if log else 0.5)
    return min(peak, highest + max(room, 1e-12))


def _visible(losses: Floats, ceiling: float, log: bool) -> tuple[Floats, Floats]:
    """The curve of a diverged run, cut at the top of the picture."""
    steps = np.arange(float(len(losses)))
    above = np.flatnonzero(losses > ceiling)
    if not len(losses):
        return np.zeros(1), np.full(1, ceiling)
    if not len(above) or above[0] == 0:
        return steps, np.minimum(losses, ceiling)
    k = int(above[0])
    ends = np.array([losses[k - 1], losses[k], ceiling])
    a, b, top = np.log(ends) if log else ends / 2  # halved, so that differences of large floats do not overflow
    return np.append(steps[:k], k - 1 + (top - a) / (b - a)), np.append(losses[:k], ceiling)


def _say_diverged(ax: Any, cuts: Sequence[tuple[float, float, int]], steps: int, theme: Theme) -> None:
    """Write "diverged" beside each cross, once for crosses that are close together."""
    said: list[float] = []
    for x, y, step in sorted(cuts):
        if any(abs(x - other) < 0.3 * steps for other in said):
            continue
        said.append(x)
        together = [t for other, _, t in cuts if 0 <= other - x < 0.3 * steps]
        word = "diverged" if len(together) > 1 else f"diverged at step {step}"
        right = x < 0.6 * steps
        ax.annotate(word, (x, y), (9 if right else -9, 0), textcoords="offset points", color=theme.ink, fontsize=points(9),
                    va="center", ha="left" if right else "right", fontweight="bold", path_effects=rim(theme), zorder=7,
                    annotation_clip=False)  # fmt: skip


def _limits(ax: Any, runs: Sequence[Run], curves: Sequence[Floats], ceiling: float, log: bool) -> None:
    steps = max(run.steps for run in runs)
    ax.set_xlim(-0.015 * max(steps, 1), max(steps, 1) * 1.02)
    low = min((float(np.minimum(c, ceiling).min()) for c in curves if len(c)), default=0.0)
    if log:
        span = max(np.log10(ceiling / low), 0.3)
        ax.set_ylim(low / 10 ** (0.05 * span), ceiling * 10 ** (0.05 * span))
    else:
        low = 0.0 if 0 <= low < 0.4 * ceiling else low
        span = (ceiling - low) or max(abs(ceiling), 1.0)
        ax.set_ylim(low - (0.05 * span if low else 0), ceiling + 0.05 * span)


def loss_ticks(ax: Any, log: bool) -> None:
    """Set few ticks, with numbers as people write them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    if not log:
        ax.yaxis.set_major_locator(MaxNLocator(6))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
        return
    low, high = np.log10(ax.get_ylim())
    subs = (1.0,) if high - low > 3 else (1.0, 3.0) if high - low > 1.3 else (1.0, 2.0, 5.0)
    ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=7))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _handle(colour: str, marker: str, theme: Theme) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linewidth=1.8, marker=marker, markersize=7, markeredgecolor=theme.background)


def _by_outcome(runs: Sequence[Run], theme: Theme) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D

    counts = Counter(run.outcome.kind for run in runs)
    endless = {run.outcome.kind for run in runs if run.outcome.failed}
    present = [kind for kind in OUTCOMES if counts[kind]]
    handles = [Line2D([], [], color=theme.outcomes[kind], linewidth=2, marker="X" if kind in endless else "")
               for kind in present]  # fmt: skip
    return handles, [f"{kind}: {counts[kind]} of {len(runs)} runs" for kind in present]


def _title(runs: Sequence[Run]) -> str:
    common = shared(runs)
    return f"Loss of {objective_words(runs[0].objective)}" + (f": {common}" if common else "")


def _alt(runs: Sequence[Run], labels: Sequence[str], log: bool, target: float | None) -> str:
    steps = max(run.steps for run in runs)
    scale = ", on a logarithmic axis" if log else ""
    aim = f" A line marks the target {number(target)}." if target is not None else ""
    measured = loss_words(runs[0].objective).removeprefix("loss").lstrip(": ") or runs[0].objective.name
    return f"Loss ({measured}) at each of {steps} steps{scale}. {capitalized(runs_sentence(runs, labels))}.{aim}"
