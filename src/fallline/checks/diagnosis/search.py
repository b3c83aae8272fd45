"""The search: which faults, on the textbook's page, give the numbers of the checked function.

The page is walked as back-propagation goes. dW and db of a layer depend on the delta that arrives there, and on what
is done at their own places. So a hypothesis about the deltas down to layer l is kept only if both blocks of layer l
come out (with faults of their own, as far as the number of faults allows), before any layer below is looked at. That
makes pairs, and faults in every layer, about as cheap as single ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from fallline.checks.diagnosis.early_updates import learning_rates
from fallline.checks.diagnosis.explanations import Explanation, Picked, allowed, chain, kinds, picking
from fallline.checks.diagnosis.faults import FAULTS, Named
from fallline.checks.diagnosis.mutable_page import Place, page
from fallline.checks.diagnosis.unexplained import Targets
from fallline.checks.diagnosis.variants import ORDER, Chain, Variants
from fallline.checks.reference.comparison import TOLERANCE, Block, get
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["Search", "explain"]

MOST_EXPLANATIONS = 40


def explain(groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> list[Explanation]:
    """Every explanation of the checked gradient's numbers with as few faults as possible; empty if there is none.

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
    targets = Targets(groups, numbers, tolerance)
    plain = Variants(groups)
    found = Search(targets, plain).explanations()
    rates = [] if found else learning_rates(targets, plain)
    return found or next(filter(None, (Search(targets, Variants(groups, r)).explanations() for r in rates)), [])


