"""A diagnosis: what is wrong with a gradient, as far as it is established."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import GradientBlock, Status
from fallline.checks.reference.conventions import Convention
from fallline.views.numerals import listed

__all__ = ["Diagnosis", "NamedFault", "named_faults", "wrong_sentence"]


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


def wrong_sentence(
    name: str, faults: Sequence[str], diagnosis: Diagnosis, *, remark: str = "", unlike: str = ""
) -> str:
    """The sentence of a verdict "wrong" from a diagnosis: the faults; or what they leave unexplained, and where it goes wrong.

    Parameters
    ----------
    name
        Of the checked function.
    faults
        All faults in words, those of the diagnosis and others.
    remark
        A sentence to follow the faults, with a space before it.
    unlike
        What it is not the gradient of, where that is not the declared loss.
    """
    if not diagnosis.findings:
        return f"{name} is wrong: {listed(faults)}.{remark}"
    where = " ".join(diagnosis.findings[:2])
    if not faults:
        wrong = f"wrong: it is not the gradient of {unlike}" if unlike else "wrong"
        return f"{name} is {wrong}, and no known fault explains it. {where}"
    if not diagnosis.faults:
        return f"{name} is wrong: {listed(faults)}; no known fault explains its numbers.{remark} {where}"
    left = listed([str(block) for block in diagnosis.unexplained])
    return f"{name} is wrong: {listed(faults)}; no known fault explains {left}.{remark} {where}"


def named_faults(explanation: Explanation) -> tuple[NamedFault, ...]:
    """The faults of an explanation."""
    return tuple(NamedFault(str(placed), placed.cure, placed.sites) for placed in explanation.faults)
