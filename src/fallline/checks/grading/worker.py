"""The process that checks one file: it reads an order from standard input and writes its answer to a file."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallline.checks.grading.answer import Answering, primary
from fallline.checks.grading.isolation import supervise

if TYPE_CHECKING:  # loaded after the supervisor has forked
    from fallline.checks.presentation.verdict import Verdict

__all__ = ["main"]


def limit(megabytes: int, seconds: float) -> None:
    """Set limits for this process. On a system without such limits only the parent's time limit holds.

    On Linux the limit of memory is one of data, not of addresses: libraries for GPUs reserve many gigabytes of addresses.
    """
    try:
        import resource
    except ImportError:
        return
    memory = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    for resource_kind, value in (
        (memory, megabytes * 2**20),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(resource_kind, (value, value))
        except (ValueError, OSError):
            continue


def answer(order: dict[str, Any], answering: Answering) -> None:
    """Run the file of that order, check its function or its candidates, and write the verdicts."""
    from fallline.checks.calling.calls import MisbehaviourError
    from fallline.checks.calling.loading import UserFile
    from fallline.checks.gradient_file import check_chain, check_loaded, is_network
    from fallline.checks.presentation.verdict import Verdict
    from fallline.checks.user_files.surroundings import settle

    path, name, settings = Path(order["path"]), order["function"], order["settings"]
    folder = Path(order["folder"])
    settle(path, folder)
    try:
        file = UserFile(
            path, name, folder=folder, stopped={int(k): why for k, why in order["stopped"].items()},
            report=lambda number, library: answering.line(running=number, importing=library),
        )  # fmt: skip
        network = is_network(settings["subject"])
        names = file.candidates(name, network=network)
        loaded = {name: file.load(name) for name in names[: order["most"]]}
    except MisbehaviourError as misbehaviour:
        _report(answering, name, Verdict("unchecked", name or path.name, settings["subject"], str(misbehaviour)))
        return
    answering.line(loaded=True, candidates=names)
    verdicts, begun = [], time.monotonic()

    def late() -> bool:
        return bool(time.monotonic() - begun > order["seconds"] / 3)

    if network and not name and file.are_layers(names):
        chain = check_chain(file, hint=order["hint"], **settings)
        if chain is not None:
            answering.line(candidates=[chain.name])
            _report(answering, chain.name, chain)
            verdicts, loaded = [chain], {}
    for candidate in loaded:
        verdicts.append(check_loaded(loaded[candidate], file, hint=order["hint"], **settings))
        _report(answering, candidate, verdicts[-1])
        checked = any(verdict.status != "unchecked" for verdict in verdicts)
        if checked and (order["first"] or late()):
            break  # the others are listed as not checked
    if network and not name and all(verdict.status == "unchecked" for verdict in verdicts):
        for candidate in [c for c in file.unlikely_candidates() if c not in names][: order["most"]]:
            if late():
                break
            verdict = check_loaded(file.load(candidate), file, hint=order["hint"], **settings)
            if verdict.status != "unchecked":
                verdicts.append(verdict)
                answering.line(candidates=[*names, candidate])
                _report(answering, candidate, verdict)
                break
        else:
            if file.are_layers(names):
                answering.line(candidates=[path.name])
                verdict = Verdict("unchecked", path.name, settings["subject"], file.about_layers(settings["subject"]))
                _report(answering, path.name, verdict, instead=True)
    if order["picture"]:
        drawn = verdicts[primary([verdict.status for verdict in verdicts])]
        if drawn.errors:
            drawn.plot().save(Path(order["picture"]))


def _report(answering: Answering, name: str, verdict: Verdict, *, instead: bool = False) -> None:
    """Write a verdict, beside those before or instead of them."""
    from fallline.checks.presentation.parts import parts_to_json

    answering.line(name=name, verdict=verdict.to_dict(), parts=parts_to_json(verdict.parts()), instead=instead)


def main() -> None:
    """Check one file."""
    order = json.loads(sys.stdin.buffer.read())
    supervise(order["seconds"])
    limit(order["megabytes"], order["seconds"])
    answering = Answering(order["answer"])
    from fallline.checks.presentation.verdict import Verdict
    from fallline.errors import FalllineError, UsageError

    name = Path(order["path"]).name
    try:
        answer(order, answering)
    except UsageError as error:
        answering.line(refused=str(error))
    except Exception as error:
        if isinstance(error, MemoryError):
            sentence = f"{name} needs more than {order['megabytes']} MB of memory."
        elif isinstance(error, FalllineError):
            sentence = str(error)
        else:
            sentence = (
                f"{name} could not be checked: {type(error).__name__}: {error} (FALLLINE_TRACEBACK=1 shows where)"
            )
            traceback.print_exc()
        function = order["function"] or name
        _report(answering, function, Verdict("unchecked", function, order["settings"]["subject"], sentence))
    answering.end()
    # Exit without waiting for threads that a file has left running, or for what it has registered to run at exit.
    os._exit(0)


if __name__ == "__main__":
    main()
