"""Signatures: the ways in which a user's function may want to be called, the likeliest first.

One is `gradient(parameters, X, T)`, with the parameters as layers, one flat vector, a dictionary or a list. Others have
arguments with the field's names in any order, `grad_f(data, T, Y, H1, H2, V, W2, W1, b1, b2)`. Samples are rows or
columns, weights (n_in, n_out) or transposed. Names and shapes decide which one it is, and the verdict shows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fallline.checks.calling.adapters import CONTAINERS, Adapter
from fallline.checks.calling.calls import MisbehaviourError, name_of
from fallline.checks.calling.layouts import LAYOUTS
from fallline.checks.calling.names import Quantity, parameter_names, quantities, source_of
from fallline.textbook.network import Network

__all__ = ["adapters"]

Signature = tuple[tuple[str, Quantity], ...]
"""The function's parameters in order, each with the quantity that it gets."""


_USUAL = (Quantity("parameters"), Quantity("X"), Quantity("T"))


def adapters(function: Callable[..., Any], network: Network) -> Iterator[Adapter]:
    """Ways to call the function, the likeliest first.

    Raises
    ------
    MisbehaviourError
        If the names of its parameters do not say what they mean.
    """
    targets = ["rows"]
    if network.loss.targets == "classes":
        targets.append("numbers")
    if network.sizes[-1] == 1:
        targets.append("flat")
    for signature in _signatures(function, network):
        takes_container = any(q.kind == "parameters" for _, q in signature)
        containers: Sequence[str] = _containers(function) if takes_container else ("layers",)
        for form, layout, container in itertools.product(targets, LAYOUTS, containers):
            yield Adapter(function, network, signature, container, layout, form)


def _signatures(function: Callable[..., Any], network: Network) -> Iterator[Signature]:
    """The meanings that the function's parameters may have: those of their names; three may also be (parameters, X, T).

    In a network of one layer `w` may be its weights, or all parameters in one vector.
    """
    signature = _signature(function, network)
    yield signature
    if len(signature) == 3 and not any(q.kind == "parameters" for _, q in signature):
        yield tuple(zip((name for name, _ in signature), _USUAL, strict=True))


def _signature(function: Callable[..., Any], network: Network) -> Signature:
    names = parameter_names(function)
    if names is None:
        return tuple((q.kind, q) for q in _USUAL)
    required, optional = names
    meanings = quantities(required + [n for n in optional if n.lower() in ("l2", "lam", "reg", "lambd")], network)
    unknown = [n for n in required if meanings[n] is None]
    weightless = not any(q is not None and q.kind in ("W", "parameters") for q in meanings.values())
    # in (p, X, T), p must be the parameters, although p alone means the probabilities
    if (unknown or weightless) and len(required) == 3:
        return tuple(zip(required, _USUAL, strict=True))
    if unknown:
        raise MisbehaviourError(
            f"{name_of(function)} has a parameter {unknown[0]!r} whose meaning is unknown. Known names are parameters, X (data), "
            "T (targets), Y (outputs), W1, b1, ..., V and c (last layer), H1 or A1, Z1, m, l2; "
            "or write gradient(parameters, X, T)."
        )
    if weightless and not any(q is not None and q.kind == "Y" for q in meanings.values()):
        raise MisbehaviourError(
            f"{name_of(function)} has no parameter that gets the weights; it has {', '.join(required) or 'no parameters'}. "
            "Write gradient(parameters, X, T), or name them W1, b1, W2, b2 and so on."
        )
    kinds = [q for q in meanings.values() if q is not None]
    if len(set(kinds)) < len(kinds):
        double = next(q for q in kinds if kinds.count(q) > 1)
        both = " and ".join(repr(n) for n, q in meanings.items() if q == double)
        raise MisbehaviourError(
            f"{name_of(function)} has two parameters that both seem to be {double}: {both}. Rename one."
        )
    return tuple((n, q) for n, q in meanings.items() if q is not None)


def _containers(function: Callable[..., Any]) -> list[str]:
    """The containers, the likeliest first, judged by the function's source."""
    text = source_of(function)
    order = list(CONTAINERS)
    first = "layers"
    if "['" in text or '["' in text:
        first = "dictionary"
    elif any(word in text for word in (".reshape(", "theta[", "w[:", "vector[")) and "for W, b" not in text:
        first = "vector"
    order.remove(first)
    return [first, *order]
