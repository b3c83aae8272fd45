"""An explanation: faults that together give the checked numbers, and other words for the same function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fallline.checks.diagnosis.hypotheses import Coinciding
from fallline.checks.faults.catalogue import FAULTS, ORDER
from fallline.checks.faults.fault import PlacedFault
from fallline.checks.faults.mutable_page import Measured
from fallline.checks.faults.site import Site
from fallline.checks.reference.conventions import Convention

__all__ = ["Explanation", "in_other_words"]


@dataclass(frozen=True)
class Explanation:
    """Faults that together give the checked numbers, the convention under which they do, and the evidence.

    Parameters
    ----------
    convention
        Under which the numbers are those of the page with these faults.
    faults
        In the order in which back-propagation meets them.
    chosen
        The fault at each site of the page.
    error
        The largest relative error of that page against the checked numbers, over all draws.
    draws
        The number of draws.
    coinciding
        For each fault all that coincide with it on these draws.
    measured
        The constants of faults that have some, read off the numbers.
    """

    convention: Convention
    faults: tuple[PlacedFault, ...]
    chosen: Mapping[Site, str]
    error: float
    draws: int
    coinciding: Coinciding = ()
    measured: Measured = field(default_factory=dict)

    @property
    def complexity(self) -> int:
        """How many sites have to be mended; a fault that stands in every layer counts once."""
        return sum(1 if fault.everywhere else len(fault.sites) for fault in self.faults)

    def __str__(self) -> str:
        return " and ".join(str(fault) for fault in self.faults)


def in_other_words(explanations: Sequence[Explanation]) -> list[str]:
    """Other words for the same function: faults that coincide with those of the first explanation, then the others."""
    first = explanations[0]
    sentences = []
    for k, placed in enumerate(first.faults):
        for name in sorted(first.coinciding[k] - {placed.fault.name}, key=ORDER.__getitem__):
            if FAULTS[name].unknowns is not None:
                continue
            other = PlacedFault(FAULTS[name], placed.sites, placed.everywhere, network=placed.network)
            sentences.append(" and ".join(str(other if fault is placed else fault) for fault in first.faults))
    for explanation in explanations[1:]:
        same = explanation.convention == first.convention
        sentences.append(f"{explanation}{'' if same else f', as the gradient of {explanation.convention}'}")
    return [sentence for sentence in sentences if sentence != str(first)]
