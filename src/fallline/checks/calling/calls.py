"""Calling a function of the user's: on copies, quietly, and watching what it does besides returning something."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fallline.user_code.calling import describe_error, file_of, name_of

__all__ = ["Misbehaviour", "Observed", "call", "name_of"]

MUCH_PRINT = 20
"""So many lines, over all calls of a check, are worth a word."""

KEPT_OUTPUT = 100_000
"""Characters of output that are kept; a function that prints for ever must not fill the memory."""


class Misbehaviour(Exception):  # noqa: N818  # what a checked function did, not an error of ours
    """What a checked function did instead of returning a gradient: one sentence, and what it means for the verdict."""

    def __init__(self, sentence: str, status: Literal["wrong", "unchecked"] = "unchecked") -> None:
        super().__init__(sentence)
        self.status = status


@dataclass
class Observed:
    """What has been seen over all calls: changed arguments, lines printed."""

    changed: dict[str, None] = field(default_factory=dict)
    lines: int = 0
    calls: int = 0


class _Quiet(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() < KEPT_OUTPUT:
            super().write(text)
        return len(text)


def call(
    function: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any], names: Sequence[str],
    observed: Observed,
) -> Any:  # fmt: skip
    """Call it on copies of the arguments. Anything it raises becomes a `Misbehaviour` with the line it comes from."""
    args, kwargs = copy.deepcopy(list(positional)), copy.deepcopy(dict(named))
    out = _Quiet()
    observed.calls += 1
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            result = function(*args, **kwargs)
    except (Exception, SystemExit) as error:
        raise Misbehaviour(raised(function, error)) from error
    finally:
        observed.lines += out.getvalue().count("\n")
    for name, before, after in zip(
        (*names, *named), (*positional, *named.values()), (*args, *kwargs.values()), strict=False
    ):
        for where in _differences(name, before, after):
            observed.changed[where] = None
    return result


def raised(function: Callable[..., Any], error: BaseException) -> str:
    """The sentence: which error, and on which line of the user's own file."""
    return f"{name_of(function)} {describe_error(error, file_of(function))}, so its gradient could not be checked."


def _differences(name: str, before: Any, after: Any) -> list[str]:
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and before.shape == after.shape and np.array_equal(before, after, True)
        return [] if same else [name]
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping) or before.keys() != after.keys():
            return [name]
        return [w for key in before for w in _differences(str(key), before[key], after[key])]
    if isinstance(before, tuple | list):
        if not isinstance(after, tuple | list) or len(before) != len(after):
            return [name]
        fields = getattr(before, "_fields", None)
        found = []
        for k, (b, a) in enumerate(zip(before, after, strict=True)):
            inner = f"{fields[k]}{name}" if fields and name.isdigit() else str(k + 1) if not fields else f"{fields[k]}"
            found += _differences(inner, b, a)
        return found
    return []
