"""Flags that several commands share, made from the one declaration of each setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from fallline.errors import UsageError
from fallline.settings import SETTINGS

if TYPE_CHECKING:
    from fallline.textbook.landscapes import Landscape

__all__ = ["Assigned", "Force", "Json", "MethodFlags", "Out", "assignments", "given", "point", "user_function"]

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


def user_function(text: str) -> Any:
    """The function that FILE.py:NAME names. This executes the file, which the user has named himself."""
    path_text, _, name = text.rpartition(":")
    path = Path(path_text)
    if not path.is_file():
        raise UsageError(f"{path} must be a Python file that exists; {text!r} names none.")
    namespace: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)  # noqa: S102  # named by the user
    except Exception as error:
        raise UsageError(f"{path} cannot be run: {type(error).__name__}: {error}.") from error
    if not callable(namespace.get(name)):
        names = sorted(k for k, v in namespace.items() if callable(v) and not k.startswith("_"))
        raise UsageError(f"{path} must hold a function {name!r}; it holds {', '.join(names) or 'none'}.")
    return namespace[name]


def objective_of(text: str) -> Landscape | Any:
    """A landscape's name, or a function of the user's own as FILE.py:NAME."""
    return user_function(text) if ".py:" in text else text