class Search:
    """The search for the faults behind a gradient's numbers.

    Parameters
    ----------
    targets
        The numbers to be explained.
    variants
        The values that each place of the page can take.
    """

    def __init__(self, targets: Targets, variants: Variants) -> None:
        self.targets, self.variants = targets, variants
        self.groups = targets.groups
        self.network = self.groups[0].network

    def explanations(self, most: int = 2) -> list[Explanation]:
        """Every explanation with as few faults as possible, the simplest first; empty if none has at most `most`.

        All of them give the checked numbers, so the first is not truer than the others: they are the same function.
        """
        for budget in range(1, most + 1):
            found = list(self._below((), budget))
            if not found and not self._output_is_right():  # only then can the forward pass be to blame
                found = [e for forward in self._forward(budget) for e in self._below(forward, budget)]
            if any(e.complexity <= budget for e in found) or (found and budget == most):
                order = {c: k for k, c in enumerate(conventions(self.network))}
                found.sort(key=lambda e: (e.complexity, order[e.convention], len(e.faults)))
                return [e for e in found if e.complexity <= max(budget, found[0].complexity)][:MOST_EXPLANATIONS]
        return []

    def _output_is_right(self) -> bool:
        """Whether a block of the last layer is right: then the forward pass is, which that block rests on."""
        for symbol in ("db", "dW") if self.network.bias else ("dW",):
            block = Block((symbol, self.network.depth))
            right = self.variants.at((), frozenset(), symbol, self.network.depth)
            for convention, penalty in self._conventions():
                if any(self.targets.matching(right, self.targets.of(convention, penalty, block), block)):
                    return True
        return False

    def _conventions(self) -> Iterator[tuple[Convention, str]]:
        """Every convention with every fault of the penalty ("" for none)."""
        penalties = ["", *page().names["penalty"]] if self.network.l2 else [""]
        standing = [p for p in penalties if not p or FAULTS[p].when(self.network, None)]
        for convention in conventions(self.network):
            for penalty in standing:
                yield convention, penalty

    def _forward(self, budget: int) -> Iterator[Picked]:
        """One fault in the forward pass, in one layer or in each; or two."""
        singles: list[Picked] = []
        for symbol, last in (("bias", self.network.depth), ("A", self.network.hidden)):
            for name in page().names[symbol]:
                kind = frozenset((name,))
                places = [Place(symbol, l) for l in range(1, last + 1) if FAULTS[name].when(self.network, l)]
                singles += [((place, kind),) for place in places]
                if len(places) > 1:
                    yield tuple((place, kind) for place in places)
        yield from singles
        if budget > 1:
            for (a,), (b,) in combinations(singles, 2):
                # The same fault in the only two layers where it can stand has been there as one in each.
                if a[0] != b[0] and (a[1] != b[1] or [kind for ((_, kind),) in singles].count(a[1]) > 2):
                    yield a, b

    def _below(self, forward: Picked, budget: int) -> Iterator[Explanation]:
        """Everything that gives the numbers, after these faults in the forward pass."""
        depth = self.network.depth
        for convention, penalty in self._conventions():
            start = (*forward, (Place("penalty", None), frozenset((penalty,)))) if penalty else forward
            if len(kinds(start)) > budget:
                continue
            for variant in self.variants.at(chain(start), allowed(start, budget), "delta", depth):
                picked = picking(start, Place("delta", depth), variant)
                if len(kinds(picked)) <= budget:
                    for full in self._walk(convention, penalty, picked, depth, budget):
                        yield self._explained(convention, full)

    def _walk(self, convention: Convention, penalty: str, picked: Picked, layer: int, budget: int) -> Iterator[Picked]:
        """Everything from this layer down that gives the numbers, after what led to its delta."""
        options = [picked]
        for symbol in ("db", "dW") if self.network.bias else ("dW",):
            block = Block((symbol, layer))
            target = self.targets.of(convention, penalty, block)
            variants = self.variants.at(self._before(picked), allowed(picked, budget), symbol, layer)
            matching = list(self.targets.matching(variants, target, block))
            options = [
                more
                for option in options
                for variant in matching
                if len(kinds(more := picking(option, Place(symbol, layer), variant))) <= budget
            ]
            if not options:
                return
        for option in options:
            if layer == 1:
                yield option
                continue
            for more in self._steps(option, layer - 1, budget):
                yield from self._walk(convention, penalty, more, layer - 1, budget)

    def _steps(self, picked: Picked, layer: int, budget: int) -> Iterator[Picked]:
        """How the delta of the layer can come about: rightly, with one fault, or with one at dA and one at D."""
        above, may_come = self._before(picked), allowed(picked, budget)
        backs = self.variants.at(above, may_come, "dA", layer)
        slopes = self.variants.at(above, may_come, "D", layer)
        for a in backs:
            for b in slopes:
                more = picking(picking(picked, Place("dA", layer), a), Place("D", layer), b)
                if len(kinds(more)) <= budget:
                    yield more

    def _before(self, picked: Picked) -> Chain:
        """What the deltas rest on. dW is in it only where weights are updated by it too early."""
        aside = ("db", "penalty") if self.variants.rate is not None else ("dW", "db", "penalty")
        return tuple(c for c in chain(picked) if c[0].symbol not in aside)

    def _explained(self, convention: Convention, picked: Picked) -> Explanation:
        """The faults, named; with the evidence: the page is run once more, whole, and compared."""
        different = kinds(picked)
        chosen: dict[Place, str] = {}
        named = []
        for kind in different:
            name = min(kind, key=ORDER.__getitem__)
            places = tuple(p for p, names in picked if kind <= names and p not in chosen)
            chosen |= dict.fromkeys(places, name)
            everywhere = len(places) > 1 and set(places) == self._possible(name, places)
            named.append(Named(name, places, everywhere))
        draws = sum(len(g.w) for g in self.groups)
        error = self._error(convention, chosen)
        return Explanation(convention, tuple(named), chosen, error, draws, different, self.variants.rate)

    def _possible(self, name: str, places: Sequence[Place]) -> set[Place]:
        """All places at which the fault can stand and shows, on the otherwise right page."""
        symbol = FAULTS[name].symbol
        if symbol in ("bias", "A", "penalty", "delta"):
            last = self.network.hidden if symbol == "A" else self.network.depth
            return {Place(symbol, l) for l in range(1, last + 1) if FAULTS[name].when(self.network, l)}
        found = set()
        for l in range(1, self.network.depth + 1):
            for v in self.variants.at((), None, symbol, l):
                if name in v.names:
                    found.add(Place(symbol, l))
        return found | set(places)

    def _error(self, convention: Convention, chosen: Mapping[Place, str]) -> float:
        """The largest relative error of the page with those faults against the checked numbers, over all draws."""
        worst = 0.0
        penalty = chosen.get(Place("penalty", None), "")
        for g, group in enumerate(self.groups):
            gradient = self.variants.run(tuple(chosen.items()), group)
            for block, scale in self.targets.scales[g].items():
                target = self.targets.of(convention, penalty, block).values[g]
                error = np.abs(get(gradient, block) - target).max() / max(scale, float(np.abs(target).max()))
                worst = max(worst, float(error))
        return worst
