"""The checked gradient's numbers, as what the page's own blocks would have to be to give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fallline.checks.diagnosis.mutable_page import Place, page
from fallline.checks.diagnosis.variants import Variant, fingerprints
from fallline.checks.reference.comparison import TOLERANCE, Block, get, right_numbers, scales
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["Targets"]


class Targets:
    """The checked gradient, expressed as the value that each block of the page must have.

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
        self._found: dict[tuple[Convention, str, Block], Variant] = {}
        self._penalties: dict[str, list[Parameters]] = {}
        plain = next(iter(conventions(self._network)))
        self.scales = [scales(self._network, right) for right in right_numbers(groups, plain)]

    def of(self, convention: Convention, penalty: str, block: Block) -> Variant:
        """What the page's block must be, under that convention and that fault of the penalty ("" for none)."""
        key = convention, penalty, block
        if key not in self._found:
            values = []
            for g, (group, numbers) in enumerate(zip(self.groups, self.numbers, strict=True)):
                value = get(numbers, block)
                if self._network.l2:
                    value = value - convention.penalty(group) * get(self._penalty(penalty)[g], block)
                values.append(value / convention.data(group))
            self._found[key] = Variant(frozenset(), fingerprints(values), tuple(values))
        return self._found[key]

    def matching(self, variants: Iterable[Variant], target: Variant, block: Block) -> Iterator[Variant]:
        """Those that are the target to rounding. Most are ruled out by their fingerprint alone."""
        for variant in variants:
            slack = 40 * self.tolerance
            for g, scale in enumerate(self.scales):
                size = scale[block] * np.sqrt(variant.values[g].size)
                if not abs(variant.prints[g] - target.prints[g]) <= slack * size:
                    break
            else:
                if self.error(variant.values, target.values, block) <= self.tolerance:
                    yield variant

    def error(self, values: Sequence[Any], target: Sequence[Any], block: Block) -> float:
        """The largest relative error of the block."""
        pairs = zip(values, target, self.scales, strict=True)
        return max(float(np.abs(v - t).max()) / max(s[block], float(np.abs(t).max())) for v, t, s in pairs)

    def _penalty(self, fault: str) -> list[Parameters]:
        if fault not in self._penalties:
            found, mutable = [], page()
            for group in self.groups:
                mutable.namespace["samples"] = group.samples
                with mutable.choosing({Place("penalty", None): fault} if fault else {}):
                    found.append(mutable.penalty(self._network, group.parameters, self._network.l2)[1])
            self._penalties[fault] = found
        return self._penalties[fault]
