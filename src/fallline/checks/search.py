"""The search: which faults, on the textbook's page, give the numbers of the checked function.

The page is walked as back-propagation goes. dW and db of a layer depend on the delta that arrives there, and on what
is done at their own places. So a hypothesis about the deltas down to layer l is kept only if both blocks of layer l
come out (with faults of their own, as far as the number of faults allows), before any layer below is looked at. That
makes pairs, and faults in every layer, about as cheap as single ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.conventions import Convention, conventions
from fallline.checks.draws import Group
from fallline.checks.faults import FAULTS, Named
from fallline.checks.mutation import MutablePage, Place, page
from fallline.checks.numbers import TOLERANCE, Block, get, right_numbers, scales
from fallline.textbook import network as pages
from fallline.textbook.network import Parameters

__all__ = ["Explanation", "Search"]

Chain = tuple[tuple[Place, str], ...]
Kinds = tuple[frozenset[str], ...]
Picked = tuple[tuple[Place, frozenset[str]], ...]
"""Places with all faults that give the value taken there: where faults coincide, there is more than one."""

_UNFIT = (NameError, IndexError, ValueError, TypeError, AttributeError, ZeroDivisionError)
"""What an alternative raises where it cannot stand: shapes that do not fit, a layer that is not there."""

MOST_EXPLANATIONS = 40
_ORDER = {name: k for k, name in enumerate(FAULTS)}


@dataclass(frozen=True)
class Variant:
    """What a place can compute: names of the faults that give it (none if it is right), its fingerprint, its values."""

    names: frozenset[str]
    prints: NDArray[np.float64]
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The fault that stands for all of them: the first of the catalogue."""
        return min(self.names, key=_ORDER.__getitem__)


@dataclass(frozen=True)
class Explanation:
    """Faults that together give the checked numbers, the convention under which they do, and the evidence."""

    convention: Convention
    faults: tuple[Named, ...]
    chosen: Mapping[Place, str]
    error: float
    draws: int
    kinds: Kinds = ()
    rate: float | None = None

    @property
    def complexity(self) -> int:
        return sum(1 if f.everywhere else len(f.places) for f in self.faults)

    def __str__(self) -> str:
        return " and ".join(str(f) for f in self.faults)


class _Enough(Exception):  # noqa: N818  # no error: the page has been read as far as needed
    pass


