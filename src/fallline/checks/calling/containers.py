"""Containers: the forms in which a function can take all parameters, all weights or all biases in one argument."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from fallline.checks.calling.blocks import Block, blocks_of, by_name, orders
from fallline.checks.calling.patterns import Constant, Items, Keys, Neurons, Pattern, Vector, Zeros, quantities_in
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import BIASES, PARAMETERS, VELOCITY, WEIGHTS, meanings
from fallline.checks.calling.spellings import spelling
from fallline.checks.calling.usage import Usage
from fallline.textbook.network import Network

__all__ = ["Container", "containers"]

Container = tuple[int, str, Pattern]
"""Its cost, its family (containers of one family are told apart by the numbers alone), and its pattern."""

MOST_ORDERS = 36
"""How many orders of layers are tried where names do not say it: all of three layers."""

_BIAS = re.compile(r"bias|offset|intercept|thresh|(^|_)b(_|\d|$)", re.IGNORECASE)

NAMED = 0
USUAL = 1
"""Costs: of what the source names, and of the usual forms."""


def containers(role: Quantity, usage: Usage, network: Network, joined: bool) -> Iterator[Container]:
    """The containers of that role, those that the source names first.

    Parameters
    ----------
    role
        All parameters, all weights or all biases.
    usage
        How the source uses the argument.
    joined
        Whether the biases are a part of the weights.
    """
    blocks = blocks_of(network, joined)
    if role == VELOCITY:
        for cost, family, pattern in containers(PARAMETERS, usage, network, joined):
            yield cost, family, Zeros(pattern)
        return
    if role != PARAMETERS:
        kind = "W" if role == WEIGHTS else "b"
        yield from _lists([Quantity(*b) for b in blocks if b[0] == kind], usage)
        return
    named = list(_named(usage, network, blocks))
    yield from named
    later = USUAL if not named else USUAL + 3
    names = usage.keys or usage.prefixes
    for cost, family, pattern in _usual(network, blocks):
        dictionary = family.startswith("dictionary") or family == "list of dictionaries"
        yield later + cost + (2 if names and not dictionary else 0), family, pattern


def _lists(quantities: Sequence[Quantity], usage: Usage) -> Iterator[Container]:
    """A list of one kind of blocks: plain, with nothing at index 0, or a dictionary by number."""
    yield 0, "list", Items(tuple(quantities), "list")
    yield 3, "flat", Vector(tuple(quantities))
    yield 2, "list from 1", Items((Constant(None), *quantities), "list")
    yield 3, "dictionary by number", Keys(tuple(enumerate(quantities, start=1)))
    for key in (*usage.keys, *usage.attributes):
        if spelling(key):
            yield 1, "named", Keys(tuple((f"{key}", q) for q in quantities))
            break


def _named(usage: Usage, network: Network, blocks: list[Block]) -> Iterator[Container]:
    """Containers whose names stand in the source: keys, attributes, names that it is unpacked into."""
    for names, attributes in ((list(usage.keys), False), (list(usage.attributes), True)):
        items = _meant(names, network)
        if _complete(items.values(), blocks):
            yield NAMED, "names", Keys(tuple(sorted(items.items(), key=_place)), attributes)
        elif names and network.depth > 1:
            yield from _repeated(names, attributes, network, blocks)
            yield from _foreign(names, attributes, blocks)
    chains = by_name(list(usage.chains), blocks)
    if chains is not None:
        nested: dict[str, dict[str, Quantity]] = {}
        for (kind, l), (outer, inner) in chains.items():
            nested.setdefault(outer, {})[inner] = Quantity(kind, l)
        yield NAMED, "nested", Keys(tuple((outer, Keys(tuple(inner.items()))) for outer, inner in nested.items()))
    if usage.prefixes:
        yield from _numbered(list(usage.prefixes), network, blocks)
    for unpacked in [*usage.unpacked, tuple(usage.indices[k] for k in sorted(usage.indices))]:
        pattern = _unpacked(unpacked, network)
        if pattern is not None and _complete([pattern], blocks):
            yield NAMED, "unpacked", pattern


def _meant(names: Sequence[str], network: Network) -> dict[str, Pattern]:
    """The likeliest meaning of each name that has one and is no container itself."""
    found = meanings(names, network)
    return {n: m[0] for n, m in found.items() if m and m[0] not in (PARAMETERS, WEIGHTS, BIASES)}


def _place(item: tuple[str, Pattern]) -> tuple[bool, int, str]:
    """The place of a name where people would write it: W1, b1, W2, b2, then what is no parameter."""
    pattern = item[1]
    if isinstance(pattern, Quantity) and pattern.kind in ("W", "b"):
        return False, pattern.layer or 0, pattern.kind
    return True, 0, ""


def _complete(patterns: Any, blocks: Sequence[Block]) -> bool:
    quantities = {tuple(q) for pattern in patterns for q in quantities_in(pattern)}
    return quantities >= set(blocks)


def _repeated(names: list[str], attributes: bool, network: Network, blocks: list[Block]) -> Iterator[Container]:
    """A list of dictionaries or objects with the same names for each layer, or a dictionary of lists."""
    by_kind = {s.kind: name for name in reversed(names) if (s := spelling(name)) and s.kind in "Wb" and not s.marked}
    kinds = {kind for kind, _ in blocks}
    if not kinds <= by_kind.keys():
        return
    layers = range(1, network.depth + 1)
    each = tuple(Keys(tuple((by_kind[k], Quantity(k, l)) for k in sorted(kinds)), attributes) for l in layers)
    yield NAMED, "list of dictionaries", Items(each, "list")
    lists = tuple((by_kind[k], Items(tuple(Quantity(k, l) for l in layers), "list")) for k in sorted(kinds))
    yield NAMED, "dictionary of lists", Keys(lists, attributes)
    units = tuple(Neurons(l, by_kind["W"], by_kind["b"] if "b" in kinds else "", attributes) for l in layers)
    yield NAMED + 1, "neurons", Items(units, "list")


def _foreign(names: list[str], attributes: bool, blocks: list[Block]) -> Iterator[Container]:
    """A dictionary or an object whose names say no more than which are biases: in every order of the layers."""
    biases = [n for n in names if _BIAS.search(n)]
    weights = [n for n in names if n not in biases]
    places = {kind: [b for b in blocks if b[0] == kind] for kind in "Wb"}
    if len(names) != len(blocks) or len(biases) != len(places["b"]):
        return
    orders_of = itertools.product(itertools.permutations(places["W"]), itertools.permutations(places["b"]))
    for chosen in itertools.islice(orders_of, MOST_ORDERS):
        order = [*zip(weights, chosen[0], strict=True), *zip(biases, chosen[1], strict=True)]
        yield NAMED + 1, "foreign names", Keys(tuple((name, Quantity(*b)) for name, b in order), attributes)


def _numbered(prefixes: list[str], network: Network, blocks: list[Block]) -> Iterator[Container]:
    """A dictionary whose keys are a word and the layer's number, from 1 or from 0."""
    by_kind: dict[str, str] = {}
    for prefix in prefixes:
        s = spelling(prefix.rstrip("_") or prefix)
        if s is not None and not s.marked:
            by_kind.setdefault(s.kind, prefix)
    if not {kind for kind, _ in blocks} <= by_kind.keys():
        return
    for first in (1, 0):
        items = {f"{by_kind[kind]}{l - 1 + first}": Quantity(kind, l) for kind, l in blocks}
        more = {f"{by_kind[k]}{l}": Quantity(k, l) for k in "ZA" if k in by_kind for l in range(1, network.depth + 1)}
        if "A" in by_kind:
            more[f"{by_kind['A']}0"] = Quantity("X")
        yield NAMED + 1 - first, "numbered", Keys(tuple((items | more).items()))


