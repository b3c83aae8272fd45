"""Learning-rate schedules: the factor on the learning rate at step t (1 for the first step).

The effective learning rate of step t is learning_rate * factor(t). `steps` is the length of the run.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from fallline.textbook.families import member
from fallline.textbook.operations import Array, cos, floor, minimum

__all__ = ["SCHEDULES", "Schedule", "schedule"]


@dataclass(frozen=True)
class Schedule:
    """A factor on the learning rate, as a function of the step.

    >>> SCHEDULES["inverse_time"].factor(11, decay=0.1)
    0.5
    """

    name: str
    factor: Callable[..., Array]

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Names of its settings, as the page's keyword arguments have them."""
        parameters = inspect.signature(self.factor).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)

    def __repr__(self) -> str:
        return f"Schedule({self.name!r})"


def constant(t: Array) -> Array:
    return 1


def step_decay(t: Array, *, decay: Array, every: Array) -> Array:
    return decay ** floor((t - 1) / every)


def exponential(t: Array, *, decay: Array) -> Array:
    return decay ** (t - 1)


def inverse_time(t: Array, *, decay: Array) -> Array:
    return 1 / (1 + decay * (t - 1))


def cosine(t: Array, *, steps: Array) -> Array:
    return (1 + cos(math.pi * (t - 1) / steps)) / 2


def warmup(t: Array, *, every: Array) -> Array:
    return minimum(t / every, 1)


SCHEDULES: dict[str, Schedule] = {
    s.name: s
    for s in (
        Schedule("constant", constant),
        Schedule("cosine", cosine),
        Schedule("exponential", exponential),
        Schedule("inverse_time", inverse_time),
        Schedule("step_decay", step_decay),
        Schedule("warmup", warmup),
    )
}


def schedule(name: str | Schedule) -> Schedule:
    """The schedule of that name; a `Schedule` of the user's own is returned as it is.

    >>> schedule("step_decay").settings
    ('decay', 'every')
    """
    if isinstance(name, Schedule):
        return name
    return member("schedule", name, SCHEDULES)
