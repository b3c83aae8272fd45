"""A verdict that tells only so much: where the fault is, or also of what kind it is.

A teacher decides how much is told. Nothing of the rest is left in the verdict, so no display, file or picture can show it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

import numpy as np

from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison
from fallline.views.numerals import listed

__all__ = ["LEVELS", "hinted", "kind_of"]

LEVELS = {1: "where the fault is", 2: "also of what kind it is", 3: "also the equations and the cure"}
"""What each level tells."""

_KINDS = (
    (r"it is the gradient (for|of)", "the activation or the loss is not the declared one"),
    (r"forward", "the forward pass"),
    (r"in place|overw", "an array that is changed while it is still needed"),
    (r"penalty", "the L2 penalty"),
    (r"sign|negated|subtract|\badd(s|ed)\b|ascent", "a sign"),
    (r"samples? alone|summed|\bsums\b|last sample|first sample|dropped|not over the", "a sum over samples or units"),
    (r"1/m|number of|factor|twice what|half of|\btimes\b|divided|a constant", "a factor"),
    (r"transpos|reshape|as matrices|entry by entry|order of|rows|columns|\bshape\b", "the shape or order of a matrix"),
    (r"output's delta|softmax|the output is|targets|loss", "the delta at the output"),
    (r"slope|mask|derivative", "the slope of an activation"),
    (r"update|earlier call|cache|stale", "a value of another moment: too early, or too late"),
    (r"takes|the weights|layer", "a quantity of the wrong place"),
    (r"precision|float|integer|round|clip", "the numbers' type or range"),
)
"""What a fault's sentence says, and the kind of fault that this is; the first that fits counts."""


def kind_of(fault: str) -> str:
    """The kind of a fault, from the sentence that names it; one of a closed list, so that nothing of the sentence is told.

    >>> kind_of("the sign of dW2 is wrong"), kind_of("the slope of layer 1 is 1 - z^2, but 1 - a^2 is meant")
    ('a sign', 'the slope of an activation')
    """
    return next((kind for pattern, kind in _KINDS if re.search(pattern, fault)), "a term that is missing or wrong")


def hinted(verdict: Verdict, level: int) -> Verdict:
    """The verdict with what that level tells; see `LEVELS`. A verdict that is not "wrong" tells everything at each level.

    Notes are left out of the first two levels, because they may speak of the fault.
    """
    if verdict.status != "wrong" or level >= max(LEVELS):
        return verdict
    kinds = tuple(dict.fromkeys(map(kind_of, verdict.faults))) if level > 1 else ()
    sentence = f"{verdict.name} is wrong{_where(verdict.blocks)}."
    if kinds:
        sentence += f" The kind of fault{'s' if len(kinds) > 1 else ''}: {listed(kinds)}."
    elif level > 1:
        sentence += " No known fault explains it."
    agrees = {str(b.block): b.agrees for b in verdict.blocks}
    return Verdict(
        verdict.status, verdict.name, verdict.subject, sentence, called=verdict.called, faults=kinds,
        blocks=tuple(dataclasses.replace(b, absolute=math.nan, relative=math.nan) for b in verdict.blocks),
        errors={name: np.full(np.shape(e), 0.0 if agrees.get(name) else 1.0) for name, e in verdict.errors.items()},
    )  # fmt: skip


def _where(blocks: Sequence[BlockComparison]) -> str:
    """The end of a sentence that says which blocks are wrong, "" if there are no blocks."""
    wrong = [str(b.block) for b in blocks if not b.agrees]
    right = [str(b.block) for b in blocks if b.agrees]
    if not blocks:
        return ""
    if not wrong:
        return ", although its numbers are right"
    if len(wrong) == len(blocks):
        return f" in {'every block, from the output on' if len(wrong) > 1 else wrong[0]}"
    start = f"; start with {wrong[0]}" if len(wrong) > 1 else ""
    return f" in {listed(wrong)}{start}. {listed(right)} {'is' if len(right) == 1 else 'are'} right"
