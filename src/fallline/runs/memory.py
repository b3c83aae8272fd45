"""What a run or a comparison may keep: told before it is allocated."""

from __future__ import annotations

from fallline.errors import SettingError

__all__ = ["MEMORY", "must_fit"]

MEMORY = 4 * 2**30
"""Bytes of a path or a table of losses, at most."""


def must_fit(numbers: int, what: str, advice: str) -> None:
    """One sentence if so many numbers of eight bytes are more than `MEMORY`.

    >>> must_fit(10**12, "the path of a run", "Take fewer steps.")
    Traceback (most recent call last):
    fallline.errors.SettingError: the path of a run would take 7,451 GB of memory; at most 4 GB are kept. Take fewer steps.
    """
    if 8 * numbers > MEMORY:
        raise SettingError(
            f"{what} would take {8 * numbers / 2**30:,.0f} GB of memory; at most {MEMORY // 2**30} GB are kept. {advice}"
        )
