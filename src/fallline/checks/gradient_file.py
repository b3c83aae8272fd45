"""The check of the functions in a file of the user's."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.direction import goes_down
from fallline.checks.calling.layer_chain import chain_of
from fallline.checks.calling.loading import Loaded, UserFile, function_of
from fallline.checks.faults.catalogue import SITE_KINDS
from fallline.checks.faults.site import Role
from fallline.checks.gradient import check_gradient
from fallline.checks.presentation.hints import hinted
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.subjects.own_functions import own_settings, with_functions
from fallline.textbook.network import Network
from fallline.user_code.python_file import names_file

__all__ = ["check_chain", "check_file", "check_loaded", "is_network"]


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
    if is_network(subject) and goes_down(loaded.function):
        own = {"ascent": False, **own}
    verdict = check_gradient(loaded.function, subject_loaded, **own)
    missing = re.search(r"\(name '(\w+)' is not defined\)", verdict.sentence)
    if verdict.status == "unchecked" and missing:  # the file could not compute it, and the note says why
        why = next((note for note in loaded.notes if note.startswith(f"`{missing[1]}`, which")), "")
        verdict = dataclasses.replace(verdict, sentence=why or verdict.sentence)
    told = verdict if hint is None else hinted(verdict, hint)
    notes = [note for note in loaded.notes if note != told.sentence]
    return dataclasses.replace(told, notes=(*notes, *told.notes))


def check_chain(file: UserFile, *, subject: str, hint: int | None = None, **settings: Any) -> Verdict | None:
    """The verdict on the layers of a file without a gradient of a whole network, put together; None if they say nothing."""

    def load(text: str) -> Any:
        return function_of(text, file)

    try:
        own = with_functions(settings, load)
        known = own_settings(
            subject, own.get("activation", "relu"), own.get("loss", "cross_entropy"), own.get("reduction")
        )
    except MisbehaviourError:
        return None
    if known.of_parameters is not None:
        return None
    network = Network.of(
        subject, activation=known.activation, loss=known.loss, reduction=known.reduction or "sum",
        l2=own.get("l2", 0.0), bias=own.get("bias", True),
    )  # fmt: skip
    chain = chain_of(file.module, network)
    if chain is None:
        return None
    verdict = check_gradient(chain, subject, **own)
    if verdict.status == "unchecked":
        return None
    sites = (
        set() if verdict.explanation is None else {SITE_KINDS[site.symbol].role for site in verdict.explanation.chosen}
    )
    if verdict.status == "wrong" and (not sites or sites & {Role.OUTPUT, Role.FORWARD}):
        hint = 1  # the chain's own delta of the output is right, and so is its forward pass
    told = verdict if hint is None else hinted(verdict, hint)
    return dataclasses.replace(told, called=chain.called, notes=(chain.note, *told.notes))


def is_network(subject: str) -> bool:
    """Whether the subject is the sizes of a network, such as 2-3-2-3."""
    return re.match(r"\s*\d", subject) is not None
