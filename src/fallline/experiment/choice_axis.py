"""An axis of choices: the members of a family, one for each column or row of cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError, shown, visible
from fallline.experiment.axes import Axis, number_as_text
from fallline.experiment.choices import FAMILIES
from fallline.experiment.description.plain_data import describe_record, rebuild_record
from fallline.problems import Objective

__all__ = ["Choice", "ChoiceAxis", "choice_axis", "read_choice", "refuse_lines"]

WITH_SETTINGS = ("optimizer", "schedule")
"""The axes whose choices may have settings of their own."""

MOST_CHOICES = 200
"""Values of an axis of choices, at most: each needs a kernel of its own, and a line of text."""


@dataclass(frozen=True)
class Choice:
    """A value of an axis of choices: a member of a family, and the settings that hold for it alone."""

    record: Any
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, repr=False)
class ChoiceAxis(Axis):
    """The members of a family, in the order in which they were given. Make it with `choice_axis`.

    In pictures they are bands of equal width, at 0, 1, 2, ... (`positions`).

    Raises
    ------
    SettingError
        A choice is there twice, or there are too many.

    Examples
    --------
    >>> axis = choice_axis("optimizer", ["SGD", {"name": "momentum", "momentum": 0.5}, "adam"])
    >>> print(axis, axis.count)
    optimizer=gradient_descent,momentum,adam 3
    >>> axis.place("sgd"), axis.place("adam")
    (0, 2)
    """

    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count > MOST_CHOICES:
            raise _too_many(self.name, self.count)
        names = self.values.tolist()
        for name in names:
            if names.count(name) > 1:
                raise SettingError(f"the choices of the {self.name} axis must differ; {name!r} is there twice.")

    def _computed(self) -> NDArray[Any]:
        return np.array([self._text(k, "name") for k in range(self.count)])

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """0, 1, 2, ...: where the choices stand in pictures. Read-only."""
        positions = np.arange(self.count, dtype=np.float64)
        positions.setflags(write=False)
        return positions

    @property
    def captions(self) -> list[str]:
        """The choices as pictures show them."""
        return [visible(self._text(k, "label")) for k in range(self.count)]

    def _text(self, k: int, attribute: str) -> str:
        """The name or label of a choice, with the settings in which it differs from others of the same name."""
        choice = self.choices[k]
        same = [dict(other.settings) for other in self.choices if other.record.name == choice.record.name]
        name = str(getattr(choice.record, attribute))
        differing = [(key, value) for key, value in choice.settings if any(s.get(key) != value for s in same)]
        if not differing:
            return name
        inner = ", ".join(
            f"{key}={number_as_text(value) if isinstance(value, float) else value}" for key, value in differing
        )
        return f"{name}({inner})" if attribute == "name" else f"{name} ({inner})"

    def at(self, k: int) -> Choice:
        """The choice of cell k."""
        return self.choices[k]

    def place(self, value: Any) -> int:
        """The index of a choice, by its name or record.

        Raises
        ------
        UnknownNameError
            The axis has no such choice, or several of that name.
        """
        names = self.values.tolist()
        if isinstance(value, str) and value in names:
            return int(names.index(value))
        try:
            record = read_choice(self.name, value).record
        except UsageError:
            record = None
        places = [k for k, choice in enumerate(self.choices) if choice.record == record]
        if len(places) != 1:
            raise UnknownNameError(f"{self.name} on this map", value, names)
        return places[0]

    def position(self, value: Any) -> float:
        """Where a choice stands in pictures."""
        return float(self.place(value))

    def between(self, low: Any, high: Any, count: int | None = None) -> NoReturn:
        """Raise: choices have no range."""
        raise UsageError(
            f"the {self.name} axis has names, and no range to zoom into: make a map of the choices that matter."
        )

    def with_choices(self, choices: Sequence[Choice]) -> ChoiceAxis:
        """The same axis with other choices, or with other settings of them."""
        return replace(self, choices=tuple(choices), count=len(choices), high=float(len(choices) - 1))

    def with_records(self, records: Iterable[Any]) -> ChoiceAxis:
        """The same axis with records in the places of the choices of the same names."""
        named = {record.name: record for record in records}
        return self.with_choices(
            [replace(choice, record=named.get(choice.record.name, choice.record)) for choice in self.choices]
        )

    def describe(self) -> dict[str, Any]:
        """The axis as plain data, for a map file."""
        members = FAMILIES[self.name].members
        described = []
        for choice in self.choices:
            page = getattr(choice.record, choice.record.page)
            described.append({"name": describe_record(choice.record, members, page), "settings": dict(choice.settings)})
        return {"name": self.name, "choices": described}

    @classmethod
    def from_description(cls, d: Mapping[str, Any]) -> ChoiceAxis:
        """The inverse of `describe`; a user's own functions become stand-ins."""
        family = FAMILIES.get(d["name"])
        if family is None:
            raise UnknownNameError("an axis of choices", d["name"], FAMILIES)
        if len(d["choices"]) > MOST_CHOICES:
            raise _too_many(d["name"], len(d["choices"]))
        choices = []
        for described in d["choices"]:
            record, settings = rebuild_record(described["name"], family.members, family.what), described["settings"]
            if settings and d["name"] not in WITH_SETTINGS:
                raise SettingError(f"{family.what} {record.name} has no settings; got {', '.join(settings)}.")
            choices.append(Choice(record, tuple(settings.items())))
        return _of(d["name"], choices)

    @property
    def short(self) -> str:
        """The axis in a few words: of many choices, the first two and the last."""
        names = self.values.tolist()
        return f"{self.name}={','.join(names if len(names) <= 6 else [*names[:2], '...', names[-1]])}"

    def __str__(self) -> str:
        return f"{self.name}={','.join(self.values.tolist())}"

    def __repr__(self) -> str:
        return visible(f"ChoiceAxis({self})")


