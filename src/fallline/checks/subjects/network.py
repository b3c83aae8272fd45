"""The gradient of a network: checked against the reference in every convention, then diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MUCH_PRINT, MisbehaviourError, name_of
from fallline.checks.calling.evaluation import SINGLE, Evaluation, evaluate
from fallline.checks.diagnosis.localisation import localise
from fallline.checks.faults.site import Site
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.presentation.parts import Status
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.agreement import Agreement, agree
from fallline.checks.reference.comparison import BlockComparison, block_of, blocks_of, compare, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.coverage import uncovered
from fallline.checks.reference.draws import Group
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.views.numerals import listed

__all__ = ["check_network"]

REFERENCE = 1e-7
"""The largest error of the textbook's page against other derivatives with which a check says anything."""
DIFFERENCE_REFERENCE = 1e-4
"""The same for central differences, the only other derivative of users' pages that are not analytic."""


def check_network(
    function: Callable[..., Any], network: Network, groups: tuple[Group, ...], tolerance: float | None = None
) -> Verdict:
    """The verdict on the function as the gradient of the network, on those draws."""
    try:
        reference = agree(groups)
        if any(not a.error < (DIFFERENCE_REFERENCE if "difference" in a.against else REFERENCE) for a in reference):
            raise MisbehaviourError(
                "the reference disagrees with itself, so nothing can be said: "
                + "; ".join(map(str, reference)) + ". Is an activation's slope or a loss's delta of your own wrong?"
            )  # fmt: skip
        return _NetworkCheck(name_of(function), groups, evaluate(function, groups, tolerance), reference).verdict()
    except MisbehaviourError as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(network), str(misbehaviour), network=network)


class _NetworkCheck:
    """The numbers of a network's gradient, and the verdict on them."""

    def __init__(
        self, name: str, groups: tuple[Group, ...], evaluation: Evaluation, reference: tuple[Agreement, ...]
    ) -> None:
        self.name, self.groups, self.evaluation, self.reference = name, groups, evaluation, reference
        self.network = groups[0].network
        self.numbers, self.tolerance = evaluation.numbers, evaluation.tolerance
        self.fitting = {c: self._compared(groups, c) for c in conventions(self.network, groups[0].declared)}
        self.other_faults = [*evaluation.odd.values(), *filter(None, [self._changed_arguments()])]

    def verdict(self) -> Verdict:
        for convention, blocks in self.fitting.items():
            if all(b.agrees for b in blocks):
                return self._right(convention)
        for attempt in (self._against_the_declarations, self._for_another_network, self._explained):
            verdict = attempt()
            if verdict is not None:  # not `if verdict`: a verdict is false where the gradient is wrong
                return verdict
        return self._unexplained()

    def _compared(self, groups: Sequence[Group], convention: Convention) -> list[BlockComparison]:
        return compare(groups, self.numbers, right_numbers(groups, convention), self.tolerance)

    # Verdicts

    def _say(self, status: Status, sentence: str, convention: Convention, **more: Any) -> Verdict:
        """The verdict, with what all have: the blocks against that convention, the call, what was not covered."""
        return Verdict(
            status, self.name, repr(self.network), sentence, called=str(self.evaluation.understood),
            blocks=tuple(self.fitting[convention]), errors=self._errors(convention), notes=tuple(self._notes()),
            uncovered=tuple(uncovered(self.groups)), reference=tuple(map(str, self.reference)), network=self.network,
            **more,
        )  # fmt: skip

    def _right(self, convention: Convention) -> Verdict:
        right = "right" if convention.declared else f"right, as the gradient of {convention}"
        if self.other_faults:
            sentence = f"{self.name} is wrong: {'; '.join(self.other_faults).rstrip('.')}. Its numbers are {right}."
            return self._say("wrong", sentence, convention, faults=tuple(self.other_faults))
        worst = max(b.relative for b in self.fitting[convention])
        draws = sum(len(g.w) for g in self.groups)
        evidence = f"It agrees with the reference to {worst:.1e} on {draws} draws."
        return self._say("right", f"{self.name} is {right}.", convention, evidence=evidence)

    def _against_the_declarations(self) -> Verdict | None:
        """The verdict if the gradient is right in a convention that the declared settings exclude."""
        for convention in conventions(self.network):
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

    def _explained(self) -> Verdict | None:
        """The faults that give these numbers; None if no known fault or pair does."""
        from fallline.checks.diagnosis.explanations import in_other_words
        from fallline.checks.diagnosis.search import explain

        explanations = explain(self.groups, self.numbers, self.tolerance)
        if not explanations:
            return None
        first = explanations[0]
        # A block with a wrong shape has its sentence already; a fault that fits its mended numbers adds nothing.
        odd = {Site(name[:2], int(name[2:])) for name in self.evaluation.odd}
        faults = [fault for fault in first.faults if not set(fault.sites) <= odd]
        sentence = listed([*map(str, faults), *(other.rstrip(".") for other in self.other_faults)])
        taken_as = "" if first.convention.declared else f" (It is taken as the gradient of {first.convention}.)"
        evidence = (
            f"The textbook's backward with {'this fault' if len(faults) == 1 else 'these faults'} in it gives the same "
            f"numbers to {max(first.error, 1e-16):.0e} on all {first.draws} draws."
        )
        for (_, name), constants in first.measured.items():
            if name == EARLY_UPDATE:
                evidence += f" The learning rate of that update, read off the numbers, is {abs(constants[0]):.6g}."
        return self._say(
            "wrong", f"{self.name} is wrong: {sentence}.{taken_as}", first.convention,
            faults=(*map(str, faults), *self.other_faults), cures=tuple(fault.cure for fault in faults), evidence=evidence,
            explanation=first,
            others=() if self.evaluation.odd else tuple(dict.fromkeys(in_other_words(explanations))),
        )  # fmt: skip

    def _unexplained(self) -> Verdict:
        """Where it goes wrong, measured against the convention under which most blocks are right."""
        convention = max(self.fitting, key=lambda c: sum(b.agrees for b in self.fitting[c]))
        right = right_numbers(self.groups, convention)
        findings = localise(
            self.groups, self.numbers, right, self.fitting[convention],
            lambda d, s: self.evaluation.of_one_sample(self.groups[0], d, s),
        )  # fmt: skip
        sentence = f"{self.name} is wrong, and no known fault, or pair of them, explains it. {' '.join(findings[:2])}"
        return self._say("wrong", sentence, convention, findings=tuple(findings), faults=tuple(self.other_faults))

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

    def _errors(self, convention: Convention) -> dict[str, Any]:
        """For each block the largest error of each entry over all draws, relative to the block's largest entry."""
        right = right_numbers(self.groups, convention)
        errors = {}
        for block in blocks_of(self.network):
            parts = [
                np.abs(block_of(n, block) - block_of(r, block)).max(axis=0) / (np.abs(block_of(r, block)).max() or 1)
                for n, r in zip(self.numbers, right, strict=True)
            ]
            errors[str(block)] = np.max(parts, axis=0)
        return errors

    def _notes(self) -> list[str]:
        notes, effects = [], self.evaluation.effects
        if effects.lines > MUCH_PRINT:
            notes.append(f"{self.name} prints {effects.lines / effects.calls:.0f} lines each time it is called.")
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
