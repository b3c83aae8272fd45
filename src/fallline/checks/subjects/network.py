"""The gradient of a network: checked against the reference in every convention, then diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fallline.checks.calling.calls import MUCH_PRINT, MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import (
    PENALTY,
    SINGLE,
    Evaluation,
    evaluate,
    returned_at,
    with_other_targets,
    with_penalty,
)
from fallline.checks.faults.conditions import loss_is
from fallline.checks.faults.site import Site
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.agreement import Agreement, agree
from fallline.checks.reference.comparison import BlockComparison, Status, block_errors, compare, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.coverage import uncovered
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.draws import Group
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.views.numerals import listed

if TYPE_CHECKING:  # loaded where a gradient is wrong
    from fallline.checks.diagnosis.diagnosis import Diagnosis, NamedFault

__all__ = ["check_network"]

SLIGHT = 2e-14
"""A right gradient with a larger error is searched for a constant that explains it; rounding errors have no pattern."""

REFERENCE = 1e-7
"""The largest error of the textbook's page against other derivatives with which a check says anything."""
DIFFERENCE_REFERENCE = 1e-4
"""The same for central differences, the only other derivative of users' pages that are not analytic."""


def check_network(
    function: Callable[..., Any], network: Network, groups: tuple[Group, ...], tolerance: float | None = None,
    loss: Callable[..., Any] | None = None,
) -> Verdict:  # fmt: skip
    """The verdict on the function as the gradient of the network, on those draws.

    `loss` is a loss of the user's own, f(parameters, X, T), which decides instead of the network's.
    """
    try:
        reference = agree(groups)
        if any(not a.error < (DIFFERENCE_REFERENCE if "difference" in a.against else REFERENCE) for a in reference):
            raise MisbehaviourError(
                "the reference disagrees with itself, so nothing can be said: "
                + "; ".join(map(str, reference)) + ". Is an activation's slope or a loss's delta of your own wrong?"
            )  # fmt: skip
        evaluation = evaluate(function, groups, tolerance, loss)
        if loss is not None and not evaluation.losses:
            raise MisbehaviourError(
                f"the loss {name_of(loss)} could not be called. It must take the same parameters, inputs and targets as "
                f"{name_of(function)}, under names that say so, and return one number."
            )
        return _NetworkCheck(name_of(function), evaluation, reference, bool(loss)).verdict()
    except MisbehaviourError as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(network), str(misbehaviour), network=network)


