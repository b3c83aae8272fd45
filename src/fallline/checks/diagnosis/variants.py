"""What each place of the page can compute: the right value, and every other that a fault of the catalogue gives there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.diagnosis.faults import FAULTS
from fallline.checks.diagnosis.mutable_page import Explorer, Place, page
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["ORDER", "Chain", "Variant", "Variants", "fingerprints"]

Chain = tuple[tuple[Place, str], ...]
"""Faults chosen on the page, each at its place."""

ORDER = {name: k for k, name in enumerate(FAULTS)}
"""The catalogue's order: of faults that coincide the first one is named."""

_UNFIT = (NameError, IndexError, ValueError, TypeError, AttributeError, ZeroDivisionError)
"""What an alternative raises where it cannot stand: shapes that do not fit, a layer that is not there."""


@dataclass(frozen=True)
class Variant:
    """What a place can compute: names of the faults that give it (none if it is right), its fingerprint, its values."""

    names: frozenset[str]
    prints: NDArray[np.float64]
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The fault that stands for all of them: the first of the catalogue."""
        return min(self.names, key=ORDER.__getitem__)


class _Enough(Exception):  # noqa: N818  # no error: the page has been read as far as needed
    pass


class Variants:
    """The values that the places of the page can take on the draws.

    Parameters
    ----------
    groups
        The draws.
    rate
        Learning rate of a fault that updates weights too early; None if no fault does.
    """

    def __init__(self, groups: Sequence[Group], rate: float | None = None) -> None:
        self.groups, self.rate = groups, rate
        self.page = page()
        self._network = groups[0].network
        self._explored: dict[tuple[Chain, frozenset[str] | None, str, int], list[Variant]] = {}

    def at(self, chain: Chain, allowed: frozenset[str] | None, symbol: str, layer: int) -> list[Variant]:
        """The right value of a place first, then every other value that a fault gives there, after that chain.

        `allowed` are the faults that may still come: all (None), or those that are there already in other layers.
        """
        key = chain, allowed, symbol, layer
        if key not in self._explored:
            upper = (Place("dW", layer), Place("db", layer))
            lower = (Place("dA", layer), Place("D", layer))
            delta = (Place("delta", layer),)
            self._explore(chain, allowed, {"dW": upper, "db": upper, "delta": delta}.get(symbol, lower))
        return self._explored.setdefault(key, [])

    def run(self, chain: Chain, group: Group, explore: Explorer | None = None) -> Parameters:
        """The page's gradient of the data's loss on that group, with those faults in it."""
        self.page.namespace["rate"], self.page.namespace["samples"] = self.rate, group.samples
        with np.errstate(all="ignore"), self.page.choosing(dict(chain), explore):
            try:
                result: Parameters = self.page.loss_and_gradient(
                    self._network, group.parameters, group.X, group.T, group.factor
                )[1]
            except _Enough:
                return ()
        return result

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
                if name and not FAULTS[name].when(self._network, place.layer):
                    continue
                try:
                    value = expression()
                except _UNFIT:
                    continue
                if np.shape(value) == shape or (place.symbol == "dA" and _fills(np.shape(value), shape)):
                    found.setdefault(name, []).append(value)
            if place == last:
                raise _Enough

        try:
            for group in self.groups:
                self.run(chain, group, explore)
        except _UNFIT:  # one fault of the chain leaves a shape with which the page cannot go on
            return
        for place, found in values.items():
            complete = {name: v for name, v in found.items() if len(v) == len(self.groups)}
            assert place.layer is not None
            self._explored[chain, allowed, place.symbol, place.layer] = _distinct(complete)


def _distinct(found: Mapping[str, Sequence[Any]]) -> list[Variant]:
    """Alternatives that are the same function on all draws are one variant; those that are right are none."""
    names = list(found)
    prints = np.array([fingerprints(found[name]) for name in names])
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


def fingerprints(values: Iterable[Any]) -> NDArray[np.float64]:
    """A number for each group that two arrays share only if they are equal: a random projection."""
    return np.array([float(np.ravel(v) @ _probe(g, np.size(v))) for g, v in enumerate(values)])


@lru_cache(maxsize=1024)
def _probe(group: int, size: int) -> NDArray[np.float64]:
    return random.normal(group, "fingerprint", size)


def _fills(small: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether NumPy repeats an array of the one shape to fill the other, as it does when the slope is multiplied in."""
    return len(small) == len(shape) and all(m in (1, n) for m, n in zip(small, shape, strict=True))


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(np.allclose(x, y, rtol=1e-9, atol=1e-13) for x, y in zip(a, b, strict=True))
