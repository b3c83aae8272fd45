"""Known faults of an activation's slope, each as a function of z."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.faults.catalogue import faults_at
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.page_mutants import mutants
from fallline.checks.subjects.formula import value_with, without_layer
from fallline.checks.subjects.other_slopes import INCOMPLETE, OTHER_SLOPES
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.network import Kept, Network

__all__ = ["SlopeCandidate", "right_slope", "slope_candidates"]

SAID = ("D_negated", "D_activation_for_slope")
"""Faults of the catalogue that have other words here."""


@dataclass(frozen=True)
class SlopeCandidate:
    """A fault in words, its cure ("" if the sentence says it), and the slope with that fault.

    `measured` says that a number of the fault was read off the checked numbers.
    """

    words: str
    cure: str
    slope: Callable[[Any], Any]
    measured: bool = False


def right_slope(activation: Activation, z: Any) -> Any:
    """The activation's own slope, shaped like z."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(activation.slope(z), dtype=float), np.shape(z))


def slope_candidates(activation: Activation, z: Any, u: Any) -> Iterator[SlopeCandidate]:
    """The faults that could give the numbers u at the points z, the most specific first."""
    right = partial(right_slope, activation)
    network = Network.of("1-1-1", activation=activation)
    yield SlopeCandidate("its sign is wrong", "turn its sign", lambda z: -right(z))
    yield SlopeCandidate("it is the activation itself, not its slope", "", activation.function)
    for words, cure, formula in INCOMPLETE.get(activation.name, ()):
        yield SlopeCandidate(words, cure, formula)
    for fault in faults_at("D"):
        if fault.can_stand(network, 1) and "{k}" not in fault.sentence and fault.name not in SAID:
            words = without_layer(fault.sentence).replace(" of its delta", "").replace("the delta", "it")
            yield SlopeCandidate(words, fault.cure.format(l="", k=""), partial(_with, fault, network, activation))
    for other, formula in OTHER_SLOPES.items():
        if other != activation.label:
            yield SlopeCandidate(f"it is the slope of {other}, not of {activation.label}", "", formula)
    yield from _measured(right, z, u)
    for member in ACTIVATIONS.values():
        if member.name != activation.name:
            words = f"it is {member.label} itself, not the slope of {activation.label}"
            yield SlopeCandidate(words, "", member.function)
    for mutant in mutants(activation.slope):
        yield SlopeCandidate(str(mutant), f"write `{mutant.before}`", mutant.page)


def _with(fault: Fault, network: Network, activation: Activation, z: Any) -> Any:
    right, a = right_slope(activation, z), activation.function(z)
    scope = {"network": network, "kept": [Kept(z, z), Kept(a, None)], "l": 2, "it": right}
    value = value_with(fault, scope, z.shape)
    return np.full(z.shape, np.nan) if value is None else value


def _measured(right: Callable[[Any], Any], z: Any, u: Any) -> Iterator[SlopeCandidate]:
    """Constant factors, a constant that is added, and the same below and above 0 alone."""
    r = right(z)
    with np.errstate(all="ignore"):
        ratio, added = float(np.median(u / r)), float(np.median(u - r))
        below = np.median((u / r)[z < 0]), np.median(u[z < 0])
        above = np.median((u / r)[z > 0]), np.median(u[z > 0])
    yield SlopeCandidate(f"it is {ratio:.6g} times what it should be", "", lambda z: ratio * right(z), True)
    yield SlopeCandidate(f"a constant {added:.6g} is added to it", "", lambda z: added + right(z), True)
    for words, side, (factor, level) in (("below", -1, below), ("above", 1, above)):
        there, constant = r[np.sign(z) == side], f"{words} 0 it is {level:.6g}"
        if np.ptp(there) == 0:
            constant += f", not {there[0]:.6g}"
        yield SlopeCandidate(constant, "", partial(_sided, right, side, 0.0, float(level)), True)
        sided = partial(_sided, right, side, float(factor), 0.0)
        yield SlopeCandidate(f"{words} 0 it is {factor:.6g} times what it should be", "", sided, True)
    words = f"below 0 it is {below[0]:.6g} times, and above 0 {above[0]:.6g} times, what it should be"
    yield SlopeCandidate(words, "", lambda z: np.where(z < 0, below[0], above[0]) * right(z), True)


def _sided(right: Callable[[Any], Any], side: int, factor: float, level: float, z: Any) -> Any:
    """A constant plus a multiple of the slope on one side of 0, and the slope itself on the other."""
    return np.where(np.sign(z) == side, level + factor * right(z), right(z))
