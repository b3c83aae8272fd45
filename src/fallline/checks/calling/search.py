"""The search for the call and the reading under which the function's numbers make sense."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fallline.checks.calling.call import Call
from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.hypotheses import LATER, hypotheses
from fallline.checks.calling.judge import Judge
from fallline.checks.calling.layouts import Layout
from fallline.checks.calling.point import Form
from fallline.checks.calling.understood import Understood, interpretations
from fallline.checks.calling.usage import takes_one_sample
from fallline.checks.reference.draws import Group

__all__ = ["Attempt", "Found", "search"]

SECONDS = 4.0
"""Time limit of the search, in seconds of the processor."""

WAIT = 2
"""How much longer it may take by the clock, where the machine is busy or the code sleeps."""

ENOUGH = 60
"""Calls that are still tried after one whose numbers are right in part."""

SETTLED = 0.7
"""Seconds of the processor that the search may still take after that."""

MORE = 400
"""Calls that are still tried after one whose numbers are right for the code's own loss, but not for the textbook's."""


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
    judge = Judge(group, tolerance, loss)
    deadline = time.process_time() + seconds, time.perf_counter() + WAIT * seconds
    understood: list[Understood] = []
    attempts: list[Attempt] = []
    left, settled = 10**6, False
    for call in hypotheses(function, judge.point(Form(Layout()))):
        late = time.process_time() > deadline[0] or time.perf_counter() > deadline[1]
        if left <= 0 or (
            late and (understood or attempts)
        ):  # one call is tried, however long the file's own code takes
            break
        if understood and not _worth(call, understood):
            continue
        left -= 1
        try:
            for candidate in interpretations(call, judge.point(call.form)):
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
    """Whether the call could still be a better one: once calls run, only those that differ from them by numbers.

    Once a batch is understood, that the function is right for each sample alone would prove nothing: sums over the batch
    vanish there.
    """
    whole = [u for u in understood if u.whole]
    batches = [u for u in whole if not u.call.form.sample]
    if call.form.sample and (batches or not takes_one_sample(call.function)):
        return False
    if not whole:
        return True
    related = any(call.family == u.call.family for u in whole) or (
        call.network.depth == 1 and not any(u.right or u.known for u in whole)  # arrays of one layer broadcast easily
    )
    return related and call.cost < (LATER if batches else 2 * LATER)
