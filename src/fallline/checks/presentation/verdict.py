"""The verdict: right, wrong or unchecked; where and why; with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from fallline.checks.reference.comparison import Comparison

if TYPE_CHECKING:
    from fallline.checks.diagnosis.explanations import Explanation
    from fallline.checks.presentation.fault_equations import Pair
    from fallline.textbook.network import Network
    from fallline.views.pictures.picture import Picture

__all__ = ["Status", "Verdict"]

Status = Literal["right", "wrong", "unchecked"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a check of a gradient found.

    Attributes
    ----------
    status
        "right", "wrong", or "unchecked" where the function could not be compared at all.
    name
        Of the checked function.
    subject
        What it was checked as the gradient of.
    sentence
        The verdict in one sentence.
    called
        How the function was called: which argument got what.
    blocks
        Largest absolute and relative error of each block, in the order of back-propagation.
    faults
        Each fault in words; empty if it is right, or if no known fault explains it.
    cures
        What to do about each.
    evidence
        Why this is no guess.
    others
        Explanations that are the same function on all draws, and so cannot be told from the one named.
    findings
        Where it goes wrong, when no known fault explains it.
    notes
        What else was seen: printing, single precision.
    uncovered
        What these draws could not show.
    reference
        How well the independent derivatives agree with the reference.
    errors
        The error of each entry, relative to its block, for the picture.

    Notes
    -----
    A verdict is true in a condition exactly if the gradient is right.

    Examples
    --------
    >>> from fallline.checks.gradient import check_gradient
    >>> verdict = check_gradient(lambda x, y: (2 * x, 2 * y), lambda x, y: x**2 + y**2)
    >>> verdict.status, verdict.exit_status
    ('right', 0)
    """

    status: Status
    name: str
    subject: str
    sentence: str
    called: str = ""
    blocks: tuple[Comparison, ...] = ()
    faults: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()
    evidence: str = ""
    others: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    errors: Mapping[str, Any] = field(default_factory=dict, repr=False)
    network: Network | None = field(default=None, repr=False)
    explanation: Explanation | None = field(default=None, repr=False)
    rules: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def right(self) -> bool:
        """Whether the gradient is right."""
        return self.status == "right"

    def __bool__(self) -> bool:
        return self.right

    @property
    def exit_status(self) -> int:
        """0 right, 1 wrong, 2 could not check."""
        return {"right": 0, "wrong": 1, "unchecked": 2}[self.status]

    @cached_property
    def equations(self) -> tuple[Pair, ...]:
        """The right equations beside those that were coded, one pair for each place where they differ."""
        from fallline.checks.presentation.fault_equations import Pair, pairs

        if self.rules:
            return tuple(Pair.of(right, coded) for right, coded in self.rules)
        if self.network is None or self.explanation is None:
            return ()
        return pairs(self.network, self.explanation)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the picture, as JSON has it."""
        finite = {"absolute_error": "absolute", "relative_error": "relative"}
        return {
            "status": self.status,
            "exit_status": self.exit_status,
            "name": self.name,
            "subject": self.subject,
            "sentence": self.sentence,
            "called": self.called,
            "blocks": [
                {"block": str(b.block), "agrees": b.agrees}
                | {key: v if (v := getattr(b, a)) < float("inf") else None for key, a in finite.items()}
                for b in self.blocks
            ],
            "faults": list(self.faults),
            "cures": list(self.cures),
            "equations": [{"right": p.right, "coded": p.coded} for p in self.equations],
            "evidence": self.evidence,
            "indistinguishable": list(self.others),
            "findings": list(self.findings),
            "notes": list(self.notes),
            "not_covered": list(self.uncovered),
            "reference": list(self.reference),
        }

    def text(self) -> str:
        """The whole verdict as plain text."""
        from fallline.checks.presentation.display import plain

        return plain(self)

    def plot(self, theme: str = "light") -> Picture:
        """A picture: a heat map of the error of each block."""
        from fallline.checks.presentation.error_map import draw_errors

        return draw_errors(self, theme)

    def _repr_html_(self) -> str:
        from fallline.checks.presentation.display import html

        return html(self)

    def __rich__(self) -> Any:
        from fallline.checks.presentation.display import rich

        return rich(self)

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"Verdict({self.status!r}, {self.sentence!r})"
