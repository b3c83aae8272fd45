"""Flags that several commands share, made from the one declaration of each setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from fallline.errors import UsageError
from fallline.own.source import load, names_file, split
from fallline.settings import SETTINGS

__all__ = ["Assigned", "Force", "Json", "MethodFlags", "Out", "assignments", "given", "objective_of", "point"]

_METHOD = ("learning_rate", "momentum", "beta1", "beta2", "decay", "epsilon", "initial_accumulator", "weight_decay")


def _flag(name: str) -> tuple[str, Any, Any]:
    declared = SETTINGS[name]
    text = f"{declared.meaning[0].upper()}{declared.meaning[1:]}; {declared.range}. Default {declared.default:g}."
    kind = int if declared.whole else float
    return name, Annotated[kind | None, Parameter(help=text, group="Optimizer")], dataclasses.field(default=None)


_Flags = dataclasses.make_dataclass("_Flags", [_flag(name) for name in _METHOD], frozen=True)
_Flags.__module__ = __name__  # make_dataclass says "types", and cyclopts does not open built-in types into flags
MethodFlags: TypeAlias = Annotated[_Flags | None, Parameter(name="*", group="Optimizer")]  # type: ignore[valid-type]  # made from a table
"""One flag for each setting of an optimizer, with the range and default of `fallline.settings`."""

Json = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Print one JSON object for machines.")
]
Force = Annotated[bool, Parameter(negative="", show_default=False, help="Overwrite an existing output.")]
Assigned = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", negative="", show_default=False, help="Any other setting, as NAME=VALUE: learning_rate.2=0.1"
    ),
]
Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]


def given(flags: Any, assigned: Iterable[str] = ()) -> dict[str, Any]:
    """The settings that were given, as flags or as `--set NAME=VALUE`."""
    values = {} if flags is None else {k: v for k, v in dataclasses.asdict(flags).items() if v is not None}
    return values | assignments(assigned)


def assignments(texts: Iterable[str]) -> dict[str, float]:
    """NAME=VALUE texts as a dictionary: {"learning_rate.2": 0.1}."""
    found = {}
    for text in texts:
        name, equal, value = text.partition("=")
        try:
            found[name.strip().replace("-", "_")] = float(value)
        except ValueError:
            raise UsageError(f"--set must be NAME=NUMBER, such as learning_rate.2=0.1; got {text!r}.") from None
        if not equal:
            raise UsageError(f"--set must be NAME=NUMBER, such as learning_rate.2=0.1; got {text!r}.")
    return found


def point(text: str | None) -> list[float] | None:
    """Numbers joined by commas: "0.868,-4.43"."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--start must be numbers joined by commas, such as 0.868,-4.43; got {text!r}.") from None


def objective_of(text: str) -> str | Callable[..., Any]:
    """A landscape's name, or a function of the user's own as FILE.py:NAME, which executes that file."""
    return load(*split(text)) if names_file(text) else text
