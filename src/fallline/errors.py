"""The tree of errors. Each error's text is a sentence: what is wrong, the rule, the value, what to do.

FalllineError
├── UsageError            the caller's input is wrong (exit status 2 on the command line)
│   ├── UnknownNameError  a name that fallline does not define; lists the nearest valid names
│   ├── SettingError      a setting outside its range or of the wrong type
│   ├── ShapeError        arrays that do not fit together; names both shapes
│   ├── StudyError        a study file: key, value, rule and line
│   ├── DataError         a table that cannot be read or used: row and column
│   └── OwnCodeError      the user's own file or function fails: its error and line
├── TraceError            a page uses something that a reading cannot follow
├── DeviceError           a device is absent, fails, or gives other bits than the processor
│   └── DeviceMemoryError a device has too little memory for the request
└── OutputError           a result cannot be written (exit status 1)
    └── ExistsError       it would replace a file that exists
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

__all__ = [
    "DataError",
    "DeviceError",
    "DeviceMemoryError",
    "FalllineError",
    "OutputError",
    "OwnCodeError",
    "SettingError",
    "ShapeError",
    "StudyError",
    "TraceError",
    "UnknownNameError",
    "UsageError",
    "shown",
    "visible",
]

# Control characters, writing directions, line separators, surrogates, and characters that XML forbids.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible(text: str, keep: str = "") -> str:
    r"""Return text that is safe to show: characters that control a terminal or hide text become JSON's escapes.

    All text that fallline prints, draws, or writes into a table, a page or a picture passes through here, because names
    may come from a file that somebody else made. `keep` holds characters to leave alone, such as line ends.

    >>> print(visible("cats\x1b[2J\u202e\ncafé"))
    cats\u001b[2J\u202e\u000acafé
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


_SHOWN = 60
"""The most characters of a value that a message shows."""


def shown(value: object) -> str:
    """Return the value's repr as messages show it: cut to 60 characters.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python converts to text
        return "a number of many digits"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


class FalllineError(Exception):
    """The base of all errors that fallline raises on purpose. Its text is one line that is safe to show anywhere."""

    def __str__(self) -> str:
        return visible(super().__str__())


class UsageError(FalllineError, ValueError):
    """The caller's input is wrong."""


_LISTED = 40
"""The most names that a message lists. A large network has thousands of parameters."""

_OWN = ("activation", "landscape", "loss", "optimizer")
"""Families to which a user can add a function of his own, each by the public function of this name."""


class UnknownNameError(UsageError, LookupError):
    """A name that fallline does not define.

    >>> print(UnknownNameError("optimizer", "momentun", ["gradient_descent", "momentum", "adam"]))
    optimizer must be one of adam, gradient_descent, momentum; got 'momentun'. Did you mean 'momentum'?
    """

    def __init__(self, what: str, name: object, valid: Iterable[str], hint: str = "") -> None:
        self.what, self.name, self.valid = what, name, sorted(valid)
        near = difflib.get_close_matches(str(name)[:_SHOWN], self.valid, n=3, cutoff=0.5)
        if hint:
            hint = f" {hint}"
        elif callable(name) and what in _OWN:
            hint = f" To use a function of your own, pass fallline.{what}(function)."
        else:
            hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        listed = ", ".join(self.valid[:_LISTED])
        more = f" and {len(self.valid) - _LISTED:,} more" if len(self.valid) > _LISTED else ""
        super().__init__(f"{what} must be one of {listed}{more}; got {shown(name)}.{hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.name, self.valid)


class SettingError(UsageError):
    """A setting outside its range or of the wrong type."""


class ShapeError(UsageError):
    """Arrays that do not fit together."""


class StudyError(UsageError):
    """A study file that cannot be read, or has a wrong key or value."""


class DataError(UsageError):
    """A table that cannot be read or used."""


class OwnCodeError(UsageError):
    """The user's own file or function fails, or does not return what it must."""


class TraceError(FalllineError, TypeError):
    """A page uses something that a reading cannot follow."""


class DeviceError(FalllineError, RuntimeError):
    """A device is absent, fails, or gives other bits than the processor."""


class DeviceMemoryError(DeviceError):
    """A device has too little memory for the request."""


class OutputError(FalllineError, OSError):
    """A result cannot be written, or would overwrite another."""


class ExistsError(OutputError):
    """A file exists, and the caller has not asked to replace it.

    >>> print(ExistsError("map.png exists and stays as it is"))
    map.png exists and stays as it is: choose another name, or pass overwrite=True to replace it.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(self.advice("pass overwrite=True"))

    def advice(self, way: str) -> str:
        """The sentence, with the caller's way to replace the file: an argument in Python, a flag of the command."""
        return f"{self.what}: choose another name, or {way} to replace it."

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what,)
