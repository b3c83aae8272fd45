"""Limits on memory: a computation that would need too much is refused by an estimate, before it begins."""

from __future__ import annotations

import os
from functools import cache

from fallline.errors import UsageError

__all__ = ["MEMORY", "check_memory", "gigabytes", "memory_allowed"]

MEMORY = 4 * 2**30
"""Bytes that the values of a map may take. Any computation may take so many on any machine."""


@cache
def memory_allowed() -> int:
    """Return the bytes that one computation may take: half of the machine's memory, but at least `MEMORY`."""
    try:
        return max(MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return MEMORY


def check_memory(size: float, subject: str, advice: str) -> None:
    """Raise UsageError if a computation would take too many bytes.

    >>> check_memory(2**60, "the path of 10 billion steps", "Take fewer steps.")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fallline.errors.UsageError: the path of 10 billion steps would take 1.1e+09 GB of memory; at most ... GB are allowed. \
        Take fewer steps.

    Raises
    ------
    UsageError
        `size` is larger than `memory_allowed`.
    """
    if size > memory_allowed():
        raise UsageError(
            f"{subject} would take {gigabytes(size)} of memory; at most {memory_allowed() // 2**30} GB are allowed. {advice}"
        )


def gigabytes(size: float) -> str:
    """Return a number of bytes as text, in gigabytes.

    >>> gigabytes(3 * 2**30), gigabytes(1e30)
    ('3.0 GB', '9.3e+20 GB')
    """
    many = size / 2**30
    return f"{many:,.1f} GB" if many < 1e6 else f"{many:.2g} GB"
