"""Interpretations: a call with a reading of what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.call import Call, Outcome
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.own_losses import CallLoss, returned_loss
from fallline.checks.calling.point import Point
from fallline.checks.calling.readings import Reading, Returned, loss_path, readings
from fallline.checks.calling.structures import Path, as_array
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["Understood", "combined", "interpretations", "stacked"]

KNOWN = 2
"""A loss with the textbook's value counts as much as so many right blocks."""


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


def interpretations(call: Call, point: Point) -> Iterator[Understood]:
    """The readings of what the call leaves behind; a call without any is an error that says what came back."""
    effects = SideEffects()
    points = point.samples() if call.form.sample else [point]
    outcomes = [call.run(p, effects) for p in points]
    found = readings(call, outcomes[0], points[0])
    if not found:
        raise MisbehaviourError(_nothing_in(call, outcomes[0]), line=10**6)
    problem: MisbehaviourError | None = None
    count = 0
    for reading in found:
        path = loss_path(outcomes[0], reading)
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


def stacked(gradients: Sequence[Parameters]) -> Parameters:
    """Gradients of several draws as one, each block (draws, ...)."""
    return tuple(
        Layer(*(None if parts[0] is None else np.stack(parts) for parts in zip(*layers, strict=True)))
        for layers in zip(*gradients, strict=True)
    )
