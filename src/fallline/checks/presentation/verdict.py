"""The verdict: right, wrong or unchecked, with the reasons and the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fallline.checks.presentation.equation_pair import EquationPair
from fallline.checks.presentation.notebook import html_of
from fallline.checks.presentation.parts import BlockTable, EquationPairs, Paragraph, Part
from fallline.checks.presentation.plain_text import plain_text
from fallline.checks.reference.comparison import BlockComparison, Status
from fallline.errors import UsageError
from fallline.textbook.network import Network

if TYPE_CHECKING:  # loaded by the methods that need them
    from fallline.checks.diagnosis.explanations import Explanation
    from fallline.textbook.network import Network
    from fallline.views.pictures.picture import Picture

__all__ = ["Verdict"]

UNITS = (
    ("e₁", "e₁ is a column with 1 in its first entry and 0 elsewhere: e₁ᵀ A is the first row of A."),
    (
        "eₘ",
        "eₘ is a column with 1 in the last of its m entries and 0 elsewhere: eₘᵀ A is the last row of A, that of the last sample.",
    ),
)
"""What the unit vectors in equations mean."""

MOST_OTHERS = 5


@dataclass(frozen=True, eq=False)
class Verdict:
    """The verdict of a check of a gradient.

    Attributes
    ----------
    status
        "right", "wrong", or "unchecked" where the function could not be compared at all.
    name
        The name of the checked function.
    subject
        The network or function whose gradient it should be.
    sentence
        The verdict in one sentence.
    called
        How the function was called, with the quantity that each argument got.
    blocks
        Largest absolute and relative error of each block, in the order of back-propagation.
    faults
        Each fault in words; empty if it is right, or if no known fault explains it.
    cures
        What to do about each fault.
    evidence
        Why this is not a guess.
    others
        Other explanations, which give the same function as `faults` on all draws.
    findings
        Where it goes wrong, when no known fault explains it.
    notes
        Other observations: printing, single precision.
    uncovered
        Faults that these draws could not show.
    reference
        How well the independent derivatives agree with the reference.
    errors
        The error of each entry, relative to its block, for the picture.

    Notes
    -----
    `if verdict:` is true exactly if the gradient is right.

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
    blocks: tuple[BlockComparison, ...] = ()
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
        """0 if right, 1 if wrong, 2 if unchecked."""
        return {"right": 0, "wrong": 1, "unchecked": 2}[self.status]

    @cached_property
    def equations(self) -> tuple[EquationPair, ...]:
        """The right equations beside those that were coded, one pair for each site where they differ."""
        if self.rules:
            return tuple(EquationPair.of(right, coded) for right, coded in self.rules)
        if self.network is None or self.explanation is None:
            return ()
        from fallline.checks.presentation.fault_equations import equation_pairs

        return equation_pairs(self.network, self.explanation)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the picture, as JSON can hold it.

        Examples
        --------
        >>> import fallline as fl
        >>> verdict = fl.check_gradient(lambda x, y: (2 * x, 3 * y), lambda x, y: x**2 + y**2)
        >>> verdict.to_dict()["exit_status"]
        1
        """
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

    def parts(self) -> Iterator[Part]:
        """Everything that a display shows, in order."""
        yield Paragraph.of(self.sentence, "sentence")
        if self.called:
            yield Paragraph.of(f"Called as {self.called}.")
        if self.blocks:
            yield BlockTable.of(self.blocks)
        if self.equations:
            yield EquationPairs(self.equations)
            yield from (Paragraph.of(words) for e, words in UNITS if any(e in pair.coded for pair in self.equations))
        for fault, cure in zip(self.faults, self.cures, strict=False):
            yield Paragraph.of(f"Cure for “{fault}”: {cure}." if len(self.cures) > 1 else f"Cure: {cure}.")
        if self.evidence:
            yield Paragraph.of(self.evidence)
        if self.others:
            more = len(self.others) - MOST_OTHERS
            listed = "; or ".join(self.others[:MOST_OTHERS]) + (f"; or {more} more" if more > 0 else "")
            yield Paragraph.of(f"On these draws the same function, and so not to be told from it: {listed}.")
        if self.findings:
            yield Paragraph.of("Where it goes wrong", "heading")
            yield from map(Paragraph.of, self.findings)
        for note in self.notes:
            yield Paragraph.of(f"Note: {note}")
        if self.uncovered:
            yield Paragraph.of("Not covered", "heading")
            yield from map(Paragraph.of, self.uncovered)
        if self.reference:
            yield Paragraph.of("Reference", "heading")
            subject = "The textbook's backward:" if self.network is not None else "Checked against"
            yield Paragraph.of(f"{subject} {'; '.join(self.reference)}.")

    def text(self) -> str:
        """The whole verdict as plain text.

        Examples
        --------
        >>> import fallline as fl
        >>> verdict = fl.check_gradient(lambda x, y: (2 * x, 3 * y), lambda x, y: x**2 + y**2)
        >>> print(verdict.text().splitlines()[0])
        the function is wrong: ∂f/∂y is 1.5 times what it should be.
        """
        return plain_text(self.parts())

    def plot(self, theme: str = "light") -> Picture:
        """A picture: a heat map of the error of each block."""
        if not self.errors:
            raise UsageError(f"there are no errors to draw: {self.sentence}")
        from fallline.checks.presentation.error_map import draw_errors

        return draw_errors(self.name, self.blocks, self.errors, theme)

    def _repr_html_(self) -> str:
        return html_of(self.parts(), self.status)

    def __rich__(self) -> Any:
        from fallline.checks.presentation.terminal import renderable

        return renderable(self.parts(), self.status)

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"Verdict({self.status!r}, {self.sentence!r})"
