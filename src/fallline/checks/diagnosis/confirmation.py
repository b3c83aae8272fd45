"""Explanations that were suggested by some draws, confirmed on others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.fresh_draws import FreshDraws
from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.search import Search
from fallline.checks.diagnosis.variants import Variants
from fallline.checks.faults.catalogue import FAULTS, ORDER
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import GradientBlock

__all__ = ["confirmed"]

SLACK = 20
"""How many times the tolerance a fresh draw may differ: constants are read off with rounding errors of their own."""


def confirmed(
    explanation: Explanation,
    fresh: FreshDraws,
    tolerance: float,
    omitted: Collection[GradientBlock] = (),
    slack: float = SLACK,
) -> Explanation | None:
    """The explanation, if it gives the checked numbers on fresh draws too; of coinciding faults, those that do.

    None if it does not, or if the function cannot be called there.
    """
    if fresh.numbers is None:
        return None
    search = Search(
        RequiredBlocks(fresh.groups, fresh.numbers, tolerance), Variants(fresh.groups, explanation.measured)
    )

    def holds(chosen: dict[Site, str]) -> bool:
        try:
            return search.error(explanation.convention, chosen, omitted) <= slack * tolerance
        except (NameError, IndexError, ValueError, TypeError, AttributeError):
            return False

    chosen = dict(explanation.chosen)
    coinciding = []
    for names in explanation.coinciding:
        sites = [site for site, name in chosen.items() if name in names]
        true = [n for n in sorted(names, key=ORDER.__getitem__) if holds({**chosen, **dict.fromkeys(sites, n)})]
        if not true:
            return None
        chosen |= dict.fromkeys(sites, true[0])
        coinciding.append(frozenset(true))
    if not holds(chosen):
        return None
    if chosen == explanation.chosen:
        return replace(explanation, coinciding=tuple(coinciding))
    return None if not explanation.faults else _renamed(explanation, chosen, coinciding)


def _renamed(explanation: Explanation, chosen: dict[Site, str], coinciding: Sequence[frozenset[str]]) -> Explanation:
    """The explanation with another of the coinciding faults at some sites."""
    faults = tuple(
        replace(placed, fault=FAULTS[chosen[placed.sites[0]]])
        if FAULTS[chosen[placed.sites[0]]].unknowns is None
        else placed
        for placed in explanation.faults
    )
    return replace(explanation, faults=faults, chosen=chosen, coinciding=tuple(coinciding))
