"""Faults layer by layer, from the last to the first: for gradients with more faults than the search for pairs tries.

At each layer the fewest faults that give the layer's blocks are taken as established, and the layers below are explained on
top of them. A block that no fault gives is set aside; its layer's delta is then judged by the other block alone. The walk
ends at a layer whose delta is unknown, because all blocks below depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.hypotheses import Hypothesis, chain, distinct, extended
from fallline.checks.diagnosis.measuring import EARLY_UPDATE, constants_at, everywhere, measured_faults
from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.search import Search, explain
from fallline.checks.diagnosis.variants import EQUAL, Variants
from fallline.checks.faults.catalogue import faults_at
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import TOLERANCE, GradientBlock, blocks_of, blocks_of_layer
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["PartialExplanation", "explanations_of", "walk_layers"]

MOST_AT_A_LAYER = 2
"""The most faults that are tried at one layer: its delta and its blocks."""

MOST_STATES = 4
"""The most explanations of a layer that are continued."""


@dataclass(frozen=True)
class PartialExplanation:
    """The faults that explain some blocks, and the blocks that no known fault explains."""

    explanation: Explanation
    unexplained: tuple[GradientBlock, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """Fewer unexplained blocks, then fewer faults, are better."""
        return len(self.unexplained), self.explanation.complexity


@dataclass(frozen=True)
class _State:
    """The layers down to one of them, explained: by which faults, with which constants, and which blocks are set aside."""

    hypothesis: Hypothesis
    variants: Variants
    omitted: tuple[GradientBlock, ...] = ()


def explanations_of(
    groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float = TOLERANCE
) -> list[Explanation]:
    """Every explanation by one or two faults of the catalogue; if there is none, that by faults layer by layer."""
    explanations = explain(groups, numbers, tolerance)
    if explanations:
        return explanations
    partial = walk_layers(RequiredBlocks(groups, numbers, tolerance))
    return [] if partial.unexplained else [partial.explanation]


def walk_layers(
    required: RequiredBlocks, allowed: Sequence[Convention] | None = None, most: int = MOST_AT_A_LAYER
) -> PartialExplanation:
    """The explanation of as many blocks as possible, under the convention that fits best.

    Parameters
    ----------
    required
        The numbers to be explained.
    allowed
        The conventions that are tried; all unless given.
    most
        The most faults that are tried at one layer.
    """
    shared = Variants(required.groups, equal=min(EQUAL, required.tolerance))
    network = required.groups[0].network
    penalties = (
        ["", *(fault.name for fault in faults_at("penalty") if fault.can_stand(network, None))] if network.l2 else [""]
    )
    best: PartialExplanation | None = None
    for penalty in penalties:
        start = ((Site("penalty", None), frozenset((penalty,))),) if penalty else ()
        for convention in allowed or conventions(network, required.groups[0].declared):
            partial = _walk(required, _State(start, shared), convention, penalty, most)
            if best is None or partial.rank < best.rank:
                best = partial
        if best is not None and not best.unexplained:
            return best
    assert best is not None
    return best


def _walk(
    required: RequiredBlocks, start: _State, convention: Convention, penalty: str, most: int
) -> PartialExplanation:
    network = required.groups[0].network
    states = [start]
    for layer in range(network.depth, 0, -1):
        further = [s for state in states for s in _explained(required, state, convention, penalty, layer, most)]
        if not further:
            left = tuple(block for block in blocks_of(network) if (block.layer or 0) <= layer)
            states = [_State(s.hypothesis, s.variants, (*s.omitted, *left)) for s in states]
            break
        further.sort(key=lambda s: (len(s.omitted), len(distinct(s.hypothesis))))
        states = further[:MOST_STATES]
    partials = [
        PartialExplanation(Search(required, s.variants).explained(convention, s.hypothesis, s.omitted), s.omitted)
        for s in states
    ]
    return min(partials, key=lambda partial: partial.rank)


def _explained(
    required: RequiredBlocks, state: _State, convention: Convention, penalty: str, layer: int, most: int
) -> list[_State]:
    """The states after this layer, with as few more faults as possible; with a block set aside only where it must be."""
    network, known = required.groups[0].network, len(distinct(state.hypothesis))
    search = Search(required, state.variants)

    def options(search: Search, more: int, block: GradientBlock | None = None) -> Iterator[_State]:
        for delta in search.deltas(state.hypothesis, layer, known + more):
            for h in search.with_blocks(convention, penalty, delta, layer, known + more, block):
                yield _State(h, search.variants, state.omitted if block is None else (*state.omitted, block))

    measured = [search]
    for more in range(most + 1):
        if more == 1:
            measured += [Search(required, v) for v in _measured(required, state, convention, penalty, layer)]
        for with_constants in measured:
            states = list(islice(options(with_constants, more), MOST_STATES))
            if states:
                return states
    if not network.bias or most < MOST_AT_A_LAYER:
        return []
    set_aside = [
        s
        for more in range(most)
        for with_constants in measured
        for block in blocks_of_layer(network, layer)
        for s in islice(options(with_constants, more, block), 1)
    ]
    for partial in set_aside:
        site = Site(*partial.omitted[-1])
        for v in _measured(required, partial, convention, penalty, layer, site):
            block = partial.omitted[-1]
            names = [name for (at, name) in v.measured if at == site and (at, name) not in partial.variants.measured]
            variants = v.at(Search(required, v).before(partial.hypothesis), frozenset(names), site)
            needed = required.of(convention, penalty, block)
            for variant in required.matching(variants, needed, block):
                return [_State(extended(partial.hypothesis, site, variant), v, partial.omitted[:-1])]
    return set_aside[:1]


def _measured(
    required: RequiredBlocks, state: _State, convention: Convention, penalty: str, layer: int, only: Site | None = None
) -> Iterator[Variants]:
    """The constants with which a fault gives the layer, or one of its blocks, on top of the faults above."""
    network = required.groups[0].network
    search = Search(required, state.variants)
    for site, fault in measured_faults(required, layer):
        if only not in (None, site):
            continue
        # An update is made with dW, so the faults of dW above it count too.
        above = chain(state.hypothesis) if fault.name == EARLY_UPDATE else search.before(state.hypothesis)
        for constants in constants_at(required, state.variants, above, site, fault, convention, penalty):
            more = everywhere(network, {(site, fault.name): constants})
            measured = {**more, **state.variants.measured, (site, fault.name): constants}
            yield Variants(required.groups, measured, state.variants.equal)
