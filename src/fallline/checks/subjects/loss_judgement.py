"""A network's gradient, judged by the user's own loss: right for it, or wrong, and how.

Derivatives of the loss decide. Where the loss is recognised, its words say in what it differs from the declared one, and
the diagnosis searches for faults on the page of the network that has this loss. A loss that is no reference is set aside
with a sentence, and the declared loss decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.presentation.parts import Status
from fallline.checks.reference.comparison import (
    FLOOR,
    BlockComparison,
    block_of,
    blocks_of,
    compare,
    right_numbers,
)
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY
from fallline.checks.reference.loss_fit import fit_loss
from fallline.checks.reference.loss_words import LossInWords
from fallline.checks.reference.own_loss import (
    Derivatives,
    NoReferenceError,
    OwnLoss,
    ignored_samples,
    own_derivatives,
    words_for,
)
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.network import Network, Parameters
from fallline.views.numerals import listed

__all__ = ["Judgement", "judged_by_loss"]


@dataclass(frozen=True)
class Judgement:
    """What the user's own loss says about a gradient: the parts of a `Verdict` that it decides.

    `groups` are the draws, with the network that has this loss if that is known.
    """

    status: Status
    sentence: str
    blocks: tuple[BlockComparison, ...]
    evidence: str = ""
    faults: tuple[str, ...] = ()
    cures: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    errors: dict[str, Any] = field(default_factory=dict)
    explanation: Explanation | None = None
    network: Network | None = None


def judged_by_loss(
    name: str, groups: Sequence[Group], numbers: Sequence[Parameters], losses: Sequence[OwnLoss], tolerance: float,
    other_faults: Sequence[str] = (),
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
    other_faults
        Sentences on faults besides the numbers, such as a wrong shape.

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
        judging = _Judging(name, groups, numbers, loss, derivatives, tolerance, other_faults)
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
    return max(judgements, key=lambda judging: sum(b.agrees for b in judging.blocks)).judgement(), notes


class _Judging:
    """One gradient and one loss."""

    def __init__(
        self, name: str, groups: Sequence[Group], numbers: Sequence[Parameters], loss: OwnLoss, derivatives: Derivatives,
        tolerance: float, other_faults: Sequence[str],
    ) -> None:  # fmt: skip
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
        for attempt in (
            self._in_another_convention, self._with_another_penalty, self._for_another_network, self._explained,
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

    def _is_related(self) -> bool:
        """Whether the gradient has to do with the loss: a block agrees, or a constant factor is between them."""
        if self.derivatives.ratio(self.numbers, self.tolerance) is not None:
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
            about = f" That is not the declared {self.declared.loss.label}, nor another loss that fallline knows."
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
            for convention in conventions(words.network):
                if convention != words.convention and self._agree(words.right_numbers(self.groups, convention)):
                    faults = tuple(_mismatches(words.network, convention, words.convention, self.loss))
                    return self._wrong(faults)
        factors = self.derivatives.ratio(self.numbers, self.tolerance)
        if factors is None:
            return None
        samples = [g.samples for g in self.derivatives.groups]
        return self._wrong((_factor_words(factors, samples, self.loss, words is not None and bool(words.fit.power)),))

    def _with_another_penalty(self) -> Judgement | None:
        """The judgement if the gradient differs from that of the loss by multiples of the weights alone."""
        if not self.derivatives.complete:
            return None
        groups = self.derivatives.groups
        checked, right = self.derivatives.first_draws(self.numbers), self.derivatives.gradient(self.numbers)
        clauses: list[tuple[str, str]] = []
        for layer in range(1, self.declared.depth + 1):
            for symbol, part in ("W", 0), ("b", 1):
                if part and not self.declared.bias:
                    continue
                values = [g.parameters[layer - 1][part] for g in groups]
                off = [n[layer - 1][part] - r[layer - 1][part] for n, r in zip(checked, right, strict=True)]
                fit = None if self.words is None else self.words.fit
                own = [0.0] * len(groups)
                if fit is not None:
                    strength = (fit.biases if part else fit.weights)[layer - 1]
                    own = [2 * strength * float(g.samples) ** fit.penalty_power for g in groups]
                elif any(o.any() for o in off):
                    return None  # how large the penalty is in an unknown loss cannot be said
                clause = self._penalty_clause(symbol, values, off, own, [g.samples for g in groups])
                if clause is None:
                    return None
                clauses.append((f"d{symbol}{layer}", clause))
        faults = []
        for clause in dict.fromkeys(clause for _, clause in clauses if clause):
            places = [place for place, same in clauses if same == clause]
            every = [f"d{clause[-1]}{l}" for l in range(1, self.declared.depth + 1)]
            at = f"every d{clause[-1]}" if len(places) > 1 and places == every else listed(places)
            faults.append(f"in {at} {clause[:-1]}")
        return self._wrong(faults) if faults else None

    def _penalty_clause(
        self, symbol: str, values: Sequence[Any], off: Sequence[Any], own: Sequence[float], samples: Sequence[int]
    ) -> str | None:
        """What is wrong with the penalty's gradient in a block; "" if it is right, None if something else is wrong.

        The last letter of the clause is the symbol, so that clauses on W and b differ.
        """
        extra = []
        for value, difference in zip(values, off, strict=True):
            factor = float(np.vdot(value, difference) / (np.vdot(value, value) or 1))
            scale = max(float(np.abs(difference).max()), 1e-3)
            if not np.abs(difference - factor * value).max() <= 1e-7 * scale:
                return None
            extra.append(factor if np.abs(difference).max() > 1e-7 else 0.0)
        if not any(extra):
            return ""
        coded = [own_factor + factor for own_factor, factor in zip(own, extra, strict=True)]
        if not any(own):
            text = _by_samples(coded, samples)
            return None if text is None else f"there is a term {text} {symbol} that {self.loss} does not have{symbol}"
        if all(abs(c) <= 1e-7 * abs(o) for c, o in zip(coded, own, strict=True)):
            return f"the penalty is missing{symbol}"
        text, right = _by_samples(coded, samples), _by_samples(own, samples)
        return (
            None if text is None else f"the penalty is {text} {symbol}, but {self.loss} gives {right} {symbol}{symbol}"
        )

    def _for_another_network(self) -> Judgement | None:
        """The judgement if the gradient is right for a network with another loss or activation."""
        if self.words is None or self.words.network is None:
            return None
        bare = self.words.without_penalty(self.groups, self.numbers)
        for difference, network in _neighbours(self.words):
            other = [Group(network, g.w, g.X, g.T) for g in self.groups]
            for convention in conventions(network):
                right = right_numbers(other, convention)
                if any(all(b.agrees for b in compare(other, n, right, self.tolerance)) for n in (self.numbers, bare)):
                    return self._wrong((f"it is the gradient for {difference}, and not that of {self.loss}",))
        return None

    def _explained(self) -> Judgement | None:
        """The judgement with the faults that give these numbers on the page of the network that has this loss."""
        if self.words is None:
            return None
        from fallline.checks.diagnosis.search import explain

        own, first, network = None, None, self.words.network
        for words in (self.words, self.words.with_guard):
            if words is None or words.network is None:
                continue
            numbers = words.without_penalty(self.groups, self.numbers)
            explanations = explain(words.groups(self.groups), numbers, self.tolerance)
            own = next((e for e in explanations if e.convention == words.convention), None)
            first = own or first or next(iter(explanations), None)
            network = network or words.network
            if own is not None:
                break
        if first is None or network is None:
            return None
        faults = [str(fault) for fault in first.faults]
        if own is None:
            faults += _mismatches(network, first.convention, self.words.convention, self.loss)
        return self._wrong(
            tuple(faults), cures=tuple(fault.cure for fault in first.faults), explanation=first, network=network
        )  # fmt: skip

    def _localised(self) -> Judgement:
        """The judgement with the places where the gradient differs from the derivatives."""
        from fallline.checks.diagnosis.localisation import localise

        if self.derivatives.complete:
            checked = self.derivatives.first_draws(self.numbers)
            findings = localise(self.derivatives.groups, checked, self.derivatives.gradient(self.numbers), self.blocks)
        else:
            right = [str(b.block) for b in self.blocks if b.agrees]
            verb = "is" if len(right) == 1 else "are"
            findings = [f"{listed(right)} {verb} right." if right else "No block is right."]
        searched = "" if self.words is None else ", and no known fault, or pair of them, explains it"
        sentence = f"{self.name} is wrong: it is not the gradient of {self.loss}{searched}. {' '.join(findings[:2])}"
        return self._judgement("wrong", sentence, findings=tuple(findings), faults=tuple(self.other_faults))

    def _wrong(self, faults: Sequence[str], **more: Any) -> Judgement:
        """The judgement with faults relative to the loss, and the words of that loss."""
        sentence = f"{self.name} is wrong: {listed([*faults, *(f.rstrip('.') for f in self.other_faults)])}."
        if self.words is not None and self.words.differences:
            sentence += f" (It is checked against {self.loss}: {'; '.join(self.words.differences)}.)"
        elif self.words is None:
            sentence += f" (It is checked against the derivatives of {self.loss}.)"
        return self._judgement("wrong", sentence, faults=(*faults, *self.other_faults), **more)

    def _judgement(self, status: Status, sentence: str, **more: Any) -> Judgement:
        groups = self.groups if self.words is None or self.words.network is None else self.words.groups(self.groups)
        return Judgement(
            status, sentence, tuple(self.blocks), groups=tuple(groups), errors=self._errors(),
            **{"evidence": f"The derivatives of {self.loss} are those by {self.derivatives}.", **more},
        )  # fmt: skip

    def _evidence(self) -> str:
        worst = max(b.relative for b in self.blocks)
        return f"It agrees with {self.derivatives} of {self.loss} to {worst:.1e} on {self.derivatives.draws} draws."

    def _errors(self) -> dict[str, Any]:
        """For each block the largest error of each entry, relative to its largest entry; empty if not all entries are known."""
        if not self.derivatives.complete:
            return {}
        right, checked = self.derivatives.gradient(self.numbers), self.derivatives.first_draws(self.numbers)
        return {
            str(block): np.max(
                [np.abs(block_of(n, block) - block_of(r, block)).max(axis=0) / (np.abs(block_of(r, block)).max() or 1)
                 for n, r in zip(checked, right, strict=True)], axis=0,
            )
            for block in blocks_of(self.declared)
        }  # fmt: skip


def _neighbours(words: LossInWords) -> Iterator[tuple[str, Network]]:
    """Networks that differ from that of a loss in the activations or the data loss, each with its difference in words."""
    network, fit = words.network, words.fit
    assert network is not None
    if fit.smoothing or fit.class_weights:
        change = "label smoothing" if fit.smoothing else "weights of the classes"
        yield f"a loss without {change}", network.with_(loss=fit.member.loss)
    for activation in ACTIVATIONS.values() if network.hidden else ():
        if activation.name != "gelu" and activation not in network.activations:
            yield f"{activation.label} units", network.with_(activations=(activation,) * network.hidden)
    for member in FAMILY:
        if member.loss.name != fit.loss.name:
            yield member.words, network.with_(loss=member.loss)


def _mismatches(network: Network, checked: Convention, own: Convention, loss: str) -> list[str]:
    """How the gradient's convention differs from that of the loss, in clauses."""
    clauses = []
    if checked.sign != own.sign:
        clauses.append(f"the sign of the whole gradient is wrong: it is the gradient of minus {loss}")
    if checked.constant != own.constant:
        clauses.append(f"the gradient of the data loss is {checked.constant / own.constant:.6g} times that of {loss}")
    if checked.per_sample != own.per_sample:
        names = [
            ("the sum" if (network.reduction == "sum") == (c.per_sample == 0) else "the mean") for c in (checked, own)
        ]
        clauses.append(f"the gradient is that of {names[0]} over the samples, but {loss} is {names[1]}")
    elif network.l2 and checked.penalty_too != own.penalty_too and not clauses:
        clauses.append(f"the penalty has another factor than in {loss}")
    return clauses


