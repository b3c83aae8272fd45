"""Weights updated too early: the learning rate of that update, read off the checked numbers.

A delta that goes back through W - rate dW is linear in the rate. So the rate follows from two runs of the page, at rates 0
and 1, and a projection; this is done for no fault and for each single fault in the layers above.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.variants import Chain, Variants
from fallline.checks.faults.catalogue import FAULTS, symbols
from fallline.checks.faults.site import Role, Site
from fallline.checks.faults.steps import EARLY_UPDATE
from fallline.checks.reference.comparison import block_of, blocks_of_layer
from fallline.checks.reference.conventions import conventions

__all__ = ["learning_rates"]

NO_RATE = 1e-6
"""An update that moves a block by less than this share of the block explains nothing."""


def learning_rates(required: RequiredBlocks, variants: Variants) -> Iterator[float]:
    """Rates at which a delta that goes back through updated weights gives one of its layer's blocks, last layer first."""
    depth = required.groups[0].network.depth
    for layer in range(depth - 1, 0, -1):
        update = Site(FAULTS[EARLY_UPDATE].symbol, layer)
        known: list[float] = []
        for above in _faults_above(variants, depth, update):
            for rate in _rates(required, (*above, (update, EARLY_UPDATE)), layer):
                if not any(abs(rate - k) <= 1e-7 * abs(k) for k in known):
                    known.append(rate)
                    yield rate


def _faults_above(variants: Variants, depth: int, update: Site) -> Iterator[Chain]:
    """No fault, or a single one, between the output and the update."""
    yield ()
    for layer in range(depth, (update.layer or 1) - 1, -1):
        role = Role.OUTPUT if layer == depth else Role.STEP
        for symbol in (*reversed(symbols(role)), "dW"):  # the update is made with dW, so its faults count too
            site = Site(symbol, layer)
            if site != update:
                for variant in variants.at((), None, site):
                    if variant.names:
                        yield ((site, variant.name),)


def _rates(required: RequiredBlocks, chain: Chain, layer: int) -> Iterator[float]:
    """The rate that fits, for each convention and block that has one."""
    groups = required.groups
    network = groups[0].network
    runs = [[Variants(groups, rate).run(chain, group) for group in groups] for rate in (0.0, 1.0)]
    for convention in conventions(network, groups[0].declared):
        for block in blocks_of_layer(network, layer)[::-1]:
            wanted = required.of(convention, "", block).values
            still, moved = ([block_of(gradient, block) for gradient in run] for run in runs)
            along = np.concatenate([np.ravel(m - s) for m, s in zip(moved, still, strict=True)])
            across = np.concatenate([np.ravel(w - s) for w, s in zip(wanted, still, strict=True)])
            rate = float(along @ across / ((along @ along) or 1))
            residual = np.abs(across - rate * along).max()
            size = max(scale[block] for scale in required.scales)
            if abs(rate) * np.abs(along).max() > NO_RATE * size and residual <= 1e-9 * size:
                yield rate
