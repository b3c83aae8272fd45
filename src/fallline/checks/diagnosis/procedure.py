"""The procedure of a diagnosis: the faults that give the numbers of a wrong gradient, or as much of it as is established.

The steps, each tried where those before explain nothing:

1. values kept from an earlier call;
2. one fault of the catalogue or two, anywhere on the page;
3. faults layer by layer, with constants that are read off the numbers;
4. half or single precision inside;
5. changes of the finished numbers: clipping, whole numbers, part of the samples;
6. single samples: the activations and deltas that the function itself computed;
7. sentences on where it goes wrong.

Each cause is confirmed on draws that did not suggest it (`FreshDraws`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.checks.diagnosis.confirmation import confirmed
from fallline.checks.diagnosis.diagnosis import Diagnosis, NamedFault, named_faults
from fallline.checks.diagnosis.explanations import Explanation, in_other_words
from fallline.checks.diagnosis.fresh_draws import FreshDraws, GradientAt
from fallline.checks.diagnosis.layer_walk import PartialExplanation, walk_layers
from fallline.checks.diagnosis.localisation import Compared, SingleSamples, localise
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.diagnosis.memory import memory_fault
from fallline.checks.diagnosis.precision import precision_inside
from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.search import explain
from fallline.checks.diagnosis.single_samples import observed
from fallline.checks.diagnosis.transformation_search import TransformationSearch
from fallline.checks.reference.comparison import blocks_of, compare, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["diagnose", "slight_faults"]

ROUNDING = 2e-14
"""Errors below this are never looked at: sums in another order differ by as much."""

CLEARNESS = 40
"""A fault must explain an error that is below the tolerance down to this fraction of it, all numbers at once."""


def diagnose(
    groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float, gradient_at: GradientAt
) -> Diagnosis:
    """The diagnosis of a gradient that is wrong on the draws.

    Parameters
    ----------
    groups
        The draws.
    numbers
        The checked gradient on each group, shaped like the parameters, each block (draws, ...).
    tolerance
        Relative error that counts as rounding.
    gradient_at
        The checked gradient anywhere.
    """
    return _Diagnosing(groups, numbers, tolerance, FreshDraws(groups, gradient_at)).diagnosis()


def slight_faults(
    groups: Sequence[Group], numbers: Sequence[Parameters], convention: Convention, gradient_at: GradientAt
) -> Diagnosis | None:
    """Faults that change the numbers by less than the tolerance, if constants explain the error and are confirmed.

    Rounding errors have no pattern, so no constant explains them. Returns None without such faults.
    """
    worst = max(b.relative for b in compare(groups, numbers, right_numbers(groups, convention)))
    if not worst > ROUNDING:
        return None
    tolerance = worst / CLEARNESS
    partial = walk_layers(RequiredBlocks(groups, numbers, tolerance), (convention,), most=1)
    if partial.unexplained or not all(placed.constants is not None for placed in partial.explanation.faults):
        return None
    fresh = FreshDraws(groups, gradient_at)
    true = confirmed(partial.explanation, fresh, tolerance, slack=CLEARNESS / 10)
    return None if true is None else _Diagnosing(groups, numbers, tolerance, fresh).of_explanations([true])


class _Diagnosing:
    """The state of one diagnosis."""

    def __init__(
        self, groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float, fresh: FreshDraws
    ) -> None:
        self.groups, self.numbers, self.tolerance, self.fresh = groups, numbers, tolerance, fresh
        self.network = groups[0].network
        self.convention = self._likeliest_convention()

    def diagnosis(self) -> Diagnosis:
        memory = memory_fault(self.fresh)
        if memory:
            fault = NamedFault(memory, "compute every value anew in each call, from that call's arguments")
            evidence = "Called twice with the same arguments, it returns other numbers where a call with other arguments came between."
            return Diagnosis("wrong", self.convention, (fault,), evidence)
        diagnosis = self._explained()
        if diagnosis is not None:
            return diagnosis
        partial = self._partial()
        if partial is not None and not partial.unexplained:
            return self.of_explanations([partial.explanation])
        for attempt in (self._rounded, self._transformed, self._observed):
            diagnosis = attempt(partial)
            if diagnosis is not None:
                return diagnosis
        return self._localised(partial)

    def _likeliest_convention(self) -> Convention:
        """The convention under which most blocks are right, or else the numbers are nearest."""
        best: list[tuple[int, float, int, Convention]] = []
        for convention in conventions(self.network, self.groups[0].declared):
            blocks = compare(self.groups, self.numbers, right_numbers(self.groups, convention), self.tolerance)
            best.append(
                (-sum(b.agrees for b in blocks), sum(min(b.relative, 1e3) for b in blocks), len(best), convention)
            )
        return min(best)[-1]

    # Faults on the page

    def _explained(self) -> Diagnosis | None:
        explanations = explain(self.groups, self.numbers, self.tolerance)
        true = [c for e in explanations if (c := confirmed(e, self.fresh, self.tolerance)) is not None]
        return self.of_explanations(true) if true else None

    def _partial(self) -> PartialExplanation | None:
        """The layers that faults explain, if they do so on fresh draws."""
        partial = walk_layers(RequiredBlocks(self.groups, self.numbers, self.tolerance))
        true = confirmed(partial.explanation, self.fresh, self.tolerance, partial.unexplained)
        return None if true is None else PartialExplanation(true, partial.unexplained)

    def of_explanations(self, explanations: Sequence[Explanation]) -> Diagnosis:
        first = explanations[0]
        these = "this fault" if len(first.faults) == 1 else "these faults"
        evidence = (
            f"The textbook's backward with {these} in it gives the same numbers to {max(first.error, 1e-16):.0e} on all "
            f"{first.draws} draws, and on {self.fresh.count} others that did not suggest it."
        )
        for (_, name), constants in first.measured.items():
            if name == EARLY_UPDATE:
                evidence += f" The learning rate of that update, read off the numbers, is {abs(constants[0]):.6g}."
        return Diagnosis(
            "wrong",
            first.convention,
            named_faults(first),
            evidence,
            first,
            tuple(dict.fromkeys(in_other_words(explanations))),
        )

    # Other causes

    def _rounded(self, partial: PartialExplanation | None) -> Diagnosis | None:
        """The diagnosis if the function is right but for the rounding of a lower precision."""
        errors = compare(self.groups, self.numbers, right_numbers(self.groups, self.convention), self.tolerance)
        worst = max(b.relative for b in errors)
        if not worst < 0.05:
            return None
        right = right_numbers(self.groups, self.convention)
        if all(_is_half(n) for n in self.numbers) and all(
            _is_rounded(n, r) for n, r in zip(self.numbers, right, strict=True)
        ):
            return Diagnosis(
                "unchecked", self.convention,
                evidence=f"Its numbers are the right ones in half precision (float16), with errors up to {worst:.0e}; more digits cannot be checked.",
            )  # fmt: skip
        precision = precision_inside(self.fresh)
        if precision is None or worst > 100 * precision.spacing:
            return None
        words = f"it computes in {precision.name}: its numbers are right but for rounding errors up to {worst:.0e} of a block"
        evidence = "They do not change by a bit when all weights change by less than the spacing of these numbers."
        if precision.spacing < 1e-4:
            return Diagnosis("right", self.convention, (), f"{words[0].upper()}{words[1:]}. {evidence}")
        return Diagnosis("wrong", self.convention, (NamedFault(words, "compute in float64"),), evidence)

    def _transformed(self, partial: PartialExplanation | None) -> Diagnosis | None:
        """The diagnosis if changes of the finished numbers explain what the faults on the page leave."""
        return TransformationSearch(self.groups, self.numbers, self.tolerance, self.fresh).diagnosis(partial)

    def _observed(self, partial: PartialExplanation | None) -> Diagnosis | None:
        """The diagnosis from the activations and deltas of single samples."""
        if self.fresh.single_numbers is None or (partial is not None and partial.explanation.faults):
            return None
        network = observed(self.fresh.single, self.fresh.single_numbers)
        steps = [] if network is None else network.faults()
        if not steps or not all(step.cause for step in steps):
            return None
        assert network is not None
        evidence = f"The activations and deltas that the function computes, read off its gradients of {len(network.group.w)} single samples, show it."
        faults = tuple(NamedFault(step.sentence, step.cure) for step in steps)
        return Diagnosis("wrong", network.convention, faults, evidence)

    def _localised(self, partial: PartialExplanation | None) -> Diagnosis:
        convention = self.convention
        faults: tuple[NamedFault, ...] = ()
        explanation, unexplained = None, tuple(blocks_of(self.network))
        if partial is not None and partial.explanation.faults:
            explanation, unexplained, convention = (
                partial.explanation,
                partial.unexplained,
                partial.explanation.convention,
            )
            faults = named_faults(explanation)
        parts = [Compared.of(self.groups, self.numbers, convention, self.tolerance)]
        if self.fresh.numbers is not None:
            parts.append(Compared.of(self.fresh.groups, self.fresh.numbers, convention, self.tolerance))
        findings = localise(self.network, parts, self.tolerance, SingleSamples.of(self.fresh, convention))
        return Diagnosis("wrong", convention, faults, "", explanation, (), tuple(findings), unexplained)


def _is_half(numbers: Parameters) -> bool:
    """Whether all numbers are numbers of half precision."""
    return all(np.array_equal(part, part.astype(np.float16)) for layer in numbers for part in layer if part is not None)


def _is_rounded(numbers: Parameters, right: Parameters) -> bool:
    """Whether the numbers are the right ones, each rounded to half precision."""
    return all(
        np.array_equal(a, b.astype(np.float16)) or bool((np.abs(a - b) <= 2.0**-10 * np.abs(b) + 1e-7).all())
        for of_layer, right_layer in zip(numbers, right, strict=True)
        for a, b in zip(of_layer, right_layer, strict=True)
        if a is not None and b is not None
    )
