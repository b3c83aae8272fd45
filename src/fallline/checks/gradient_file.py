"""The check of the functions in a file of the user's."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.loading import Loaded, UserFile, function_of
from fallline.checks.gradient import check_gradient
from fallline.checks.presentation.hints import hinted
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.subjects.own_functions import with_functions
from fallline.user_code.python_file import names_file

__all__ = ["check_file", "check_loaded"]


def check_file(path: Path, function: str = "", *, subject: str = "2-3-2-3", **settings: Any) -> Verdict:
    """The verdict on the function of that file; "unchecked" if the file cannot be run.

    Parameters
    ----------
    function
        Its name, or Class.method; without it, the likeliest function of the file.
    subject
        The subject of the gradient: a network's sizes, a name, or FILE.py:FUNCTION.
    settings
        What `check_gradient` takes; activations and the loss may be FILE.py:NAME, several activations joined by commas.
    """
    try:
        file = UserFile(path, function)
        loaded = file.load(file.candidates(function, network=is_network(subject))[0])
    except MisbehaviourError as misbehaviour:
        return Verdict("unchecked", function or path.name, subject, str(misbehaviour))
    return check_loaded(loaded, file, subject=subject, **settings)


def check_loaded(loaded: Loaded, file: UserFile, *, subject: str, hint: int | None = None, **settings: Any) -> Verdict:
    """The verdict on a function that has been loaded from that file. `hint` is how much it tells; see `hints.LEVELS`."""

    def load(text: str) -> Any:
        return function_of(text, file)

    try:
        subject_loaded = load(subject) if names_file(subject) else subject
        own = with_functions(settings, load)
    except MisbehaviourError as misbehaviour:
        name = getattr(loaded.function, "__name__", "the function")
        return Verdict("unchecked", name, subject, str(misbehaviour))
    verdict = check_gradient(loaded.function, subject_loaded, **own)
    missing = re.search(r"\(name '(\w+)' is not defined\)", verdict.sentence)
    if verdict.status == "unchecked" and missing:  # the file could not compute it, and the note says why
        why = next((note for note in loaded.notes if note.startswith(f"`{missing[1]}`, which")), "")
        verdict = dataclasses.replace(verdict, sentence=why or verdict.sentence)
    told = verdict if hint is None else hinted(verdict, hint)
    notes = [note for note in loaded.notes if note != told.sentence]
    return dataclasses.replace(told, notes=(*notes, *told.notes))


def is_network(subject: str) -> bool:
    """Whether the subject is the sizes of a network, such as 2-3-2-3."""
    return re.match(r"\s*\d", subject) is not None