class Search:
    """The search for the faults behind a gradient's numbers.

    Parameters
    ----------
    groups: the draws.
    numbers: the checked gradient on each group, shaped like the parameters, each block (draws, ...).
    tolerance: relative error that counts as rounding.
    """

    def __init__(self, groups: Sequence[Group], numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> None:
        self.groups, self.numbers, self.tolerance = groups, numbers, tolerance
        self.network = groups[0].network
        self.page: MutablePage = page()
        self.rate: float | None = None
        self._explored: dict[tuple[Chain, frozenset[str] | None, str, int], list[Variant]] = {}
        self._targets: dict[tuple[Convention, str, Block], Variant] = {}
        self._probes: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]] = {}
        self._penalties: dict[str, list[Parameters]] = {}
        plain = next(iter(conventions(self.network)))
        self._scales = [scales(self.network, right) for right in right_numbers(groups, plain)]

    # The values that a place can take

    def _variants(self, chain: Chain, allowed: frozenset[str] | None, symbol: str, layer: int) -> list[Variant]:
        """The right value of a place first, then every other value that a fault gives there, after that chain.

        `allowed` are the faults that may still come: all (None), or those that are there already in other layers.
        """
        key = chain, allowed, symbol, layer
        if key not in self._explored:
            upper = (Place("dW", layer), Place("db", layer))
            lower = (Place("dA", layer), Place("D", layer))
            delta = (Place("delta", layer),)
            self._explore(chain, allowed, {"dW": upper, "db": upper, "delta": delta}.get(symbol, lower))
        return self._explored.get(key, [])

    def _explore(self, chain: Chain, allowed: frozenset[str] | None, wanted: tuple[Place, ...]) -> None:
        """Run the page once for each group as far as needed, and keep what these places could be."""
        last = wanted[-1]
        layer = last.layer or 0
        values: dict[Place, dict[str, list[Any]]] = {}

        def explore(place: Place, alternatives: Mapping[str, Any]) -> None:
            if place not in wanted:
                if place.symbol == "dW" and place.layer is not None and place.layer <= layer and last.symbol != "db":
                    raise _Enough
                return
            found = values.setdefault(place, {})
            shape = np.shape(alternatives[""]())
            for name, expression in alternatives.items():
                if name and (allowed is not None and name not in allowed):
                    continue
                if name and not FAULTS[name].when(self.network, place.layer):
                    continue
                try:
                    value = expression()
                except _UNFIT:
                    continue
                if np.shape(value) == shape or (place.symbol == "dA" and _fills(np.shape(value), shape)):
                    found.setdefault(name, []).append(value)
            if place == last:
                raise _Enough

        for group in self.groups:
            self._run(chain, group, explore)
        for place, found in values.items():
            complete = {name: v for name, v in found.items() if len(v) == len(self.groups)}
            assert place.layer is not None
            self._explored[chain, allowed, place.symbol, place.layer] = self._distinct(complete)

    def _run(self, chain: Chain, group: Group, explore: Any = None) -> Parameters:
        self.page.namespace["rate"], self.page.namespace["samples"] = self.rate, group.samples
        with np.errstate(all="ignore"), self.page.choosing(dict(chain), explore):
            try:
                result: Parameters = self.page.loss_and_gradient(
                    self.network, group.parameters, group.X, group.T, group.factor
                )[1]
            except _Enough:
                return ()
        return result

    def _distinct(self, found: Mapping[str, Sequence[Any]]) -> list[Variant]:
        """Alternatives that are the same function on all draws are one variant; those that are right are none."""
        names = list(found)
        prints = np.array([self._prints(found[name]) for name in names])
        near = (np.abs(prints[:, None] - prints) <= 1e-12 + 1e-9 * np.abs(prints)).all(axis=-1)
        variants: dict[int, set[str]] = {}
        for k, name in enumerate(names):
            first = int(near[k].argmax())  # of those that are equal; none is where a print is not finite
            if first in variants and _same(found[name], found[names[first]]):
                variants[first].add(name)
            elif near[k, k]:
                variants[k] = {name}
        return [
            Variant(frozenset(() if "" in group else group), prints[k], tuple(found[names[k]]))
            for k, group in variants.items()
        ]

    def _prints(self, values: Sequence[Any]) -> NDArray[np.float64]:
        """A number for each group that two arrays share only if they are equal: a random projection."""
        return np.array([float(np.ravel(v) @ self._probe(g, np.shape(v))) for g, v in enumerate(values)])

    def _probe(self, group: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        key = group, shape
        if key not in self._probes:
            self._probes[key] = random.normal(group, "fingerprint", int(np.prod(shape)))
        return self._probes[key]

    # The numbers to be explained

    def _target(self, convention: Convention, penalty: str, block: Block) -> Variant:
        """What the page's block must be, under that convention and that fault of the penalty."""
        key = convention, penalty, block
        if key not in self._targets:
            values = []
            for g, (group, numbers) in enumerate(zip(self.groups, self.numbers, strict=True)):
                value = get(numbers, block)
                if self.network.l2:
                    value = value - convention.penalty(group) * get(self._penalty(penalty)[g], block)
                values.append(value / convention.data(group))
            self._targets[key] = Variant(frozenset(), self._prints(values), tuple(values))
        return self._targets[key]

    def _penalty(self, fault: str) -> list[Parameters]:
        if fault not in self._penalties:
            found = []
            for group in self.groups:
                self.page.namespace["samples"] = group.samples
                with self.page.choosing({Place("penalty", None): fault} if fault else {}):
                    found.append(self.page.penalty(self.network, group.parameters, self.network.l2)[1])
            self._penalties[fault] = found
        return self._penalties[fault]

    def _matching(
        self, chain: Chain, allowed: frozenset[str] | None, target: Variant, block: Block
    ) -> Iterator[Variant]:
        for variant in self._variants(chain, allowed, *block):
            slack = 40 * self.tolerance
            for g, scale in enumerate(self._scales):
                size = scale[block] * np.sqrt(variant.values[g].size)
                if not abs(variant.prints[g] - target.prints[g]) <= slack * size:
                    break
            else:
                if self._error(variant.values, target.values, block) <= self.tolerance:
                    yield variant

    def _error(self, values: Sequence[Any], target: Sequence[Any], block: Block) -> float:
        """The largest relative error of the block."""
        pairs = zip(values, target, self._scales, strict=True)
        return max(float(np.abs(v - t).max()) / max(s[block], float(np.abs(t).max())) for v, t, s in pairs)

    def alternatives(self, explanations: Sequence[Explanation]) -> list[str]:
        """Other words for the same function: coinciding faults of the first explanation, and the other explanations."""
        first = explanations[0]
        said = []
        for k, named in enumerate(first.faults):
            for name in sorted(first.kinds[k] - {named.fault}, key=_ORDER.__getitem__):
                other = Named(name, named.places, named.everywhere)
                said.append(" and ".join(str(other if f is named else f) for f in first.faults))
        for e in explanations[1:]:
            where = "" if e.convention == first.convention else f", as the gradient of {e.convention}"
            said.append(f"{e}{where}")
        return [s for s in said if s != str(first)]

    # The walk

    def explanations(self, most: int = 2) -> list[Explanation]:
        """Every explanation with as few faults as possible, the simplest first; empty if none has at most `most`.

        All of them give the checked numbers, so the first is not truer than the others: they are the same function.
        """
        for budget in range(1, most + 1):
            found = list(self._below((), budget))
            if not found:  # only then can the forward pass be to blame
                found = [e for forward in self._forward(budget) for e in self._below(forward, budget)]
            if any(e.complexity <= budget for e in found) or (found and budget == most):
                order = {c: k for k, c in enumerate(conventions(self.network))}
                found.sort(key=lambda e: (e.complexity, order[e.convention], len(e.faults)))
                return [e for e in found if e.complexity <= max(budget, found[0].complexity)][:MOST_EXPLANATIONS]
        return []

    def _forward(self, budget: int) -> Iterator[Picked]:
        """One fault in the forward pass, in one layer or in each; or two."""
        singles: list[Picked] = []
        for symbol, last in (("bias", self.network.depth), ("A", self.network.hidden)):
            for name in self.page.names[symbol]:
                kind = frozenset((name,))
                places = [Place(symbol, l) for l in range(1, last + 1) if FAULTS[name].when(self.network, l)]
                singles += [((place, kind),) for place in places]
                if len(places) > 1:
                    yield tuple((place, kind) for place in places)
        yield from singles
        if budget > 1:
            for (a,), (b,) in combinations(singles, 2):
                if a[0] != b[0] and a[1] != b[1]:
                    yield a, b

    def _below(self, forward: Picked, budget: int) -> Iterator[Explanation]:
        """Everything that gives the numbers, after these faults in the forward pass."""
        penalties = ["", *self.page.names["penalty"]] if self.network.l2 else [""]
        depth = self.network.depth
        for convention in conventions(self.network):
            for fault in penalties:
                if fault and not FAULTS[fault].when(self.network, None):
                    continue
                start = (*forward, (Place("penalty", None), frozenset((fault,)))) if fault else forward
                if len(_kinds(start)) > budget:
                    continue
                for variant in self._variants(_chain(start), _allowed(start, budget), "delta", depth):
                    picked = _with(start, Place("delta", depth), variant)
                    if len(_kinds(picked)) <= budget:
                        for full in self._walk(convention, fault, picked, depth, budget):
                            yield self._explained(convention, full)

    def _walk(self, convention: Convention, penalty: str, picked: Picked, layer: int, budget: int) -> Iterator[Picked]:
        """Everything from this layer down that gives the numbers, after what led to its delta."""
        options = [picked]
        for symbol in ("db", "dW") if self.network.bias else ("dW",):
            block = Block((symbol, layer))
            target = self._target(convention, penalty, block)
            matching = list(self._matching(self._before(picked), _allowed(picked, budget), target, block))
            options = [
                more
                for option in options
                for variant in matching
                if len(_kinds(more := _with(option, Place(symbol, layer), variant))) <= budget
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
        chain, allowed = self._before(picked), _allowed(picked, budget)
        backs = self._variants(chain, allowed, "dA", layer)
        slopes = self._variants(chain, allowed, "D", layer)
        for a in backs:
            for b in slopes:
                more = _with(_with(picked, Place("dA", layer), a), Place("D", layer), b)
                if len(_kinds(more)) <= budget:
                    yield more

    def _before(self, picked: Picked) -> Chain:
        """What the deltas rest on. dW is in it only where weights are updated by it too early."""
        aside = ("db", "penalty") if self.rate is not None else ("dW", "db", "penalty")
        return tuple(c for c in _chain(picked) if c[0].symbol not in aside)

    def _explained(self, convention: Convention, picked: Picked) -> Explanation:
        """The faults, named; with the evidence: the page is run once more, whole, and compared."""
        kinds = _kinds(picked)
        chosen: dict[Place, str] = {}
        named = []
        for kind in kinds:
            name = min(kind, key=_ORDER.__getitem__)
            places = tuple(p for p, names in picked if kind <= names and p not in chosen)
            chosen |= dict.fromkeys(places, name)
            everywhere = len(places) > 1 and set(places) == self._possible(name, places)
            named.append(Named(name, places, everywhere))
        return Explanation(
            convention, tuple(named), chosen, self.evidence(convention, chosen), self.draws, kinds, self.rate
        )

    def with_updated_weights(self) -> list[Explanation]:
        """Explanations with weights that were updated too early, at a learning rate read off the numbers.

        The page's delta is linear in that rate, so two runs and a projection give it, for each single fault above.
        """
        depth = self.network.depth
        if self.rate is not None or depth == 1:
            return []
        for layer in range(depth - 1, 0, -1):
            for rate in self._rates(layer):
                self.rate, self._explored = rate, {}
                found = self.explanations()
                if found:
                    return found
        self.rate, self._explored = None, {}
        return []

    def _rates(self, layer: int) -> Iterator[float]:
        """Rates at which the delta of the layer, gone back through updated weights, gives one of the layer's blocks."""
        place = Place("dA", layer)
        known: list[float] = []
        aboves: list[Chain] = [()]
        for l in range(self.network.depth, layer - 1, -1):
            for symbol in ("delta", "D", "dA", "dW"):
                if (symbol == "delta") == (l == self.network.depth) or symbol == "dW":
                    variants = self._variants((), None, symbol, l)
                    aboves += [((Place(symbol, l), v.name),) for v in variants if v.names and (symbol, l) != place]
        for above in aboves:
            chain = (*above, (place, "dA_weights_updated"))
            runs = []
            for self.rate in (0.0, 1.0):
                runs.append([self._run(chain, group) for group in self.groups])
            self.rate = None
            for convention in conventions(self.network):
                for symbol in ("db", "dW") if self.network.bias else ("dW",):
                    block = Block((symbol, layer))
                    target = self._target(convention, "", block).values
                    still, moved = ([get(g, block) for g in run] for run in runs)
                    along = np.concatenate([np.ravel(m - s) for m, s in zip(moved, still, strict=True)])
                    wanted = np.concatenate([np.ravel(t - s) for t, s in zip(target, still, strict=True)])
                    rate = float(along @ wanted / ((along @ along) or 1))
                    off = np.abs(wanted - rate * along).max()
                    size = max(s[block] for s in self._scales)
                    moves = abs(rate) * np.abs(along).max() > 1e-6 * size  # a rate of 0, to rounding, explains nothing
                    new = moves and not any(abs(rate - k) <= 1e-7 * abs(k) for k in known)
                    if new and off <= 1e-9 * size:
                        known.append(rate)
                        yield rate

    def _possible(self, name: str, places: Sequence[Place]) -> set[Place]:
        """All places at which the fault can stand and shows, on the otherwise right page."""
        symbol = FAULTS[name].symbol
        if symbol in ("bias", "A", "penalty", "delta"):
            last = self.network.hidden if symbol == "A" else self.network.depth
            return {Place(symbol, l) for l in range(1, last + 1) if FAULTS[name].when(self.network, l)}
        found = set()
        for l in range(1, self.network.depth + 1):
            for v in self._variants((), None, symbol, l):
                if name in v.names:
                    found.add(Place(symbol, l))
        return found | set(places)

    @property
    def draws(self) -> int:
        return sum(len(g.w) for g in self.groups)

    def evidence(self, convention: Convention, chosen: Mapping[Place, str]) -> float:
        """The largest relative error of the page with those faults against the checked numbers, over all draws."""
        worst = 0.0
        penalty = chosen.get(Place("penalty", None), "")
        for g, group in enumerate(self.groups):
            gradient = self._run(tuple(chosen.items()), group)
            for block, scale in self._scales[g].items():
                target = self._target(convention, penalty, block).values[g]
                error = np.abs(get(gradient, block) - target).max() / max(scale, float(np.abs(target).max()))
                worst = max(worst, float(error))
        return worst


def _with(picked: Picked, place: Place, variant: Variant) -> Picked:
    """One more value taken, if it is a fault."""
    return (*picked, (place, variant.names)) if variant.names else picked


def _chain(picked: Picked) -> Chain:
    """The alternatives to be chosen on the page: of coinciding faults the first."""
    return tuple((place, min(names, key=_ORDER.__getitem__)) for place, names in picked)


def _kinds(picked: Picked) -> Kinds:
    """The different faults: the same one in several layers counts once, also where it coincides with others."""
    kinds: list[frozenset[str]] = []
    for _, names in picked:
        for k, kind in enumerate(kinds):
            if kind & names:
                kinds[k] = kind & names
                break
        else:
            kinds.append(names)
    return tuple(kinds)


def _allowed(picked: Picked, budget: int) -> frozenset[str] | None:
    """The faults that may still be added: any, or once the number is reached those kinds in further layers."""
    kinds = _kinds(picked)
    return None if len(kinds) < budget else frozenset().union(*kinds)


def _fills(small: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether NumPy repeats an array of the one shape to fill the other, as it does when the slope is multiplied in."""
    return len(small) == len(shape) and all(m in (1, n) for m, n in zip(small, shape, strict=True))


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(np.allclose(x, y, rtol=1e-9, atol=1e-13) for x, y in zip(a, b, strict=True))


def mutated_numbers(
    groups: Iterable[Group], chosen: Mapping[Place, str], convention: Convention, rate: float | None = None
) -> tuple[Parameters, ...]:
    """What a function with these faults, in that convention, would return on the draws."""
    mutable, found = page(), []
    for group in groups:
        mutable.namespace["rate"], mutable.namespace["samples"] = rate, group.samples
        with mutable.choosing(chosen), np.errstate(all="ignore"):
            _, data = mutable.loss_and_gradient(group.network, group.parameters, group.X, group.T, group.factor)
            _, extra = mutable.penalty(group.network, group.parameters, group.network.l2)
        if any(np.shape(a) != np.shape(b) for g, e in zip(data, extra, strict=True) for a, b in zip(g, e, strict=True)):
            raise ValueError("such a fault changes the shape of a block.")
        c, p = convention.data(group), convention.penalty(group)
        found.append(
            tuple(
                pages.Layer(c * g.W + p * e.W, None if g.b is None or e.b is None else c * g.b + p * e.b)
                for g, e in zip(data, extra, strict=True)
            )
        )
    return tuple(found)
