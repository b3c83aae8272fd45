"""The answer to the question which method converges more efficiently, in sentences made of the comparison's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fallline.measures.statistics import diverged_at
from fallline.report.named_run import NamedRun
from fallline.report.results import Compared
from fallline.report.words import interval, share
from fallline.runs.comparison import Comparison
from fallline.runs.intervals import Estimate
from fallline.runs.intervals import share as share_of
from fallline.runs.summaries import Pair, Summary
from fallline.sentences import capital
from fallline.views.numerals import listed, number

__all__ = ["PairVerdict", "answers", "from_one_start", "headlines", "of_pair", "spread", "stuck"]


@dataclass(frozen=True)
class PairVerdict:
    """Two methods, compared start by start: which of them is better, if any, and the numbers."""

    pair: Pair
    word: str
    sentence: str


def of_pair(comparison: Comparison, first: str, second: str) -> PairVerdict:
    """The verdict on two methods of a comparison; the one that wins more often is named first."""
    pair = comparison.pair(first, second)
    if pair.wins.value + pair.faster.value < 1:
        first, second = second, first
        pair = comparison.pair(first, second)
    lower, faster = _side(pair.wins), _side(pair.faster)
    if lower == faster == 0:
        word, head = "no difference", f"Between {first} and {second} these starts show no difference"
    elif lower >= 0 and faster >= 0:
        word, head = "better", f"{first} converges more efficiently than {second}"
    else:
        word, head = "mixed", f"{first} and {second} each win by one measure"
    text = (
        f"{head}: from the same start, {first} ends lower in {share(pair.wins)} of the starts and reaches loss "
        f"{number(comparison.target)} in fewer steps in {share(pair.faster)}. A tie counts as half, so 50 % means no difference."
    )
    return PairVerdict(pair, word, text)


def _side(estimate: Estimate) -> int:
    """1 if the whole interval is above a half, -1 if it is below, 0 if it contains a half."""
    return 1 if estimate.low > 0.5 else -1 if estimate.high < 0.5 else 0


def headlines(compared: Compared, fits: Sequence[NamedRun]) -> list[str]:
    """The answer in short: for the methods at their best learning rates if they were tuned, else with the study's settings."""
    comparison = compared.tuning.comparison if compared.tuning is not None else compared.comparison
    if len(comparison.summaries) < 2:
        return [line for line in (from_one_start(fits),) if line]
    first, second = _ranked(comparison)[:2]
    verdict = of_pair(comparison, first.label, second.label)
    where = (
        "With each method at its own best learning rate"
        if compared.tuning is not None
        else "With the settings as given"
    )
    if verdict.word == "better":
        ahead = max(verdict.pair.wins.value, verdict.pair.faster.value) - 0.5
        extent = "a little" if ahead < 0.1 else "clearly" if ahead < 0.4 else "by far"
        head = f"{where}, {verdict.pair.first} is {extent} ahead of {verdict.pair.second}"
    elif verdict.word == "mixed":
        head = f"{where}, {verdict.pair.first} and {verdict.pair.second} each win by one measure"
    else:
        head = f"{where}, {verdict.pair.first} and {verdict.pair.second} show no difference"
    medians = {s.label: s.final_loss for s in comparison.summaries}
    lines = [
        f"{head}: over {comparison.starts:,} random starts of {comparison.steps} steps the median final loss is "
        f"{interval(medians[verdict.pair.first])} against {interval(medians[verdict.pair.second])}, and from the same start, "
        f"{verdict.pair.first} ends lower in {share(verdict.pair.wins)} of the starts.",
        _start_matters(comparison),
        from_one_start(fits),
    ]
    return [line for line in lines if line]


def _ranked(comparison: Comparison) -> list[Summary]:
    return sorted(comparison.summaries, key=lambda s: (s.final_loss.value, s.steps_to_target.value))


def _start_matters(comparison: Comparison) -> str:
    """A sentence if the start matters more than the choice between the two best methods, else ""."""
    first, second = _ranked(comparison)[:2]
    low, high = spread(comparison, first.label)
    gap = abs(second.final_loss.value - first.final_loss.value)
    if not (np.isfinite(high) and np.isfinite(gap) and high - low > 2 * gap):
        return ""
    return (
        f"The start matters more than the method: the two medians differ by {number(gap, 2)}, but {first.label} ends below "
        f"{number(low)} from the best tenth of the starts and above {number(high)} from the worst tenth."
    )


def from_one_start(fits: Sequence[NamedRun]) -> str:
    """The order of the study's own runs, if all of them have the same start, else ""."""
    alive = sorted((r for r in fits if not r.run.outcome.failed), key=lambda r: r.run.loss)
    if len(alive) < 2 or len({r.run.start.tobytes() for r in fits}) > 1:
        return ""
    order = listed([f"{r.name} at loss {number(r.run.loss)}" for r in alive])
    return f"The study's own runs, all from one start, end in this order: {order}."


def stuck(compared: Compared) -> dict[str, Estimate]:
    """The share of starts, by method, that end no better than the best constant answer. Classifiers only."""
    bar = compared.constant_answer
    if bar is None:
        return {}
    shares = {}
    for label, losses in compared.comparison.losses.items():
        ends = np.where(diverged_at(losses) >= 0, np.inf, losses[:, -1])
        shares[label] = share_of(int((ends >= 0.999 * bar).sum()), len(ends))
    return shares


def spread(comparison: Comparison, label: str) -> tuple[float, float]:
    """The final losses below and above which a tenth of the starts end."""
    losses = comparison.losses[label]
    ends = np.sort(np.where(diverged_at(losses) >= 0, np.inf, losses[:, -1]))
    return float(ends[len(ends) // 10]), float(ends[len(ends) - 1 - len(ends) // 10])


def answers(compared: Compared, fits: Sequence[NamedRun]) -> list[str]:
    """The answer to the study's question, in sentences."""
    lines = [from_one_start(fits)]
    comparison = compared.comparison
    ranked = _ranked(comparison)
    if len(ranked) > 1:
        best, second = ranked[0], ranked[1]
        lines.append(
            f"Over {comparison.starts:,} random starts, with the settings as given, {best.label} has the lowest median final loss, "
            f"{interval(best.final_loss)}; next comes {second.label}, {interval(second.final_loss)}."
        )
        lines.append(of_pair(comparison, best.label, second.label).sentence)
    if compared.tuning is not None and len(compared.tuning.families) > 1:
        tuned = compared.tuning.comparison
        order = _ranked(tuned)
        lines.append(
            "With each method at its own best learning rate, on fresh starts, the medians are "
            f"{listed([f'{interval(s.final_loss)} for {s.label}' for s in order])}."
        )
        lines.append(of_pair(tuned, order[0].label, order[1].label).sentence)
        lines.append(_start_matters(tuned))
    return [capital(line) for line in lines if line]
