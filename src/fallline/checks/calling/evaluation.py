"""The checked function on all draws: how it is called, and the numbers that it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fallline.checks.calling.call import Call
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.judge import SINGLE
from fallline.checks.calling.meant import in_form
from fallline.checks.calling.own_losses import CallLoss
from fallline.checks.calling.point import Point, Quantity
from fallline.checks.calling.readings import Returned
from fallline.checks.calling.search import Found, search
from fallline.checks.calling.templates import Template
from fallline.checks.calling.understood import Understood, combined, stacked
from fallline.checks.reference.comparison import TOLERANCE, block_of, blocks_of, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Network, Parameters

__all__ = ["PENALTY", "SINGLE", "Evaluation", "evaluate", "returned_at", "with_other_targets", "with_penalty"]

HALF, TINY_HALF = 2.0**-11, 2.0**-24
"""The relative rounding error of half precision, and the smallest number in it."""

PENALTY = 0.1
"""The strength of a penalty with which a function that takes it is called too: at its default, 0, no fault in it shows."""

NEAR = 3
"""Interpretations whose cost differs by less than this are equally likely."""


@dataclass(frozen=True)
class Evaluation:
    """The numbers that the function returned, and how it was called.

    Parameters
    ----------
    understood
        The way it was called, and where its gradient is.
    groups
        The draws, with the network and the targets that the function turned out to mean.
    numbers
        Its gradient on each group, shaped like the parameters, each block (draws, ...).
    losses
        The losses that come with the function, the likeliest first.
    odd
        By block, a sentence for a shape that is wrong but whose numbers are understood.
    single
        Whether it returns single precision.
    tolerance
        Relative error that counts as rounding.
    effects
        The side effects of the calls.
    established
        Whether something else than its numbers says that it was called as it wants to be.
    """

    understood: Understood
    groups: tuple[Group, ...]
    numbers: tuple[Parameters, ...]
    losses: tuple[CallLoss, ...]
    odd: dict[str, str]
    single: bool
    tolerance: float
    effects: SideEffects
    established: bool

    @property
    def rate_is_read_off(self) -> bool:
        """Whether the function returns new parameters, and its rate is a number in its code or its module."""
        call, reading = self.understood.call, self.understood.reading
        return reading.rate is not None and call.signature.rate is None and not isinstance(call.holder, Template)

    def of_one_sample(self, group: Group, draw: int, sample: int) -> Parameters:
        """The function's gradient at a single sample."""
        X, T = (part[draw, sample : sample + 1] for part in (group.X, group.T))
        return returned_at(self.understood, group.network, group.w[draw], X, T, SideEffects()).gradient


def returned_at(understood: Understood, network: Network, w: Any, X: Any, T: Any, effects: SideEffects) -> Returned:
    """What the function returns at weights w (P,), inputs X (m, n_in) and targets T (m, n_out).

    Raises
    ------
    MisbehaviourError
        If it raises anything, or returns something else than before.
    """
    point = Point(network, w, X, T)
    points = point.samples() if understood.call.form.sample else [point]
    outcomes = [understood.call.run(p, effects) for p in points]
    return combined(understood.call, understood.reading, understood.loss, outcomes, points)


def with_penalty(evaluation: Evaluation) -> Evaluation | None:
    """The same function and its losses with a penalty, on all draws; None if it takes no penalty that its losses have.

    Only the losses that the penalty changes are kept.
    """
    before, group = evaluation.understood, evaluation.groups[0]
    if group.network.l2:
        return None
    understood = replace(before, call=_penalised(before.call))
    point = group.w[0], group.X[0], group.T[0]
    try:
        losses = []
        for loss in evaluation.losses:
            stronger = replace(loss, call=_penalised(loss.call))
            takes_it = _takes_penalty(before.call) or not _takes_penalty(loss.call)  # the instance may have it
            if takes_it and stronger.value(*point) != loss.value(*point):
                losses.append(stronger)
        if not losses:
            return None
        numbers = _numbers(understood, evaluation.groups)
    except MisbehaviourError:
        return None
    return replace(evaluation, understood=understood, numbers=numbers, losses=tuple(losses))


