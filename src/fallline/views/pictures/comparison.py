"""A comparison of methods over many starts: final losses, steps to the target, shares of diverged starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from matplotlib.ticker import FuncFormatter

from fallline.errors import UnknownNameError
from fallline.measures.statistics import diverged_at
from fallline.runs.comparison import Comparison
from fallline.runs.intervals import Estimate
from fallline.runs.summaries import Summary
from fallline.views.numerals import capitalized, number, percent
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, is_low, sheet
from fallline.views.pictures.style import MARKERS, Theme, colours_along, points
from fallline.views.words import loss_words, objective_words

__all__ = ["draw_comparison"]


View = Literal["losses", "reached"]


def draw_comparison(
    comparison: Comparison,
    view: View | None = None,
    *,
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    cmap: Any = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw, for each method, its final losses over all starts with their median, the share of starts that have reached
    the target after each step, and the share of diverged starts with its 95 % interval.

    Parameters
    ----------
    view
        Only one of these: "losses", the final losses, or "reached", the share of starts that have reached the target. By
        default both; on your own axes, and where `size` has no room, the final losses.
    log
        Whether the losses have a logarithmic axis. By default, if all are positive and most span a factor of 20.
    limits
        Lowest and highest final loss of the axis.
    cmap
        A colour map of matplotlib, or its name: methods have colours along it, in their order.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    if view not in (None, "losses", "reached"):
        raise UnknownNameError("the view of a comparison", view, ("losses", "reached"))
    summaries = comparison.summaries
    default = (
        f"{objective_words(comparison.objective)}: {len(summaries)} method{'s' if len(summaries) != 1 else ''} from "
        f"{comparison.starts:,} starts"
    )
    rows = len(summaries)
    heights = {"losses": 0.66 * rows + 0.2, "reached": 2.2}
    both = ax is None and not is_low(size, 0.66 * rows + 3.5)
    views: list[View] = [view] if view else ["losses", "reached"] if both else ["losses"]
    height = 0.66 * rows + 3.5 if len(views) == 2 else heights[views[0]] + 0.9
    with sheet(Place(ax, size, theme), height, default, title) as page:
        if cmap is not None:
            page.theme = replace(page.theme, series=colours_along(cmap, rows))
        panels = [page.axes()] if len(views) == 1 else page.figure.subplots(2, 1, height_ratios=list(heights.values()))
        for name, panel in zip(views, panels, strict=True):
            if name == "losses":
                _losses(panel, comparison, page, log, limits)
                continue
            _reached(panel, comparison, page)
            page.legend(panel.lines, list(comparison.losses))
    return page.picture(_alt(comparison))


def _losses(ax: Any, comparison: Comparison, page: Sheet, log: bool | None, limits: tuple[float, float] | None) -> None:
    """Draw a strip of final losses for each method, with their median, and write the share of diverged starts."""
    theme, bare = page.theme, not page.own or page.low
    finals = []
    for losses in comparison.losses.values():
        finals.append(losses[diverged_at(losses) < 0, -1])
    all_finite = np.concatenate([f for f in finals if len(f)] or [np.ones(1)])
    if log is None:
        log = bool((all_finite > 0).all() and np.quantile(all_finite, 0.99) > 20 * np.quantile(all_finite, 0.01))
    if log:
        ax.set_xscale("log")
    for k, (summary, final) in enumerate(zip(comparison.summaries, finals, strict=True)):
        colour = theme.series[k % len(theme.series)]
        if len(final):
            # A fixed pattern spreads the points over the strip's height, so that they do not hide one another.
            spread = (np.arange(len(final)) * 0.6180339887498949) % 1
            ax.plot(
                final,
                k + 0.05 + 0.3 * spread,
                ".",
                color=colour,
                alpha=0.6 if len(final) <= 300 else 0.35,
                markersize=3.5 if len(final) <= 300 else 2.5,
                markeredgewidth=0,
            )
        _median(ax, summary.final_loss, k + 0.2, k, theme)
        words = f"median {_estimate(summary.final_loss)}, diverged {_share(summary.diverged)}"
        if bare:
            continue
        for text, y, colour in ((summary.label, k - 0.21, theme.ink), (words, k - 0.02, theme.muted)):
            ax.annotate(text, (0, y), xycoords=("axes fraction", "data"), fontsize=points(8.5), va="baseline", color=colour,
                        in_layout=False)  # fmt: skip
    if limits is not None:
        ax.set_xlim(limits)
    ax.set_ylim(len(finals) - 0.5, -0.5)
    if bare:
        ax.set_yticks([k + 0.2 for k in range(len(finals))], labels=list(comparison.losses))
        ax.set_ylim(len(finals) - 0.4, -0.2)
        ax.set_xlabel(f"final {loss_words(comparison.objective).partition(':')[0]}", parse_math=False)
        return
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda v, _: ""))
    ax.set_title(f"{capitalized(loss_words(comparison.objective))}, after {comparison.steps} steps", color=theme.ink)


def _median(ax: Any, estimate: Estimate, y: float, place: int, theme: Theme) -> None:
    if not np.isfinite(estimate.value):
        return
    colour = theme.series[place % len(theme.series)]
    high = estimate.high if np.isfinite(estimate.high) else estimate.value
    ax.plot([estimate.low, high], [y, y], color=theme.ink, linewidth=2.2, zorder=4)
    ax.plot(
        [estimate.value],
        [y],
        MARKERS[place % len(MARKERS)],
        color=colour,
        markeredgecolor=theme.ink,
        markersize=7,
        zorder=5,
    )


def _reached(ax: Any, comparison: Comparison, page: Sheet) -> None:
    theme = page.theme
    steps = np.arange(comparison.steps + 1)
    highest = 0.0
    for k, (_label, losses) in enumerate(comparison.losses.items()):
        share = 100 * (np.fmin.accumulate(losses, axis=1) <= comparison.target).mean(axis=0)
        ax.plot(steps, share, color=theme.series[k % len(theme.series)], linewidth=page.line(1.8), marker=MARKERS[k % len(MARKERS)],
                markevery=(0.08 * (k + 1) / len(comparison.losses), 0.13), markersize=5)  # fmt: skip
        highest = max(highest, float(share[-1]))
    ax.set(
        xlim=(0, max(1, comparison.steps)), ylim=(0, 100 if highest > 60 else max(10.0, 1.25 * highest)), xlabel="step"
    )
    if not page.own:
        ax.set_ylabel(f"starts at loss {number(comparison.target)}, %")
        return
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    ax.set_title(f"Share of starts at or below loss {number(comparison.target)} so far, in percent", color=theme.ink)


def _estimate(e: Estimate) -> str:
    return f"{number(e.value)} [{number(e.low)}, {number(e.high)}]"


def _share(e: Estimate) -> str:
    return f"{percent(e.value)} [{100 * e.low:.0f}, {100 * e.high:.0f} %]"


def _alt(comparison: Comparison) -> str:
    def method_sentence(s: Summary) -> str:
        return (
            f"{capitalized(s.label)}: median final loss {_estimate(s.final_loss)}, {_share(s.reached)} of starts reach the "
            f"target, {_share(s.diverged)} diverge."
        )

    return (
        f"Comparison on {comparison.objective.name} from {comparison.starts:,} starts, {comparison.steps} steps each, target "
        f"loss {number(comparison.target)}; in brackets 95 % intervals. "
        + " ".join(method_sentence(s) for s in comparison.summaries)
    )
