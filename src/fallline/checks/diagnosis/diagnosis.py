"""A diagnosis: what is wrong with a gradient, as far as it is established."""

from __future__ import annotations

from dataclasses import dataclass

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import GradientBlock, Status
from fallline.checks.reference.conventions import Convention

__all__ = ["Diagnosis", "NamedFault", "named_faults"]


@dataclass(frozen=True)
class NamedFault:
    """A fault in words, what to do about it, and the sites of the page where it stands, if it stands at some."""

    sentence: str
    cure: str
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a gradient.

    Parameters
    ----------
    status
        "wrong"; or "right" or "unchecked" where only rounding separates the numbers from the right ones.
    convention
        The convention against which the numbers are compared.
    faults
        The faults that are established.
    evidence
        Why this is not a guess.
    explanation
        The faults on the textbook's page, where they stand on it: for their equations.
    others
        Other words for the same function.
    findings
        Where it goes wrong, as far as the faults do not explain it.
    unexplained
        The blocks that no fault explains.
    """

    status: Status
    convention: Convention
    faults: tuple[NamedFault, ...] = ()
    evidence: str = ""
    explanation: Explanation | None = None
    others: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    unexplained: tuple[GradientBlock, ...] = ()


def named_faults(explanation: Explanation) -> tuple[NamedFault, ...]:
    """The faults of an explanation."""
    return tuple(NamedFault(str(placed), placed.cure, placed.sites) for placed in explanation.faults)
