"""A judgement: what the user's own loss says about a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.reference.comparison import BlockComparison, Status, block_errors
from fallline.checks.reference.draws import Group
from fallline.checks.subjects.loss_comparison import LossComparison
from fallline.textbook.network import Network
from fallline.views.numerals import listed

__all__ = ["Judgement", "judgement", "wrong"]


@dataclass(frozen=True)
class Judgement:
    """What the user's own loss says about a gradient: the parts of a `Verdict` that it decides.

    `groups` are the draws, with the network that has this loss if that is known; `penalty` says whether it has a penalty.
    """

    status: Status
    sentence: str
    blocks: tuple[BlockComparison, ...]
    evidence: str = ""
    faults: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    penalty: bool = False
    errors: dict[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    explanation: Explanation | None = None
    network: Network | None = None


def wrong(compared: LossComparison, faults: Sequence[str], *, sentence: str = "", **more: Any) -> Judgement:
    """The judgement with faults relative to the loss, and the words of that loss."""
    named = listed([*faults, *(f.rstrip(".") for f in compared.other_faults)])
    sentence = sentence or f"{compared.name} is wrong: {named}."
    if compared.words is not None and compared.words.differences:
        sentence += f" (It is checked against {compared.loss}: {'; '.join(compared.words.differences)}.)"
    elif compared.words is None and faults:
        sentence += f" (It is checked against the derivatives of {compared.loss}.)"
    return judgement(compared, "wrong", sentence, faults=(*faults, *compared.other_faults), **more)


def judgement(compared: LossComparison, status: Status, sentence: str, **more: Any) -> Judgement:
    """The judgement, with the draws, blocks and errors that each one has."""
    words, derivatives = compared.words, compared.derivatives
    groups = compared.groups if words is None or words.network is None else words.groups(compared.groups)
    penalty = words is not None and (any(words.fit.weights) or any(words.fit.biases))
    errors = {}
    if derivatives.complete:
        checked, right = derivatives.first_draws(compared.numbers), derivatives.gradient(compared.numbers)
        errors = block_errors(checked, right, compared.declared)
    evidence = more.pop("evidence", "") or f"The derivatives of {compared.loss} are those by {derivatives}."
    return Judgement(
        status, sentence, tuple(compared.blocks), groups=tuple(groups), penalty=penalty, errors=errors, evidence=evidence, **more
    )  # fmt: skip
