"""Right gradients of random networks, as people write them: any convention, signature, layout, order of the sum.

None of them may raise an alarm. `bench/gradient_mutants.py --right 10000` runs many, a test a few.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fallline as fl
from fallline.checks.reference.conventions import Convention, conventions
from fallline.textbook.network import Layer, Network, loss_and_gradient, penalty
from mutants import random_network

FORMS = ("layers", "vector", "dictionary", "columns", "with_loss", "reversed", "single_precision")


def written(network: Network, convention: Convention, form: str) -> Callable[..., Any]:
    """A function that gives the right gradient of the network, in a convention, written in one of `FORMS`."""

    def factors(m: int) -> tuple[float, float]:
        """The factors of the convention on the sum of the losses and on the penalty."""
        scale = convention.sign * convention.constant * float(m) ** convention.per_sample
        decay = scale if convention.penalty_too else convention.sign
        return scale / (m if network.reduction == "mean" else 1), decay

    def layers(parameters: Any, X: Any, T: Any) -> list[list[Any]]:
        scale, decay = factors(len(X))
        decay *= network.l2
        if form == "reversed":
            X, T = X[::-1], T[::-1]
        gradient = loss_and_gradient(network, parameters, X, T)[1]
        return [
            [scale * dW + decay * W, None if db is None else scale * db]
            for (dW, db), (W, _) in zip(gradient, parameters, strict=True)
        ]

    def vector(w: Any, X: Any, T: Any) -> Any:
        return network.pack([Layer(*layer) for layer in layers(network.unpack(w), X, T)])

    def dictionary(params: Any, X: Any, T: Any) -> Any:
        rows = [Layer(params[f"W{l}"], params.get(f"b{l}")) for l in range(1, network.depth + 1)]
        gradient = layers(rows, X, T)
        return {
            f"d{k}{l}": v
            for l, layer in enumerate(gradient, 1)
            for k, v in zip("Wb", layer, strict=True)
            if v is not None
        }

    def columns(parameters: Any, X: Any, T: Any) -> Any:
        rows = [Layer(W.T, None if b is None else np.ravel(b)) for W, b in parameters]
        return [(dW.T, None if db is None else db[:, None]) for dW, db in layers(rows, X.T, T.T)]

    def with_loss(parameters: Any, X: Any, T: Any) -> Any:
        scale, decay = factors(len(X))
        loss = scale * loss_and_gradient(network, parameters, X, T)[0]
        return loss + decay * penalty(network, parameters, network.l2)[0], layers(parameters, X, T)

    def single_precision(parameters: Any, X: Any, T: Any) -> Any:
        return [[None if v is None else v.astype(np.float32) for v in layer] for layer in layers(parameters, X, T)]

    return {
        "vector": vector,
        "dictionary": dictionary,
        "columns": columns,
        "with_loss": with_loss,
        "single_precision": single_precision,
    }.get(form, layers)


def right(count: int, seed: int) -> Iterator[tuple[Network, Convention, str]]:
    """So many random networks, each with a random convention and form."""
    state = random.Random(seed)
    for _ in range(count):
        network = random_network(state)
        yield network, state.choice(list(conventions(network))), state.choice(FORMS)


def alarms(cases: Iterator[tuple[Network, Convention, str]]) -> list[str]:
    """A line for each right gradient that is not called right."""
    lines = []
    for network, convention, form in cases:
        verdict = fl.check_gradient(written(network, convention, form), network)
        if not verdict.right:
            lines.append(f"{network!r} scales {network.scales} l2 {network.l2}, {convention}, {form}: {verdict}")
    return lines
