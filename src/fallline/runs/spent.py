"""Time that work takes: on the clock, and of the processor."""

from __future__ import annotations

import time
from dataclasses import dataclass

__all__ = ["NOTHING", "Spent"]


@dataclass(frozen=True)
class Spent:
    """Time that work takes. Times add up, and a multiple is that of so many times the work.

    Attributes
    ----------
    seconds
        On the clock.
    processor_seconds
        Of the processor, of all threads together.

    Examples
    --------
    >>> Spent(1.0, 1.5) + 2 * Spent(0.5, 1.0)
    Spent(seconds=2.0, processor_seconds=3.5)
    """

    seconds: float = 0.0
    processor_seconds: float = 0.0

    @classmethod
    def now(cls) -> Spent:
        """The readings of both clocks: work takes their difference.

        >>> begin = Spent.now()
        >>> (Spent.now() - begin).seconds >= 0
        True
        """
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.processor_seconds + other.processor_seconds)

    def __sub__(self, other: Spent) -> Spent:
        return self + -1 * other

    def __rmul__(self, count: float) -> Spent:
        return Spent(count * self.seconds, count * self.processor_seconds)


NOTHING = Spent()
"""No time."""
