"""A comparison of methods over many starts: final losses, steps to the target, shares of diverged starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter

from fallline.runs.compare import Comparison, Summary
from fallline.runs.intervals import Estimate
from fallline.runs.outcome import diverged_at
from fallline.views.picture import Picture
from fallline.views.style import Theme, canvas, drawing, look, named, number, percent, wrapped
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
        figure = canvas(theme, 1.2 + 0.62 * rows + 2.9, title)
        top, middle = figure.subplots(2, 1, height_ratios=(0.62 * rows + 0.3, 2.2))
        _losses(top, comparison, theme)
        _reached(middle, comparison, theme)
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
            ax.plot(final, k + 0.05 + 0.3 * spread, ".", color=colour, alpha=0.35, markersize=2.5, markeredgewidth=0)
        _median(ax, summary.final_loss, k + 0.2, colour, theme)
        words = f"{summary.label}: median {_estimate(summary.final_loss)}, diverged {_share(summary.diverged)}"
        ax.annotate(wrapped(words, 330, 9), (0, k - 0.03), xycoords=("axes fraction", "data"), fontsize=9, va="bottom",
                    color=theme.ink)  # fmt: skip
    ax.set_ylim(len(finals) - 0.5, -0.45)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda v, _: ""))
    ax.set_xlabel(f"{loss_words(comparison.objective)}, after {comparison.steps} steps")


def _median(ax: Any, estimate: Estimate, y: float, colour: str, theme: Theme) -> None:
    if not np.isfinite(estimate.value):
        return
    high = estimate.high if np.isfinite(estimate.high) else estimate.value
    ax.plot([estimate.low, high], [y, y], color=theme.ink, linewidth=2.2, zorder=4)
    ax.plot([estimate.value], [y], "D", color=colour, markeredgecolor=theme.ink, markersize=7, zorder=5)


def _reached(ax: Any, comparison: Comparison, theme: Theme) -> None:
    steps = np.arange(comparison.steps + 1)
    ends = []
    for k, (_label, losses) in enumerate(comparison.losses.items()):
        share = 100 * (np.fmin.accumulate(losses, axis=1) <= comparison.target).mean(axis=0)
        ax.plot(steps, share, color=theme.series[k % len(theme.series)], linewidth=1.8)
        ends.append(float(share[-1]))
    ax.set(xlim=(0, comparison.steps), ylim=(0, 100 if max(ends) > 60 else max(10.0, 1.25 * max(ends))), xlabel="step")
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    ax.set_title(f"Share of starts at or below loss {number(comparison.target)} so far, in percent", color=theme.ink)
    places = _apart(ends, 0.075 * ax.get_ylim()[1])
    for k, (label, y) in enumerate(zip(comparison.losses, places, strict=True)):
        ax.annotate(wrapped(label, 110, 8.5), (1, y), (4, 0), xycoords=("axes fraction", "data"), va="center",
                    textcoords="offset points", color=theme.ink, fontsize=8.5)  # fmt: skip
        ax.plot([1.0], [ends[k]], "D", transform=ax.get_yaxis_transform(), color=theme.series[k % len(theme.series)],
                clip_on=False, markersize=5)  # fmt: skip


def _apart(values: list[float], gap: float) -> list[float]:
    """The same values moved so far that neighbours lie at least a gap apart."""
    order = np.argsort(values)
    placed = np.array(values, dtype=float)
    for a, b in zip(order[:-1], order[1:], strict=True):
        placed[b] = max(placed[b], placed[a] + gap)
    return [float(v) for v in placed]


def _estimate(e: Estimate) -> str:
    return f"{number(e.value)} [{number(e.low)}, {number(e.high)}]"


def _share(e: Estimate) -> str:
    return f"{percent(e.value)} [{100 * e.low:.0f}, {100 * e.high:.0f}]"


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
