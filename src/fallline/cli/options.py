"""Flags that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from fallline.errors import SettingError, UsageError
from fallline.number_text import read_number, read_numbers, read_whole
from fallline.settings import Setting
from fallline.user_code.python_file import load, names_file, split

__all__ = [
    "NUMBER",
    "WHOLE",
    "Force",
    "Json",
    "Number",
    "Numbers",
    "Out",
    "Point",
    "Whole",
    "bounded",
    "objective_of",
]  # fmt: skip


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
NUMBER = Parameter(converter=_reader(read_number), allow_leading_hyphen=True)
WHOLE = Parameter(converter=_reader(read_whole), allow_leading_hyphen=True)
Number = Annotated[float, NUMBER]
Whole = Annotated[int, WHOLE]
Numbers = Annotated[tuple[float, ...], Parameter(converter=_read_each, allow_leading_hyphen=True, negative="")]
Point = Annotated[
    list[float] | None, Parameter(converter=_reader(_read_point), n_tokens=1, allow_leading_hyphen=True, negative="")
]
"""A list of numbers from one word."""


def bounded(value: float | None, flag: str, low: float, high: float, *, whole: bool = False) -> None:
    """Refuse a flag's number that is out of range, where no setting of `fallline.settings` says so."""
    if value is not None:
        Setting(flag, "", "a flag's value", low, low, high, whole=whole).check(value)


Json = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Print one JSON object for machines.")
]
Force = Annotated[bool, Parameter(negative="", show_default=False, help="Overwrite an existing output.")]
Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]


def objective_of(text: str) -> str | Callable[..., Any]:
    """A landscape's name, or a function of the user's own as FILE.py:NAME, which executes that file."""

    return load(*split(text)) if names_file(text) else text
