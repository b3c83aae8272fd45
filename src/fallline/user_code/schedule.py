"""A schedule from a user's function, from a list of rates, or from several schedules one after another."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from fallline.errors import OwnCodeError, SettingError, UsageError, shown
from fallline.readings.scalars import Scalars
from fallline.settings import SETTINGS, Setting, checked
from fallline.textbook import schedules
from fallline.textbook.rates import Joined, Rates, WithSettings
from fallline.textbook.schedules import SCHEDULES, Schedule
from fallline.user_code.calling import name_of
from fallline.user_code.checked import called
from fallline.user_code.signature import must_be_function

__all__ = ["is_schedule", "schedule"]

Function = Callable[..., Any]

_FORM = 'a list of rates, one for each step, or pairs (schedule, steps), as [("warmup", 10), ("cosine", 90)]'


def schedule(
    what: str | Function | Schedule | Mapping[str, Any] | ArrayLike | Sequence[Any],
    *,
    settings: Sequence[Setting] = (),
    name: str = "",
) -> Schedule:
    """Return a schedule: the factor on the learning rate at step t, which is 1 for the first step.

    As `schedule=` of a descent or a map, it multiplies the learning rate. As `learning_rate=`, it is the learning rate.

    Parameters
    ----------
    what
        A schedule of the textbook by its name; a function of t, whose further arguments are its settings; an array of
        one factor for each step; {"name": ..., setting: ...}; or pairs (schedule, steps), one after another. Each part
        of a sequence counts its own steps from 1. The last part may stand without a number of steps, and then has no end.
        A part's settings `steps` and, for warmup, `every` are the part's own steps by default.
    settings
        Declarations of the function's settings. A setting that is not declared here or in `fallline.SETTINGS` may be any
        finite number. Its default is that of the argument; that of `steps` is the length of the run.
    name
        Its name. By default, the function's.

    Raises
    ------
    UsageError
        `what` is none of these, or its name is that of a schedule of the textbook.
    OwnCodeError
        The function raises an error, or does not return the same number at least 0 each time.
    SettingError
        A rate is negative or not finite.

    Examples
    --------
    >>> import fallline as fl
    >>> def warm_root(t, rise=5):
    ...     return np.minimum(t / rise, 1) / t**0.5
    >>> fl.schedule(warm_root).settings
    ('rise',)
    >>> run = fl.descend("booth", learning_rate=0.1, schedule={"name": warm_root, "rise": 10}, steps=50)
    >>> both = fl.schedule([("warmup", 2), ("cosine", 4)])
    >>> [round(float(both.factor(t)), 3) for t in range(1, 7)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
    >>> fl.schedule([0.1, 0.05]).factor(2)
    0.05
    """
    if isinstance(what, str | Schedule):
        return schedules.schedule(what)
    if isinstance(what, Mapping):
        return _with_settings(what, name)
    if callable(what):
        return _own(what, tuple(settings), name)
    if _is_parts(what):
        return _joined(what, name)
    return Schedule(_free(name or "rates"), _rates(what))


def is_schedule(value: object) -> bool:
    """Return whether a value given as a learning rate says it for each step, rather than once.

    >>> is_schedule([0.1, 0.2]), is_schedule(0.1), is_schedule(np.array(0.1))
    (True, False, False)
    """
    return isinstance(value, Schedule | list | tuple) or callable(value) or bool(getattr(value, "ndim", 0))


class OwnFactor:
    """A user's function of t as the page of a schedule. Its errors name the user's line, and its results are checked.

    Two of the same function are equal, so that they share compiled code.
    """

    def __init__(self, function: Function) -> None:
        must_be_function(function, "a schedule")
        functools.update_wrapper(self, function)
        self.function = function
        self.__name__: str = name_of(function)
        self.__signature__ = _signature(function)

    def __call__(self, t: Any, **settings: Any) -> Any:
        factor = called(self.function, t, **settings)
        if any(isinstance(v, Scalars) for v in (t, *settings.values())) or isinstance(factor, Scalars):
            return factor
        shape = np.broadcast_shapes(np.shape(t), *map(np.shape, settings.values()))
        try:
            numbers = np.asarray(factor, dtype=np.float64)
            fits = np.broadcast_shapes(numbers.shape, shape) == shape
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise OwnCodeError(f"{self.__name__} must return one number for each step; it returned {shown(factor)}.")
        if not ((numbers >= 0) & np.isfinite(numbers)).all():
            raise OwnCodeError(
                f"{self.__name__} must return a finite number at least 0; it returned {shown(factor)} at step {t}."
            )
        return factor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnFactor) and self.function == other.function

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        return f"<schedule {self.__name__}>"


def _own(function: Function, settings: tuple[Setting, ...], name: str) -> Schedule:
    factor = OwnFactor(function)
    record = Schedule(
        _free(name or name_of(function).replace("the function", "function")), factor, own_settings=settings
    )
    values = {key: declared.default for key, declared in record.declared.items()}
    if factor(1, **values) != factor(1, **values):
        raise OwnCodeError(
            f"{factor.__name__} returns another value each time it is called: it draws random numbers or keeps a memory. "
            "A schedule must be a function of the step alone."
        )
    return record


def _signature(function: Function) -> inspect.Signature:
    """The step, and after it the settings as keywords, as a page of the textbook has them."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(f"the parameters of {name_of(function)} cannot be read; wrap it in a function of t.") from None
    kinds = inspect.Parameter
    if not parameters or parameters[0].kind not in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
        raise UsageError(f"{name_of(function)} must take the step t as its first argument.")
    rest = [p for p in parameters[1:] if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)]
    for p in rest:
        if p.name == "name":
            raise UsageError(f"a setting of {name_of(function)} must have another name: name is the schedule's own.")
    step = parameters[0].replace(kind=kinds.POSITIONAL_ONLY, default=kinds.empty)
    return inspect.Signature([step, *(p.replace(kind=kinds.KEYWORD_ONLY) for p in rest)])


