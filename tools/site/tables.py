"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["table"]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    r"""A table; bars in cells are escaped.

    >>> print(table(("a", "b"), [("|x|", "1")]), end="")
    | a | b |
    | --- | --- |
    | \|x\| | 1 |
    """
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
