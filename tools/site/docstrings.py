"""Docstrings as reStructuredText. They are written to be read as plain text, so stars and bars mean themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

__all__ = ["escaped", "prepared"]

CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)
LISTED = ("Parameters", "Other Parameters", "Attributes", "Returns", "Yields", "Raises")
"""Sections in which a name stands on its own line and its description is indented below it."""


def prepared(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Change a docstring's lines in place, before they are read: equations are kept as they are, signs are escaped."""
    out: list[str] = []
    section = ""
    for block in _blocks(lines):
        if len(block) > 1 and set(block[1].strip()) == {"-"}:
            section = block[0].strip()
            out += block[:2]
            block = block[2:]
        out += [*_written(block, section), ""]
    lines[:] = out


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    for empty, block in groupby(lines, key=lambda line: not line.strip()):
        if not empty:
            yield list(block)


def _written(block: list[str], section: str) -> list[str]:
    if not block or block[0].lstrip().startswith(">>>"):
        return block
    if section in LISTED:
        return [line if line[:1].strip() else escaped(line) for line in block]
    if block[0][:1] == " " and not block[0].lstrip().startswith("- "):
        return ["::", "", *block]
    return escaped("\n".join(block)).split("\n")


def escaped(text: str) -> str:
    """The text with code in double backticks, and with signs escaped that would be markup.

    >>> escaped("`x` times |g|, *settings, start_")
    '``x`` times \\\\|g\\\\|, \\\\*settings, start\\\\_'
    """
    parts = CODE.split(text)
    for k, part in enumerate(parts):
        if k % 2:
            parts[k] = "``" + part.strip("`") + "``"
        else:
            parts[k] = re.sub(r"(?<=\w)_(?=\W|$)", r"\\_", re.sub(r"([*|\\])", r"\\\1", part))
    return "".join(parts)