def with_other_targets(evaluation: Evaluation) -> Evaluation | None:
    """The same function called with class numbers for one-hot targets, or the reverse; None if it does not take both.

    It takes both if a loss of its own has the same value with both.
    """
    before, group = evaluation.understood, evaluation.groups[0]
    other = {"rows": "numbers", "numbers": "rows"}.get(before.call.form.targets)
    if other is None or group.network.loss.targets != "classes" or group.network.sizes[-1] == 1:
        return None

    def changed(call: Call) -> Call:
        return replace(call, form=replace(call.form, targets=other))

    point = group.w[0], group.X[0], group.T[0]
    try:
        losses = [replace(loss, call=changed(loss.call)) for loss in evaluation.losses]
        pairs = zip(losses, evaluation.losses, strict=True)
        both = tuple(new for new, old in pairs if np.isclose(new.value(*point), old.value(*point), rtol=1e-9, atol=0))
        if not both:
            return None
        understood = replace(before, call=changed(before.call))
        numbers = _numbers(understood, evaluation.groups)
    except MisbehaviourError:
        return None
    return replace(evaluation, understood=understood, numbers=numbers, losses=both)


def _numbers(understood: Understood, groups: Sequence[Group]) -> tuple[Parameters, ...]:
    """The gradient on each group."""
    return tuple(
        stacked([
            returned_at(understood, g.network, w, X, T, SideEffects()).gradient
            for w, X, T in zip(g.w, g.X, g.T, strict=True)
        ])
        for g in groups
    )  # fmt: skip


def _penalised(call: Call) -> Call:
    return replace(call, form=replace(call.form, penalty=PENALTY))


def _takes_penalty(call: Call) -> bool:
    return any(argument.pattern == Quantity("l2") for argument in call.signature.arguments)


def evaluate(
    function: Callable[..., Any], groups: Sequence[Group], tolerance: float | None,
    loss: Callable[..., Any] | None = None,
) -> Evaluation:  # fmt: skip
    """Call the function on all draws. `loss` is a loss that the user names.

    Raises
    ------
    MisbehaviourError
        If no way to call it is found, or if it returns no gradient, a random one, or one that is not finite.
    """
    found = search(function, groups[0], tolerance, loss=loss)
    if found.best is None:
        raise MisbehaviourError(_furthest(function, found))
    best, effects = found.best, found.best.effects
    network = best.network or groups[0].network
    groups = tuple(in_form(replace(group, network=network), best.call.form) for group in groups)
    if best.reading.rate is not None:  # a step goes down
        groups = tuple(replace(g, declared=replace(g.declared, ascent=False)) for g in groups)
    returned = [
        [returned_at(best, network, w, X, T, effects) for w, X, T in zip(g.w, g.X, g.T, strict=True)] for g in groups
    ]
    _refuse_random(function, best, groups[0], returned[0][0], effects)
    if best.reading.rate is not None:
        effects.changed.clear()  # the function returns its result in this way
    established = _established(found)
    _refuse_broken(best, returned[0][0])
    for group, of_group in zip(groups, returned, strict=True):
        _refuse_infinite(function, group, of_group, established)
    odd = {block: sentence for of_group in returned for r in of_group for block, sentence in r.odd.items()}
    numbers = tuple(stacked([r.gradient for r in of_group]) for of_group in returned)
    if best.returned.half:
        _refuse_rounded(function, groups, numbers)
    single = best.returned.single
    limit = tolerance or (SINGLE if single else TOLERANCE)
    return Evaluation(best, groups, numbers, best.losses, odd, single, limit, effects, established)


