"""A function to be checked, from a file of the user's own: FILE.py:FUNCTION, or FILE.py."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline.checks.calling.calls import Misbehaviour
from fallline.errors import OwnCodeError
from fallline.user_code import python_file
from fallline.user_code.python_file import names_file, split

__all__ = ["load", "names_file", "split"]

USUAL = ("gradient", "grad", "grad_f", "backward", "backprop", "loss_and_gradient", "compute_gradient", "gradients")
"""Names that are looked for where the command line gives a file alone."""


def load(path: Path, name: str = "") -> Callable[..., Any]:
    """Execute the file and take the function out of it. What the file prints is not shown."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return python_file.load(path, name, usual=USUAL)
    except OwnCodeError as error:
        raise Misbehaviour(str(error)) from error
