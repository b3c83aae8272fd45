"""The numbers of the checked gradient, as the values that the page's blocks must have to give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fallline.checks.diagnosis.variants import Variant, fingerprints
from fallline.checks.faults.catalogue import page
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import TOLERANCE, GradientBlock, block_of, right_numbers, scales
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["RequiredBlocks"]


class RequiredBlocks:
    """The user's gradient, expressed as the value that each block of the page must have.

    Parameters
    ----------
    groups
        The draws.
    numbers
        The checked gradient on each group, shaped like the parameters, each block (draws, ...).
    tolerance
        Relative error that counts as rounding.
    """

    def __init__(self, groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> None:
        self.groups, self.numbers, self.tolerance = groups, numbers, tolerance
        self._network = groups[0].network
        self._values: dict[tuple[Convention, str, GradientBlock], Variant] = {}
        self._penalties: dict[str, list[Parameters]] = {}
        declared = next(iter(conventions(self._network, groups[0].declared)))
        self.scales = [scales(self._network, right) for right in right_numbers(groups, declared)]

    def of(self, convention: Convention, penalty: str, block: GradientBlock) -> Variant:
        """The value that the page's block must have, under that convention and that fault of the penalty ("" for none)."""
        key = convention, penalty, block
        if key not in self._values:
            values = []
            for g, (group, numbers) in enumerate(zip(self.groups, self.numbers, strict=True)):
                value = block_of(numbers, block)
                if self._network.l2:
                    value = value - convention.penalty(group) * block_of(self._penalty(penalty)[g], block)
                values.append(value / convention.data(group))
            self._values[key] = Variant(frozenset(), fingerprints(values), tuple(values))
        return self._values[key]

    def matching(self, variants: Iterable[Variant], required: Variant, block: GradientBlock) -> Iterator[Variant]:
        """The variants that equal the required value to rounding. Most are ruled out by their fingerprint alone."""
        for variant in variants:
            slack = 40 * self.tolerance
            for g, scale in enumerate(self.scales):
                size = scale[block] * np.sqrt(variant.values[g].size)
                if not abs(variant.prints[g] - required.prints[g]) <= slack * size:
                    break
            else:
                if self.error(variant.values, required.values, block) <= self.tolerance:
                    yield variant

    def agrees(
        self, gradients: Sequence[Parameters], convention: Convention, penalty: str, block: GradientBlock
    ) -> bool:
        """Whether the block of the page's gradients, one for each group, has the required value."""
        values = [block_of(gradient, block) for gradient in gradients]
        return self.error(values, self.of(convention, penalty, block).values, block) <= self.tolerance

    def error(self, values: Sequence[Any], required: Sequence[Any], block: GradientBlock) -> float:
        """The largest relative error of the block."""
        return max(
            float(np.abs(value - wanted).max()) / max(scale[block], float(np.abs(wanted).max()))
            for value, wanted, scale in zip(values, required, self.scales, strict=True)
        )

    def _penalty(self, fault: str) -> list[Parameters]:
        if fault not in self._penalties:
            gradients = []
            for group in self.groups:
                with page().choosing({Site("penalty", None): fault} if fault else {}, samples=group.samples):
                    gradients.append(page().penalty(self._network, group.parameters, self._network.l2)[1])
            self._penalties[fault] = gradients
        return self._penalties[fault]
