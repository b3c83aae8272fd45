"""The constants of faults that have some (factors, slopes, weights of classes), read off the checked numbers.

The value at a site is affine in the constants of such a fault, and the blocks of the layer are linear in that value. So the
page is run with all constants 0 and with each of them 1, and a regression over all draws gives the constants. They count
only if the fit is exact and there are at least twice as many numbers as constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.variants import Chain, Variants
from fallline.checks.faults.catalogue import FAULTS, faults_at, sites_of, symbols
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.mutable_page import Measured
from fallline.checks.faults.site import Role, Site
from fallline.checks.reference.comparison import GradientBlock, block_of, blocks_of_layer
from fallline.checks.reference.conventions import Convention
from fallline.textbook.network import Network, Parameters

__all__ = ["EARLY_UPDATE", "constants_at", "everywhere", "measured_faults"]

EARLY_UPDATE = "dA_weights_updated"
"""The fault whose constant is the learning rate of an update that comes too early."""

Constants = NDArray[np.float64]


def everywhere(network: Network, measured: Measured) -> Measured:
    """The same constants at every site where the fault can stand with as many."""
    more = dict(measured)
    for (_, name), constants in measured.items():
        fault = FAULTS[name]
        for site in sites_of(fault, network):
            if fault.unknowns is not None and fault.unknowns(network, site.layer or 1) == len(constants):
                more.setdefault((site, name), constants)
    return more


def measured_faults(required: RequiredBlocks, layer: int) -> Iterator[tuple[Site, Fault]]:
    """The faults with constants that can stand in the layer, those of the delta first."""
    network = required.groups[0].network
    delta = Role.OUTPUT if layer == network.depth else Role.STEP
    for role in (delta, Role.BLOCK):
        for symbol in reversed(symbols(role)):
            if symbol == "db" and not network.bias:
                continue
            for fault in faults_at(symbol):
                if fault.unknowns is not None and fault.can_stand(network, layer):
                    yield Site(symbol, layer), fault


def constants_at(
    required: RequiredBlocks,
    variants: Variants,
    above: Chain,
    site: Site,
    fault: Fault,
    convention: Convention,
    penalty: str,
) -> Iterator[Constants]:
    """The constants that give both blocks of the layer, or one of them, with the faults above in the page."""
    network = required.groups[0].network
    runs = _runs(required, variants, above, site, fault)
    if runs is None:
        return
    blocks = [
        b
        for b in blocks_of_layer(network, site.layer or 1)
        if site.symbol not in ("dW", "db") or b.symbol == site.symbol
    ]
    base = [variants.run(above, group) for group in required.groups]
    right = [required.agrees(base, convention, penalty, block) for block in blocks]
    if all(right):
        return
    known: list[Constants] = []
    for subset in [blocks] if len(blocks) == 1 else [blocks, blocks[1:], blocks[:1]]:
        constants = _fitted(required, runs, convention, penalty, subset)
        if constants is not None and not any(np.allclose(constants, c, rtol=1e-7, atol=1e-10) for c in known):
            known.append(constants)
            yield constants


def _runs(
    required: RequiredBlocks, variants: Variants, above: Chain, site: Site, fault: Fault
) -> list[list[Parameters]] | None:
    """The page's gradients with all constants 0, then with each of them 1; None if the fault cannot stand there."""
    groups = required.groups
    count = fault.unknowns(groups[0].network, site.layer or 1) if fault.unknowns is not None else 0
    runs = []
    for constants in (np.zeros(count), *np.eye(count)):
        page = Variants(groups, {**variants.measured, (site, fault.name): constants})
        try:
            runs.append([page.run((*above, (site, fault.name)), group) for group in groups])
        except (NameError, IndexError, ValueError, TypeError, AttributeError):
            return None
    return runs


def _fitted(
    required: RequiredBlocks,
    runs: Sequence[Sequence[Parameters]],
    convention: Convention,
    penalty: str,
    blocks: Sequence[GradientBlock],
) -> Constants | None:
    """The constants with which the page gives the required blocks exactly; None if there are none, or too few numbers."""
    columns: list[list[NDArray[np.float64]]] = [[] for _ in runs]
    wanted, sizes = [], []
    for block in blocks:
        for g, value in enumerate(required.of(convention, penalty, block).values):
            size = required.scales[g][block]
            wanted.append(np.ravel(value) / size)
            sizes.append(max(1.0, float(np.abs(wanted[-1]).max())))
            for column, run in zip(columns, runs, strict=True):
                part = block_of(run[g], block)
                if np.shape(part) != np.shape(value):
                    return None
                column.append(np.ravel(part) / size)
    still, *moved = (np.concatenate(column) for column in columns)
    features, target = np.stack(moved, axis=-1) - still[:, None], np.concatenate(wanted) - still
    if len(target) < 2 * features.shape[-1] or not np.isfinite(features).all() or not np.isfinite(target).all():
        return None
    constants, _, rank, _ = np.linalg.lstsq(features, target, rcond=1e-11)
    if rank < features.shape[-1]:
        return None
    residual = np.abs(features @ constants - target).max()
    if residual > required.tolerance * max(sizes):
        return None
    return _simplest(features, target, constants, residual + required.tolerance * max(sizes))


def _simplest(
    features: NDArray[np.float64], target: NDArray[np.float64], constants: NDArray[Any], limit: float
) -> Constants:
    """The constants with as many as possible set to 0 or 1, where that fits as well; in single precision it matters."""
    simple = np.asarray(constants).copy()
    for k in np.argsort(np.abs(simple)):
        for value in (0.0, 1.0):
            changed = simple.copy()
            changed[k] = value
            free = [j for j in range(len(simple)) if j != k and simple[j] not in (0.0, 1.0)]
            rest = target - features @ np.where(np.isin(np.arange(len(simple)), free), 0.0, changed)
            if free:
                changed[free] = np.linalg.lstsq(features[:, free], rest, rcond=None)[0]
            if np.abs(features @ changed - target).max() <= limit:
                simple = changed
                break
    return simple
