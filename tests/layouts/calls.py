"""How the layouts take weights and give gradients: the conversions that several of them share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def flat(W: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """[W1, b1, W2, b2, ...]"""
    return [a for pair in zip(W, b, strict=True) for a in pair]


def pairs(W: Sequence[Any], b: Sequence[Any]) -> list[tuple[Any, Any]]:
    """[(W1, b1), (W2, b2), ...]"""
    return list(zip(W, b, strict=True))


def named(W: Sequence[Any], b: Sequence[Any], weight: str = "W{}", bias: str = "b{}") -> dict[str, Any]:
    """{"W1": W1, "b1": b1, ...}"""
    return {
        name.format(l): a for l, (w, c) in enumerate(zip(W, b, strict=True), 1) for name, a in ((weight, w), (bias, c))
    }


def across(W: Sequence[Any], b: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Weights (n_out, n_in) and biases (n_out, 1), for samples in columns."""
    return [w.T.copy() for w in W], [c[:, None].copy() for c in b]


def back(dW: Sequence[Any], db: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Gradients by weights (n_out, n_in) and biases (n_out, 1), as the textbook lays them out."""
    return [np.asarray(w).T for w in dW], [np.ravel(c) for c in db]


def by_name(g: Any, layers: int, weight: str = "W{}", bias: str = "b{}") -> tuple[list[Any], list[Any]]:
    """Weights and biases of a dictionary."""
    return [g[weight.format(l)] for l in range(1, layers + 1)], [g[bias.format(l)] for l in range(1, layers + 1)]


def in_turn(gradients: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Weights and biases of [dW1, db1, dW2, db2, ...]."""
    gradients = list(gradients)
    return gradients[::2], gradients[1::2]


def split(gradients: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Weights and biases of [(dW1, db1), ...]."""
    return [g[0] for g in gradients], [g[1] for g in gradients]


def labels(T: Any) -> Any:
    """Class numbers of one-hot rows."""
    return T.argmax(axis=1)


def samples(X: Any, T: Any) -> Iterator[tuple[Any, Any]]:
    """One sample after the other, each as a column."""
    for x, t in zip(X, T, strict=True):
        yield x[:, None], t[:, None]


def total(parts: Sequence[tuple[Sequence[Any], Sequence[Any]]]) -> tuple[list[Any], list[Any]]:
    """The sum of several gradients."""
    dW, db = parts[0]
    for more_W, more_b in parts[1:]:
        dW = [a + c for a, c in zip(dW, more_W, strict=True)]
        db = [a + c for a, c in zip(db, more_b, strict=True)]
    return list(dW), list(db)
