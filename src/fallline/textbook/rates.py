"""Factors of schedules that are made of others: a list of rates, a schedule with its settings, one schedule after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.errors import SettingError, TraceError
from fallline.textbook.operations import Array, where

__all__ = ["Joined", "Rates", "WithSettings", "length_of"]

MOST_CHOICES = 4096
"""The longest list of rates that is compiled: the compiler takes some milliseconds for each."""

Factor = Callable[..., Array]


@dataclass(frozen=True)
class Rates:
    """factor(t) = values[t - 1]: a number for each step.

    >>> rates = Rates((0.3, 0.2, 0.1))
    >>> rates(2), rates(np.array([1, 3])).tolist()
    (0.2, [0.3, 0.1])
    """

    values: tuple[float, ...]

    @property
    def length(self) -> int:
        """The number of steps that it holds for."""
        return len(self.values)

    def __call__(self, t: Array) -> Array:
        if not _is_numbers(t):
            if self.length > MOST_CHOICES:
                raise TraceError(
                    f"a list of {self.length:,} rates is too long to compile (at most {MOST_CHOICES:,}): give a function of the "
                    "step."
                )
            return self._searched(t, 0, self.length)
        steps = np.asarray(t, dtype=np.int64)
        if steps.size and not (steps.min() >= 1 and steps.max() <= self.length):
            raise SettingError(f"a list of {self.length} rates has none for step {steps.max()}.")
        return self.values[int(steps) - 1] if steps.ndim == 0 else np.array(self.values)[steps - 1]

    def _searched(self, t: Array, first: int, last: int) -> Array:
        """The values from `first` to `last` as a tree of choices, for readings that cannot look into a list."""
        if last - first == 1:
            return self.values[first]
        middle = (first + last) // 2
        return where(t <= middle, self._searched(t, first, middle), self._searched(t, middle, last))


@dataclass(frozen=True)
class WithSettings:
    """A factor with values for its settings, so that it has none left.

    >>> WithSettings(lambda t, *, decay: decay**t, (("decay", 0.5),))(2)
    0.25
    """

    factor: Factor
    values: tuple[tuple[str, float], ...]

    @property
    def length(self) -> int | None:
        """The number of steps that it holds for; None for any number."""
        return length_of(self.factor)

    def __call__(self, t: Array) -> Array:
        return self.factor(t, **dict(self.values))


@dataclass(frozen=True)
class Joined:
    """factor(t) = first(t) up to step `steps`, and second(t - steps) after it.

    >>> joined = Joined(lambda t: t / 2, 2, lambda t: 0.5**t)
    >>> joined(2), joined(3), joined(np.array([2, 3])).tolist()
    (1.0, 0.5, [1.0, 0.5])
    """

    first: Factor
    steps: int
    second: Factor

    @property
    def length(self) -> int | None:
        """The number of steps that it holds for; None for any number."""
        rest = length_of(self.second)
        return None if rest is None else self.steps + rest

    def __call__(self, t: Array) -> Array:
        if not _is_numbers(t):
            return where(t <= self.steps, self.first(t), self.second(t - self.steps))
        if np.ndim(t) == 0:
            return self.first(t) if t <= self.steps else self.second(t - self.steps)
        # Each part is asked about its own steps alone: it may hold for no others.
        early = t <= self.steps
        factors = np.empty(t.shape)
        factors[early], factors[~early] = self.first(t[early]), self.second(t[~early] - self.steps)
        return factors


def length_of(factor: Any) -> int | None:
    """Return the number of steps that a factor holds for; None for any number of steps.

    >>> length_of(Joined(abs, 3, Rates((1.0, 0.5)))), length_of(abs)
    (5, None)
    """
    length: int | None = getattr(factor, "length", None)
    return length


def _is_numbers(t: Any) -> bool:
    """Whether t is a number or an array of numbers, and not a scalar of another reading."""
    return np.asarray(t).dtype.kind in "iuf"
