"""Learning-rate schedules: the factor on the learning rate at step t (1 for the first step).

The learning rate of step t is learning_rate * factor(t). t is a number or an array of steps; the factor has its shape,
or is one number. `steps` is the length of the run. `fallline.settings` declares the settings that
schedules share; a schedule declares others in its record.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fallline.settings import Setting
from fallline.textbook.families import MemberWithSettings, member
from fallline.textbook.operations import Array, cos, floor, minimum

__all__ = ["SCHEDULES", "Schedule", "schedule"]


@dataclass(frozen=True, repr=False)
class Schedule(MemberWithSettings):
    """A factor on the learning rate, as a function of the step.

    Parameters
    ----------
    name
        The usual name in the field.
    factor
        Maps `(t, *, ...)` to the factor of step t. Its keyword arguments are the schedule's settings.
    label
        Its name in words, for display; by default, the name with spaces.
    own_settings
        Declarations of settings that `fallline.settings` does not declare, or declares with another range.

    Examples
    --------
    >>> SCHEDULES["inverse_time"].factor(11, decay=0.1)
    0.5
    """

    name: str
    factor: Callable[..., Array]
    label: str = ""
    own_settings: tuple[Setting, ...] = ()
    page = "factor"


def constant(t: Array) -> Array:
    """factor(t) = 1: the learning rate does not change."""
    return 1


def step_decay(t: Array, *, decay: Array, every: Array) -> Array:
    """factor(t) = decay^floor((t - 1) / every): constant for `every` steps, then multiplied by `decay`.

    Convention: PyTorch's StepLR(step_size=every, gamma=decay). Settings: `decay`, `every`.

    >>> [float(step_decay(t, decay=0.5, every=2)) for t in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return decay ** floor((t - 1) / every)


def exponential(t: Array, *, decay: Array) -> Array:
    """factor(t) = decay^(t - 1).

    Convention: PyTorch's ExponentialLR(gamma=decay). Settings: `decay`.
    """
    return decay ** (t - 1)


def inverse_time(t: Array, *, decay: Array) -> Array:
    """factor(t) = 1 / (1 + decay (t - 1)); if decay > 0, its sum over all t diverges, that of its squares converges.

    Convention: Keras's InverseTimeDecay with decay_steps = 1. Settings: `decay`. Source: Robbins & Monro 1951.
    """
    return 1 / (1 + decay * (t - 1))


def cosine(t: Array, *, steps: Array) -> Array:
    """factor(t) = (1 + cos(pi min(t - 1, steps) / steps)) / 2: half a period of a cosine, from 1 at the first step down.

        Convention: 0 at t = steps + 1, so that the last step still moves, as with PyTorch's CosineAnnealingLR(T_max=steps).
    After it stays 0, where PyTorch's rises again. Settings: `steps`. Source: Loshchilov & Hutter 2017 (arXiv:1608.03983).

    >>> [round(float(cosine(t, steps=4)), 6) for t in (1, 2, 3, 4, 5, 6)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.0]
    """
    return (1 + cos(math.pi * minimum(t - 1, steps) / steps)) / 2


def warmup(t: Array, *, every: Array) -> Array:
    """factor(t) = min(t / every, 1): a linear rise over the first `every` steps.

    Convention: the first step has 1 / every, not 0. Settings: `every`. Source: Goyal et al. 2017 (arXiv:1706.02677).
    """
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
    """Look up a schedule by its name; a user's own `Schedule` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no schedule has that name.

    Examples
    --------
    >>> schedule("step_decay").settings
    ('decay', 'every')
    """
    if isinstance(name, Schedule):
        return name
    return member("schedule", name, SCHEDULES)
