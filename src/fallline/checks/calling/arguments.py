"""Arguments: what each parameter of a user's function gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fallline.checks.calling.calls import name_of
from fallline.checks.calling.patterns import Pattern

__all__ = ["Argument", "Helper", "Made", "Signature"]


@dataclass(frozen=True)
class Argument:
    """A parameter of the function and what it gets."""

    name: str
    pattern: Pattern
    keyword: bool = False

    def __str__(self) -> str:
        text = str(self.pattern)
        return self.name if text == self.name else f"{self.name}={text}"


@dataclass(frozen=True)
class Helper:
    """Another function of the user's, with the meaning of its arguments."""

    function: Callable[..., Any]
    arguments: tuple[Argument, ...]
    method: bool


@dataclass(frozen=True)
class Made:
    """A value that a helper returns: the part of its result with that name, or that number, or all of it."""

    helper: Helper
    name: str
    part: int | None

    def __str__(self) -> str:
        return f"{self.name} of {name_of(self.helper.function)}"


@dataclass(frozen=True)
class Signature:
    """One meaning of all parameters.

    Parameters
    ----------
    arguments
        The parameters that are passed.
    cost
        How unlikely the meaning is.
    rate
        The learning rate that the function gets, or has by default; None if it has none.
    """

    arguments: tuple[Argument, ...]
    cost: int
    rate: float | None = None

    @property
    def helpers(self) -> list[Helper]:
        """The helpers whose values it needs."""
        return list(dict.fromkeys(a.pattern.helper for a in self.arguments if isinstance(a.pattern, Made)))
