"""The check of a function in a file of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.loading import load
from fallline.checks.gradient import check_gradient
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.subjects.own_functions import with_functions
from fallline.user_code.python_file import names_file, split

__all__ = ["check_file"]


def check_file(path: Path, function: str = "", *, subject: str = "2-3-2-3", **settings: Any) -> Verdict:
    """The verdict on the function of that file; "unchecked" if the file cannot be run.

    Parameters
    ----------
    function
        Its name; without it, the function that has one of the usual names, or the only one.
    subject
        The subject of the gradient: a network's sizes, a name, or FILE.py:FUNCTION.
    settings
        What `check_gradient` takes; activations and the loss may be FILE.py:NAME, several activations joined by commas.
    """
    try:
        checked = load(path, function)
        subject_loaded: Any = load(*split(subject)) if names_file(subject) else subject
    except MisbehaviourError as misbehaviour:
        return Verdict("unchecked", function or path.name, subject, str(misbehaviour))
    return check_gradient(checked, subject_loaded, **with_functions(settings))
