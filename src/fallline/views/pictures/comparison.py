"""A comparison of methods over many starts: final losses, steps to the target, shares of diverged starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter

from fallline.measures.outcome import diverged_at
from fallline.runs.comparison import Comparison, Summary
from fallline.runs.intervals import Estimate
from fallline.views.numerals import named, number, percent
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.style import MARKERS, Theme, canvas, drawing, legend_below, look
from fallline.views.words import loss_words, objective_words

__all__ = ["draw_comparison"]


def draw_comparison(comparison: Comparison, *, title: str | None = None, theme: str | Theme = "light") -> Picture:
    """For each method: its final losses over all starts with the median, how many starts have reached the target after
    each step, and the share of diverged starts with its 95 % interval.
    """
    theme = look(theme)
    summaries = comparison.summaries
    title = title or (
        f"{objective_words(comparison.objective)}: {len(summaries)} method{'s' if len(summaries) != 1 else ''} from "
        f"{comparison.starts:,} starts"
    )
    rows = len(summaries)
    with drawing(theme):
        figure = canvas(theme, 1.0 + 0.66 * rows + 2.5, title)
        top, middle = figure.subplots(2, 1, height_ratios=(0.66 * rows + 0.2, 2.2))
        _losses(top, comparison, theme)
        _reached(middle, comparison, theme)
        legend_below(figure, middle.lines, list(comparison.losses))
    return Picture(figure, title, _alt(comparison), theme)


def _losses(ax: Any, comparison: Comparison, theme: Theme) -> None:
    """A strip of final losses for each method, with median and interval, and its diverged starts in words."""
    finals = []
    for losses in comparison.losses.values():
        finals.append(losses[diverged_at(losses) < 0, -1])
    all_finite = np.concatenate([f for f in finals if len(f)] or [np.ones(1)])
    log = bool((all_finite > 0).all() and np.quantile(all_finite, 0.99) > 20 * np.quantile(all_finite, 0.01))
    if log:
        ax.set_xscale("log")
    for k, (summary, final) in enumerate(zip(comparison.summaries, finals, strict=True)):
        colour = theme.series[k % len(theme.series)]
        if len(final):
            # Spread over the strip's height in a fixed pattern, so that points do not hide one another.
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
        for text, y, colour in ((summary.label, k - 0.21, theme.ink), (words, k - 0.02, theme.muted)):
            ax.annotate(text, (0, y), xycoords=("axes fraction", "data"), fontsize=8.5, va="baseline", color=colour,
                        in_layout=False)  # fmt: skip
    ax.set_ylim(len(finals) - 0.5, -0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda v, _: ""))
    ax.set_title(f"{named(loss_words(comparison.objective))}, after {comparison.steps} steps", color=theme.ink)


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


def _reached(ax: Any, comparison: Comparison, theme: Theme) -> None:
    steps = np.arange(comparison.steps + 1)
    highest = 0.0
    for k, (_label, losses) in enumerate(comparison.losses.items()):
        share = 100 * (np.fmin.accumulate(losses, axis=1) <= comparison.target).mean(axis=0)
        ax.plot(steps, share, color=theme.series[k % len(theme.series)], linewidth=1.8, marker=MARKERS[k % len(MARKERS)],
                markevery=(0.08 * (k + 1) / len(comparison.losses), 0.13), markersize=5)  # fmt: skip
        highest = max(highest, float(share[-1]))
    ax.set(
        xlim=(0, max(1, comparison.steps)), ylim=(0, 100 if highest > 60 else max(10.0, 1.25 * highest)), xlabel="step"
    )
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    ax.set_title(f"Share of starts at or below loss {number(comparison.target)} so far, in percent", color=theme.ink)


def _estimate(e: Estimate) -> str:
    return f"{number(e.value)} [{number(e.low)}, {number(e.high)}]"


def _share(e: Estimate) -> str:
    return f"{percent(e.value)} [{100 * e.low:.0f}, {100 * e.high:.0f} %]"


def _alt(comparison: Comparison) -> str:
    def told(s: Summary) -> str:
        return (
            f"{named(s.label)}: median final loss {_estimate(s.final_loss)}, {_share(s.reached)} of starts reach the "
            f"target, {_share(s.diverged)} diverge."
        )

    return (
        f"Comparison on {comparison.objective.name} from {comparison.starts:,} starts, {comparison.steps} steps each, target "
        f"loss {number(comparison.target)}; in brackets 95 % intervals. "
        + " ".join(told(s) for s in comparison.summaries)
    )
