"""A gradient whose finished numbers were changed: the change that gives the checked numbers on all draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.checks.diagnosis.diagnosis import Diagnosis, NamedFault, named_faults
from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.fresh_draws import FreshDraws
from fallline.checks.diagnosis.layer_walk import PartialExplanation
from fallline.checks.diagnosis.transformations import Blocks, Transformation, by_block, of_all_blocks, of_one_block
from fallline.checks.diagnosis.variants import Variants
from fallline.checks.faults.catalogue import page
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import GradientBlock, blocks_of, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["TransformationSearch"]


class TransformationSearch:
    """The search for changes of the finished numbers: clipping, whole numbers, part of the samples."""

    def __init__(
        self, groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float, fresh: FreshDraws
    ) -> None:
        self.groups, self.numbers, self.tolerance, self.fresh = groups, numbers, tolerance, fresh
        self.network = groups[0].network

    def diagnosis(self, partial: PartialExplanation | None) -> Diagnosis | None:
        """The diagnosis with the changes that explain what the faults on the page leave; None if there are none."""
        if self.fresh.numbers is None:
            return None
        blocks = list(blocks_of(self.network))
        if partial is None or set(partial.unexplained) == set(blocks):
            return next(
                filter(None, (self._all_blocks(c, blocks) for c in conventions(self.network, self.groups[0].declared))),
                None,
            )
        explanation = partial.explanation
        sets = self._page(explanation, self.groups), self._page(explanation, self.fresh.groups)
        named: list[NamedFault] = []
        for block in partial.unexplained:
            transformation = self._of_block(block, *sets)
            if transformation is None:
                return None
            named.append(
                NamedFault(transformation.sentence.format(block=str(block)), transformation.cure, (Site(*block),))
            )
        return Diagnosis(
            "wrong",
            explanation.convention,
            (*named_faults(explanation), *dict.fromkeys(named)),
            self._evidence(),
            explanation,
        )

    def _evidence(self) -> str:
        draws = sum(len(g.w) for g in self.groups)
        return f"The right numbers, changed in this way, are the checked ones on all {draws} draws, and on {self.fresh.count} others that did not suggest it."

    def _page(self, explanation: Explanation, groups: Sequence[Group]) -> list[Blocks]:
        """The numbers of the page with the faults of an explanation."""
        blocks = list(blocks_of(self.network))
        variants = Variants(groups, explanation.measured)
        numbers = []
        for group in groups:
            data = variants.run(tuple(explanation.chosen.items()), group)
            with page().choosing(explanation.chosen, samples=group.samples):
                penalty = page().penalty(self.network, group.parameters, self.network.l2)[1]
            numbers.append(by_block(explanation.convention.combined(group, data, penalty), blocks))
        return numbers

    def _all_blocks(self, convention: Convention, blocks: Sequence[GradientBlock]) -> Diagnosis | None:
        assert self.fresh.numbers is not None
        sets = [
            ([by_block(r, blocks) for r in right_numbers(g, convention)], [by_block(n, blocks) for n in ns], g)
            for g, ns in ((self.groups, self.numbers), (self.fresh.groups, self.fresh.numbers))
        ]
        (right, checked, groups), _ = sets
        for transformation in of_all_blocks(groups, convention, right, checked):
            if all(self._gives(transformation, g, r, c) for r, c, g in sets):
                sentence = transformation.sentence.format(block="the gradient")
                return Diagnosis("wrong", convention, (NamedFault(sentence, transformation.cure),), self._evidence())
        return None

    def _of_block(self, block: GradientBlock, own: Sequence[Blocks], fresh: Sequence[Blocks]) -> Transformation | None:
        assert self.fresh.numbers is not None
        checked, there = ([by_block(n, [block]) for n in ns] for ns in (self.numbers, self.fresh.numbers))
        for transformation in of_one_block(self.groups, block, own, checked):
            if self._gives(transformation, self.groups, own, checked) and self._gives(
                transformation, self.fresh.groups, fresh, there
            ):
                return transformation
        return None

    def _gives(
        self,
        transformation: Transformation,
        groups: Sequence[Group],
        right: Sequence[Blocks],
        checked: Sequence[Blocks],
    ) -> bool:
        """Whether the change of the right numbers gives the checked ones, in all blocks that are given."""
        for group, before, after in zip(groups, right, checked, strict=True):
            changed = transformation.apply(group, before)
            for block, values in after.items():
                scale = max(float(np.abs(values).max()), float(np.abs(before[block]).max())) or 1.0
                if not np.abs(changed[block] - values).max() <= 100 * self.tolerance * scale:
                    return False
        return True
