"""The search: which faults, on the textbook's page, give the numbers of the checked function.

The search follows back-propagation, from the last layer to the first. The blocks of a layer depend on the delta of that
layer and on their own sites only. So a hypothesis about the deltas down to layer l is kept only if it gives both blocks of
layer l (with faults at their own sites, if the number of faults allows), before any layer below is looked at. This makes
pairs of faults, and faults in every layer, about as cheap as single ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.hypotheses import Hypothesis, allowed, chain, distinct, extended
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.variants import Chain, Variants
from fallline.checks.faults.catalogue import FAULTS, ORDER, SITE_KINDS, faults_at, sites_of, symbols
from fallline.checks.faults.fault import PlacedFault
from fallline.checks.faults.site import Role, Site
from fallline.checks.reference.comparison import TOLERANCE, GradientBlock, block_of, blocks_of_layer
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["Search", "explain"]

MOST_EXPLANATIONS = 40


def explain(groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> list[Explanation]:
    """Return every explanation of the checked gradient's numbers with the fewest faults; an empty list if nothing explains them.

    Parameters
    ----------
    groups
        The draws.
    numbers
        The checked gradient on each group, shaped like the parameters, each block (draws, ...).
    tolerance
        Relative error that counts as rounding.

    Examples
    --------
    >>> from fallline.checks.reference.draws import draw
    >>> from fallline.textbook.network import Layer, Network
    >>> groups = draw(Network.of("2-3-2"))
    >>> numbers = [(Layer(-g[0].W, g[0].b), g[1]) for g in (group.gradient() for group in groups)]
    >>> [str(explanation) for explanation in explain(groups, numbers)]
    ['the sign of dW1 is wrong']
    """
    return Search(RequiredBlocks(groups, numbers, tolerance), Variants(groups)).explanations()


class Search:
    """The search for the faults behind a gradient's numbers.

    Parameters
    ----------
    required
        The numbers to be explained.
    variants
        The values that each site of the page can take.
    """

    def __init__(self, required: RequiredBlocks, variants: Variants) -> None:
        self.required, self.variants = required, variants
        self.groups = required.groups
        self.network = self.groups[0].network

    def explanations(self, most: int = 2) -> list[Explanation]:
        """Every explanation with as few faults as possible, the simplest first; empty if none has at most `most`.

        All of them give the checked numbers, so the first is not truer than the others: they are the same function.
        """
        for budget in range(1, most + 1):
            explanations = list(self._after((), budget))
            if not explanations and not self._output_is_right():  # only then can the forward pass be to blame
                explanations = [e for forward in self._forward(budget) for e in self._after(forward, budget)]
            if any(e.complexity <= budget for e in explanations) or (explanations and budget == most):
                order = {c: k for k, c in enumerate(conventions(self.network, self.groups[0].declared))}
                explanations.sort(key=lambda e: (e.complexity, order[e.convention], len(e.faults)))
                limit = max(budget, explanations[0].complexity)
                return [e for e in explanations if e.complexity <= limit][:MOST_EXPLANATIONS]
        return []

    def _output_is_right(self) -> bool:
        """Whether a block of the last layer is right: then the forward pass, on which it depends, is right too."""
        for block in blocks_of_layer(self.network, self.network.depth)[::-1]:
            right = self.variants.at((), frozenset(), Site(*block))
            for convention, penalty in self._conventions():
                if any(self.required.matching(right, self.required.of(convention, penalty, block), block)):
                    return True
        return False

    def _conventions(self) -> Iterator[tuple[Convention, str]]:
        """Every convention with every fault of the penalty ("" for none)."""
        penalties = ["", *(name for (_, name), *_ in self._single(Role.PENALTY))]
        for convention in conventions(self.network, self.groups[0].declared):
            for penalty in penalties:
                yield convention, penalty

    def _single(self, role: Role) -> Iterator[Chain]:
        """For each fault at the sites of that role: all sites of the network where it can stand."""
        for symbol in symbols(role):
            for fault in faults_at(symbol):
                sites = sites_of(fault, self.network)
                if sites:
                    yield tuple((site, fault.name) for site in sites)

    def _forward(self, budget: int) -> Iterator[Hypothesis]:
        """One fault in the forward pass, in one layer or in each; or two."""
        singles: list[Hypothesis] = []
        for faults in self._single(Role.FORWARD):
            everywhere = tuple((site, frozenset((name,))) for site, name in faults)
            singles += [(part,) for part in everywhere]
            if len(everywhere) > 1:
                yield everywhere
        yield from singles
        if budget > 1:
            for (a,), (b,) in combinations(singles, 2):
                # The same fault in the only two layers where it can stand has been tried above, as one in each layer.
                if a[0] != b[0] and (a[1] != b[1] or [names for ((_, names),) in singles].count(a[1]) > 2):
                    yield a, b

    def _after(self, forward: Hypothesis, budget: int) -> Iterator[Explanation]:
        """Every explanation that has exactly these faults in the forward pass."""
        for convention, penalty in self._conventions():
            start = forward
            if penalty:
                start = (*forward, (Site(FAULTS[penalty].symbol, None), frozenset((penalty,))))
            if len(distinct(start)) <= budget:
                for hypothesis in self.deltas(start, self.network.depth, budget):
                    for complete in self._walk(convention, penalty, hypothesis, self.network.depth, budget):
                        yield self.explained(convention, complete)

    def _walk(
        self, convention: Convention, penalty: str, hypothesis: Hypothesis, layer: int, budget: int
    ) -> Iterator[Hypothesis]:
        """Every extension of a hypothesis about the deltas down to this layer that gives the numbers from this layer down."""
        for option in self.with_blocks(convention, penalty, hypothesis, layer, budget):
            if layer == 1:
                yield option
                continue
            for more in self.deltas(option, layer - 1, budget):
                yield from self._walk(convention, penalty, more, layer - 1, budget)

    def with_blocks(
        self, convention: Convention, penalty: str, hypothesis: Hypothesis, layer: int, budget: int,
        omitted: GradientBlock | None = None,
    ) -> list[Hypothesis]:  # fmt: skip
        """Every extension of a hypothesis about the deltas that gives the blocks of this layer, or all but the omitted one."""
        options = [hypothesis]
        for block in blocks_of_layer(self.network, layer)[::-1]:
            if block == omitted:
                continue
            required = self.required.of(convention, penalty, block)
            variants = self.variants.at(self.before(hypothesis), allowed(hypothesis, budget), Site(*block))
            matching = list(self.required.matching(variants, required, block))
            options = [
                more
                for option in options
                for variant in matching
                if len(distinct(more := extended(option, Site(*block), variant))) <= budget
            ]
        return options

    def deltas(self, hypothesis: Hypothesis, layer: int, budget: int) -> Iterator[Hypothesis]:
        """How the delta of the layer can come about: rightly, or with a fault at one or more of the sites on its way."""
        above, may_come = self.before(hypothesis), allowed(hypothesis, budget)
        role = Role.OUTPUT if layer == self.network.depth else Role.STEP
        sites = [Site(symbol, layer) for symbol in symbols(role)]
        for variants in product(*(self.variants.at(above, may_come, site) for site in sites)):
            more = hypothesis
            for site, variant in zip(sites, variants, strict=True):
                more = extended(more, site, variant)
            if len(distinct(more)) <= budget:
                yield more

    def before(self, hypothesis: Hypothesis) -> Chain:
        """The part that a delta depends on. dW is in it only where weights are updated by it too early."""
        aside = {*symbols(Role.BLOCK), *symbols(Role.PENALTY)}
        if any(name == EARLY_UPDATE for _, name in self.variants.measured):
            aside.remove("dW")
        return tuple(choice for choice in chain(hypothesis) if choice[0].symbol not in aside)

    def explained(
        self, convention: Convention, hypothesis: Hypothesis, omitted: Collection[GradientBlock] = ()
    ) -> Explanation:
        """The explanation of a hypothesis. As evidence, the whole page is run once more and compared, but for omitted blocks."""
        chosen: dict[Site, str] = {}
        faults, coinciding = [], []
        for names in distinct(hypothesis):
            name = min(names, key=ORDER.__getitem__)
            sites = tuple(site for site, at_site in hypothesis if names <= at_site and site not in chosen)
            chosen |= dict.fromkeys(sites, name)
            everywhere = len(sites) > 1 and set(sites) == self._possible(name, sites)
            placed = [
                PlacedFault(FAULTS[name], equal, everywhere and equal == sites, constants, self.network)
                for equal, constants in self._by_constants(name, sites)
            ]
            faults += placed
            coinciding += [names] * len(placed)
        draws = sum(len(g.w) for g in self.groups)
        error = self.error(convention, chosen, omitted)
        measured = {key: c for key, c in self.variants.measured.items() if chosen.get(key[0]) == key[1]}
        return Explanation(convention, tuple(faults), chosen, error, draws, tuple(coinciding), measured)

    def _by_constants(self, name: str, sites: tuple[Site, ...]) -> list[tuple[tuple[Site, ...], Any]]:
        """The sites of a fault, those with the same constants together."""
        if FAULTS[name].unknowns is None:
            return [(sites, None)]
        parts: list[tuple[tuple[Site, ...], Any]] = []
        for site in sites:
            constants = self.variants.measured[site, name]
            for k, (equal, known) in enumerate(parts):
                if len(known) == len(constants) and np.allclose(known, constants, rtol=1e-8, atol=1e-10):
                    parts[k] = (*equal, site), known
                    break
            else:
                parts.append(((site,), constants))
        return parts

    def _possible(self, name: str, sites: Sequence[Site]) -> set[Site]:
        """All sites at which the fault can stand and, in the backward pass, shows on the otherwise right page."""
        possible = sites_of(FAULTS[name], self.network)
        if SITE_KINDS[FAULTS[name].symbol].role in (Role.STEP, Role.BLOCK):
            shows = {s for s in possible if any(name in v.names for v in self.variants.at((), None, s))}
            return shows | set(sites)
        return set(possible)

    def error(self, convention: Convention, chosen: Mapping[Site, str], omitted: Collection[GradientBlock]) -> float:
        """The largest relative error of the page with those faults against the checked numbers, over all draws."""
        worst = 0.0
        penalty = next((name for site, name in chosen.items() if site.symbol in symbols(Role.PENALTY)), "")
        for g, group in enumerate(self.groups):
            gradient = self.variants.run(tuple(chosen.items()), group)
            for block, scale in self.required.scales[g].items():
                if block in omitted:
                    continue
                required = self.required.of(convention, penalty, block).values[g]
                error = np.abs(block_of(gradient, block) - required).max() / max(scale, float(np.abs(required).max()))
                worst = max(worst, float(error))
        return worst
