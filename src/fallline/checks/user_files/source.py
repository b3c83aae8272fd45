"""The source of a user's file: decoded, cut into cells, and parsed.

A module or a script is one cell. A notebook, or a script exported from one, has a cell for each of its code cells: a cell
that fails does not end the others.
"""

from __future__ import annotations

import ast
import codecs
import linecache
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from fallline.checks.user_files.notebook import code_cells, without_magics
from fallline.errors import OwnCodeError, UsageError
from fallline.files import read_bytes

__all__ = ["SUFFIXES", "Cell", "Source", "read_source", "require_source"]

SUFFIXES = (".py", ".pyw", ".ipynb")

_MARKER = re.compile(r"^# ?(%%|In ?\[[ \d*]*\])", re.MULTILINE)
"""The line with which an exported notebook begins a cell."""

_PYTHON_2 = re.compile(
    r"Missing parentheses in call to 'print'|multiple exception types must be parenthesized|leading zeros in decimal"
    r"|invalid hexadecimal literal"
)
"""Messages of Python 3 for code that Python 2 takes."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Cell:
    """Statements that are run together.

    Parameters
    ----------
    label
        What messages call it: "mine.py" or "mine.ipynb, code cell 3".
    filename
        The name of the file in its code objects.
    body
        Its statements.
    problem
        Why it cannot be run at all; "" if it can.
    """

    label: str
    filename: str
    body: tuple[ast.stmt, ...]
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """The cells of a file, and notes on how it was read."""

    path: Path
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()

    def statements(self) -> Iterator[ast.stmt]:
        """The statements of all cells."""
        for cell in self.cells:
            yield from cell.body


def require_source(path: Path) -> None:
    """Raise UsageError if the path is not that of a Python file or a notebook."""
    if path.is_dir():
        raise UsageError(f"{path} must be a Python file or a notebook; it is a folder.")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} must be a Python file or a notebook, with .py or .ipynb at the end of its name.")
    if not path.is_file():
        raise UsageError(f"{path} must be a file that exists; no such file was found.")


def read_source(path: Path) -> Source:
    """Read and parse a file.

    Raises
    ------
    UsageError
        The file does not exist, cannot be read, or is not a Python file or a notebook.
    OwnCodeError
        The file is not Python.
    """
    require_source(path)
    text, notes = _decoded(path)
    if path.suffix.lower() == ".ipynb":
        return Source(path, tuple(_notebook_cells(path, text)), notes)
    return Source(path, tuple(_script_cells(path, text)), notes)


def _decoded(path: Path) -> tuple[str, tuple[str, ...]]:
    """The text of the file, with \\n at the ends of its lines, and a note if its encoding had to be guessed."""
    content = read_bytes(path)
    notes: tuple[str, ...] = ()
    marked = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)
    try:
        encoding = marked or tokenize.detect_encoding(BytesIO(content).readline)[0]
    except SyntaxError:  # an unknown encoding, or bytes that are not UTF-8 in the first lines
        encoding = "utf-8"
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes = (f"{path.name} is not {encoding.upper()}; it was read as Windows-1252.",)
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _script_cells(path: Path, text: str) -> Iterator[Cell]:
    filename = str(path)
    try:
        tree = ast.parse(text, filename)
    except SyntaxError as error:
        text = without_magics(text)
        try:
            tree = ast.parse(text, filename)
        except SyntaxError:
            raise OwnCodeError(f"{path.name} is not Python: {_sentence(error)}.") from error
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; brackets a thousand deep
        raise OwnCodeError(f"{path.name} is not Python: {error}.") from error
    _remember(filename, text)
    starts = [text.count("\n", 0, match.start()) + 1 for match in _MARKER.finditer(text)]
    for first, after in zip([0, *starts], [*starts, text.count("\n") + 2], strict=True):
        body = tuple(s for s in tree.body if first <= s.lineno < after)
        if body:
            yield Cell(path.name, filename, body)


def _notebook_cells(path: Path, text: str) -> Iterator[Cell]:
    codes = [without_magics(code) for code in code_cells(path.name, text)]
    _remember(str(path), "\n".join(codes))  # here `inspect` looks for classes
    for number, code in enumerate(codes, start=1):
        label = f"{path.name}, code cell {number}"
        filename = f"{path}, code cell {number}"
        _remember(filename, code)
        try:
            body = tuple(ast.parse(code, filename).body)
        except SyntaxError as error:
            yield Cell(label, filename, (), f"is not Python: {_sentence(error)}")
        except (ValueError, RecursionError, MemoryError) as error:
            yield Cell(label, filename, (), f"is not Python: {error}")
        else:
            yield Cell(label, filename, body)


def _remember(filename: str, text: str) -> None:
    """Keep the lines for messages and for `inspect`, as the file itself may be a notebook or of another encoding."""
    lines = [line + "\n" for line in text.split("\n")]
    linecache.cache[filename] = (len(text), None, lines, filename)


def _sentence(error: SyntaxError) -> str:
    line = f": `{error.text.strip()}`" if error.text and error.text.strip() else ""
    at = f"line {error.lineno}: " if error.lineno else ""
    advice = ". This is Python 2; convert it to Python 3" if _PYTHON_2.search(error.msg or "") else ""
    return f"{at}{error.msg}{line}{advice}"
