"""The search for the call and the reading under which the function's numbers make sense."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fallline.checks.calling.call import Call, Outcome
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.hypotheses import LATER, hypotheses
from fallline.checks.calling.meant import in_form, networks_meant
from fallline.checks.calling.own_losses import CallLoss, losses_of, returned_loss
from fallline.checks.calling.point import Form, Point
from fallline.checks.calling.readings import Reading, Returned, loss_path, readings
from fallline.checks.calling.structures import Path, as_array
from fallline.checks.calling.usage import takes_one_sample
from fallline.checks.reference.comparison import TOLERANCE, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.own_derivatives import is_gradient_of
from fallline.textbook import network as pages
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["SECONDS", "SINGLE", "Attempt", "Understood", "search"]

SECONDS = 5.0
"""Time limit of the search, in seconds of the processor."""

WAIT = 4
"""How much longer it may take by the clock, where the machine is busy or the code sleeps."""

SETTLED = 0.7
"""Seconds of the processor that the search may still take after that."""

MORE = 400
"""Calls that are still tried after one whose numbers are right for the code's own loss, but not for the textbook's."""

ENOUGH = 60
"""Calls that are still tried after one whose numbers are right in part."""

NEAR_LOSS = 1e-6
"""A relative difference of losses that a small number inside a logarithm can make."""

KNOWN = 2
"""A loss with the textbook's value counts as much as so many right blocks."""

SINGLE = 2e-5
"""Tolerance for results in single precision."""


@dataclass(frozen=True)
class Understood:
    """A call with a reading of its outcome.

    Parameters
    ----------
    call, reading
        How the function is called, and where its gradient is.
    loss
        The way to the loss in what it returns; None if it returns none.
    returned
        The numbers of the first draw.
    effects
        The side effects of the call.
    right
        How many blocks are right under the convention under which most are.
    fits
        Whether all blocks are, or all are right for one of the losses.
    losses
        The losses that come with the call.
    known
        Whether one of them has the textbook's value.
    meant
        What the declared network is taken for, in words; "" if it is taken as it is.
    network
        The network that it is taken for.
    """

    call: Call
    reading: Reading
    loss: Path | None
    returned: Returned
    effects: SideEffects
    right: int = 0
    fits: bool = False
    losses: tuple[CallLoss, ...] = ()
    known: bool = False
    meant: str = ""
    network: Network | None = None

    @property
    def whole(self) -> bool:
        """Whether each block has the shape that it should have."""
        return not self.returned.broken and not self.returned.odd

    @property
    def cost(self) -> int:
        """How unlikely it is."""
        return self.call.cost + self.reading.cost

    @property
    def sure(self) -> bool:
        """Whether a call that fits is meant: something of the textbook fits too.

        A loss and its gradient can fit each other also where parameters or samples are mistaken for others.
        """
        return self.known or self.right > 0

    @property
    def rank(self) -> tuple[Any, ...]:
        """The order in which interpretations are preferred."""
        finite = all(np.isfinite(p).all() for layer in self.returned.gradient for p in layer if p is not None)
        broken = len(self.returned.broken)
        return (
            not self.fits,
            -self.right - KNOWN * self.known,
            broken,
            not finite and not broken,
            len(self.returned.odd),
            self.cost,
        )

    def __str__(self) -> str:
        return "; ".join(filter(None, (str(self.call), str(self.reading))))


