"""A hypothesis: some sites of the page, each with the faults that would give the value taken there."""

from __future__ import annotations

from fallline.checks.diagnosis.variants import Chain, Variant
from fallline.checks.faults.catalogue import ORDER
from fallline.checks.faults.site import Site

__all__ = ["Coinciding", "Hypothesis", "allowed", "chain", "distinct", "extended"]

Hypothesis = tuple[tuple[Site, frozenset[str]], ...]
"""Sites with the faults that give the value taken there: where faults coincide, more than one. Other sites are right."""

Coinciding = tuple[frozenset[str], ...]
"""The distinct faults of a hypothesis, each as the set of all that coincide with it."""


def extended(hypothesis: Hypothesis, site: Site, variant: Variant) -> Hypothesis:
    """The hypothesis that the site has that value too."""
    return (*hypothesis, (site, variant.names)) if variant.names else hypothesis


def chain(hypothesis: Hypothesis) -> Chain:
    """The alternatives to be chosen on the page: of coinciding faults the first of the catalogue."""
    return tuple((site, min(names, key=ORDER.__getitem__)) for site, names in hypothesis)


def distinct(hypothesis: Hypothesis) -> Coinciding:
    """The distinct faults: the same one in several layers counts once, also where it coincides with others."""
    sets: list[frozenset[str]] = []
    for _, names in hypothesis:
        for k, known in enumerate(sets):
            if known & names:
                sets[k] = known & names
                break
        else:
            sets.append(names)
    return tuple(sets)


def allowed(hypothesis: Hypothesis, budget: int) -> frozenset[str] | None:
    """The faults that may still be added: any (None), or once there are `budget`, those same faults in other layers."""
    sets = distinct(hypothesis)
    return None if len(sets) < budget else frozenset().union(*sets)
