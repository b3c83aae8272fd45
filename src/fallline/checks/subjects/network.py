"""A network's gradient: checked against the reference in every convention, then diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MUCH_PRINT, Misbehaviour, name_of
from fallline.checks.calling.evaluation import SINGLE, Evaluation, evaluate
from fallline.checks.diagnosis.localisation import joined, localise
from fallline.checks.diagnosis.mutable_page import Place
from fallline.checks.presentation.verdict import Status, Verdict
from fallline.checks.reference.agreement import Agreement, agree
from fallline.checks.reference.comparison import Comparison, blocks_of, compare, get, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.coverage import uncovered
from fallline.checks.reference.draws import Group
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network

__all__ = ["check_network"]

REFERENCE = 1e-7
"""If the independent derivatives agree less well than this with our own page, nothing is said about the user's."""
BY_DIFFERENCES = 1e-4
"""The same for central differences, which are all there is for pages of the user's own that are not analytic."""


def check_network(
    function: Callable[..., Any], network: Network, groups: tuple[Group, ...], tolerance: float | None = None
) -> Verdict:
    """The verdict on the function as the gradient of the network, on those draws."""
    try:
        reference = agree(groups)
        if any(not a.error < (BY_DIFFERENCES if "difference" in a.against else REFERENCE) for a in reference):
            raise Misbehaviour(
                "the reference disagrees with itself, so nothing can be said: "
                + "; ".join(map(str, reference)) + ". Is an activation's slope or a loss's delta of your own wrong?"
            )  # fmt: skip
        return _Check(name_of(function), groups, evaluate(function, groups, tolerance), reference).verdict()
    except Misbehaviour as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(network), str(misbehaviour), network=network)


class _Check:
    """One check of a network's gradient, whose numbers are there: what is to be said of them."""

    def __init__(
        self, name: str, groups: tuple[Group, ...], evaluation: Evaluation, reference: tuple[Agreement, ...]
    ) -> None:
        self.name, self.groups, self.evaluation, self.reference = name, groups, evaluation, reference
        self.network = groups[0].network
        self.numbers, self.tolerance = evaluation.numbers, evaluation.tolerance
        self.fitting = {c: self._compared(groups, c) for c in conventions(self.network)}
        self.besides = [*evaluation.odd.values(), *filter(None, [self._changed()])]

    def verdict(self) -> Verdict:
        for convention, blocks in self.fitting.items():
            if all(b.agrees for b in blocks):
                return self._right(convention)
        for attempt in (self._for_another_network, self._explained):
            found = attempt()
            if found is not None:  # a verdict is false where the gradient is wrong
                return found
        return self._unexplained()

    def _compared(self, groups: Sequence[Group], convention: Convention) -> list[Comparison]:
        return compare(groups, self.numbers, right_numbers(groups, convention), self.tolerance)

    # Verdicts

    def _say(self, status: Status, sentence: str, convention: Convention, **more: Any) -> Verdict:
        """The verdict, with what every one has: the blocks against that convention, the call, what was not covered."""
        return Verdict(
            status, self.name, repr(self.network), sentence, called=str(self.evaluation.adapter),
            blocks=tuple(self.fitting[convention]), errors=self._errors(convention), notes=tuple(self._notes()),
            uncovered=tuple(uncovered(self.groups)), reference=tuple(map(str, self.reference)), network=self.network,
            **more,
        )  # fmt: skip

    def _right(self, convention: Convention) -> Verdict:
        what = "right" if convention.declared else f"right, as the gradient of {convention}"
        if self.besides:
            sentence = f"{self.name} is wrong: {'; '.join(self.besides).rstrip('.')}. Its numbers are {what}."
            return self._say("wrong", sentence, convention, faults=tuple(self.besides))
        worst = max(b.relative for b in self.fitting[convention])
        draws = sum(len(g.w) for g in self.groups)
        evidence = f"It agrees with the reference to {worst:.1e} on {draws} draws."
        return self._say("right", f"{self.name} is {what}.", convention, evidence=evidence)

    def _for_another_network(self) -> Verdict | None:
        """Right, but for another activation or loss than declared: the likeliest fault is then in the question."""
        meant = self._meant()
        if not meant:
            return None
        sentence = f"{self.name} is wrong for this network, but right for one with {meant}. Was that meant?"
        faults = (f"it is the gradient for {meant}", *self.besides)
        return self._say("wrong", sentence, next(iter(self.fitting)), faults=faults)

    def _explained(self) -> Verdict | None:
        """The faults that give these numbers, if there are such."""
        from fallline.checks.diagnosis.explanations import alternatives
        from fallline.checks.diagnosis.search import explain

        explanations = explain(self.groups, self.numbers, self.tolerance)
        if not explanations:
            return None
        first = explanations[0]
        # A block that came back with an odd shape has had its word; what its filled-up numbers look like adds nothing.
        said_already = {Place(name[:2], int(name[2:])) for name in self.evaluation.odd}
        named = [f for f in first.faults if not set(f.places) <= said_already]
        said = joined([*map(str, named), *(b.rstrip(".") for b in self.besides)])
        where = "" if first.convention.declared else f" (It is taken as the gradient of {first.convention}.)"
        evidence = (
            f"The textbook's backward with {'this fault' if len(named) == 1 else 'these faults'} in it gives the same "
            f"numbers to {max(first.error, 1e-16):.0e} on all {first.draws} draws."
        )
        if any(f.fault == "dA_weights_updated" for f in first.faults) and first.rate is not None:
            evidence += f" The learning rate of that update, read off the numbers, is {abs(first.rate):.6g}."
        return self._say(
            "wrong", f"{self.name} is wrong: {said}.{where}", first.convention,
            faults=(*map(str, named), *self.besides), cures=tuple(f.cure for f in named), evidence=evidence,
            explanation=first,
            others=() if self.evaluation.odd else tuple(dict.fromkeys(alternatives(explanations))),
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
        return self._say("wrong", sentence, convention, findings=tuple(findings), faults=tuple(self.besides))

    # What they are made of

    def _meant(self) -> str:
        """What another network of the same sizes has, for which the gradient is right; "" if there is none."""
        # It has another output than the declared one, so no block of the last layer can be right.
        if any(b.agrees and b.block[1] == self.network.depth for blocks in self.fitting.values() for b in blocks):
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
            if any(all(b.agrees for b in self._compared(groups, c)) for c in conventions(other)):
                return words
        return ""

    def _errors(self, convention: Convention) -> dict[str, Any]:
        """For each block the largest error of each entry over all draws, relative to the block's largest entry."""
        right = right_numbers(self.groups, convention)
        found = {}
        for block in blocks_of(self.network):
            parts = [
                np.abs(get(n, block) - get(r, block)).max(axis=0) / (np.abs(get(r, block)).max() or 1)
                for n, r in zip(self.numbers, right, strict=True)
            ]
            found[str(block)] = np.max(parts, axis=0)
        return found

    def _notes(self) -> list[str]:
        notes, observed = [], self.evaluation.observed
        if observed.lines > MUCH_PRINT:
            notes.append(f"{self.name} prints {observed.lines / observed.calls:.0f} lines each time it is called.")
        if self.evaluation.single:
            notes.append(f"It returns single precision, so it was compared to {SINGLE:g} of each block's size.")
        return notes

    def _changed(self) -> str:
        names = list(self.evaluation.observed.changed)
        if not names:
            return ""
        return (
            f"{self.name} changes its argument{'s' if len(names) > 1 else ''} {joined(names)} in place, "
            "so the caller's own arrays are no longer what they were. Work on a copy."
        )
