"""What a computation may take: refused by an estimate, before anything large is made."""

from __future__ import annotations

from fallline.errors import UsageError

__all__ = ["MEMORY", "check_memory", "gigabytes"]

MEMORY = 4 * 2**30
"""Bytes. Whatever needs more is refused."""


def check_memory(size: float, what: str, advice: str) -> None:
    """Refuse what would take too many bytes.

    >>> check_memory(2**40, "the path of 10,000,000,000 steps", "Take fewer steps.")
    Traceback (most recent call last):
    fallline.errors.UsageError: the path of 10,000,000,000 steps needs 1,024.0 GB of memory; at most 4 GB are allowed. \
        Take fewer steps.

    Raises
    ------
    UsageError: it needs more than `MEMORY`.
    """
    if size > MEMORY:
        raise UsageError(
            f"{what} needs {gigabytes(size)} of memory; at most {MEMORY // 2**30} GB are allowed. {advice}"
        )


def gigabytes(size: float) -> str:
    """Bytes in words.

    >>> gigabytes(3 * 2**30), gigabytes(1e30)
    ('3.0 GB', '9.3e+20 GB')
    """
    many = size / 2**30
    return f"{many:,.1f} GB" if many < 1e6 else f"{many:.2g} GB"
