"""Weights updated too early: the learning rate of that update, read off the checked numbers.

Going back through W - rate dW makes the delta linear in the rate. So two runs of the page, at rates 0 and 1, and a
projection give it, for each single fault that may stand above.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fallline.checks.diagnosis.mutable_page import Place
from fallline.checks.diagnosis.unexplained import Targets
from fallline.checks.diagnosis.variants import Chain, Variants
from fallline.checks.reference.comparison import Block, get
from fallline.checks.reference.conventions import conventions

__all__ = ["learning_rates"]

NO_RATE = 1e-6
"""An update that moves a block by less than this share of it is none: it explains nothing."""


def learning_rates(targets: Targets, variants: Variants) -> Iterator[float]:
    """Rates at which a delta that goes back through updated weights gives one of its layer's blocks, last layer first."""
    depth = targets.groups[0].network.depth
    for layer in range(depth - 1, 0, -1):
        known: list[float] = []
        for above in _aboves(variants, depth, layer):
            for rate in _rates(targets, (*above, (Place("dA", layer), "dA_weights_updated")), layer):
                if not any(abs(rate - k) <= 1e-7 * abs(k) for k in known):
                    known.append(rate)
                    yield rate


def _aboves(variants: Variants, depth: int, layer: int) -> Iterator[Chain]:
    """No fault, or a single one, between the output and that layer."""
    yield ()
    for l in range(depth, layer - 1, -1):
        for symbol in ("delta", "dW") if l == depth else ("D", "dA", "dW"):
            if (symbol, l) != ("dA", layer):
                for variant in variants.at((), None, symbol, l):
                    if variant.names:
                        yield ((Place(symbol, l), variant.name),)


def _rates(targets: Targets, chain: Chain, layer: int) -> Iterator[float]:
    """The rate for each convention and block, where one fits."""
    groups = targets.groups
    network = groups[0].network
    runs = [[Variants(groups, rate).run(chain, group) for group in groups] for rate in (0.0, 1.0)]
    for convention in conventions(network):
        for symbol in ("db", "dW") if network.bias else ("dW",):
            block = Block((symbol, layer))
            target = targets.of(convention, "", block).values
            still, moved = ([get(gradient, block) for gradient in run] for run in runs)
            along = np.concatenate([np.ravel(m - s) for m, s in zip(moved, still, strict=True)])
            wanted = np.concatenate([np.ravel(t - s) for t, s in zip(target, still, strict=True)])
            rate = float(along @ wanted / ((along @ along) or 1))
            off = np.abs(wanted - rate * along).max()
            size = max(s[block] for s in targets.scales)
            if abs(rate) * np.abs(along).max() > NO_RATE * size and off <= 1e-9 * size:
                yield rate
