"""The forms in which a user writes an axis in Python: text, a tuple, a dictionary, or an `Axis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError, shown
from fallline.experiment.axes import LARGEST_WHOLE, Axis
from fallline.experiment.axis_text import axis, range_axis
from fallline.experiment.choice_axis import choice_axis
from fallline.experiment.choices import FAMILIES
from fallline.problems import Objective

__all__ = ["AxisForm", "axis_of", "name_of", "renamed"]

AxisForm: TypeAlias = (
    str
    | Axis
    | tuple[str, ArrayLike | Sequence[Any]]
    | tuple[str, float, float]
    | tuple[str, float, float, str]
    | Mapping[str, ArrayLike | Sequence[Any]]
)
"""What a user may write as an axis."""

_FORMS = '"momentum=0..0.99", ("momentum", 0, 0.99), ("learning_rate", 1e-4, 1, "log") or ("momentum", values)'


def axis_of(form: AxisForm, count: int = 512, objective: Objective | None = None) -> Axis:
    """An axis from any of its forms, for maps of an objective.

    `count` is the number of values of a range; listed values have their own.

    Raises
    ------
    UsageError
        The form is not one of these.
    SettingError
        The values are not finite, do not rise, or are no numbers.

    Examples
    --------
    >>> axis_of(("momentum", 0, 0.9), 4).values.tolist()
    [0.0, 0.3, 0.6, 0.9]
    >>> print(axis_of(("learning_rate", 1e-4, 1, "log")), axis_of(("seed", range(3))))
    learning_rate=0.0001..1:log seed=0,1,2
    >>> axis_of({"learning_rate": np.geomspace(1e-4, 1, 5)}).scale
    'log'
    >>> print(axis_of(("optimizer", ["SGD", "Adam"])), axis_of("activation=relu,tanh"))
    optimizer=gradient_descent,adam activation=relu,tanh
    """
    if isinstance(form, str):
        name, _, names = (part.strip() for part in form.partition("="))
        if name not in FAMILIES or not names:
            return axis(form, count)
        return choice_axis(name, [word.strip() for word in names.split(",")], objective)
    if isinstance(form, Axis):
        return form
    if isinstance(form, Mapping):
        form = cast("AxisForm", next(iter(form.items())) if len(form) == 1 else ())
    if not (isinstance(form, tuple | list) and len(form) in (2, 3, 4) and isinstance(form[0], str)):
        raise UsageError(f"an axis is written {_FORMS}; got {shown(form)}.")
    name, *rest = form
    name = _plain(name)
    if name in FAMILIES:
        return choice_axis(name, rest[0] if len(rest) == 1 else ", ".join(map(str, rest)), objective)
    if len(rest) == 1:
        return Axis.of(name, _values(name, rest[0]))
    low, high = (_number(name, end) for end in rest[:2])
    scale = rest[2] if len(rest) == 3 else "linear"
    if scale not in ("linear", "log"):
        if isinstance(scale, Real):
            raise UsageError(
                f"a range has two ends, and `size` says how many values it has; got {shown(form)}. To list values, "
                f"write ({name!r}, [{low:g}, {high:g}, ...])."
            )
        raise UnknownNameError(f"scale of the {name} axis", scale, ("linear", "log"))
    return range_axis(name, low, high, scale, count)


def name_of(form: AxisForm) -> str:
    """The name of an axis; "" for what is no form of an axis.

    >>> name_of("learning-rate=0.1..0.2"), name_of(("momentum", [0, 0.9])), name_of(("momentum",))
    ('learning_rate', 'momentum', 'momentum')
    """
    if isinstance(form, Axis):
        return form.name
    if isinstance(form, str):
        return _plain(form.partition("=")[0])
    name = next(iter(form), "") if isinstance(form, tuple | list | Mapping) else ""
    return _plain(name) if isinstance(name, str) else ""


def renamed(form: AxisForm, name: str) -> AxisForm:
    """The same axis under another name."""
    if isinstance(form, Axis):
        return replace(form, name=name)
    if isinstance(form, str):
        return f"{name}={form.partition('=')[2]}"
    if isinstance(form, Mapping):
        return dict.fromkeys([name], next(iter(form.values())))
    return cast("AxisForm", (name, *form[1:]))


def _plain(name: str) -> str:
    """The name of an axis as settings are written."""
    return name if "." in name else name.strip().replace("-", "_")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise SettingError(f"the ends of the {name} axis must be numbers; got {shown(value)}.")
    return float(value)


def _values(name: str, values: Any) -> NDArray[np.float64]:
    """The listed values as an array, (count,)."""
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.empty((0, 0))
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise SettingError(
            f"the values of the {name} axis must be a list or an array of numbers, (count,); got {shown(values)}. "
            f"An axis is written {_FORMS}."
        )
    if array.dtype.kind in "iu" and array.size and int(np.abs(array).max()) > LARGEST_WHOLE:
        raise SettingError(f"the values of the {name} axis must be whole numbers up to 2^53; got {array.max()}.")
    return np.asarray(array, dtype=np.float64)