def choice_axis(name: str, values: Any, objective: Objective | None = None) -> ChoiceAxis:
    """An axis of choices from a list of what the argument of `map` of that name takes: names, records, or dictionaries.

    Raises
    ------
    UsageError
        The values are no list, or one of them is no member of the family.

    Examples
    --------
    >>> choice_axis("activation", ["ReLU", "tanh"]).values.tolist()
    ['relu', 'tanh']
    >>> choice_axis("optimizer", "adam")
    Traceback (most recent call last):
    fallline.errors.SettingError: the optimizer axis has a list of choices, as ("optimizer", [...]); got 'adam'.
    """
    if isinstance(values, str | Mapping) or not isinstance(values, Sequence | np.ndarray) or np.ndim(values) == 0:
        raise SettingError(f'the {name} axis has a list of choices, as ("{name}", [...]); got {shown(values)}.')
    if not len(values):
        raise SettingError(f"the {name} axis must have at least one value; got none.")
    return _of(name, [read_choice(name, value, objective) for value in values])


def read_choice(name: str, value: Any, objective: Objective | None = None) -> Choice:
    """A choice from what the argument of that name takes: {"name": ..., setting: ...} for an optimizer or a schedule."""
    family = FAMILIES[name]
    value = value.item() if isinstance(value, np.str_) else value
    if not isinstance(value, Mapping):
        return Choice(family.read(value, objective))
    settings = dict(value)
    if name not in WITH_SETTINGS or "name" not in settings:
        raise SettingError(f"{family.what} of an axis must be a name; got {shown(value)}.")
    return Choice(family.read(settings.pop("name"), objective), tuple(settings.items()))


def _too_many(name: str, count: int) -> SettingError:
    return SettingError(f"the {name} axis must have at most {MOST_CHOICES} choices; got {count:,}.")


def refuse_lines(*axes: Axis) -> None:
    """Refuse lines of equal value over an axis of choices, which have no order.

    Raises
    ------
    UsageError
        One of the axes has choices.
    """
    for axis in axes:
        if isinstance(axis, ChoiceAxis):
            raise UsageError(
                f"lines of equal value need two axes of numbers; the choices of {axis.name} have no order."
            )


def _of(name: str, choices: Sequence[Choice]) -> ChoiceAxis:
    return ChoiceAxis(name, 0.0, float(len(choices) - 1), len(choices), choices=tuple(choices))
