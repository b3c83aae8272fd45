"""Mutants of the gradient: random networks, a fault or two of the catalogue in them, and what the checker says of each.

The campaign is honest about three things: whether a mutant is a fault at all (on fresh draws, not those of the check),
whether the faults named are those that were put in, and whether others that were named are the same function.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.layer_walk import explanations_of
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.faults.catalogue import FAULTS, page, sites_of
from fallline.checks.faults.mutable_page import Measured
from fallline.checks.faults.site import Site
from fallline.checks.reference.comparison import compare, right_numbers
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group, draw
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network, Parameters

FRESH = 987654
Chosen = Mapping[Site, str]


def random_network(state: random.Random) -> Network:
    """One to four layers of one to five units, often all of one width, with any activation, loss and reduction."""
    depth = state.randint(1, 4)
    sizes = [state.randint(1, 5) for _ in range(depth + 1)]
    if state.random() < 0.4:
        sizes = [sizes[0]] * (depth + 1)
    loss = state.choice(sorted(LOSSES))
    if loss == "cross_entropy" and sizes[-1] == 1:
        sizes[-1] = 3  # a softmax of one output is always 1
    activation = [state.choice(sorted(ACTIVATIONS)) for _ in sizes[1:-1]]
    return Network.of(
        sizes, activation=activation, loss=loss, reduction=state.choice(["sum", "mean"]), bias=state.random() < 0.85,
        scales=state.choice([(), tuple(1 / np.sqrt(n) for n in sizes[:-1])]), l2=state.choice([0.0, 0.0, 0.3]),
    )  # fmt: skip


@dataclass
class Tally:
    """What became of the mutants."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Mutants that are faults: another function than the right one, in every convention."""
        return sum(
            self.counts[k]
            for k in ("exact", "indistinguishable", "same function", "other", "unexplained", "called right")
        )

    @property
    def share_named(self) -> float:
        """Share of the faults that were named exactly, or as the same function by another name."""
        good = self.counts["exact"] + self.counts["indistinguishable"] + self.counts["same function"]
        return good / max(1, self.faults)


def is_right(groups: tuple[Group, ...], numbers: tuple, network: Network) -> bool:
    return any(all(b.agrees for b in compare(groups, numbers, right_numbers(groups, c))) for c in conventions(network))


def constants_of(network: Network, chosen: Chosen) -> Measured:
    """Constants for each fault that has some: the learning rate of an early update, else numbers without a meaning."""
    measured = {}
    for site, name in chosen.items():
        if (unknowns := FAULTS[name].unknowns) is not None:
            count = unknowns(network, site.layer or 1)
            measured[site, name] = np.array([0.05] if name == EARLY_UPDATE else 0.31 * np.sqrt(np.arange(2, count + 2)))
    return measured


def mutated_numbers(
    groups: Iterable[Group], chosen: Chosen, convention: Convention, measured: Measured | None = None
) -> tuple[Parameters, ...]:
    """What a function with these faults, in that convention, would return on the draws."""
    mutable, gradients = page(), []
    groups = tuple(groups)
    measured = constants_of(groups[0].network, chosen) if measured is None else measured
    for group in groups:
        with mutable.choosing(chosen, measured=measured, samples=group.samples), np.errstate(all="ignore"):
            _, data = mutable.loss_and_gradient(group.network, group.parameters, group.X, group.T, group.factor)
            _, penalty = mutable.penalty(group.network, group.parameters, group.network.l2)
        pairs_of_blocks = ((a, b) for g, e in zip(data, penalty, strict=True) for a, b in zip(g, e, strict=True))
        if any(np.shape(a) != np.shape(b) for a, b in pairs_of_blocks):
            raise ValueError("such a fault changes the shape of a block.")
        gradients.append(convention.combined(group, data, penalty))
    return tuple(gradients)


def stands(
    groups: tuple[Group, ...], chosen: Chosen, convention: Convention, measured: Measured | None = None
) -> tuple | None:
    """The mutant's numbers, or None where the fault's code raises, changes a shape or is not finite."""
    try:
        numbers = mutated_numbers(groups, chosen, convention, measured)
    except (NameError, IndexError, ValueError, TypeError, AttributeError):
        return None
    for gradient, group in zip(numbers, groups, strict=True):
        for g, p in zip(gradient, group.parameters, strict=True):
            for a, b in zip(g, p, strict=True):
                if b is not None and (np.shape(a) != b.shape or not np.isfinite(a).all() or np.abs(a).max() > 1e12):
                    return None
    return numbers