@dataclass(frozen=True)
class Attempt:
    """A call that gave no gradient: how far it got, and what the function wanted."""

    call: Call | None
    reached: tuple[int, int]
    sentence: str


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    best
        The preferred interpretation; None if there is none.
    others
        The other interpretations, in order of preference.
    attempts
        The calls that gave no gradient, the one that got furthest first.
    """

    best: Understood | None
    others: tuple[Understood, ...]
    attempts: tuple[Attempt, ...]


def search(
    function: Callable[..., Any], group: Group, tolerance: float | None, seconds: float = SECONDS,
    loss: Callable[..., Any] | None = None,
) -> Found:  # fmt: skip
    """Try calls on the first draw until the numbers of one are right. `loss` is a loss that the user names.

    Raises
    ------
    MisbehaviourError
        If no call could be made up at all.
    """
    judge = _Judge(group, tolerance, loss)
    deadline = time.process_time() + seconds, time.perf_counter() + WAIT * seconds
    understood: list[Understood] = []
    attempts: list[Attempt] = []
    left, settled = 10**6, False
    point = Point(group.network, group.w[0], group.X[0], group.T[0])
    for call in hypotheses(function, point):
        if left <= 0 or time.process_time() > deadline[0] or time.perf_counter() > deadline[1]:
            break
        if understood and not _worth(call, understood):
            continue
        if call.form.sample and understood and (any(u.whole for u in understood) or not takes_one_sample(function)):
            continue  # a batch is understood: that its sums vanish for a single sample proves nothing
        left -= 1
        try:
            for candidate in _interpretations(call, judge.point(call.form)):
                judged = judge(candidate)
                understood.append(judged)
                if judged.fits and judged.whole:
                    if judged.sure or loss is not None:
                        return Found(judged, (), ())
                    left = min(left, MORE)  # right for a loss of its own: another order of a vector may be meant
        except MisbehaviourError as misbehaviour:
            stage = 1 if misbehaviour.line else 0
            attempts.append(Attempt(call, (stage, misbehaviour.line), str(misbehaviour)))
            continue
        if not settled and any(u.right or u.known for u in understood):
            settled, left = True, min(left, ENOUGH)
            deadline = min(deadline[0], time.process_time() + SETTLED), deadline[1]
    understood.sort(key=lambda u: u.rank)
    attempts.sort(key=lambda a: (-a.reached[0], -a.reached[1], a.call.cost if a.call else 0))
    return Found(understood[0] if understood else None, tuple(understood[1:]), tuple(attempts))


def _worth(call: Call, understood: Sequence[Understood]) -> bool:
    """Whether the call could still be a better one: once calls run, only those that differ from them by numbers."""
    whole = [u for u in understood if u.whole]
    if not whole:
        return True
    return call.cost < LATER and any(call.family == u.call.family for u in whole)


def _interpretations(call: Call, point: Point) -> Iterator[Understood]:
    """The readings of what the call leaves behind; a call without any is an error that says what came back."""
    effects = SideEffects()
    points = point.samples() if call.form.sample else [point]
    outcomes = [call.run(p, effects) for p in points]
    found = readings(call, outcomes[0], points[0])
    if not found:
        raise MisbehaviourError(_nothing_in(call, outcomes[0]), line=10**6)
    path = loss_path(outcomes[0])
    problem: MisbehaviourError | None = None
    count = 0
    for reading in found:
        try:
            returned = combined(call, reading, path, outcomes, points)
        except MisbehaviourError as misbehaviour:
            problem = misbehaviour
            continue
        count += 1
        yield Understood(call, reading, path, returned, effects)
    if not count and problem is not None:
        raise problem


def combined(
    call: Call, reading: Reading, path: Path | None, outcomes: Sequence[Outcome], points: Sequence[Point]
) -> Returned:
    """The gradient of all outcomes together: of a batch, or of samples one by one, which are added as the network says."""
    parts = [reading.read(call, outcome, point) for outcome, point in zip(outcomes, points, strict=True)]
    losses = [returned_loss(outcome, path) for outcome in outcomes]
    if len(parts) == 1:
        (only,) = parts
        return Returned(only.gradient, losses[0], only.odd, only.broken, only.single, only.half)
    factor = 1 / len(parts) if call.network.reduction == "mean" else 1.0
    gradient = tuple(
        Layer(*(None if ps[0] is None else factor * sum(ps) for ps in zip(*layers, strict=True)))
        for layers in zip(*(p.gradient for p in parts), strict=True)
    )
    total = None if any(l is None for l in losses) else factor * sum(losses)
    merged = {k: v for p in parts for k, v in p.odd.items()}, {k: v for p in parts for k, v in p.broken.items()}
    return Returned(gradient, total, *merged, all(p.single for p in parts), all(p.half for p in parts))


def _nothing_in(call: Call, outcome: Outcome) -> str:
    """What came back, where no gradient can be in it."""
    name, network, result = name_of(call.function), call.network, outcome.result
    blocks = [f"d{k}{l}" for l in range(1, network.depth + 1) for k in ("Wb" if network.bias else "W")]
    if result is None:
        return f"{name} returns nothing. Does it lack a `return`?"
    arrays = [leaf for leaf in outcome.leaves if leaf.value.ndim]
    if isinstance(result, dict):
        names = ", ".join(map(repr, list(result)[:8]))
        return f"{name} returns a dictionary with the keys {names}; it has no {', '.join(blocks)}."
    if isinstance(result, list | tuple) and result and all(isinstance(p, list | tuple) and len(p) == 2 for p in result):
        if len(result) != network.depth:
            pairs = f"{len(result)} pair{'s' * (len(result) > 1)} of arrays"
            return f"{name} returns {pairs}; the {network.text} network has {network.depth} layers."
        unread = next((part for pair in result for part in pair if as_array(part) is None), None)
        if unread is not None:
            return f"{name} returns a pair in which one part is not an array of numbers; it is {type(unread).__name__}."
    if len(outcome.leaves) == 1:
        size = outcome.leaves[0].value.size
        return f"{name} returns {size} numbers; the {network.text} network has {network.parameter_count} parameters."
    if arrays:
        return (
            f"{name} returns {len(arrays)} arrays; the {network.text} network has {len(blocks)} blocks of parameters "
            f"({', '.join(blocks)})."
        )
    return (
        f"{name} returns an object of type {type(result).__name__}, not a gradient. Return arrays: in a list, a tuple "
        "or a dictionary, or one flat vector."
    )


class _Judge:
    """Compares an interpretation with the textbook and with the user's own losses, on the first draw."""

    def __init__(self, group: Group, tolerance: float | None, loss: Callable[..., Any] | None) -> None:
        self.loss = loss
        self.first = replace(group, w=group.w[:1], X=group.X[:1], T=group.T[:1])
        self.asked = tolerance
        self.networks = list(networks_meant(group.network))
        self.right: dict[bool, list[list[tuple[Parameters, ...]]]] = {}
        self.losses: dict[Any, tuple[CallLoss, ...]] = {}
        self.suited = False

    def group(self, form: Form) -> Group:
        """The first draw in that form."""
        return in_form(self.first, form)

    def point(self, form: Form) -> Point:
        """The first draw in that form, as a point."""
        group = self.group(form)
        return Point(group.network, group.w[0], group.X[0], group.T[0])

    def _right(self, form: Form) -> list[list[tuple[Parameters, ...]]]:
        """For each network that may be meant, the right numbers in each convention."""
        group = self.group(form)
        changed = group is not self.first
        if changed not in self.right:
            self.right[changed] = [
                [right_numbers([replace(group, network=network)], c) for c in conventions(network)]
                for _, network in self.networks
            ]
        return self.right[changed]

    def __call__(self, candidate: Understood) -> Understood:
        form, gradient = candidate.call.form, candidate.returned.gradient
        numbers: list[Parameters] = [stacked([gradient])]
        limit = self.asked or (SINGLE if candidate.returned.single else TOLERANCE)
        best, meant = 0, self.networks[0]
        blocks = []
        for network, in_conventions in zip(self.networks, self._right(form), strict=True):
            for right in in_conventions:
                with np.errstate(all="ignore"):
                    blocks = compare([self.group(form)], numbers, right, limit)
                agreeing = sum(b.agrees for b in blocks)
                if agreeing > best:
                    best, meant = agreeing, network
        fits = best == len(blocks)
        point = self.point(form)
        losses = self._losses(candidate, point)
        known = any(self._is_textbook(loss, point) for loss in losses)
        if losses and not candidate.returned.broken and (known or best or not self.suited):
            right_for = [is_gradient_of(loss, point.network, gradient, point.w, point.X, point.T) for loss in losses]
            fits |= any(right_for)
            losses = tuple(
                loss for _, loss in sorted(zip(right_for, losses, strict=True), key=lambda pair: not pair[0])
            )
        self.suited |= fits
        words, network_meant = meant
        return replace(
            candidate, right=best, fits=fits, losses=losses, known=known, meant=words, network=network_meant
        )  # fmt: skip

    def _losses(self, candidate: Understood, point: Point) -> tuple[CallLoss, ...]:
        """The losses of the call, found once."""
        call = candidate.call
        if id(call) not in self.losses:
            self.losses = {id(call): tuple(losses_of(call, candidate.loss, point, self.loss))}
        return self.losses[id(call)]

    def _is_textbook(self, loss: CallLoss, point: Point) -> bool:
        """Whether the loss has the textbook's value here, in any convention."""
        network, group = self.first.network, self.first
        try:
            value = abs(loss.value(point.w, point.X, point.T))
        except MisbehaviourError:
            return False
        data = float(pages.loss_and_gradient(network, point.parameters, point.X, point.T, group.factor)[0])
        penalty = float(pages.penalty(network, point.parameters, network.l2)[0]) if network.l2 else 0.0
        strengths = {p * q for p in (0, 1, 2) for q in (1, 1 / group.samples)} if penalty else {0}
        wanted = [abs(c.data(group)) * data + p * penalty for c in conventions(network) for p in strengths]
        return any(abs(value - w) <= NEAR_LOSS * w for w in wanted)


def stacked(gradients: Sequence[Parameters]) -> Parameters:
    """Gradients of several draws as one, each block (draws, ...)."""
    return tuple(
        Layer(*(None if parts[0] is None else np.stack(parts) for parts in zip(*layers, strict=True)))
        for layers in zip(*gradients, strict=True)
    )
