"""The catalogue: every fault that the checker knows, and the textbook's page with all of them as alternatives."""

from __future__ import annotations

from functools import cache

from fallline.checks.faults import blocks, forward, measured, output_delta, penalty, steps
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.mutable_page import MutablePage
from fallline.checks.faults.site import Role, Site, SiteKind
from fallline.textbook.network import Network

__all__ = ["FAULTS", "ORDER", "SITE_KINDS", "faults_at", "page", "sites_of", "symbols"]

_PARTS = (forward, output_delta, blocks, steps, penalty)

SITE_KINDS: dict[str, SiteKind] = {kind.symbol: kind for part in _PARTS for kind in part.KINDS}
"""Every kind of site by its symbol; those of one role in the order in which the page computes them."""

FAULTS: dict[str, Fault] = {fault.name: fault for part in (*_PARTS, measured) for fault in part.FAULTS}
"""Every fault by its name."""

ORDER = {name: k for k, name in enumerate(FAULTS)}
"""The order of the catalogue: of faults that coincide the first one is named."""


@cache
def symbols(role: Role) -> tuple[str, ...]:
    """The symbols of that role, in the order in which the page computes them.

    >>> symbols(Role.STEP)
    ('dA', 'D')
    """
    return tuple(kind.symbol for kind in SITE_KINDS.values() if kind.role is role)


@cache
def faults_at(symbol: str) -> tuple[Fault, ...]:
    """The faults at the sites of that symbol, in the order of the catalogue."""
    return tuple(fault for fault in FAULTS.values() if fault.symbol == symbol)


def sites_of(fault: Fault, network: Network) -> list[Site]:
    """The sites of the network at which the fault can stand.

    >>> sites_of(FAULTS["dW_inputs"], Network.of("2-3-2-3"))
    [Site(symbol='dW', layer=3)]
    """
    return [s for s in SITE_KINDS[fault.symbol].sites(network) if fault.can_stand(network, s.layer)]


@cache
def page() -> MutablePage:
    """The textbook's page with every fault of the catalogue as an alternative."""
    return MutablePage(SITE_KINDS.values(), (fault.rewriting for fault in FAULTS.values()))
