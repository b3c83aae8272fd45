"""Arguments: what a parameter of a function may get, by its name, its use in the source, and the functions beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fallline.checks.calling.calls import name_of
from fallline.checks.calling.patterns import Constant, Items, Keys, Pattern
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import meanings, plain
from fallline.checks.calling.surroundings import Surroundings
from fallline.checks.calling.usage import returned_names, usage_of
from fallline.textbook.network import Network

__all__ = ["Argument", "Helper", "Made", "patterns_for"]

_CACHES = (
    "cache",
    "caches",
    "memory",
    "activations",
    "zs",
    "state",
    "ctx",
    "intermediates",
    "saved",
    "forwardcache",
    "fwd",
    "ret",
)


@dataclass(frozen=True)
class Argument:
    """A parameter of the function and what it gets."""

    name: str
    pattern: Pattern
    keyword: bool = False

    def __str__(self) -> str:
        text = str(self.pattern)
        return self.name if text == self.name else f"{self.name}={text}"


@dataclass(frozen=True)
class Helper:
    """Another function of the user's, with the meaning of its arguments."""

    function: Callable[..., Any]
    arguments: tuple[Argument, ...]
    method: bool


@dataclass(frozen=True)
class Made:
    """A value that a helper returns: the part of its result with that name, or that number, or all of it."""

    helper: Helper
    name: str
    part: int | None

    def __str__(self) -> str:
        return f"{self.name} of {name_of(self.helper.function)}"


def patterns_for(
    name: str, known: Sequence[Pattern], helpers: Sequence[Helper], function: Callable[..., Any], surroundings: Surroundings,
    network: Network,
) -> list[Pattern]:  # fmt: skip
    """What a required parameter of the function may get, the likeliest first; nothing if that is unknown.

    `known` is what its name means, and `helpers` are the user's forward functions.
    """
    return (
        _choices(name, known, helpers, network)
        or _unpacked(function, name, surroundings, network)
        or _functions(function, name, surroundings)
    )


def _unpacked(function: Callable[..., Any], name: str, surroundings: Surroundings, network: Network) -> list[Pattern]:
    """What a parameter gets that the source unpacks into names that are known, such as inputs, labels = batch."""
    usage = usage_of(function, name, surroundings.functions)
    keys = meanings(list(usage.keys), network)
    if keys and all(keys.values()):
        return [Keys(tuple((key, known[0]) for key, known in keys.items()))]
    for names in usage.unpacked:
        if all(isinstance(n, str) for n in names):
            known = meanings([str(n) for n in names], network)
            if all(known.get(str(n)) for n in names):
                return [Items(tuple(known[str(n)][0] for n in names))]
    return []


def _functions(function: Callable[..., Any], name: str, surroundings: Surroundings) -> list[Pattern]:
    """The functions beside it that a parameter such as cost_function may get."""
    stem = re.sub(r"_?(function|func|fn|f)$", "", name.lower())
    if not stem or stem == name.lower():
        return []
    beside = {n: f for n, f in surroundings.functions.items() if stem in n.lower() and f is not function}
    return [Constant(f) for n, f in beside.items() if not n.endswith("descent")]


def _choices(name: str, known: Sequence[Pattern], helpers: Sequence[Helper], network: Network) -> list[Pattern]:
    """What a required parameter may get."""
    made = [m for helper in helpers for m in _made(name, helper)]
    listed = [Items((*_lists(network)[plain(name)],), "list")] if plain(name) in _lists(network) else []
    named = [m for m in made if m.name == name]
    others = [m for m in made if m.name != name]
    if plain(name) in _CACHES or "cache" in name.lower():
        return [*named, *others, *listed, *known]
    if listed:
        return [*named, *listed, *known]
    shares = any(isinstance(p, Quantity) and p.kind in "YAZ" for p in known)
    return [*known, *(named if shares or not known else [])]


def _lists(network: Network) -> dict[str, list[Quantity]]:
    """What lists of activations or pre-activations hold, by their names."""
    layers = range(1, network.depth + 1)
    A = [Quantity("X"), *(Quantity("A", l) for l in layers[:-1]), Quantity("Y")]
    Z = [Quantity("Z", l) for l in layers]
    return dict.fromkeys(("activations", "layeroutputs", "acts", "as"), A) | dict.fromkeys(("zs", "preactivations"), Z)


def _made(name: str, helper: Helper) -> Iterator[Made]:
    returned = returned_names(helper.function)
    if name in returned:
        yield Made(helper, name, returned.index(name))
        return
    if plain(name) in _CACHES or "cache" in name.lower():
        for k, other in enumerate(returned):
            if isinstance(other, str) and "cache" in other.lower():
                yield Made(helper, other, k)
                return
        yield Made(helper, "the result", None)
        if len(returned) > 1:
            yield Made(helper, "the last part", len(returned) - 1)
