"""Signatures: in which ways a function of the user's may want to be called, the likeliest first.

Ours, `gradient(parameters, X, T)`, with the parameters as layers, one flat vector, a dictionary or a list; or any
order of arguments that have the field's names (`grad_f(data, T, Y, H1, H2, V, W2, W1, b1, b2)`). Samples are rows or
columns, weights (n_in, n_out) or transposed. Which one it is, is found by names and shapes, and the verdict shows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fallline.checks.calling.adapters import CONTAINERS, Adapter
from fallline.checks.calling.calls import Misbehaviour, name_of
from fallline.checks.calling.layouts import LAYOUTS
from fallline.checks.calling.names import Quantity, parameter_names, quantities, source_of
from fallline.textbook.network import Network

__all__ = ["adapters"]

Signature = tuple[tuple[str, Quantity], ...]
"""The function's parameters in order, each with what it gets."""


def adapters(function: Callable[..., Any], network: Network) -> Iterator[Adapter]:
    """Ways to call the function, the likeliest first. A sentence if its parameters' names say too little."""
    targets = ["rows"]
    if network.loss.targets == "classes":
        targets.append("numbers")
    if network.sizes[-1] == 1:
        targets.append("flat")
    for given in _signatures(function, network):
        whole = any(q.kind == "parameters" for _, q in given)
        containers: Sequence[str] = _containers(function) if whole else ("layers",)
        for how, layout, container in itertools.product(targets, LAYOUTS, containers):
            yield Adapter(function, network, given, container, layout, how)


def _signatures(function: Callable[..., Any], network: Network) -> Iterator[Signature]:
    """What the function's parameters may mean: by their names, and of three also (parameters, X, T).

    In a network of one layer `w` may be its weights, or all parameters in one vector.
    """
    named = _signature(function, network)
    yield named
    if len(named) == 3 and not any(q.kind == "parameters" for _, q in named):
        kinds = (Quantity("parameters"), Quantity("X"), Quantity("T"))
        yield tuple(zip((name for name, _ in named), kinds, strict=True))


def _signature(function: Callable[..., Any], network: Network) -> Signature:
    ours = (("parameters", Quantity("parameters")), ("X", Quantity("X")), ("T", Quantity("T")))
    names = parameter_names(function)
    if names is None:
        return ours
    required, optional = names
    found = quantities(required + [n for n in optional if n.lower() in ("l2", "lam", "reg", "lambd")], network)
    unknown = [n for n in required if found[n] is None]
    weightless = not any(q is not None and q.kind in ("W", "parameters") for q in found.values())
    # (p, X, T): p must be the parameters, whatever p means elsewhere
    if (unknown or weightless) and len(required) == 3:
        return tuple(zip(required, (q for _, q in ours), strict=True))
    if unknown:
        raise Misbehaviour(
            f"{name_of(function)} has a parameter {unknown[0]!r} whose meaning is unknown. Known are parameters, X (data), "
            "T (targets), Y (outputs), W1, b1, ..., V and c (last layer), H1 or A1, Z1, m, l2; "
            "or write gradient(parameters, X, T)."
        )
    if weightless and not any(q is not None and q.kind == "Y" for q in found.values()):
        raise Misbehaviour(
            f"{name_of(function)} has no parameter that gets the weights; it has {', '.join(required) or 'none at all'}. "
            "Write gradient(parameters, X, T), or name them W1, b1, W2, b2 and so on."
        )
    kinds = [q for q in found.values() if q is not None]
    if len(set(kinds)) < len(kinds):
        double = next(q for q in kinds if kinds.count(q) > 1)
        both = " and ".join(repr(n) for n, q in found.items() if q == double)
        raise Misbehaviour(f"{name_of(function)} has two parameters that both seem to be {double}: {both}. Rename one.")
    return tuple((n, q) for n, q in found.items() if q is not None)


def _containers(function: Callable[..., Any]) -> list[str]:
    """The containers in order of likelihood, by what the source does with them."""
    text = source_of(function)
    order = list(CONTAINERS)
    first = "layers"
    if "['" in text or '["' in text:
        first = "dictionary"
    elif any(word in text for word in (".reshape(", "theta[", "w[:", "vector[")) and "for W, b" not in text:
        first = "vector"
    order.remove(first)
    return [first, *order]
