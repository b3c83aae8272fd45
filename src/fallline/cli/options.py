"""Flags that several commands share, made from the one declaration of each setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

from fallline.errors import SettingError, UsageError
from fallline.number_text import read_number, read_numbers, read_whole
from fallline.own.source import load, names_file, split
from fallline.settings import SETTINGS, Setting

__all__ = [
    "METHOD_SETTINGS",
    "SCHEDULE_SETTINGS",
    "Assigned",
    "Force",
    "Json",
    "MethodFlags",
    "Number",
    "Numbers",
    "Out",
    "Point",
    "Whole",
    "bounded",
    "chosen_settings",
    "objective_of",
]  # fmt: skip

METHOD_SETTINGS = (
    "learning_rate", "momentum", "beta1", "beta2", "decay", "epsilon", "initial_accumulator", "weight_decay",
)  # fmt: skip
"""Settings of the optimizers, as their pages name them (a test compares; reading them from there would load NumPy)."""

SCHEDULE_SETTINGS = ("decay", "every", "steps")
"""Settings of the schedules, likewise."""


def _reader(read: Callable[[str, str], Any]) -> Callable[[Any, Sequence[Token]], Any]:
    """A flag's value from its text. Cyclopts' own reading takes "1_000", "nan" and "2.7" for a whole number."""

    def convert(hint: Any, tokens: Sequence[Token]) -> Any:
        return read(tokens[0].value, tokens[0].keyword or "the value")

    return convert


def _read_each(hint: Any, tokens: Sequence[Token]) -> tuple[float, ...]:
    return tuple(read_number(token.value, token.keyword or "the value") for token in tokens)


def _read_point(text: str, flag: str) -> list[float]:
    try:
        return read_numbers(text, flag)
    except SettingError:
        raise UsageError(
            f"{flag} must be finite numbers joined by commas, such as 0.868,-4.43; got {text!r}."
        ) from None


# A number may begin with a minus, and so may a list of them, which only `allow_leading_hyphen` lets through.
_AS_NUMBER = Parameter(converter=_reader(read_number), allow_leading_hyphen=True)
_AS_WHOLE = Parameter(converter=_reader(read_whole), allow_leading_hyphen=True)
Number = Annotated[float, _AS_NUMBER]
Whole = Annotated[int, _AS_WHOLE]
Numbers = Annotated[tuple[float, ...], Parameter(converter=_read_each, allow_leading_hyphen=True, negative="")]
Point = Annotated[
    list[float] | None, Parameter(converter=_reader(_read_point), n_tokens=1, allow_leading_hyphen=True, negative="")
]
"""A list of numbers from one word."""


def bounded(value: float | None, flag: str, low: float, high: float, *, whole: bool = False) -> None:
    """Refuse a flag's number that is out of range, where no setting of `fallline.settings` says so."""
    if value is not None:
        Setting(flag, "", "a flag's value", low, low, high, whole=whole).check(value)


def _flag(name: str, setting: str, default: str = "") -> tuple[str, Any, Any]:
    declared = SETTINGS[setting]
    meaning = f"{declared.meaning[0].upper()}{declared.meaning[1:]}; {declared.range}."
    read = _AS_WHOLE if declared.whole else _AS_NUMBER
    group = "Schedule" if "." in name else "Optimizer"
    flag = Parameter(
        name=f"--{name.replace('_', '-')}", help=f"{meaning} Default {default or f'{declared.default:g}'}.", group=group
    )
    kind = int if declared.whole else float
    return name.replace(".", "_"), Annotated[kind | None, read, flag], dataclasses.field(default=None)


_Flags = dataclasses.make_dataclass(
    "_Flags",
    [_flag(name, name) for name in METHOD_SETTINGS]
    + [_flag(f"schedule.{name}", name, "the run's steps" if name == "steps" else "") for name in SCHEDULE_SETTINGS],
    frozen=True,
)
_Flags.__module__ = __name__  # make_dataclass says "types", and cyclopts does not open built-in types into flags
MethodFlags: TypeAlias = Annotated[_Flags | None, Parameter(name="*", group="Optimizer")]  # type: ignore[valid-type]  # made from a table
"""One flag for each setting of an optimizer or schedule, with the range and default of `fallline.settings`."""

Json = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Print one JSON object for machines.")
]
Force = Annotated[bool, Parameter(negative="", show_default=False, help="Overwrite an existing output.")]
Assigned = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", negative="", show_default=False, help="Any other setting, as NAME=NUMBER: learning_rate.2=0.1"
    ),
]
Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]


def chosen_settings(
    schedule: str | dict[str, Any], flags: Any, assigned: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The optimizer's settings, and the schedule with its own, from flags and from `--set NAME=NUMBER`.

    >>> chosen_settings("step_decay", None, ["momentum=0.5", "schedule.every=3"])
    ({'momentum': 0.5}, {'name': 'step_decay', 'every': 3.0})
    """
    settings: dict[str, float] = {}
    plan: dict[str, Any] = {"name": schedule} if isinstance(schedule, str) else dict(schedule)
    values = {} if flags is None else {k: v for k, v in dataclasses.asdict(flags).items() if v is not None}
    for name, value in [*values.items(), *map(_assignment, assigned)]:
        name = name.replace("schedule_", "schedule.", 1)
        if name in settings:
            raise UsageError(f"{name} is given twice; give it once.")
        settings[name] = value
    plan |= {k.removeprefix("schedule."): settings.pop(k) for k in list(settings) if k.startswith("schedule.")}
    return settings, plan


def _assignment(text: str) -> tuple[str, float]:
    """Name and number of NAME=NUMBER: ("learning_rate.2", 0.1)."""
    name, equal, value = text.partition("=")
    if not equal or not name.strip():
        raise UsageError(f"--set must be NAME=NUMBER, such as learning_rate.2=0.1; got {text!r}.")
    return name.strip().replace("-", "_"), read_number(value, f"--set {name.strip()}")


def objective_of(text: str) -> str | Callable[..., Any]:
    """A landscape's name, or a function of the user's own as FILE.py:NAME, which executes that file."""
    return load(*split(text)) if names_file(text) else text
