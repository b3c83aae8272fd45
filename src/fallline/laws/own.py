"""A law of the user's own: a record or a function in a Python file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from fallline.errors import FalllineError, OwnCodeError, shown
from fallline.laws.evidence import Curves, Plane, Region
from fallline.laws.law import Finding, Law
from fallline.laws.trial import Trial
from fallline.user_code.calling import describe_error, output_aside
from fallline.user_code.python_file import load, split

__all__ = ["load_law", "own_law"]


def load_law(text: str) -> Law:
    """The law that FILE.py:NAME names; that file is executed. Without a name it is `law`, or the only one in the file.

    Raises
    ------
    UsageError
        The file does not exist.
    OwnCodeError
        The file cannot be run, or holds no such law.
    """
    path, name = split(text)
    law = own_law(load(path, name, usual=("law",), records=(Law,)), path.name)
    test = _checked(law.test, law.name, path, (Finding, Curves, Plane), "findings, curves and planes")
    region = None if law.region is None else _checked(law.region, law.name, path, (Region,), "regions")
    return replace(law, test=test, region=region)


def own_law(value: Any, file: str) -> Law:
    """The user's law from a `Law`, or from the function that tests it, whose docstring is its statement.

    Examples
    --------
    >>> def first_step(trial):
    ...     "A step multiplies each coordinate by 1 - e L."
    >>> own_law(first_step, "mine.py")
    Law('first-step')
    """
    if isinstance(value, Law):
        return value
    takes = inspect.signature(value).parameters if callable(value) and not isinstance(value, type) else None
    if takes is None or len([p for p in takes.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]) != 1:
        raise OwnCodeError(
            f"a law of {file} must be a Law of fallline.laws, or a function that takes a Trial and yields findings; "
            f"got {getattr(value, '__name__', value)!r}."
        )
    name = re.sub(r"[^A-Za-z0-9]+", "-", value.__name__).strip("-") or "law"
    statement = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    return Law(name, statement or f"The law {name}.", "", file, "", value)


def _checked(function: Callable[..., Iterable[Any]], name: str, path: Path, kinds: tuple[type, ...], words: str) -> Any:
    """The function with errors of the user's code as sentences, and with its values' types checked."""

    def checked(trial: Trial, *more: Any) -> Iterator[Any]:
        try:
            with output_aside():
                result = function(trial, *more)
                values = list(result) if isinstance(result, Iterable) else None
        except FalllineError:
            raise
        except Exception as error:
            raise OwnCodeError(f"the law {name} of {path.name} {describe_error(error, str(path))}.") from error
        if values is None:
            raise OwnCodeError(f"the law {name} of {path.name} must yield {words}; it returned {shown(result)}.")
        for value in values:
            if not isinstance(value, kinds):
                raise OwnCodeError(
                    f"the law {name} of {path.name} must yield {words}; it yielded a value of type {type(value).__name__}."
                )
        yield from values

    return checked
