"""Faults of a gradient relative to a loss, in clauses: another convention, factor or penalty, and where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fallline.checks.reference.comparison import BlockComparison, block_of
from fallline.checks.reference.conventions import Convention
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY
from fallline.checks.reference.loss_words import LossInWords
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.network import Network, Parameters
from fallline.views.numerals import listed

__all__ = [
    "by_samples",
    "convention_clauses",
    "factor_clause",
    "neighbours",
    "penalty_clauses",
    "places",
]

SAME = 1e-6
"""Factors that differ by less, relative to them, are the same."""


def convention_clauses(network: Network, checked: Convention, loss: str) -> list[str]:
    """How the convention of a gradient differs from the network's own loss."""
    clauses = []
    if checked.sign < 0:
        clauses.append(f"the sign of the whole gradient is wrong: it is the gradient of minus {loss}")
    if checked.constant != 1:
        clauses.append(f"the gradient is {checked.constant:.6g} times that of {loss}")
    if checked.per_sample:
        names = ("mean", "sum") if network.reduction == "sum" else ("sum", "mean")
        clauses.append(f"the gradient is that of the {names[0]} over the samples, but {loss} is the {names[1]}")
    return clauses


def factor_clause(factors: Sequence[float], samples: Sequence[int], loss: str) -> str:
    """What the factor between a gradient and the derivatives of a loss, for each batch size, means."""
    if not any(factors):
        return "the whole gradient is 0"
    if all(abs(f + 1) <= SAME for f in factors):
        return f"the sign of the whole gradient is wrong: it is the gradient of minus {loss}"
    text = by_samples(factors, samples)
    if text is None:
        return (
            f"the whole gradient has another factor than the derivative of {loss}, a different one for each batch size"
        )
    return f"the whole gradient is {text} times the derivative of {loss}"


def by_samples(factors: Sequence[float], samples: Sequence[int]) -> str | None:
    """A factor as text: "2", "0.5 m", "1/m"; None if it depends on the number of samples m otherwise.

    >>> by_samples([7.0, 11.0], [7, 11]), by_samples([0.5 / 7, 0.5 / 11], [7, 11]), by_samples([1.0, 3.0], [7, 11])
    ('m', '0.5/m', None)
    """
    for power in (0, 1, -1, -2):
        constants = [f / float(m) ** power for f, m in zip(factors, samples, strict=True)]
        if max(constants) - min(constants) <= SAME * abs(constants[0]):
            c = f"{constants[0]:.6g}"
            return {0: c, 1: "m" if c == "1" else f"{c} m", -1: f"{c}/m", -2: f"{c}/m^2"}[power]
    return None


def penalty_clauses(
    groups: Sequence[Group], checked: Sequence[Parameters], right: Sequence[Parameters], words: LossInWords, loss: str
) -> list[str]:
    """What is wrong with the gradient of the penalty; empty if nothing is, or something else is wrong too."""
    network, fit = groups[0].network, words.fit
    samples = [g.samples for g in groups]
    clauses: dict[tuple[str, str], list[str]] = {}
    for layer in range(1, network.depth + 1):
        for part, symbol in enumerate("Wb" if network.bias else "W"):
            strength = (fit.biases if part else fit.weights)[layer - 1]
            own = [2 * strength * float(m) ** fit.penalty_power for m in samples]
            values = [g.parameters[layer - 1][part] for g in groups]
            off = [n[layer - 1][part] - r[layer - 1][part] for n, r in zip(checked, right, strict=True)]
            clause = _penalty_clause(symbol, values, off, own, samples, loss)
            if clause is None:
                return []
            if clause:
                clauses.setdefault((clause, symbol), []).append(f"d{symbol}{layer}")
    sentences = []
    for (clause, symbol), blocks in clauses.items():
        every = len(blocks) == network.depth > 1
        sentences.append(f"in {f'every d{symbol}' if every else listed(blocks)} {clause}")
    return sentences


def _penalty_clause(
    symbol: str, values: Sequence[Any], off: Sequence[Any], own: Sequence[float], samples: Sequence[int], loss: str
) -> str | None:
    """What is wrong with the penalty's gradient in a block; "" if it is right, None if something else is wrong.

    `off` is the checked gradient less the right one, and `own` what the right one multiplies the weights by.
    """
    extra = []
    for value, difference in zip(values, off, strict=True):
        factor = float(np.vdot(value, difference) / (np.vdot(value, value) or 1))
        size = float(np.abs(difference).max())
        if not np.abs(difference - factor * value).max() <= 1e-7 * max(size, 1e-3):
            return None
        extra.append(factor if size > 1e-7 else 0.0)
    if not any(extra):
        return ""
    coded = [o + e for o, e in zip(own, extra, strict=True)]
    text, right = by_samples(coded, samples), by_samples(own, samples)
    if all(abs(c) <= 1e-7 * abs(o) for c, o in zip(coded, own, strict=True)):
        return "the penalty is missing"
    if text is None:
        return None
    if not any(own):
        return f"there is a term {text} {symbol} that {loss} does not have"
    return f"the penalty is {text} {symbol}, but {loss} gives {right} {symbol}"


def neighbours(words: LossInWords) -> Iterator[tuple[str, Network]]:
    """Networks that differ from that of a loss in the activations or the data loss, each with its difference in words."""
    network, fit = words.network, words.fit
    assert network is not None
    if fit.smoothing or fit.class_weights:
        change = "label smoothing" if fit.smoothing else "weights of the classes"
        yield f"a loss without {change}", network.with_(loss=fit.member.loss)
    for activation in ACTIVATIONS.values() if network.hidden else ():
        if activation.name != "gelu" and activation not in network.activations:
            yield f"{activation.label} units", network.with_(activations=(activation,) * network.hidden)
    for member in FAMILY:
        if member.loss.name != fit.loss.name:
            yield member.words, network.with_(loss=member.loss)


def places(
    blocks: Sequence[BlockComparison],
    groups: Sequence[Group],
    checked: Sequence[Parameters],
    right: Sequence[Parameters] | None,
) -> list[str]:
    """Where a gradient is wrong: which blocks are right, the first wrong one, and constant factors of blocks.

    `right` is the gradient that it should be, or None if that is not known entry by entry.
    """  # fmt: skip
    good = [str(b.block) for b in blocks if b.agrees]
    sentences = [f"{listed(good)} {'is' if len(good) == 1 else 'are'} right." if good else "No block is right."]
    first = next(b.block for b in blocks if not b.agrees)
    if len(good) and first.symbol == "dW" and f"db{first.layer}" in good:
        sentences.append(
            f"Going backward, the first wrong block is {first}, while db{first.layer} is right: the fault stands in {first} "
            "itself, or in what it takes."
        )  # fmt: skip
    else:
        sentences.append(f"Going backward, the first wrong block is {first}.")
    for comparison in blocks if right is not None else ():
        if not comparison.agrees:
            pairs = [
                (block_of(n, comparison.block), block_of(r, comparison.block))
                for n, r in zip(checked, right or (), strict=True)
            ]
            factors = [float(np.vdot(r, n) / (np.vdot(r, r) or 1)) for n, r in pairs]
            if all(np.abs(n - f * r).max() <= 1e-7 * np.abs(r).max() for (n, r), f in zip(pairs, factors, strict=True)):
                text = by_samples(factors, [g.samples for g in groups])
                sentences += [] if text is None else [f"{comparison.block} is {text} times what it should be."]
    return sentences