def _free(name: str) -> str:
    if name in SCHEDULES:
        raise UsageError(f"a schedule of your own must have another name: {name!r} is a schedule of the textbook.")
    return name


def _with_settings(what: Mapping[str, Any], name: str, steps: int | None = None) -> Schedule:
    """A schedule with its settings as {"name": ..., setting: ...}; `steps` is how long it holds."""
    options = dict(what)
    if "name" not in options:
        raise UsageError(f'schedule must be {{"name": ..., setting: ...}}; got {shown(what)}.')
    record = schedule(options.pop("name"))
    for own in ("steps", "every") if record is SCHEDULES["warmup"] else ("steps",):
        if own in record.settings and steps is not None:
            options.setdefault(own, steps)
    values = checked(record.declared, options, f"schedule {record.name}")
    if not values:
        return record
    text = ", ".join(f"{key} {value:g}" for key, value in values.items())
    return Schedule(name or f"{record.name} ({text})", WithSettings(record.factor, tuple(values.items())))


def _is_parts(what: Any) -> TypeGuard[Sequence[Any]]:
    if isinstance(what, np.ndarray) or not isinstance(what, Sequence):
        return False
    return any(not isinstance(part, int | float | np.number) for part in what)


def _joined(parts: Sequence[Any], name: str) -> Schedule:
    records: list[tuple[Schedule, int | None]] = []
    for place, part in enumerate(parts, start=1):
        pair = isinstance(part, tuple | list) and len(part) == 2 and not isinstance(part[0], int | float | np.number)
        what, steps = part if pair else (part, None)
        if steps is None and place < len(parts):
            raise UsageError(f"part {place} of a sequence of schedules must say its steps; a schedule may be {_FORM}.")
        steps = None if steps is None else int(SETTINGS["every"].check(steps))
        options = what if isinstance(what, Mapping) else {"name": what}
        if steps is None and "steps" not in options and "steps" in schedule(options.get("name", "")).settings:
            raise UsageError(f"part {place} of a sequence of schedules must say its steps: its factor depends on them.")
        record = _with_settings(options, "", steps)
        length = getattr(record.factor, "length", None)
        if steps is not None and length is not None and length < steps:
            raise SettingError(f"part {place} of a sequence of schedules has {length} rates for its {steps} steps.")
        records.append((record, steps))
    (last, _), *before = reversed(records)
    factor = last.factor
    for record, steps in before:
        assert steps is not None  # only the last may lack it
        factor = Joined(record.factor, steps, factor)
    return Schedule(name or ", then ".join(record.name for record, _ in records), factor)


def _rates(values: Any) -> Rates:
    try:
        rates = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"a schedule must be a name, a function of t, or {_FORM}; got {shown(values)}.") from None
    if rates.ndim != 1 or not len(rates):
        raise UsageError(f"a schedule must be a name, a function of t, or {_FORM}; got shape {rates.shape}.")
    for step, rate in enumerate(rates.tolist(), start=1):
        if not (0 <= rate < np.inf):
            raise SettingError(
                f"rates of a schedule must be finite numbers at least 0; that of step {step} is {rate:g}."
            )
    return Rates(tuple(rates.tolist()))
