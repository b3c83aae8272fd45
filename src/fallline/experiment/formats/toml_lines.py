"""Where each key of a TOML text stands: paths such as ("fits", 0, "learning_rate") to line numbers.

`tomllib` returns the values, not their lines. This module reads a text that `tomllib` has accepted, so it only finds names
and brackets and checks nothing.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["Path", "line_of", "locate"]

Path: TypeAlias = tuple[str | int, ...]

_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")


def locate(text: str) -> dict[Path, int]:
    """The line, from 1, of each table, key and list entry.

    >>> locate("title = 'x'\\n[[fits]]\\nsteps = 30\\nstart = [1.0,\\n 2.0]\\n")[("fits", 0, "start", 1)]
    5
    """
    return _Reader(text).read()


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of that key, or of the nearest table around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                array = self.text.startswith("[[", self.at)
                self.at += 2 if array else 1
                table = self.header(self.names(), array)
                self.mark(table)
                self.at = self.text.index("]", self.at) + (2 if array else 1)
            else:
                self.pair(table)
            self.skip()
        return self.lines

    def header(self, names: tuple[str, ...], array: bool) -> Path:
        """The header's path, with the number of the table in each array of tables on the way."""
        path: Path = ()
        for k, name in enumerate(names):
            path = (*path, name)
            if array and k == len(names) - 1:
                self.counts[path] = self.counts.get(path, -1) + 1
            self.lines.setdefault(path, self.line())
            if path in self.counts:
                path = (*path, self.counts[path])
        return path

    def pair(self, table: Path) -> None:
        path = table
        start = self.at
        for name in self.names():
            path = (*path, name)
            self.lines.setdefault(path, self.line(start))
        self.at = self.text.index("=", self.at) + 1
        self.value(path)

    def value(self, path: Path) -> None:
        self.skip()
        opening = self.text[self.at]
        if opening in "[{":
            self.at += 1
            k = 0
            while True:
                self.skip(",")
                if self.text[self.at] in "]}":
                    self.at += 1
                    return
                if opening == "{":
                    self.pair(path)
                else:
                    self.mark((*path, k))
                    self.value((*path, k))
                k += 1
        match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
        assert match is not None  # tomllib has accepted the text
        self.at = match.end()

    def names(self) -> tuple[str, ...]:
        """A dotted key."""
        found = []
        while True:
            self.skip()
            quoted = _STRING.match(self.text, self.at)
            match = quoted or _NAME.match(self.text, self.at)
            assert match is not None
            found.append(match[0][1:-1] if quoted else match[0])
            self.at = match.end()
            while self.text[self.at] in " \t":
                self.at += 1
            if self.text[self.at] != ".":
                return tuple(found)
            self.at += 1

    def skip(self, also: str = "") -> None:
        while True:
            match = _BLANK.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            if not also or self.at >= len(self.text) or self.text[self.at] not in also:
                return
            self.at += 1

    def mark(self, path: Path) -> None:
        self.lines.setdefault(path, self.line())

    def line(self, at: int | None = None) -> int:
        return self.text.count("\n", 0, self.at if at is None else at) + 1
