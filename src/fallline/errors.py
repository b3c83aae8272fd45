"""The tree of errors: every one is a sentence that names what is wrong, the rule, the value and what to do.

FalllineError
├── UsageError            the caller's words are wrong (exit status 2 on the command line)
│   ├── UnknownNameError  a name that is none of ours; lists the nearest valid ones
│   ├── SettingError      a setting outside its range or of the wrong type
│   ├── ShapeError        arrays that do not fit together; names both shapes
│   ├── StudyError        a study file: key, value, rule and line
│   └── DataError         a table that cannot be read or used: row and column
├── TraceError            a page uses something that a reading cannot follow
├── DeviceError           a device is absent, fails, or gives other bits than the processor
│   └── DeviceMemoryError it has too little memory for what was asked
└── OutputError           a result cannot be written, or would overwrite another (exit status 1)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "DeviceError",
    "DeviceMemoryError",
    "FalllineError",
    "OutputError",
    "SettingError",
    "ShapeError",
    "StudyError",
    "TraceError",
    "UnknownNameError",
    "UsageError",
]


class FalllineError(Exception):
    """The root of all errors that fallline raises on purpose."""


class UsageError(FalllineError, ValueError):
    """The caller's words are wrong."""


class UnknownNameError(UsageError, LookupError):
    """A name that is none of ours.

    >>> print(UnknownNameError("optimizer", "momentun", ["gradient_descent", "momentum", "adam"]))
    optimizer must be one of adam, gradient_descent, momentum; got 'momentun'. Did you mean 'momentum'?
    """

    def __init__(self, what: str, name: object, valid: Iterable[str]) -> None:
        self.what, self.name, self.valid = what, name, sorted(valid)
        near = difflib.get_close_matches(str(name), self.valid, n=3, cutoff=0.5)
        if callable(name):
            hint = f" A function of your own becomes one with fallline.{what.split()[-1]}(function)."
        else:
            hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        super().__init__(f"{what} must be one of {', '.join(self.valid)}; got {name!r}.{hint}")


class SettingError(UsageError):
    """A setting outside its range or of the wrong type."""


class ShapeError(UsageError):
    """Arrays that do not fit together."""


class StudyError(UsageError):
    """A study file that does not say what a study says."""


class DataError(UsageError):
    """A table that cannot be read or used."""


class TraceError(FalllineError, TypeError):
    """A page uses something that a reading cannot follow."""


class DeviceError(FalllineError, RuntimeError):
    """A device is absent, fails, or gives other bits than the processor."""


class DeviceMemoryError(DeviceError):
    """A device has too little memory for what was asked."""


class OutputError(FalllineError, OSError):
    """A result cannot be written, or would overwrite another."""
