"""The user's own losses: the number in what the function returns, and the cost functions beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.arguments import Argument
from fallline.checks.calling.call import Call, Outcome
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.point import Point, Quantity
from fallline.checks.calling.readings import loss_path
from fallline.checks.calling.signatures import Signature, signatures
from fallline.checks.calling.structures import Path
from fallline.checks.calling.surroundings import surroundings_of

__all__ = ["CallLoss", "losses_of", "returned_loss"]

MOST = 4
"""How many cost functions beside the checked one are used."""


@dataclass(frozen=True)
class CallLoss:
    """A loss as the code computes it: the number at the end of a path in what a call returns.

    Parameters
    ----------
    call
        How the function that gives it is called.
    path
        The way to the number in its result.
    source
        Where it comes from, in words.
    """

    call: Call
    path: Path
    source: str

    def value(self, w: Any, X: Any, T: Any) -> Any:
        """The loss of a batch; of a function that takes one sample at a time, the sum or mean that the network declares."""
        point = Point(self.call.network, w, X, T)
        points = point.samples() if self.call.form.sample else [point]
        values = [returned_loss(self.call.run(p, SideEffects()), self.path) for p in points]
        if any(value is None for value in values):
            raise MisbehaviourError(f"{name_of(self.call.function)} returns no number.")
        if len(values) == 1:
            return values[0]
        return sum(values) / (len(values) if self.call.network.reduction == "mean" else 1)


def returned_loss(outcome: Outcome, path: Path | None) -> Any:
    """The number at the end of the path in what a call returned; None if it is not there."""
    for leaf in outcome.leaves if path is not None else ():
        if leaf.path == path and leaf.value.size == 1:
            return leaf.value.item()
    return None


def losses_of(
    call: Call, path: Path | None, point: Point, named: Callable[..., Any] | None = None
) -> Iterator[CallLoss]:
    """The losses that come with a call: the one that it returns, then those of cost functions beside it.

    Only the one that the user names, if there is one.
    """
    if named is None and path is not None:
        yield CallLoss(call, path, "returned")
    costs = surroundings_of(call.function).costs() if named is None else {name_of(named): named}
    for name, function in list(costs.items())[:MOST]:
        if name == name_of(call.function) and named is None:
            continue
        for candidate in _calls(call, function):
            try:
                outcome = candidate.run(point if not call.form.sample else point.samples()[0], SideEffects())
            except MisbehaviourError:
                continue
            number = loss_path(outcome)
            value = returned_loss(outcome, number)
            if value is not None and len(outcome.leaves) == 1 and np.isfinite(value):
                yield CallLoss(candidate, number or (), f"{name} beside it" if named is None else name)
                break


def _calls(call: Call, function: Callable[..., Any]) -> Iterator[Call]:
    """Calls of a cost function in the form of that call, with the same weights."""
    surroundings = surroundings_of(call.function)
    if call.holder is None and surroundings.is_method(function):
        return
    try:
        found = signatures(
            function, surroundings, call.network, weights_elsewhere=call.holder is not None, weightless=True
        )
    except MisbehaviourError:
        return
    for signature in found[:MOST]:
        if not any(argument.pattern == Quantity("T") for argument in signature.arguments):
            continue  # a loss is told what the answers should be
        arguments = tuple(_as_in(call.signature, argument) for argument in signature.arguments)
        yield Call(
            function, call.network, Signature(arguments, signature.cost, signature.rate), call.form, call.containers,
            call.holder, call.prelude,
        )  # fmt: skip


def _as_in(signature: Signature, argument: Argument) -> Argument:
    """The argument with the pattern that the checked function's argument of the same name has."""
    for other in signature.arguments:
        if other.name == argument.name:
            return Argument(argument.name, other.pattern, argument.keyword)
    return argument
