"""Calls of the user's function: on copies of the arguments, without output, and with a record of its side effects."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fallline.user_code.calling import describe_error, file_of, name_of

__all__ = ["MUCH_PRINT", "MisbehaviourError", "SideEffects", "add_changes", "call", "call_on", "name_of"]

MUCH_PRINT = 20
"""A function that prints more lines than this, over all calls of a check, gets a note."""

KEPT_OUTPUT = 100_000
"""Characters of output that are kept, so that an endless print does not fill the memory."""


class MisbehaviourError(Exception):
    """What a checked function did instead of returning a gradient, in one sentence, with the status of the verdict and the line reached."""

    def __init__(self, sentence: str, status: Literal["wrong", "unchecked"] = "unchecked", line: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.line = line


@dataclass
class SideEffects:
    """Over all calls of a check: the arguments that were changed, the lines printed, and the number of calls."""

    changed: dict[str, None] = field(default_factory=dict)
    lines: int = 0
    calls: int = 0


class _Quiet(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() < KEPT_OUTPUT:
            super().write(text)
        return len(text)


def call(
    function: Callable[..., Any], positional: Sequence[Any], keyword: Mapping[str, Any], names: Sequence[str],
    effects: SideEffects,
) -> Any:  # fmt: skip
    """Call the function on copies of the arguments; `names` are those of the positional ones.

    Anything that it raises becomes a `MisbehaviourError` with the line it comes from. Side effects are added to `effects`.
    """
    args, kwargs = copy.deepcopy(list(positional)), copy.deepcopy(dict(keyword))
    result = call_on(function, args, kwargs, effects)
    add_changes((*names, *keyword), (*positional, *keyword.values()), (*args, *kwargs.values()), effects)
    return result


def call_on(
    function: Callable[..., Any], positional: Sequence[Any], keyword: Mapping[str, Any], effects: SideEffects
) -> Any:
    """Call the function on these very arguments, without output; a generator is run to its end.

    Anything that it raises becomes a `MisbehaviourError` with the line it comes from.
    """
    out = _Quiet()
    effects.calls += 1
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            result = function(*positional, **keyword)
            return list(result) if isinstance(result, Iterator) else result
    except (Exception, SystemExit) as error:
        sentence = (
            f"{name_of(function)} {describe_error(error, file_of(function))}, so its gradient could not be checked."
        )
        raise MisbehaviourError(sentence, line=_line_of(error, file_of(function))) from error
    finally:
        effects.lines += out.getvalue().count("\n")


def _line_of(error: BaseException, filename: str) -> int:
    """The line of the function's own file that was reached; 0 if the function was not entered."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            return trace.tb_lineno
        trace = trace.tb_next
    return line


def add_changes(names: Sequence[str], before: Sequence[Any], after: Sequence[Any], effects: SideEffects) -> None:
    """Add the names of the arrays that a call has changed to its side effects."""
    for name, old, new in zip(names, before, after, strict=False):
        for changed in _differences(name, old, new):
            effects.changed[changed] = None


def _differences(name: str, before: Any, after: Any) -> list[str]:
    """The names of the arrays inside an argument that the call has changed."""
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and before.shape == after.shape and np.array_equal(before, after, True)
        return [] if same else [name]
    if isinstance(before, Mapping):
        if not isinstance(after, Mapping) or not before.keys() <= after.keys():  # what is added changes no array
            return [name]
        return [changed for key in before for changed in _differences(str(key), before[key], after[key])]
    if isinstance(before, tuple | list):
        if not isinstance(after, tuple | list) or len(before) != len(after):
            return [name]
        fields = getattr(before, "_fields", None)
        changed = []
        for k, (b, a) in enumerate(zip(before, after, strict=True)):
            inner = f"{fields[k]}{name}" if fields and name.isdigit() else str(k + 1) if not fields else f"{fields[k]}"
            changed += _differences(inner, b, a)
        return changed
    return []
