"""One flag for each setting of an optimizer or a schedule, read from their records.

The records load NumPy. So only commands that have these flags import this module, and they are imported when they are
used (`fallline.cli.app`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from fallline.cli.options import NUMBER, WHOLE
from fallline.errors import UsageError
from fallline.experiment.setting_names import schedule_setting, within_schedule
from fallline.number_text import read_number
from fallline.sentences import capital
from fallline.settings import SETTINGS, Setting
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.textbook.schedules import SCHEDULES
from fallline.user_code.python_file import load, names_file, split
from fallline.user_code.records import optimizer

__all__ = [
    "OPTIMIZER_SETTINGS",
    "SCHEDULE_SETTINGS",
    "Assigned",
    "MethodFlags",
    "assignment",
    "chosen_settings",
    "optimizer_of",
]

_declared = {name: s for record in OPTIMIZERS.values() for name, s in record.declared.items()}
OPTIMIZER_SETTINGS = {name: _declared[name] for name in SETTINGS if name in _declared} | _declared
"""The declaration of each setting of an optimizer: first those that optimizers share, in the order of `SETTINGS`."""

SCHEDULE_SETTINGS = {name: s for record in SCHEDULES.values() for name, s in record.declared.items()}


def _flag(name: str, declared: Setting, default: str = "") -> tuple[str, Any, Any]:
    meaning = f"{capital(declared.meaning)}; {declared.range}."
    group = "Schedule" if "." in name else "Optimizer"
    flag = Parameter(
        name=f"--{name.replace('_', '-')}", help=f"{meaning} Default {default or f'{declared.default:g}'}.", group=group
    )
    kind, read = (int, WHOLE) if declared.whole else (float, NUMBER)
    return name.replace(".", "_"), Annotated[kind | None, read, flag], dataclasses.field(default=None)


_Flags = dataclasses.make_dataclass(
    "_Flags",
    [_flag(name, s) for name, s in OPTIMIZER_SETTINGS.items()]
    + [
        _flag(schedule_setting(name), s, "the run's steps" if name == "steps" else "")
        for name, s in SCHEDULE_SETTINGS.items()
    ],
    frozen=True,
)
_Flags.__module__ = __name__  # make_dataclass says "types", and cyclopts does not open built-in types into flags
MethodFlags: TypeAlias = Annotated[_Flags | None, Parameter(name="*", group="Optimizer")]  # type: ignore[valid-type]  # made from a table

Assigned = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", negative="", show_default=False, help="Any other setting, as NAME=NUMBER: learning_rate.2=0.1"
    ),
]


def optimizer_of(text: str) -> Optimizer:
    """Return the optimizer of that name, or a step or `Optimizer` of the user's own as FILE.py:NAME, which executes that file.

    >>> optimizer_of("adam")
    optimizer('adam')
    """
    return optimizer(load(*split(text)) if names_file(text) else text)


def chosen_settings(
    schedule: str | dict[str, Any], flags: Any, assigned: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the optimizer's settings, and the schedule with its own, from flags and from `--set NAME=NUMBER`.

    >>> chosen_settings("step_decay", None, ["momentum=0.5", "schedule.every=3"])
    ({'momentum': 0.5}, {'name': 'step_decay', 'every': 3.0})
    """
    settings: dict[str, float] = {}
    schedule_table: dict[str, Any] = {"name": schedule} if isinstance(schedule, str) else dict(schedule)
    values = {} if flags is None else {k: v for k, v in dataclasses.asdict(flags).items() if v is not None}
    for name, value in [*values.items(), *map(assignment, assigned)]:
        name = schedule_setting(name[len("schedule_") :]) if name.startswith("schedule_") else name
        if name in settings:
            raise UsageError(f"{name} is given twice; give it once.")
        settings[name] = value
    schedule_table |= {own: settings.pop(k) for k in list(settings) if (own := within_schedule(k)) is not None}
    return settings, schedule_table


def assignment(text: str) -> tuple[str, float]:
    """Return name and number of NAME=NUMBER: ("learning_rate.2", 0.1)."""
    name, equal, value = text.partition("=")
    if not equal or not name.strip():
        raise UsageError(f"--set must be NAME=NUMBER, such as learning_rate.2=0.1; got {text!r}.")
    return name.strip().replace("-", "_"), read_number(value, f"--set {name.strip()}")
