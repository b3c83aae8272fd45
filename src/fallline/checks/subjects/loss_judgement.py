"""A network's gradient, judged by the user's own loss: right for it, or wrong, and how.

Derivatives of the loss decide. Where the loss is recognised, its words say in what it differs from the declared one, and
the diagnosis searches for faults on the page of the network that has this loss. A loss that is no reference is set aside
with a sentence, and the declared loss decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fallline.checks.diagnosis.fresh_draws import GradientAt
from fallline.checks.reference.comparison import compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_words import LossInWords, added
from fallline.checks.reference.own_derivatives import own_derivatives
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss
from fallline.checks.subjects.judgement import Judgement, judgement, wrong
from fallline.checks.subjects.loss_comparison import LossComparison
from fallline.checks.subjects.loss_faults import (
    convention_clauses,
    factor_clause,
    neighbours,
    penalty_clauses,
    places,
)
from fallline.sentences import capital
from fallline.textbook.network import Layer, Parameters

if TYPE_CHECKING:  # loaded where a gradient is wrong
    from fallline.checks.diagnosis.diagnosis import Diagnosis

__all__ = ["judged_by_loss"]

_UNKNOWN = "That is neither the loss of the declared network nor that of another one that fallline knows."


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
    notes, comparisons = [], []
    for loss in losses:
        try:
            derivatives = own_derivatives(loss, groups)
        except NoReferenceError as reason:
            notes.append(f"{capital(str(reason))}, so it was not used to check the gradient.")
            continue
        candidates = [(numbers, gradient_at)]
        if step:
            per_sample = [_times(n, 1 / g.samples) for n, g in zip(numbers, groups, strict=True)]
            candidates.append((per_sample, partial(_per_sample, gradient_at)))
        compared = max(
            (
                LossComparison(name, groups, checked, loss, derivatives, tolerance, at, other_faults)
                for checked, at in candidates
            ),
            key=lambda comparison: comparison.agreeing,
        )
        reason_against = compared.reason_against()
        if reason_against:
            notes.append(reason_against)
        elif compared.is_right:
            return _judged(compared), notes
        else:
            comparisons.append(compared)
    if not comparisons:
        return None, notes
    # Of several losses that the gradient is not right for, that with which most blocks agree is meant.
    return _judged(max(comparisons, key=lambda comparison: comparison.agreeing)), notes


def _judged(compared: LossComparison) -> Judgement:
    """What the loss says about the gradient."""
    if compared.is_right and compared.ignored:
        fault = f"{compared.loss}, whose gradient it is, does not depend on {compared.ignored}"
        return judgement(
            compared, "wrong", f"{compared.name} is wrong: {fault}.", faults=(fault, *compared.other_faults)
        )
    if compared.is_right:
        epsilon = 0 if compared.words is None or all(b.agrees for b in compared.blocks) else compared.words.fit.epsilon
        return _right(compared, f" The gradient leaves out the {epsilon:g}, as is usual." if epsilon else "")
    if compared.is_nearly_right:
        worst = max(b.relative for b in compared.blocks)
        sentence = (
            f"{compared.name} could not be checked to the last digits: it agrees with the derivatives of {compared.loss} to "
            f"{worst:.0e}. A small number inside a logarithm can make such a difference, and so can a fault."
        )
        return judgement(compared, "unchecked", sentence)
    for attempt in (
        _in_another_convention, _with_another_penalty, _for_another_network, _diagnosed,
    ):  # fmt: skip
        result = attempt(compared)
        if result is not None:
            return result
    return _localised(compared)


def _right(compared: LossComparison, remark: str) -> Judgement:
    differences = () if compared.words is None else compared.words.differences
    decides = compared.groups[0].declared.of_parameters
    if compared.words is None:
        about = "" if compared.is_declared() else f" {_UNKNOWN}"
        if decides:
            about = " It is no loss that fallline knows."
    else:
        differs = "" if decides else "That loss differs from the declared one: "
        about = f" {capital(differs + '; '.join(differences))}." if differences else ""
    contradictions = () if compared.words is None else compared.words.contradictions
    faults = (*compared.other_faults, *contradictions)
    if compared.other_faults:
        sentence = f"{compared.name} is wrong: {'; '.join(compared.other_faults).rstrip('.')}. Its numbers are right for {compared.loss}."
        return judgement(compared, "wrong", sentence + about + remark, faults=faults, evidence=compared.evidence)
    if contradictions:
        sentence = (
            f"{compared.name} is right for {compared.loss}, but that is not the declared loss: {'; '.join(differences)}. "
            "Was that meant?"
        )  # fmt: skip
        return judgement(compared, "wrong", sentence, faults=faults, evidence=compared.evidence)
    right = f"right for {compared.loss}" if about else "right"
    return judgement(compared, "right", f"{compared.name} is {right}.{about}{remark}", evidence=compared.evidence)


def _in_another_convention(compared: LossComparison) -> Judgement | None:
    """The judgement if the whole gradient has another factor than the loss: sum for mean, a sign, a half."""
    words = compared.words
    if words is not None and words.network is not None:
        own = words.groups(compared.groups)
        penalties = [words.penalty(g.w, g.samples) for g in compared.groups]
        for convention in list(conventions(words.network))[1:]:
            data = right_numbers(own, convention)
            for scales in ([convention.data(g) for g in own], [float(convention.sign)] * len(own)):
                right = [added(d, _times(p, f)) for d, p, f in zip(data, penalties, scales, strict=True)]
                if compared.agrees_with(right):
                    return wrong(compared, convention_clauses(words.network, convention, compared.loss))
    factors = compared.derivatives.ratio(compared.numbers, compared.tolerance)
    if factors is None:
        return None
    samples = [g.samples for g in compared.derivatives.groups]
    if words is not None and words.fit.power and np.allclose(factors, samples, rtol=1e-6):
        return wrong(compared, (f"the gradient is that of the sum over the samples, but {compared.loss} is the mean",))
    return wrong(compared, (factor_clause(factors, samples, compared.loss),))


def _with_another_penalty(compared: LossComparison) -> Judgement | None:
    """The judgement if the gradient differs from that of the loss by multiples of the weights alone."""
    if compared.words is None:
        return None
    for groups, checked, right in compared.references():
        clauses = penalty_clauses(groups, checked, right, compared.words, compared.loss)
        if clauses:
            return wrong(compared, clauses)
    return None


def _for_another_network(compared: LossComparison) -> Judgement | None:
    """The judgement if the gradient is right for a network with another loss or activation."""
    if compared.words is None or compared.words.network is None:
        return None
    bare = compared.words.without_penalty(compared.groups, compared.numbers)
    for difference, network in neighbours(compared.words):
        other = [replace(g, network=network) for g in compared.groups]
        for convention in conventions(network):
            right = right_numbers(other, convention)
            if any(
                all(b.agrees for b in compare(other, n, right, compared.tolerance)) for n in (compared.numbers, bare)
            ):
                return wrong(compared, (f"it is the gradient for {difference}, and not that of {compared.loss}",))
    return None


def _diagnosed(compared: LossComparison) -> Judgement | None:
    """The judgement with the faults that give these numbers on the page of the network that has this loss.

    They are looked for in the gradient less that of the penalty; then in the gradient as it is, whose penalty is missing
    if they explain it; then with epsilon in the logarithm.
    """
    from fallline.checks.diagnosis.procedure import diagnose

    best: tuple[LossInWords, Diagnosis] | None = None
    for words in filter(None, (compared.words, None if compared.words is None else compared.words.with_guard)):
        if words.network is None:
            continue
        penalised = any(words.fit.weights) or any(words.fit.biases)
        for with_penalty in (True, False) if penalised else (True,):
            diagnosis = diagnose(
                words.groups(compared.groups),
                words.without_penalty(compared.groups, compared.numbers) if with_penalty else compared.numbers, compared.tolerance,
                partial(_bare_gradient, compared, words) if with_penalty else compared.gradient_at,
            )  # fmt: skip
            if diagnosis.status == "wrong" and diagnosis.faults and not diagnosis.findings:
                missing = () if with_penalty else ("the penalty is missing",)
                return _of_diagnosis(compared, words, diagnosis, missing)
            if best is None:
                best = words, diagnosis
    if best is None or best[1].status != "wrong":
        return None
    return _of_diagnosis(compared, *best)


def _bare_gradient(compared: LossComparison, words: LossInWords, w: Any, X: Any, T: Any) -> Parameters:
    return added(compared.gradient_at(w, X, T), words.penalty(w, len(X)), -1)


def _of_diagnosis(
    compared: LossComparison, words: LossInWords, diagnosis: Diagnosis, missing: tuple[str, ...] = ()
) -> Judgement:
    from fallline.checks.diagnosis.diagnosis import wrong_sentence

    faults = (*(fault.sentence for fault in diagnosis.faults), *missing)
    more: dict[str, Any] = {
        "cures": tuple(fault.cure for fault in diagnosis.faults), "evidence": diagnosis.evidence, "network": words.network,
        "explanation": diagnosis.explanation, "others": diagnosis.others,
    }  # fmt: skip
    named = [*faults, *(other.rstrip(".") for other in compared.other_faults)]
    sentence = wrong_sentence(compared.name, named, diagnosis, unlike=compared.loss)
    return wrong(compared, faults, sentence=sentence, findings=diagnosis.findings, **more)


def _localised(compared: LossComparison) -> Judgement:
    """The judgement with the places where the gradient differs from the derivatives."""
    groups, checked, right = next(compared.references(), (compared.groups, compared.numbers, None))
    findings = places(compared.blocks, groups, checked, right)
    sentence = f"{compared.name} is wrong: it is not the gradient of {compared.loss}. {' '.join(findings[:2])}"
    return wrong(compared, (), sentence=sentence, findings=tuple(findings))


def _times(gradient: Parameters, factor: float) -> Parameters:
    return tuple(Layer(factor * W, None if b is None else factor * b) for W, b in gradient)


def _per_sample(gradient_at: GradientAt, w: Any, X: Any, T: Any) -> Parameters:
    """The checked gradient anywhere, divided by the number of samples."""
    return _times(gradient_at(w, X, T), 1 / len(X))