def _established(found: Found) -> bool:
    """Whether the preferred interpretation is sure.

    It is where some of its blocks are right or its loss is the textbook's; else where the names say what is meant, and no
    other interpretation has other numbers.
    """
    best = found.best
    assert best is not None
    if best.right or best.known or best.fits:
        return True
    names_say_it = best.call.signature.cost == 0 and best.reading.cost <= NEAR
    if best.reading.rate is not None or best.call.form.sample or not names_say_it:
        return False
    rivals = [u for u in found.others if u.cost < best.cost + NEAR and not u.returned.broken and not u.returned.odd]
    return all(_same(best.returned.gradient, u.returned.gradient) for u in rivals)


def _same(one: Parameters, other: Parameters) -> bool:
    return all(
        a is None or b is None or np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def _furthest(function: Callable[..., Any], found: Found) -> str:
    """The sentence on the attempt that got furthest: how the function was called, and what it wanted."""
    attempt = found.attempts[0]
    called = "" if attempt.call is None else f" It was called as {attempt.call}."
    layer = ""
    if attempt.call is not None and any(a.pattern == Quantity("D") for a in attempt.call.signature.arguments):
        layer = " If it is the backward pass of one layer, check the function that puts the layers together."
    return f"{attempt.sentence}{called}{layer}"


def _refuse_broken(best: Understood, returned: Returned) -> None:
    """Raise a `MisbehaviourError` if a block of the gradient cannot be read: a fault, if others are right."""
    if returned.broken:
        sentence = next(iter(returned.broken.values()))
        if best.right:
            raise MisbehaviourError(sentence, "wrong")
        raise MisbehaviourError(f"{sentence} It was called as {best}.")


def _refuse_rounded(function: Callable[..., Any], groups: Sequence[Group], numbers: Sequence[Parameters]) -> None:
    """Raise a `MisbehaviourError` if the gradient is the right one, rounded to half precision."""
    network = groups[0].network
    for convention in conventions(network):
        right = right_numbers(groups, convention)
        pairs = [
            (block_of(n, b), block_of(r, b)) for n, r in zip(numbers, right, strict=True) for b in blocks_of(network)
        ]
        if all((np.abs(n - r) <= HALF * np.abs(r) + TINY_HALF).all() for n, r in pairs):
            raise MisbehaviourError(
                f"{name_of(function)} returns half precision (float16), and is right to the three digits that this has. "
                "Return float64, so that it can be checked."
            )


def _refuse_random(
    function: Callable[..., Any], best: Understood, group: Group, first: Returned, effects: SideEffects
) -> None:
    """Raise a `MisbehaviourError` if a second call with the same arguments gives other numbers."""
    again = returned_at(best, group.network, group.w[0], group.X[0], group.T[0], effects)
    for block in blocks_of(group.network):
        before, after = block_of(first.gradient, block), block_of(again.gradient, block)
        if not np.array_equal(before, after, equal_nan=True):
            off = np.abs(before - after).max()
            if not off <= 1e-12 * np.abs(before).max():
                raise MisbehaviourError(
                    f"{name_of(function)} is random or keeps a memory: called twice with the same arguments, "
                    f"{block} differs by {off:.3g}. Take out the randomness (or fix its seed inside) and check again."
                )


def _refuse_infinite(
    function: Callable[..., Any], group: Group, returned: Sequence[Returned], established: bool
) -> None:
    """Raise a `MisbehaviourError` if an entry is not a finite number."""
    for d, of_draw in enumerate(returned, start=1):
        for block in blocks_of(group.network):
            values = block_of(of_draw.gradient, block)
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                value = float(values[tuple(bad[0])])
                raise MisbehaviourError(
                    f"{name_of(function)} returns {value} in {block}[{', '.join(map(str, bad[0]))}] on "
                    f"ordinary weights and {group.samples} samples (draw {d}): look for a division by 0, "
                    "a log of 0 or an overflow of exp.", "wrong" if established else "unchecked",
                )  # fmt: skip