def _unpacked(names: Any, network: Network) -> Pattern | None:
    """The structure that is unpacked into those names."""
    flat = list(_flattened(names))
    if not flat or "" in flat:
        return None
    meant = _meant(flat, network)
    if len(meant) < len(set(flat)):
        return None

    def built(part: Any) -> Pattern:
        return Items(tuple(map(built, part)), "tuple") if isinstance(part, tuple) else meant[part]

    pattern = built(names)
    return Items(pattern.items, "list")


def _flattened(names: Any) -> Iterator[str]:
    for part in names:
        if isinstance(part, tuple):
            yield from _flattened(part)
        else:
            yield part


def _usual(network: Network, blocks: list[Block]) -> Iterator[Container]:
    """The usual forms without any name in the source, the likeliest first."""
    L = range(1, network.depth + 1)
    kinds = [kind for kind in "Wb" if (kind, 1) in blocks]
    quantities = [Quantity(*b) for b in blocks]
    by_kind = {k: [Quantity(k, l) for l in L] for k in kinds}
    b_of = (lambda l: Quantity("b", l)) if "b" in kinds else (lambda l: Constant(None))
    yield 0, "layers", Items(tuple(Items((Quantity("W", l), b_of(l)), "layer") for l in L))
    yield 0, "dictionary", Keys(tuple((str(q), q) for q in quantities))
    yield 0, "list", Items(tuple(quantities), "list")
    if len(kinds) == 1:
        yield 0, "layers of one", Items(tuple(Items((q,), "tuple") for q in quantities), "list")
    yield 1, "list of dictionaries", Items(tuple(Keys(tuple((k, Quantity(k, l)) for k in kinds)) for l in L), "list")
    yield 1, "dictionary of lists", Keys(tuple((k, Items(tuple(by_kind[k]), "list")) for k in kinds))
    yield 1, "object", Keys(tuple((str(q), q) for q in quantities), attributes=True)
    for k, order in enumerate(orders(blocks)):
        parts = tuple(Quantity(*b) for b in order)
        yield 1 + min(k, 3), "vector", Vector(parts)
        yield 3 + min(k, 3), "vector", Vector(parts, "F")
    if len(kinds) == 2:
        yield 2, "two lists", Items(tuple(Items(tuple(by_kind[k]), "list") for k in kinds))
        yield 2, "list", Items((*by_kind["W"], *by_kind["b"]), "list")
        yield 3, "pairs b first", Items(tuple(Items((b_of(l), Quantity("W", l)), "tuple") for l in L), "list")
        yield 3, "two lists b first", Items(tuple(Items(tuple(by_kind[k]), "list") for k in "bW"))
    yield 2, "dictionary from 0", Keys(tuple((f"{k}{l - 1}", Quantity(k, l)) for k, l in blocks))
    words = {"W": "weights", "b": "biases"}
    yield 3, "dictionary of lists", Keys(tuple((words[k], Items(tuple(by_kind[k]), "list")) for k in kinds))
    yield (
        3,
        "list of dictionaries",
        Items(tuple(Keys(tuple((words[k] if k == "W" else "bias", Quantity(k, l)) for k in kinds)) for l in L), "list"),
    )
    yield 4, "dictionary by number", Keys(tuple((l, Items(tuple(Quantity(k, l) for k in kinds))) for l in L))