class _NetworkCheck:
    """The numbers of a network's gradient, and the verdict on them."""

    def __init__(
        self, name: str, evaluation: Evaluation, reference: tuple[Agreement, ...], named: bool = False
    ) -> None:
        self.named, self.meant = named, evaluation.understood.meant
        self.name, self.groups, self.evaluation, self.reference = name, evaluation.groups, evaluation, reference
        groups = self.groups
        self.network = groups[0].network
        self.numbers, self.tolerance = evaluation.numbers, evaluation.tolerance
        self.fitting = {c: self._compared(groups, c) for c in conventions(self.network, groups[0].declared)}
        self.loss_notes: list[str] = []
        self.other_faults = [*evaluation.odd.values(), *filter(None, [self._changed_arguments()])]

    def verdict(self) -> Verdict:
        verdict = self._without_penalty()
        for attempt in (self._with_penalty, self._with_other_targets) if verdict.status == "right" else ():
            wrong = attempt()
            if wrong is not None:  # not `if wrong`: a verdict is false where the gradient is wrong
                return wrong
        return verdict

    def _wrong_with(self, evaluation: Evaluation | None) -> Verdict | None:
        """The verdict by the user's own loss on another evaluation, if it is wrong."""
        if evaluation is None:
            return None
        verdict = _NetworkCheck(self.name, evaluation, self.reference)._judged_by_loss()
        return verdict if verdict is not None and verdict.status == "wrong" else None

    def _with_penalty(self) -> Verdict | None:
        """The verdict if the gradient is wrong as soon as the penalty that the function takes is not 0."""
        verdict = self._wrong_with(with_penalty(self.evaluation))
        if verdict is None:
            return None
        return replace(verdict, sentence=f"{verdict.sentence} It was called with a penalty of strength {PENALTY:g}.")

    def _with_other_targets(self) -> Verdict | None:
        """The verdict if the gradient is wrong with the other form of targets that the function takes."""
        evaluation = with_other_targets(self.evaluation)
        verdict = self._wrong_with(evaluation)
        if evaluation is None or verdict is None:
            return None
        forms = {"rows": "one-hot targets", "numbers": "class numbers as targets"}
        here, before = (forms[e.understood.call.form.targets] for e in (evaluation, self.evaluation))
        return replace(verdict, sentence=f"{verdict.sentence} It was called with {here}; with {before} it is right.")

    def _without_penalty(self) -> Verdict:
        judged = self._judged_by_loss()
        if judged is not None:
            return judged
        for convention, blocks in self.fitting.items():
            if all(b.agrees for b in blocks):
                return self._right(convention)
        for attempt in (self._against_the_declarations, self._for_another_network):
            verdict = attempt()
            if verdict is not None:  # not `if verdict`: a verdict is false where the gradient is wrong
                return verdict
        return self._diagnosed()

    def _compared(self, groups: Sequence[Group], convention: Convention) -> list[BlockComparison]:
        return compare(groups, self.numbers, right_numbers(groups, convention), self.tolerance)

    # Verdicts

    def _say(self, status: Status, sentence: str, convention: Convention, **more: Any) -> Verdict:
        """The verdict, with what all have: the blocks against that convention, the call, what was not covered."""
        return Verdict(
            status, self.name, repr(self.network), sentence, called=str(self.evaluation.understood),
            blocks=tuple(self.fitting[convention]), notes=tuple(self._notes()),
            errors=block_errors(self.numbers, right_numbers(self.groups, convention), self.network),
            uncovered=tuple(uncovered(self.groups)), reference=tuple(map(str, self.reference)), network=self.network,
            **more,
        )  # fmt: skip

    def _judged_by_loss(self) -> Verdict | None:
        """The verdict by the loss that the code itself gives; None if it gives none that says anything."""
        from fallline.checks.subjects.loss_judgement import judged_by_loss

        judgement, self.loss_notes = judged_by_loss(
            self.name, self.groups, self.numbers, self.evaluation.losses, self.tolerance, self._gradient_at,
            self.other_faults, step=self.evaluation.rate_is_read_off,
        )  # fmt: skip
        if judgement is None and self.named:
            raise MisbehaviourError(" ".join(self.loss_notes))
        if judgement is None:
            return None
        return Verdict(
            judgement.status, self.name, repr(self.network), judgement.sentence, called=str(self.evaluation.understood),
            blocks=judgement.blocks, faults=judgement.faults, cures=judgement.cures, evidence=judgement.evidence,
            findings=judgement.findings, notes=tuple(self._notes()), uncovered=tuple(uncovered(judgement.groups, penalty=judgement.penalty)),
            errors=judgement.errors, network=judgement.network or self.network, others=judgement.others,
            explanation=judgement.explanation,
        )  # fmt: skip

    def _right(self, convention: Convention) -> Verdict:
        right = "right" if convention.declared else f"right, as the gradient of {convention}"
        if self.other_faults:
            sentence = f"{self.name} is wrong: {'; '.join(self.other_faults).rstrip('.')}. Its numbers are {right}."
            return self._say("wrong", sentence, convention, faults=tuple(self.other_faults))
        if self.meant:
            right = f"{right}, for {self.meant}"
        worst = max(b.relative for b in self.fitting[convention])
        if worst > SLIGHT and not self.evaluation.single:
            from fallline.checks.diagnosis.procedure import slight_faults

            slight = slight_faults(self.groups, self.numbers, convention, self._gradient_at)
            if slight is not None:
                words = listed([fault.sentence for fault in slight.faults])
                sentence = f"{self.name} is wrong, but only by a relative {worst:.0e}: {words}."
                return self._say("wrong", sentence, convention, **self._parts(slight))
        draws = sum(len(g.w) for g in self.groups)
        evidence = f"It agrees with the reference to {worst:.1e} on {draws} draws."
        return self._say("right", f"{self.name} is {right}.", convention, evidence=evidence)

    def _against_the_declarations(self) -> Verdict | None:
        """The verdict if the gradient is right in a convention that the declared settings exclude."""
        # Another factor has a name in the textbook's losses only.
        named = Declarations(constant=not loss_is(*LOSSES)(self.network, self.network.depth))
        for convention in conventions(self.network, named):
            if convention not in self.fitting and all(b.agrees for b in self._compared(self.groups, convention)):
                faults = (convention.fault, *self.other_faults)
                sentence = f"{self.name} is wrong: {convention.fault}."
                return self._say("wrong", sentence, next(iter(self.fitting)), faults=faults)
        return None

    def _for_another_network(self) -> Verdict | None:
        """The verdict if the gradient is right for another activation or loss: the declaration is then the likeliest fault."""
        difference = self._other_network()
        if not difference:
            return None
        sentence = f"{self.name} is wrong for this network, but right for one with {difference}. Was that meant?"
        faults = (f"it is the gradient for {difference}", *self.other_faults)
        return self._say("wrong", sentence, next(iter(self.fitting)), faults=faults)

    def _diagnosed(self) -> Verdict:
        """The faults that give these numbers; where none do, where it goes wrong."""
        from fallline.checks.diagnosis.diagnosis import wrong_sentence
        from fallline.checks.diagnosis.procedure import diagnose

        diagnosis = diagnose(self.groups, self.numbers, self.tolerance, self._gradient_at)
        faults = self._faults(diagnosis)
        others = [other.rstrip(".") for other in self.other_faults]
        more = self._parts(diagnosis)
        if diagnosis.status != "wrong":
            words = {"right": "right", "unchecked": "not wrong as far as it can be checked"}[diagnosis.status]
            return self._say(diagnosis.status, f"{self.name} is {words}. {diagnosis.evidence}", diagnosis.convention)
        taken_as = "" if diagnosis.convention.declared else f" (It is taken as the gradient of {diagnosis.convention}.)"
        named = [*(fault.sentence for fault in faults), *others]
        if not (faults or self.evaluation.established):
            sentence = (
                f"{self.name} could not be checked: it runs when called as {self.evaluation.understood}, and in other ways, "
                "but no block of its gradient is right in any of them, so it is not known which way is meant."
            )
            return self._say("unchecked", sentence, next(iter(self.fitting)))
        sentence = wrong_sentence(self.name, named, diagnosis, remark=taken_as)
        return self._say("wrong", sentence, diagnosis.convention, **more)

    def _faults(self, diagnosis: Diagnosis) -> list[NamedFault]:
        """The faults of the diagnosis, but those of blocks with a wrong shape, which have their sentence already."""
        odd = {Site(name[:2], int(name[2:])) for name in self.evaluation.odd}
        return [fault for fault in diagnosis.faults if not fault.sites or not set(fault.sites) <= odd]

    def _parts(self, diagnosis: Diagnosis) -> dict[str, Any]:
        """The parts of a verdict that come from the diagnosis."""
        faults = self._faults(diagnosis)
        whole = len(faults) == len(diagnosis.faults)
        return {
            "faults": (*(fault.sentence for fault in faults), *self.other_faults),
            "cures": tuple(fault.cure for fault in faults),
            # Of a block with a wrong shape, the explanation is not that of its numbers.
            "evidence": diagnosis.evidence if whole else "", "explanation": diagnosis.explanation if whole else None,
            "others": () if self.evaluation.odd else diagnosis.others, "findings": diagnosis.findings,
        }  # fmt: skip

    def _gradient_at(self, w: Any, X: Any, T: Any) -> Any:
        """The checked gradient anywhere."""
        return returned_at(self.evaluation.understood, self.network, w, X, T, SideEffects()).gradient

    # Parts of verdicts

    def _other_network(self) -> str:
        """Return how a network of the same sizes differs whose gradient this is; "" if no such network is known."""
        # The output of such a network differs from the declared one, so no block of the last layer can be right.
        if any(b.agrees and b.block.layer == self.network.depth for blocks in self.fitting.values() for b in blocks):
            return ""
        others: list[tuple[str, dict[str, Any]]] = [
            (f"{a.name} activations", {"activations": (a,) * self.network.hidden})
            for a in ACTIVATIONS.values()
            if self.network.hidden
        ]
        others += [(f"the loss {l.name}", {"loss": l}) for l in LOSSES.values()]
        for words, changes in others:
            other = self.network.with_(**changes)
            groups = [Group(other, g.w, g.X, g.T) for g in self.groups]
            allowed = conventions(other, self.groups[0].declared)
            if any(all(b.agrees for b in self._compared(groups, c)) for c in allowed):
                return words
        return ""

    def _notes(self) -> list[str]:
        notes, effects = [*self.loss_notes], self.evaluation.effects
        if effects.lines > MUCH_PRINT:
            notes.append(f"{self.name} prints {effects.lines / effects.calls:.0f} lines each time it is called.")
        if self.meant and not self.evaluation.losses:
            notes.append(f"It is checked for {self.meant}.")
        if self.evaluation.single:
            notes.append(f"It returns single precision, so it was compared to {SINGLE:g} of each block's size.")
        return notes

    def _changed_arguments(self) -> str:
        names = list(self.evaluation.effects.changed)
        if not names:
            return ""
        return (
            f"{self.name} changes its argument{'s' if len(names) > 1 else ''} {listed(names)} in place, "
            "so the caller's own arrays are no longer what they were. Work on a copy."
        )
