"""An explanation: faults that together give the checked numbers, and other words for the same function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fallline.checks.diagnosis.faults import Named
from fallline.checks.diagnosis.mutable_page import Place
from fallline.checks.diagnosis.variants import ORDER, Chain, Variant
from fallline.checks.reference.conventions import Convention

__all__ = ["Explanation", "Kinds", "Picked", "allowed", "alternatives", "chain", "kinds", "picking"]

Kinds = tuple[frozenset[str], ...]
"""The different faults of an explanation, each with those that coincide with it."""

Picked = tuple[tuple[Place, frozenset[str]], ...]
"""Places with all faults that give the value taken there: where faults coincide, there is more than one."""


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
        The fault at each place of the page.
    error
        The largest relative error of that page against the checked numbers, over all draws.
    draws
        How many there are.
    kinds
        For each fault all that coincide with it on these draws.
    rate
        Learning rate of an update that comes too early, if that is one of the faults.
    """

    convention: Convention
    faults: tuple[Named, ...]
    chosen: Mapping[Place, str]
    error: float
    draws: int
    kinds: Kinds = ()
    rate: float | None = None

    @property
    def complexity(self) -> int:
        """How many places have to be mended; a fault that stands in every layer counts once."""
        return sum(1 if f.everywhere else len(f.places) for f in self.faults)

    def __str__(self) -> str:
        return " and ".join(str(f) for f in self.faults)


def alternatives(explanations: Sequence[Explanation]) -> list[str]:
    """Other words for the same function: coinciding faults of the first explanation, and the other explanations."""
    first = explanations[0]
    said = []
    for k, named in enumerate(first.faults):
        for name in sorted(first.kinds[k] - {named.fault}, key=ORDER.__getitem__):
            other = Named(name, named.places, named.everywhere)
            said.append(" and ".join(str(other if f is named else f) for f in first.faults))
    for e in explanations[1:]:
        where = "" if e.convention == first.convention else f", as the gradient of {e.convention}"
        said.append(f"{e}{where}")
    return [s for s in said if s != str(first)]


def picking(picked: Picked, place: Place, variant: Variant) -> Picked:
    """One more value taken, if it is a fault."""
    return (*picked, (place, variant.names)) if variant.names else picked


def chain(picked: Picked) -> Chain:
    """The alternatives to be chosen on the page: of coinciding faults the first."""
    return tuple((place, min(names, key=ORDER.__getitem__)) for place, names in picked)


def kinds(picked: Picked) -> Kinds:
    """The different faults: the same one in several layers counts once, also where it coincides with others."""
    found: list[frozenset[str]] = []
    for _, names in picked:
        for k, kind in enumerate(found):
            if kind & names:
                found[k] = kind & names
                break
        else:
            found.append(names)
    return tuple(found)


def allowed(picked: Picked, budget: int) -> frozenset[str] | None:
    """The faults that may still be added: any, or once the number is reached those kinds in further layers."""
    found = kinds(picked)
    return None if len(found) < budget else frozenset().union(*found)
