"""A function to be checked, loaded from a file of the user's: FILE.py:FUNCTION, or FILE.py."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.errors import OwnCodeError
from fallline.user_code import python_file

__all__ = ["load"]

USUAL = ("gradient", "grad", "grad_f", "backward", "backprop", "loss_and_gradient", "compute_gradient", "gradients")
"""Names of functions that are looked for where the command line gives a file without a function."""


def load(path: Path, name: str = "") -> Callable[..., Any]:
    """Run the file and return its function. What the file prints is not shown.

    Raises
    ------
    MisbehaviourError
        If the file cannot be read or run, or has no such function.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return python_file.load(path, name, usual=USUAL)
    except OwnCodeError as error:
        raise MisbehaviourError(str(error)) from error
