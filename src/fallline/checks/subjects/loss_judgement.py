"""A network's gradient, judged by the user's own loss: right for it, or wrong, and how.

Derivatives of the loss decide. Where the loss is recognised, its words say in what it differs from the declared one, and
the diagnosis searches for faults on the page of the network that has this loss. A loss that is no reference is set aside
with a sentence, and the declared loss decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.fresh_draws import GradientAt
from fallline.checks.reference.comparison import FLOOR, BlockComparison, Status, blocks_of, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.known_derivatives import Derivatives
from fallline.checks.reference.loss_fit import fit_loss
from fallline.checks.reference.loss_words import LossInWords, added
from fallline.checks.reference.own_derivatives import own_derivatives
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss, ignored_samples, words_for
from fallline.checks.subjects.loss_faults import (
    block_errors,
    convention_clauses,
    factor_clause,
    neighbours,
    penalty_clauses,
    places,
)
from fallline.textbook.network import Layer, Network, Parameters
from fallline.views.numerals import listed

if TYPE_CHECKING:  # loaded where a gradient is wrong
    from fallline.checks.diagnosis.diagnosis import Diagnosis

__all__ = ["Judgement", "judged_by_loss"]

NEARLY = 1e-4
"""The largest relative difference that a small number inside a logarithm makes."""


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


def judged_by_loss(
    name: str, groups: Sequence[Group], numbers: Sequence[Parameters], losses: Sequence[OwnLoss], tolerance: float,
    gradient_at: GradientAt, other_faults: Sequence[str] = (), step: bool = False,
) -> tuple[Judgement | None, list[str]]:  # fmt: skip
    """Judge a gradient by the first of the losses that is a reference for it.

    Parameters
    ----------
    name
        Of the checked function.
    groups, numbers
        The draws, and the checked gradient on each group.
    losses
        The losses that come with the function, the likeliest first.
    tolerance
        Relative error that counts as rounding.
    gradient_at
        The checked gradient anywhere.
    other_faults
        Sentences on faults besides the numbers, such as a wrong shape.
    step
        Whether the numbers are a step divided by a rate that was read off, which may contain the number of samples.

    Returns
    -------
    The judgement, None if no loss is a reference; and a sentence for each loss that was set aside.
    """
    notes, judgements = [], []
    for loss in losses:
        try:
            derivatives = own_derivatives(loss, groups)
        except NoReferenceError as reason:
            notes.append(f"{_capital(str(reason))}, so it was not used to check the gradient.")
            continue
        per_sample = [_times(n, 1 / g.samples) for n, g in zip(numbers, groups, strict=True)]
        candidates = [(numbers, gradient_at), (per_sample, partial(_per_sample, gradient_at))]
        judging = max(
            (
                _Judging(name, groups, checked, loss, derivatives, tolerance, at, other_faults)
                for checked, at in (candidates if step else candidates[:1])
            ),
            key=lambda judging: judging.agreeing,
        )
        reason_against = judging.reason_against()
        if reason_against:
            notes.append(reason_against)
        elif judging.is_right:
            return judging.judgement(), notes
        else:
            judgements.append(judging)
    if not judgements:
        return None, notes
    # Of several losses that the gradient is not right for, that with which most blocks agree is meant.
    return max(judgements, key=lambda judging: judging.agreeing).judgement(), notes


class _Judging:
    """One gradient and one loss."""

    def __init__(
        self, name: str, groups: Sequence[Group], numbers: Sequence[Parameters], loss: OwnLoss, derivatives: Derivatives,
        tolerance: float, gradient_at: GradientAt, other_faults: Sequence[str],
    ) -> None:  # fmt: skip
        self.gradient_at = gradient_at
        self.name, self.groups, self.numbers, self.tolerance = name, groups, numbers, tolerance
        self.own, self.loss, self.derivatives, self.other_faults = (
            loss,
            words_for(loss),
            derivatives,
            list(other_faults),
        )
        self.declared = groups[0].network
        self.blocks = derivatives.compare(numbers, tolerance)
        fit = fit_loss(loss, groups)
        self.words = None if fit is None else LossInWords(fit, self.declared, groups[0].declared)

    @property
    def agreeing(self) -> int:
        """How many blocks agree with the derivatives."""
        return sum(b.agrees for b in self.blocks)

    @cached_property
    def is_right(self) -> bool:
        """Whether the gradient is that of the loss, or of the loss without the small epsilon in its logarithm."""
        return all(b.agrees for b in self.blocks) or self._is_of_recognised_loss()

    def reason_against(self) -> str:
        """Why the loss is no reference for this gradient, in a sentence; "" if it is one."""
        if self.words is not None and self.words.contradictions and self._is_declared():
            return (
                f"{_capital(self.loss)} is not the declared one: {listed(self.words.contradictions)}. The gradient is that of "
                "the declared loss."
            )  # fmt: skip
        if self.words is None and not self.is_right and (self.derivatives.single or not self._is_related()):
            return (
                f"No block of the gradient is a derivative of {self.loss}, and it is no known loss of this network, so it was "
                "not used to check the gradient."
            )  # fmt: skip
        return ""

    def judgement(self) -> Judgement:
        """What the loss says about the gradient."""
        if self.is_right and self.ignored:
            fault = f"{self.loss}, whose gradient it is, does not depend on {self.ignored}"
            return self._judgement("wrong", f"{self.name} is wrong: {fault}.", faults=(fault, *self.other_faults))
        if self.is_right:
            epsilon = 0 if self.words is None or all(b.agrees for b in self.blocks) else self.words.fit.epsilon
            return self._right(f" The gradient leaves out the {epsilon:g}, as is usual." if epsilon else "")
        if self._is_nearly_right:
            worst = max(b.relative for b in self.blocks)
            sentence = (
                f"{self.name} could not be checked to the last digits: it agrees with the derivatives of {self.loss} to "
                f"{worst:.0e}. A small number inside a logarithm can make such a difference, and so can a fault."
            )
            return self._judgement("unchecked", sentence)
        for attempt in (
            self._in_another_convention, self._with_another_penalty, self._for_another_network, self._diagnosed,
        ):  # fmt: skip
            judgement = attempt()
            if judgement is not None:
                return judgement
        return self._localised()

    @cached_property
    def ignored(self) -> str:
        """The samples on which the loss does not depend, in words; "" if it depends on all, as a known loss does."""
        if self.words is not None:
            return ""
        ignored = ignored_samples(self.own, self.groups[0])
        if not ignored:
            return ""
        m = self.groups[0].samples
        if len(ignored) == m:
            return "the samples"
        if len(ignored) == m - 1:
            (used,) = set(range(m)) - set(ignored)
            return f"any sample but {'the last' if used == m - 1 else f'number {used}'} (counted from 0)"
        if ignored == [m - 1]:
            return "the last sample"
        return f"sample{'s' * (len(ignored) > 1)} {listed([str(s) for s in ignored])} of {m} (counted from 0)"

    # What the numbers are

    def _is_declared(self) -> bool:
        """Whether the gradient is that of the declared loss, in a convention that the declarations allow."""
        allowed = conventions(self.declared, self.groups[0].declared)
        return any(self._agree(right_numbers(self.groups, convention)) for convention in allowed)

    def _is_of_recognised_loss(self) -> bool:
        """Whether the gradient is that of the recognised loss, without the small epsilon in its logarithm."""
        if self.words is None or self.words.network is None:
            return False
        return self._agree(self.words.right_numbers(self.groups))

    @cached_property
    def _is_nearly_right(self) -> bool:
        """Whether the gradient is that of an unknown loss but for a small difference in all of it."""
        return self.words is None and all(b.relative <= NEARLY for b in self.blocks) and not self.is_right

    def _is_related(self) -> bool:
        """Whether the gradient has to do with the loss: a block agrees, or a constant factor is between them."""
        if self._is_nearly_right or self.derivatives.ratio(self.numbers, self.tolerance) is not None:
            return True
        largest = {
            block: max(
                float(np.abs(np.where(np.isfinite(e), s, 0)[:, [b == block for b in self.derivatives.blocks]]).max())
                for s, e in zip(self.derivatives.slopes, self.derivatives.errors, strict=True)
            )
            for block in blocks_of(self.declared)
        }
        floor = FLOOR * max(largest.values())
        return any(b.agrees and largest[b.block] > floor for b in self.blocks)

    def _agree(self, right: Sequence[Parameters]) -> bool:
        return all(b.agrees for b in compare(self.groups, self.numbers, right, self.tolerance))

    # Judgements

    def _right(self, remark: str) -> Judgement:
        differences = () if self.words is None else self.words.differences
        if self.words is None:
            unknown = " That is neither the loss of the declared network nor that of another one that fallline knows."
            about = "" if self._is_declared() else unknown
        else:
            about = f" That loss differs from the declared one: {'; '.join(differences)}." if differences else ""
        contradictions = () if self.words is None else self.words.contradictions
        faults = (*self.other_faults, *contradictions)
        if self.other_faults:
            sentence = f"{self.name} is wrong: {'; '.join(self.other_faults).rstrip('.')}. Its numbers are right for {self.loss}."
            return self._judgement("wrong", sentence + about + remark, faults=faults, evidence=self._evidence())
        if contradictions:
            sentence = (
                f"{self.name} is right for {self.loss}, but that is not the declared loss: {'; '.join(differences)}. "
                "Was that meant?"
            )  # fmt: skip
            return self._judgement("wrong", sentence, faults=faults, evidence=self._evidence())
        right = f"right for {self.loss}" if about else "right"
        return self._judgement("right", f"{self.name} is {right}.{about}{remark}", evidence=self._evidence())

    def _in_another_convention(self) -> Judgement | None:
        """The judgement if the whole gradient has another factor than the loss: sum for mean, a sign, a half."""
        words = self.words
        if words is not None and words.network is not None:
            own = words.groups(self.groups)
            penalties = [words.penalty(g.w, g.samples) for g in self.groups]
            for convention in list(conventions(words.network))[1:]:
                data = right_numbers(own, convention)
                for scales in ([convention.data(g) for g in own], [float(convention.sign)] * len(own)):
                    right = [added(d, _times(p, f)) for d, p, f in zip(data, penalties, scales, strict=True)]
                    if self._agree(right):
                        return self._wrong(convention_clauses(words.network, convention, self.loss))
        factors = self.derivatives.ratio(self.numbers, self.tolerance)
        if factors is None:
            return None
        samples = [g.samples for g in self.derivatives.groups]
        if words is not None and words.fit.power and np.allclose(factors, samples, rtol=1e-6):
            return self._wrong((f"the gradient is that of the sum over the samples, but {self.loss} is the mean",))
        return self._wrong((factor_clause(factors, samples, self.loss),))

    def _with_another_penalty(self) -> Judgement | None:
        """The judgement if the gradient differs from that of the loss by multiples of the weights alone."""
        if self.words is None:
            return None
        for groups, checked, right in self._references():
            clauses = penalty_clauses(groups, checked, right, self.words, self.loss)
            if clauses:
                return self._wrong(clauses)
        return None

    def _for_another_network(self) -> Judgement | None:
        """The judgement if the gradient is right for a network with another loss or activation."""
        if self.words is None or self.words.network is None:
            return None
        bare = self.words.without_penalty(self.groups, self.numbers)
        for difference, network in neighbours(self.words):
            other = [replace(g, network=network) for g in self.groups]
            for convention in conventions(network):
                right = right_numbers(other, convention)
                if any(all(b.agrees for b in compare(other, n, right, self.tolerance)) for n in (self.numbers, bare)):
                    return self._wrong((f"it is the gradient for {difference}, and not that of {self.loss}",))
        return None

    def _diagnosed(self) -> Judgement | None:
        """The judgement with the faults that give these numbers on the page of the network that has this loss.

        They are looked for in the gradient less that of the penalty; then in the gradient as it is, whose penalty is missing
        if they explain it; then with epsilon in the logarithm.
        """
        from fallline.checks.diagnosis.procedure import diagnose

        best: tuple[LossInWords, Diagnosis] | None = None
        for words in filter(None, (self.words, None if self.words is None else self.words.with_guard)):
            if words.network is None:
                continue
            penalised = any(words.fit.weights) or any(words.fit.biases)
            for with_penalty in (True, False) if penalised else (True,):
                diagnosis = diagnose(
                    words.groups(self.groups),
                    words.without_penalty(self.groups, self.numbers) if with_penalty else self.numbers, self.tolerance,
                    partial(self._bare_gradient, words) if with_penalty else self.gradient_at,
                )  # fmt: skip
                if diagnosis.status == "wrong" and diagnosis.faults and not diagnosis.findings:
                    missing = () if with_penalty else ("the penalty is missing",)
                    return self._of_diagnosis(words, diagnosis, missing)
                if best is None:
                    best = words, diagnosis
        if best is None or best[1].status != "wrong":
            return None
        return self._of_diagnosis(*best)

    def _bare_gradient(self, words: LossInWords, w: Any, X: Any, T: Any) -> Parameters:
        return added(self.gradient_at(w, X, T), words.penalty(w, len(X)), -1)

    def _of_diagnosis(self, words: LossInWords, diagnosis: Diagnosis, missing: tuple[str, ...] = ()) -> Judgement:
        faults = (*(fault.sentence for fault in diagnosis.faults), *missing)
        more: dict[str, Any] = {
            "cures": tuple(fault.cure for fault in diagnosis.faults), "evidence": diagnosis.evidence, "network": words.network,
            "explanation": diagnosis.explanation, "others": diagnosis.others,
        }  # fmt: skip
        if not diagnosis.findings:
            return self._wrong(faults, **more)
        where = " ".join(diagnosis.findings[:2])
        known = (
            f"{listed(faults)}; no known fault explains {listed([str(b) for b in diagnosis.unexplained])}"
            if faults
            else f"it is not the gradient of {self.loss}, and no known fault explains it"
        )
        return self._wrong(
            faults, sentence=f"{self.name} is wrong: {known}. {where}", findings=diagnosis.findings, **more
        )

    def _localised(self) -> Judgement:
        """The judgement with the places where the gradient differs from the derivatives."""
        groups, checked, right = next(self._references(), (self.groups, self.numbers, None))
        findings = places(self.blocks, groups, checked, right)
        sentence = f"{self.name} is wrong: it is not the gradient of {self.loss}. {' '.join(findings[:2])}"
        return self._wrong((), sentence=sentence, findings=tuple(findings))

    def _references(self) -> Iterator[tuple[Sequence[Group], Sequence[Parameters], Sequence[Parameters]]]:
        """Draws with the checked gradient and the right one, by the derivatives and by the page of the recognised loss."""
        if self.derivatives.complete:
            checked, right = self.derivatives.first_draws(self.numbers), self.derivatives.gradient(self.numbers)
            yield self.derivatives.groups, checked, right
        if self.words is not None and self.words.network is not None:
            yield self.groups, self.numbers, self.words.right_numbers(self.groups)

    def _wrong(self, faults: Sequence[str], *, sentence: str = "", **more: Any) -> Judgement:
        """The judgement with faults relative to the loss, and the words of that loss."""
        named = listed([*faults, *(f.rstrip(".") for f in self.other_faults)])
        sentence = sentence or f"{self.name} is wrong: {named}."
        if self.words is not None and self.words.differences:
            sentence += f" (It is checked against {self.loss}: {'; '.join(self.words.differences)}.)"
        elif self.words is None and faults:
            sentence += f" (It is checked against the derivatives of {self.loss}.)"
        return self._judgement("wrong", sentence, faults=(*faults, *self.other_faults), **more)

    def _judgement(self, status: Status, sentence: str, **more: Any) -> Judgement:
        groups = self.groups if self.words is None or self.words.network is None else self.words.groups(self.groups)
        penalty = self.words is not None and (any(self.words.fit.weights) or any(self.words.fit.biases))
        errors = {}
        if self.derivatives.complete:
            checked, right = self.derivatives.first_draws(self.numbers), self.derivatives.gradient(self.numbers)
            errors = block_errors(checked, right, self.declared)
        evidence = more.pop("evidence", "") or f"The derivatives of {self.loss} are those by {self.derivatives}."
        return Judgement(
            status, sentence, tuple(self.blocks), groups=tuple(groups), penalty=penalty, errors=errors, evidence=evidence, **more
        )  # fmt: skip

    def _evidence(self) -> str:
        worst = max(b.relative for b in self.blocks)
        return f"It agrees with {self.derivatives} of {self.loss} to {worst:.1e} on {self.derivatives.draws} draws."


def _times(gradient: Parameters, factor: float) -> Parameters:
    return tuple(Layer(factor * W, None if b is None else factor * b) for W, b in gradient)


def _per_sample(gradient_at: GradientAt, w: Any, X: Any, T: Any) -> Parameters:
    """The checked gradient anywhere, divided by the number of samples."""
    return _times(gradient_at(w, X, T), 1 / len(X))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
