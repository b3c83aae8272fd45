"""The code cells of a notebook, and what only IPython understands in them: magics and shell commands."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from fallline.errors import OwnCodeError

__all__ = ["code_cells", "without_magics"]

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_OF_PYTHON = ("time", "timeit", "capture", "prun", "python", "python3")
"""Cell magics whose cell is Python, and is run."""

_TIMED = re.compile(r"(\s*)%(?:time|prun) +(?=\S)")
"""A line magic in front of a statement that is run."""

_RUN = re.compile(r"(\s*)%run +(\w+)(?:\.py)?\s*")
"""A line magic that runs a file beside the notebook, whose names the notebook then has."""

_LINE = re.compile(r"([ \t]*)(?:[%!].*|\?.*|[\w.]+\?\??[ \t]*|[\w.]+[ \t]*=[ \t]*[!%].*)")
"""A line that only IPython understands: %magic, !command, ?help, help?, x = !command."""


def code_cells(name: str, text: str) -> list[str]:
    """The sources of a notebook's code cells, of version 4 or 3 of its format.

    Raises
    ------
    OwnCodeError
        The file is not a notebook, or a notebook of another language.
    """
    try:
        content: Any = json.loads(text)
        language = content.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        cells = content["cells"] if "cells" in content else content["worksheets"][0]["cells"]
        sources = [c.get("source", c.get("input", "")) for c in cells if c.get("cell_type") == "code"]
        codes = [source if isinstance(source, str) else "".join(source) for source in sources]
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise OwnCodeError(f"{name} must be a notebook; it cannot be read as one ({error!r}).") from None
    if language.lower() != "python":
        raise OwnCodeError(f"{name} must be a notebook in Python; its language is {language}.")
    return codes


def without_magics(code: str) -> str:
    r"""The code with magics and shell commands replaced by `pass`, line for line. Code that is Python stays as it is.

    `%time` keeps its statement, and `%run file.py` becomes an import of its names.

    >>> print(without_magics("%matplotlib inline\n!pip install numpy\nx = 1\n%time y = x\nx?"))
    pass
    pass
    x = 1
    y = x
    pass
    >>> without_magics("%%bash\nrm -r data")
    '\n'
    """
    cell_magic = _CELL_MAGIC.match(code)
    if cell_magic is not None:
        lines = code.split("\n")
        first = code[: cell_magic.start(1)].count("\n")
        if cell_magic[1] not in _OF_PYTHON:
            return "\n" * (len(lines) - 1)
        lines[first] = ""
        code = "\n".join(lines)
    lines = code.split("\n")
    for _ in lines:  # one line each time, where Python stops: a % at the start of a line may also be an operator
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            line = lines[(error.lineno or 1) - 1] if (error.lineno or 1) <= len(lines) else ""
            if _TIMED.match(line):
                replaced = _TIMED.sub(r"\1", line)
            elif _RUN.fullmatch(line):
                replaced = _RUN.sub(r"\1from \2 import *", line)
            else:
                replaced = _LINE.sub(r"\1pass", line)
            if _LINE.fullmatch(line) is None or replaced == line:
                break
            lines[(error.lineno or 1) - 1] = replaced
        except (ValueError, RecursionError, MemoryError):
            break
        else:
            break
    return "\n".join(lines)