def _factor_words(factors: Sequence[float], samples: Sequence[int], loss: str, mean: bool) -> str:
    """What the factor between a gradient and the derivatives of a loss means; `mean` says whether that is a mean."""
    if all(abs(f - m) <= 1e-6 * m for f, m in zip(factors, samples, strict=True)) and mean:
        return f"the gradient is that of the sum over the samples, but {loss} is the mean"
    if not any(factors):
        return "the whole gradient is 0"
    if all(abs(f + 1) <= 1e-6 for f in factors):
        return f"the sign of the whole gradient is wrong: it is the gradient of minus {loss}"
    text = _by_samples(factors, samples)
    if text is None:
        return (
            f"the whole gradient has another factor than the derivative of {loss}, a different one for each batch size"
        )
    return f"the whole gradient is {text} times the derivative of {loss}"


def _by_samples(factors: Sequence[float], samples: Sequence[int]) -> str | None:
    """A factor as text: "2", "0.5 m", "1/m"; None if it depends on the number of samples m otherwise."""
    for power in (0, 1, -1):
        constants = [f / float(m) ** power for f, m in zip(factors, samples, strict=True)]
        if max(constants) - min(constants) <= 1e-6 * abs(constants[0]):
            c = f"{constants[0]:.6g}"
            return {0: c, 1: "m" if c == "1" else f"{c} m", -1: f"{c}/m"}[power]
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
