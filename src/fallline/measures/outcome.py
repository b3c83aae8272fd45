"""How a run ends: one table, with a rule over `Statistics` for each outcome, and how it is shown.

A map and a single run are judged by the same rules. `docs/outcomes.md` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.measures.statistics import Statistics
from fallline.shapes import Shaped

__all__ = ["OUTCOMES", "RULES", "Hatch", "Kind", "Outcome", "Rule", "failed", "hardly_moved", "judge", "place"]

Floats = NDArray[Any]
Truths: TypeAlias = Shaped[NDArray[np.bool_], "*runs"]
Kind = Literal["converged", "still descending", "stalled", "oscillating", "diverged", "rising"]
Hatch = Literal["", "rows", "dots", "diagonals", "columns"]
"""How a lab's map marks the cells of an outcome without colour: no mark, by lines from left to right, by dots, by lines that
climb, by lines from top to bottom."""

VANISHED = 1e-6
"""A gradient has vanished when its norm is at most this share of its largest."""

NEGLIGIBLE = 1e-3
"""A gradient is negligible when it would change the loss by at most this share over a distance as long as the largest
parameter. Both are measured against 1 where they are smaller: the relative gradient of Dennis & Schnabel 1983, 7.2."""

HARDLY = 1e-3
"""Share of the first loss within which a run that hardly moved stays."""

FLAT = 1e-6
"""Share of the loss within which it stays over the last steps when it has stopped moving."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    kind
        One of `OUTCOMES`.
    sentence
        What happened, and the cause if it is known.
    step
        The step at which it diverged; else None.
    evidence
        The numbers behind the sentence, by name.

    Examples
    --------
    >>> print(Outcome("diverged", "Diverged at step 3: the loss was no longer a finite number.", 3))
    Diverged at step 3: the loss was no longer a finite number.
    """

    kind: Kind
    sentence: str
    step: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict, compare=False)  # the sentence says the same

    @property
    def failed(self) -> bool:
        """Whether the run has no meaningful last loss."""
        return _BY_KIND[self.kind].failed

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Rule:
    """One outcome: its rule, and how it is shown. Its colours stand in the themes of `fallline.views`.

    Parameters
    ----------
    kind
        The outcome.
    place
        The number that maps and their files keep for it. It may never change; a new outcome takes the next one.
    definition
        The rule in words.
    holds
        The rule on statistics.
    hatch
        How the lab's map marks its cells besides their colour.
    failed
        Whether such a run has no meaningful last loss: maps of losses show its cells in the outcome's colour.
    """

    kind: Kind
    place: int
    definition: str
    holds: Callable[[Statistics], Truths]
    hatch: Hatch = ""
    failed: bool = False


def _converged(s: Statistics) -> Truths:
    last = np.maximum(s.last_gradient, s.smallest_gradient)
    vanished = last <= VANISHED * s.largest_gradient
    reach = s.last_gradient * np.maximum(1, s.largest_parameter)
    return np.asanyarray(s.gradient_is_known & vanished & (reach <= NEGLIGIBLE * np.maximum(1, np.abs(s.last))))


def hardly_moved(s: Statistics) -> Truths:
    """Whether the loss stayed near its first value all the way."""
    return np.asanyarray(s.highest - s.lowest <= HARDLY * np.abs(s.first))


def _flat(s: Statistics) -> Truths:
    return np.asanyarray(s.spread <= FLAT * np.maximum(np.abs(s.window_low), np.abs(s.window_high)))


def _oscillating(s: Statistics) -> Truths:
    quarter = s.spread / 4
    both_ways = np.minimum(s.climbed, s.climbed - s.change) >= quarter
    trend = (np.abs(s.change) >= quarter) & (np.abs(s.drift) >= quarter) & (np.sign(s.change) == np.sign(s.drift))
    return np.asanyarray(both_ways & ~trend)


RULES: tuple[Rule, ...] = (
    Rule("diverged", 4, "a loss is not finite, or its absolute value is above 10⁶ max(1, |L₀|)",
         lambda s: np.asanyarray(s.diverged_at >= 0), "diagonals", failed=True),
    Rule("converged", 0,
         "the last gradient norm is at most 10⁻⁶ of the largest, and at most 10⁻³ max(1, |L|) / max(1, |w|)", _converged),
    Rule("stalled", 2, "all losses lie within 0.1 % of |L₀|, or those of the window within 10⁻⁶ of |L|",
         lambda s: hardly_moved(s) | _flat(s), "rows"),
    Rule("oscillating", 3, "in the window the loss rises and falls, each by a quarter of its spread or more in sum, and it has "
         "no trend: the change from end to end and the drift of its mean are not both a quarter of the spread in one direction",
         _oscillating, "dots"),
    Rule("rising", 5, "the loss is higher at the end of the window than at its beginning",
         lambda s: np.asanyarray(s.change > 0), "columns"),
    Rule("still descending", 1, "the loss is lower at the end of the window than at its beginning",
         lambda s: np.ones_like(s.last, dtype=bool)),
)  # fmt: skip
"""The first rule that holds gives the outcome."""

_BY_KIND: dict[str, Rule] = {rule.kind: rule for rule in RULES}

OUTCOMES: tuple[Kind, ...] = tuple(rule.kind for rule in sorted(RULES, key=lambda rule: rule.place))
"""All outcomes, each at its place: the number that `judge` returns and maps keep."""


def place(kind: str) -> int:
    """The number that maps keep for an outcome.

    >>> place("diverged")
    4
    """
    return _BY_KIND[kind].place


def failed(places: Shaped[Floats, "*shape"]) -> Shaped[NDArray[np.bool_], "*shape"]:
    """Which of these outcomes, given by their places, leave a run without a last loss.

    >>> failed(np.array([0, 4, 1])).tolist()
    [False, True, False]
    """
    return np.isin(places, [rule.place for rule in RULES if rule.failed])


def judge(s: Statistics) -> Shaped[NDArray[np.int64], "*runs"]:
    """The outcome of each run as its place in `OUTCOMES`.

    >>> t = np.arange(101.0)
    >>> losses = np.stack([0.5**t, 1 / (1 + t), 3 + 0 * t, 2 + (-1) ** t, 1e9**(t / 60), 1 + t / 9])
    >>> norms = np.stack([0.5**t, *5 * [1 + 0 * t]])
    >>> [OUTCOMES[k] for k in judge(Statistics.of_curves(losses, norms, np.ones((6, 2))))]
    ['converged', 'still descending', 'stalled', 'oscillating', 'diverged', 'rising']
    """
    with np.errstate(all="ignore"):
        held = [rule.holds(s) for rule in RULES]
    return np.asanyarray(np.select(held, [rule.place for rule in RULES]))
