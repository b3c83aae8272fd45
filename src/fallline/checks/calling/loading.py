"""A function to be checked, loaded from a file of the user's: FILE.py:FUNCTION, FILE.py:Class.method, or FILE.py."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.errors import OwnCodeError
from fallline.user_code import python_file

__all__ = ["Loaded", "load"]

USUAL = ("gradient", "grad", "grad_f", "backward", "backprop", "loss_and_gradient", "compute_gradient", "gradients")
"""Names of functions that are looked for where the command line gives a file without a function."""


@dataclass(frozen=True)
class Loaded:
    """A function of the user's, with what stands around it.

    Parameters
    ----------
    function
        The function. A method that needs an instance is the plain function of its class, whose first parameter is `self`.
    module
        The module in which it stands, with the functions beside it and its global names; None if it is not known.
    owner
        The class of a method that needs an instance, else None.
    notes
        Sentences about the file: what could not be run, and which global names have no value therefore.
    """

    function: Callable[..., Any]
    module: ModuleType | None = None
    owner: type | None = None
    notes: tuple[str, ...] = ()


def load(path: Path, name: str = "") -> Loaded:
    """Run the file and return its function. What the file prints is not shown.

    Raises
    ------
    MisbehaviourError
        If the file cannot be read or run, or has no such function.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return Loaded(python_file.load(path, name, usual=USUAL))
    except OwnCodeError as error:
        raise MisbehaviourError(str(error)) from error
