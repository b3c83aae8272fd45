"""The values that each site of the page can take: the right one, and those that faults of the catalogue give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.faults.catalogue import FAULTS, ORDER, SITE_KINDS, page, symbols
from fallline.checks.faults.mutable_page import Explorer, Measured
from fallline.checks.faults.site import Role, Site
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["Chain", "Variant", "Variants", "fingerprints"]

Chain = tuple[tuple[Site, str], ...]
"""Faults chosen on the page, each at its site."""

EQUAL = 1e-9
"""Relative difference of two values of a site that count as the same."""

_UNFIT = (NameError, IndexError, ValueError, TypeError, AttributeError, ZeroDivisionError)
"""Errors of an alternative that cannot stand there: shapes that do not fit, a layer that does not exist."""


@dataclass(frozen=True)
class Variant:
    """A value that a site can compute: the faults that give it (none if it is right), its fingerprint, the value itself."""

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
    """The values that the sites of the page can take on the draws.

    Parameters
    ----------
    groups
        The draws.
    measured
        The constants of faults that have some, read off the checked numbers. Without its constants such a fault cannot stand.
    equal
        Relative difference of two values that count as the same.
    """

    def __init__(self, groups: Sequence[Group], measured: Measured | None = None, equal: float = EQUAL) -> None:
        self.groups, self.measured, self.equal = groups, measured or {}, equal
        self._network = groups[0].network
        self._explored: dict[tuple[Chain, frozenset[str] | None, Site], list[Variant]] = {}

    def at(self, chain: Chain, allowed: frozenset[str] | None, site: Site) -> list[Variant]:
        """The right value of a site, then every other value that a fault gives there, with the faults of the chain above it.

        Only faults in `allowed` are tried; None allows all.
        """
        key = chain, allowed, site
        if key not in self._explored:
            self._explore(chain, allowed, SITE_KINDS[site.symbol].role, site.layer or 0)
        return self._explored.setdefault(key, [])

    def run(self, chain: Chain, group: Group, explore: Explorer | None = None) -> Parameters:
        """The page's gradient of the data's loss on that group, with those faults in it."""
        arguments = self._network, group.parameters, group.X, group.T, group.factor
        choosing = page().choosing(dict(chain), explore, measured=self.measured, samples=group.samples)
        with np.errstate(all="ignore"), choosing:
            try:
                gradient: Parameters = page().loss_and_gradient(*arguments)[1]
            except _Enough:
                return ()
        return gradient

    def _explore(self, chain: Chain, allowed: frozenset[str] | None, role: Role, layer: int) -> None:
        """Run the page for each group until the layer's sites of that role are computed, and keep their possible values."""
        wanted = [Site(symbol, layer) for symbol in symbols(role)]
        values: dict[Site, dict[str, list[Any]]] = {}

        def explore(site: Site, alternatives: Mapping[str, Any]) -> None:
            if site not in wanted:
                # A layer's blocks come after the delta that they depend on, and the page goes from the last layer down.
                passed = SITE_KINDS[site.symbol].role is Role.BLOCK and (site.layer or 0) <= layer
                if passed and role is not Role.BLOCK:
                    raise _Enough
                return
            by_name = values.setdefault(site, {})
            shape = np.shape(alternatives[""]())
            # NumPy repeats a smaller array when the next step multiplies something in.
            repeated = role is Role.STEP and site != wanted[-1]
            for name, compute in alternatives.items():
                if name and (allowed is not None and name not in allowed):
                    continue
                if name and not FAULTS[name].can_stand(self._network, site.layer):
                    continue
                try:
                    value = compute()
                except _UNFIT:
                    continue
                if np.shape(value) == shape or (repeated and _fills(np.shape(value), shape)):
                    by_name.setdefault(name, []).append(value)
            if site == wanted[-1]:
                raise _Enough

        try:
            for group in self.groups:
                self.run(chain, group, explore)
        except _UNFIT:  # a fault of the chain gives a shape with which the page cannot continue
            return
        for site, by_name in values.items():
            complete = {name: v for name, v in by_name.items() if len(v) == len(self.groups)}
            self._explored[chain, allowed, site] = _distinct(complete, self.equal)


def _distinct(values: Mapping[str, Sequence[Any]], equal_to: float) -> list[Variant]:
    """One variant for all alternatives with the same values on all draws; those that equal the right value name no fault."""
    names = list(values)
    prints = np.array([fingerprints(values[name]) for name in names])
    near = (np.abs(prints[:, None] - prints) <= equal_to * (1e-3 + np.abs(prints))).all(axis=-1)
    equal: dict[int, set[str]] = {}
    for k, name in enumerate(names):
        first = int(near[k].argmax())  # of those that are equal; 0 where a print is not finite and so equals none
        if first in equal and _same(values[name], values[names[first]], equal_to):
            equal[first].add(name)
        elif near[k, k]:
            equal[k] = {name}
    return [
        Variant(frozenset(() if "" in group else group), prints[k], tuple(values[names[k]]))
        for k, group in equal.items()
    ]


def fingerprints(values: Iterable[Any]) -> NDArray[np.float64]:
    """A number for each group that two arrays share only if they are equal: a random projection."""
    return np.array([float(np.ravel(v) @ _probe(g, np.size(v))) for g, v in enumerate(values)])


@lru_cache(maxsize=1024)
def _probe(group: int, size: int) -> NDArray[np.float64]:
    return random.normal(group, "fingerprint", size)


def _fills(small: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether NumPy repeats an array of the one shape to fill the other."""
    return len(small) == len(shape) and all(m in (1, n) for m, n in zip(small, shape, strict=True))


def _same(a: Sequence[Any], b: Sequence[Any], equal: float) -> bool:
    return all(np.allclose(x, y, rtol=equal, atol=1e-4 * equal) for x, y in zip(a, b, strict=True))
