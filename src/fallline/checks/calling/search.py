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
from fallline.checks.calling.own_losses import CallLoss, losses_of, returned_loss
from fallline.checks.calling.point import Point
from fallline.checks.calling.readings import Reading, Returned, loss_path, readings
from fallline.checks.calling.structures import Path, as_array
from fallline.checks.calling.usage import takes_one_sample
from fallline.checks.reference.comparison import TOLERANCE, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.own_loss import is_gradient_of
from fallline.textbook import network as pages
from fallline.textbook.network import Layer, Parameters

__all__ = ["SECONDS", "SINGLE", "Attempt", "Understood", "search"]

SECONDS = 5.0
"""Time limit of the search."""

ENOUGH = 60
"""Calls that are still tried after one whose numbers are right in part."""

ENOUGH_OF_OWN = 20
"""Calls that are still tried after one whose numbers are right for a loss that is not the textbook's.

A loss and its gradient can fit each other also where parameters or samples are mistaken for others.
"""

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

    @property
    def cost(self) -> int:
        """How unlikely it is."""
        return self.call.cost + self.reading.cost

    @property
    def sure(self) -> bool:
        """Whether a call that fits is meant: the textbook's gradient or loss fits too."""
        blocks = sum(part is not None for layer in self.returned.gradient for part in layer)
        return self.known or self.right == blocks

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
    point = Point(group.network, group.w[0], group.X[0], group.T[0])
    judge = _Judge(group, point, tolerance, loss)
    deadline = time.perf_counter() + seconds
    understood: list[Understood] = []
    attempts: list[Attempt] = []
    left = 10**6
    for call in hypotheses(function, point):
        if left <= 0 or time.perf_counter() > deadline:
            break
        if understood and not _worth(call, understood):
            continue
        if call.form.sample and understood and not takes_one_sample(function):
            continue  # a batch is understood: that its sums vanish for a single sample proves nothing
        left -= 1
        try:
            for candidate in _interpretations(call, point):
                judged = judge(candidate)
                if judged.fits and not judged.returned.odd:
                    if judged.sure or judge.loss is not None:
                        return Found(judged, tuple(understood), ())
                    left = min(left, ENOUGH_OF_OWN)
                understood.append(judged)
        except MisbehaviourError as misbehaviour:
            stage = 1 if misbehaviour.line else 0
            attempts.append(Attempt(call, (stage, misbehaviour.line), str(misbehaviour)))
            continue
        if understood and max(u.right + u.known for u in understood) > 0:
            left = min(left, ENOUGH)
    understood.sort(key=lambda u: u.rank)
    attempts.sort(key=lambda a: (-a.reached[0], -a.reached[1], a.call.cost if a.call else 0))
    return Found(understood[0] if understood else None, tuple(understood[1:]), tuple(attempts))


def _worth(call: Call, understood: Sequence[Understood]) -> bool:
    """Whether the call could still be a better one: once calls run, only those that differ from them by numbers."""
    whole = [u for u in understood if not u.returned.broken and not u.returned.odd]
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

    def __init__(
        self, group: Group, point: Point, tolerance: float | None, loss: Callable[..., Any] | None = None
    ) -> None:
        self.groups = [Group(group.network, group.w[:1], group.X[:1], group.T[:1])]
        self.point, self.loss = point, loss
        self.asked = tolerance
        self.conventions = list(conventions(group.network))
        self.right = [right_numbers(self.groups, c) for c in self.conventions]
        self.losses: dict[Any, tuple[CallLoss, ...]] = {}

    def __call__(self, candidate: Understood) -> Understood:
        numbers: list[Parameters] = [stacked([candidate.returned.gradient])]
        limit = self.asked or (SINGLE if candidate.returned.single else TOLERANCE)
        best = 0
        blocks = []
        for right in self.right:
            with np.errstate(all="ignore"):
                blocks = compare(self.groups, numbers, right, limit)
            best = max(best, sum(b.agrees for b in blocks))
        fits = best == len(blocks)
        losses = self._losses(candidate)
        if losses and not candidate.returned.broken:
            point, gradient = self.point, candidate.returned.gradient
            right = [is_gradient_of(loss, point.network, gradient, point.w, point.X, point.T) for loss in losses]
            fits |= any(right)
            losses = tuple(loss for _, loss in sorted(zip(right, losses, strict=True), key=lambda pair: not pair[0]))
        known = any(self._is_textbook(loss) for loss in losses)
        return replace(candidate, right=best, fits=fits, losses=losses, known=known)

    def _losses(self, candidate: Understood) -> tuple[CallLoss, ...]:
        """The losses of the call, found once."""
        call = candidate.call
        if id(call) not in self.losses:
            self.losses = {id(call): tuple(losses_of(call, candidate.loss, self.point, self.loss))}
        return self.losses[id(call)]

    def _is_textbook(self, loss: CallLoss) -> bool:
        """Whether the loss has the textbook's value here, in any convention."""
        (group,) = self.groups
        try:
            value = abs(loss.value(self.point.w, self.point.X, self.point.T))
        except MisbehaviourError:
            return False
        data = float(
            pages.loss_and_gradient(group.network, self.point.parameters, group.X[0], group.T[0], group.factor)[0]
        )
        penalty = (
            float(pages.penalty(group.network, self.point.parameters, group.network.l2)[0]) if group.network.l2 else 0.0
        )
        wanted = [abs(c.data(group) * data + c.penalty(group) * penalty) for c in self.conventions]
        return any(abs(value - w) <= NEAR_LOSS * w for w in wanted)


def stacked(gradients: Sequence[Parameters]) -> Parameters:
    """Gradients of several draws as one, each block (draws, ...)."""
    return tuple(
        Layer(*(None if parts[0] is None else np.stack(parts) for parts in zip(*layers, strict=True)))
        for layers in zip(*gradients, strict=True)
    )
