"""A function from a file of the user's: FILE.py:FUNCTION.

This executes the file. It is executed because its name was written on the user's own command line, and for no other
reason: no study, map or page of the lab can name one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline.checks.calls import Misbehaviour, told
from fallline.errors import UsageError

__all__ = ["load", "split"]

USUAL = ("gradient", "grad", "grad_f", "backward", "backprop", "loss_and_gradient", "compute_gradient", "gradients")
"""Names that are looked for where the command line gives a file alone."""


def split(text: str) -> tuple[Path, str]:
    """ "FILE.py:NAME" as path and name; the name is "" where only a file is given."""
    path, colon, name = text.rpartition(":")
    if colon and name.isidentifier() and path.endswith(".py"):
        return Path(path), name
    return Path(text), ""


def load(path: Path, name: str = "") -> Callable[..., Any]:
    """Execute the file and take the function out of it. What the file prints is not shown."""
    if not path.is_file():
        raise UsageError(f"{path} must be a Python file that exists; there is none.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} must be a Python file, with .py at the end of its name.")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # dataclasses look their module up
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            spec.loader.exec_module(module)
    except SyntaxError as error:
        raise Misbehaviour(f"{path.name} is not Python: line {error.lineno}: {error.msg}.") from error
    except (Exception, SystemExit) as error:
        raise Misbehaviour(f"{path.name} cannot be run: it {told(error, str(path))}.") from error
    finally:
        if sys.modules.get(path.stem) is module:
            del sys.modules[path.stem]
    own: dict[str, Callable[..., Any]] = {}
    own |= {k: v for k, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__}
    if name:
        found: Callable[..., Any] | None = getattr(module, name, None)
        if found is None or not callable(found):
            listed = ", ".join(sorted(own)) or "none"
            raise Misbehaviour(f"{path.name} holds no function {name!r}; it holds {listed}.")
        return found
    usual = [own[n] for n in USUAL if n in own]
    public = [v for k, v in own.items() if not k.startswith("_")]
    if usual or len(public) == 1:
        return usual[0] if usual else public[0]
    listed = ", ".join(sorted(k for k in own if not k.startswith("_"))) or "none"
    raise Misbehaviour(
        f"{path.name} must say which function to check; it holds {listed}. Write {path.name}:NAME, or call it gradient."
    )
