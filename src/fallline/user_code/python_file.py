"""FILE.py:NAME: a function from a Python file of the user.

The file is executed. That happens only if the user has named it on his own command line: no study, map file or page of
the lab can name one.
"""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from fallline.errors import OwnCodeError, UnknownNameError, UsageError
from fallline.files import read_bytes
from fallline.user_code.calling import describe_error, output_aside

__all__ = ["load", "names_file", "split"]

Function = Callable[..., Any]

_NAMED = re.compile(r"(?P<path>.*\.(?:pyw?|ipynb))(?::(?P<name>[^:/\\]*))?", re.IGNORECASE | re.DOTALL)


def names_file(text: str) -> bool:
    """Whether the text names a Python file, with a function in it or without.

    >>> names_file("mine.py:f"), names_file("mine.py"), names_file("rosenbrock")
    (True, True, False)
    """
    return _NAMED.fullmatch(text) is not None


def split(text: str) -> tuple[Path, str]:
    r"""Return the path and the name of FILE.py:NAME. The name is "" if it is missing; a drive's colon belongs to the path.

    >>> from pathlib import PureWindowsPath
    >>> [str(PureWindowsPath(part)) for part in split(r"C:\work\mine.py:f")]
    ['C:\\work\\mine.py', 'f']
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        return Path(text), ""
    return Path(match["path"]), match["name"] or ""


def load(path: Path, name: str = "", *, usual: Sequence[str] = (), records: tuple[type, ...] = ()) -> Any:
    """Execute the file and return a function that it defines.

    Without a name it is the first of the `usual` names that the file defines, or its only public function. A value of one of
    the types `records` may stand for a function.

    Raises
    ------
    UsageError
        The file does not exist or cannot be read.
    OwnCodeError
        The file is not Python, cannot be run, or does not define the function.
    """
    module = _executed(path)
    own: dict[str, Function] = {
        k: v
        for k, v in vars(module).items()
        if (callable(v) and getattr(v, "__module__", "") == module.__name__) or isinstance(v, records)
    }
    public = sorted(k for k in own if not k.startswith("_"))
    if name:
        if name not in vars(module):
            if not public:
                raise OwnCodeError(f"{path.name} holds no function {name!r}; it holds none.")
            raise OwnCodeError(f"{path.name} holds no function {name!r}: {UnknownNameError('the name', name, public)}")
        value: Function = vars(module)[name]
        from fallline.textbook.families import Member  # late: it loads NumPy

        if not callable(value) and not isinstance(value, (Member, *records)):
            raise OwnCodeError(f"{name} of {path.name} must be a function; it is of type {type(value).__name__}.")
        return value
    candidates = [n for n in usual if n in own] or (public if len(public) == 1 else [])
    if not candidates:
        raise OwnCodeError(
            f"{path.name} must say which function is meant; it holds {', '.join(public) or 'none'}. "
            f"Write {path.name}:NAME" + (f", or call it {usual[0]}." if usual else ".")
        )
    return own[candidates[0]]


def _executed(path: Path) -> ModuleType:
    """Execute the file and return its module.

    Its folder comes last on Python's path, so that a file beside it can be imported but hides no library.
    """
    if path.is_dir():
        raise UsageError(f"{path} must be a Python file; it is a folder.")
    if not path.is_file():
        raise UsageError(f"{path} must be a Python file that exists; no such file was found.")
    if path.suffix.lower() not in (".py", ".pyw"):
        raise UsageError(f"{path} must be a Python file, with .py at the end of its name.")
    module = ModuleType(f"own_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickle need it there
    _add_folder(path.resolve().parent)
    linecache.checkcache(str(path))  # the file may have changed since a message quoted it
    content = read_bytes(path)  # bytes: compile understands a byte order mark and a coding line
    try:
        code = compile(content, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f": `{error.text.strip()}`" if error.text and error.text.strip() else ""
        at = f"line {error.lineno}: " if error.lineno else ""
        raise OwnCodeError(f"{path.name} is not Python: {at}{error.msg}{line}.") from error
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; brackets a thousand deep
        raise OwnCodeError(f"{path.name} is not Python: {error}.") from error
    try:
        with output_aside():
            exec(code, vars(module))  # noqa: S102  # the file that the user has named
    except (Exception, SystemExit) as error:
        raise OwnCodeError(f"{path.name} cannot be run: it {describe_error(error, str(path))}.") from error
    return module


_FOLDERS: list[str] = []


def _add_folder(folder: Path) -> None:
    """Let imports find files of this folder. Remove the folders of other files, and the modules imported from them."""
    for other in [f for f in _FOLDERS if f != str(folder)]:
        _FOLDERS.remove(other)
        with contextlib.suppress(ValueError):
            sys.path.remove(other)
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and Path(file).parent == Path(other) and not name.startswith("own_"):
                del sys.modules[name]
    if str(folder) not in sys.path:
        _FOLDERS.append(str(folder))
        sys.path.append(str(folder))
