"""The tree of errors: every one is a sentence that names what is wrong, the rule, the value and what to do.

FalllineError
├── UsageError            the caller's words are wrong (exit status 2 on the command line)
│   ├── UnknownNameError  a name that is none of ours; lists the nearest valid ones
│   ├── SettingError      a setting outside its range or of the wrong type
│   ├── ShapeError        arrays that do not fit together; names both shapes
│   ├── StudyError        a study file: key, value, rule and line
│   ├── DataError         a table that cannot be read or used: row and column
│   └── OwnCodeError      a file or function of the user's own fails: its error and line
├── TraceError            a page uses something that a reading cannot follow
├── DeviceError           a device is absent, fails, or gives other bits than the processor
│   └── DeviceMemoryError it has too little memory for what was asked
└── OutputError           a result cannot be written, or would overwrite another (exit status 1)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

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

# Control characters, directions of writing, separators of lines, halves of pairs, and what XML forbids.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible(text: str, keep: str = "") -> str:
    r"""Text from anywhere, safe to show: characters that act on a terminal or hide text become escapes, those of JSON.

    Whatever fallline prints, draws or writes into a table, a page or a picture passes through here, for names may come
    from a file that somebody else made. `keep` are characters that stay, such as the ends of our own lines.

    >>> print(visible("cats\x1b[2J\u202e\ncafé"))
    cats\u001b[2J\u202e\u000acafé
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


_SHOWN = 60
"""Characters of a value that a sentence shows, at most."""


def shown(value: object) -> str:
    """A value as sentences show it.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of many digits"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


class FalllineError(Exception):
    """The root of all errors that fallline raises on purpose. Its text is one line that may be shown anywhere."""

    def __str__(self) -> str:
        return visible(super().__str__())


class UsageError(FalllineError, ValueError):
    """The caller's words are wrong."""


class UnknownNameError(UsageError, LookupError):
    """A name that is none of ours.

    >>> print(UnknownNameError("optimizer", "momentun", ["gradient_descent", "momentum", "adam"]))
    optimizer must be one of adam, gradient_descent, momentum; got 'momentun'. Did you mean 'momentum'?
    """

    def __init__(self, what: str, name: object, valid: Iterable[str]) -> None:
        self.what, self.name, self.valid = what, name, sorted(valid)
        near = difflib.get_close_matches(str(name)[:_SHOWN], self.valid, n=3, cutoff=0.5)
        if callable(name):
            hint = f" A function of your own becomes one with fallline.{what.split()[-1]}(function)."
        else:
            hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        super().__init__(f"{what} must be one of {', '.join(self.valid)}; got {shown(name)}.{hint}")


class SettingError(UsageError):
    """A setting outside its range or of the wrong type."""


class ShapeError(UsageError):
    """Arrays that do not fit together."""


class StudyError(UsageError):
    """A study file that does not say what a study says."""


class DataError(UsageError):
    """A table that cannot be read or used."""


class OwnCodeError(UsageError):
    """A file or function of the user's own fails, or returns no number."""


class TraceError(FalllineError, TypeError):
    """A page uses something that a reading cannot follow."""


class DeviceError(FalllineError, RuntimeError):
    """A device is absent, fails, or gives other bits than the processor."""


class DeviceMemoryError(DeviceError):
    """A device has too little memory for what was asked."""


class OutputError(FalllineError, OSError):
    """A result cannot be written, or would overwrite another."""