def matches(explanation: Explanation, chosen: Chosen) -> bool:
    """Whether the explanation is the mutant: the same faults, or coinciding ones, at the same sites."""
    explained = {
        site: names
        for placed, names in zip(explanation.faults, explanation.coinciding, strict=True)
        for site in placed.sites
    }
    return explained.keys() == chosen.keys() and all(chosen[site] in names for site, names in explained.items())


def judge(network: Network, chosen: Chosen, tally: Tally, seed: int = 0) -> str:
    """Check one mutant; what became of it is counted, and returned."""
    groups = draw(network, seed=seed)
    convention = random.Random(seed).choice(list(conventions(network)))
    numbers = stands(groups, chosen, convention)
    if numbers is None:
        outcome = "cannot stand"
    elif is_right(groups, numbers, network):
        fresh = draw(network, seed=FRESH)
        again = stands(fresh, chosen, convention)
        outcome = "no fault" if again is not None and is_right(fresh, again, network) else "called right"
    else:
        outcome = _outcome(network, chosen, explanations_of(groups, numbers), convention)
    tally.counts[outcome] += 1
    if outcome in ("called right", "unexplained", "other"):
        faults = {f"{site.symbol}{site.layer}": name for site, name in chosen.items()}
        tally.failures.append(f"{outcome}: {faults} in {network!r} scales {network.scales} l2 {network.l2}")
    return outcome


def _outcome(network: Network, chosen: Chosen, explanations: list[Explanation], convention: Convention) -> str:
    if not explanations:
        return "unexplained"
    if matches(explanations[0], chosen):
        coinciding = any(len(names) > 1 for names in explanations[0].coinciding)
        return "indistinguishable" if len(explanations) > 1 or coinciding else "exact"
    if any(matches(e, chosen) for e in explanations):
        return "indistinguishable"
    # Another explanation was found: it is no mistake only if it is the same function on draws it has never seen.
    fresh, first = draw(network, seed=FRESH), explanations[0]
    mutant, explained = stands(fresh, chosen, convention), stands(fresh, first.chosen, first.convention, first.measured)
    if mutant is None or explained is None:
        return "other"
    same = all(b.agrees for b in compare(fresh, mutant, explained))
    return "same function" if same else "other"


def singles(networks: int, seed: int) -> Iterator[tuple[Network, Chosen]]:
    """Every fault in so many random networks in which it can stand, at a random place."""
    state = random.Random(seed)
    for fault in FAULTS:
        for _ in range(networks):
            for _ in range(200):
                network = random_network(state)
                sites = sites_of(FAULTS[fault], network)
                if sites:
                    yield network, {state.choice(sites): fault}
                    break


def everywhere(networks: int, seed: int) -> Iterator[tuple[Network, Chosen]]:
    """Every fault in each layer of the network at once."""
    state = random.Random(seed)
    for fault in FAULTS:
        for _ in range(networks):
            for _ in range(200):
                network = random_network(state)
                sites = sites_of(FAULTS[fault], network)
                if len(sites) > 1:
                    yield network, dict.fromkeys(sites, fault)
                    break


def pairs(count: int, seed: int) -> Iterator[tuple[Network, Chosen]]:
    """Two faults at different places of a random network."""
    state = random.Random(seed)
    made = 0
    while made < count:
        network = random_network(state)
        a, b = state.choice(list(FAULTS)), state.choice(list(FAULTS))
        first, second = sites_of(FAULTS[a], network), sites_of(FAULTS[b], network)
        if first and second:
            p, q = state.choice(first), state.choice(second)
            if p != q:
                made += 1
                yield network, {p: a, q: b}


def campaign(mutants: Iterator[tuple[Network, Chosen]]) -> Tally:
    tally = Tally()
    for k, (network, chosen) in enumerate(mutants):
        judge(network, chosen, tally, seed=k)
    return tally
