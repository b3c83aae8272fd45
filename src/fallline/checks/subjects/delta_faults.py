"""Known faults of a delta, each as a formula of the logits and targets of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.faults.catalogue import faults_at
from fallline.checks.faults.fault import Fault, PlacedFault
from fallline.checks.faults.page_mutants import mutants
from fallline.checks.reference.conventions import Convention
from fallline.checks.subjects.formula import value_with, without_layer
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network

__all__ = ["Case", "DeltaCandidate", "delta_candidates"]

POWERS = range(1, 16)
"""Of 1/10: the numbers that are added to probabilities, or to which they are clipped."""


@dataclass(frozen=True)
class Case:
    """One batch: logits, targets, the right delta, and the factor on it in each convention."""

    words: str
    network: Network
    Z: Any
    T: Any
    right: Any
    factors: Mapping[Convention, float] = field(default_factory=dict)

    @property
    def scope(self) -> dict[str, Any]:
        """The variables of the page that a fault's source may use."""
        return {"network": self.network, "Z": self.Z, "T": self.T, "it": self.right}


@dataclass(frozen=True)
class DeltaCandidate:
    """A fault in words, its cure, and the delta with it (None where it cannot be computed)."""

    words: str
    cure: str
    delta: Callable[[Case], Any]


def delta_candidates(loss: Loss, network: Network) -> Iterator[DeltaCandidate]:
    """The faults without a measured number, the most telling first."""
    for fault in faults_at("delta"):
        if fault.can_stand(network, 1):
            words, cure = without_layer(fault.sentence), PlacedFault(fault, (), network=network).cure
            yield DeltaCandidate(words, cure, partial(_with_fault, fault))
    for other in LOSSES.values():
        if other.name != loss.name:
            words = f"it is the delta of {other.label}, not of {loss.label}"
            yield DeltaCandidate(words, "", partial(_of_page, other.delta))
    words = "it is the sign of output minus target, the slope of the absolute error"
    yield DeltaCandidate(words, "", lambda case: np.sign(case.right))
    words = "it is right for the target's own class alone, and 0 for the others"
    yield DeltaCandidate(words, "", lambda case: case.right * case.T)
    yield DeltaCandidate("it is 0 for the target's own class", "", lambda case: case.right * (1 - case.T))
    if loss.targets != "values":
        words = "the output's function is applied twice: the argument is the output already"
        yield DeltaCandidate(words, "", lambda case: loss.output(loss.output(case.Z)) - case.T)
        for power in POWERS:
            yield from _of_probabilities(loss, 10.0**-power)
    for shift in (1, -1):
        words = "the targets are those of the neighbouring output"
        yield DeltaCandidate(words, "count the classes from 0", partial(_shifted, loss, shift))
    for mutant in mutants(loss.delta):
        yield DeltaCandidate(str(mutant), f"write `{mutant.before}`", partial(_of_page, mutant.page))


def _of_probabilities(loss: Loss, eps: float) -> Iterator[DeltaCandidate]:
    """Probabilities that are clipped, or a number that is added to them before or after the logarithm."""
    classes = loss.targets == "classes"
    yield DeltaCandidate(
        f"it is the delta of a loss with log(y + {eps:g})", "",
        lambda case: _with_added(loss.output(case.Z), case.T, eps, classes),
    )  # fmt: skip
    yield DeltaCandidate(f"{eps:g} is added to the probabilities", "", lambda case: case.right + eps)
    yield DeltaCandidate(
        f"the probabilities are clipped to [{eps:g}, 1 − {eps:g}]", "do not clip them",
        lambda case: np.clip(loss.output(case.Z), eps, 1 - eps) - case.T,
    )  # fmt: skip


def _with_fault(fault: Fault, case: Case) -> Any:
    return value_with(fault, case.scope, case.right.shape)


def _of_page(page: Callable[..., Any], case: Case) -> Any:
    return page(case.Z, case.T)


def _shifted(loss: Loss, shift: int, case: Case) -> Any:
    return loss.delta(case.Z, np.roll(case.T, shift, axis=1))


def _with_added(Y: Any, T: Any, eps: float, classes: bool) -> Any:
    """The derivative by z of −sum t log(y + eps), or of that of single labels."""
    if classes:
        shares = T * Y / (Y + eps)
        return Y * shares.sum(axis=-1, keepdims=True) - shares
    slope = Y * (1 - Y)
    return slope * ((1 - T) / (1 - Y + eps) - T / (Y + eps))
