"""What the process that checks a file answers: lines of JSON in a file, each written as soon as it is known.

So an answer that breaks off still says which statement of the file was running, and which verdicts were reached.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fallline.checks.presentation.parts import Part, parts_from_json
from fallline.checks.reference.comparison import Status

__all__ = ["Answer", "Answering", "Reported", "primary"]

MOST_ANSWER = 10_000_000
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Reported:
    """A verdict of another process.

    Parameters
    ----------
    name
        What was checked: the function, or Class.method.
    verdict
        As `Verdict.to_dict` gives it.
    parts
        What a display shows.
    """

    name: str
    verdict: Mapping[str, Any]
    parts: Sequence[Part]

    @property
    def status(self) -> Status:
        """The verdict's status."""
        status: Status = self.verdict["status"]
        return status


@dataclass
class Answer:
    """An answer, or as much of it as there is.

    Attributes
    ----------
    running
        The number of the file's statement that ran last, None if there was none.
    importing
        Whether that statement imports a library.
    loaded
        Whether the file has been run.
    candidates
        The functions that may be the gradient, where the caller has not named one.
    verdicts
        In the order of the candidates.
    whole
        Whether nothing is missing.
    refused
        Why the settings were refused, "" if they were not.
    """

    running: int | None = None
    importing: bool = False
    loaded: bool = False
    candidates: list[str] = field(default_factory=list)
    verdicts: list[Reported] = field(default_factory=list)
    whole: bool = False
    refused: str = ""

    @classmethod
    def read(cls, path: Path) -> Answer:
        """The answer in that file; an empty one if there is none that can be read."""
        answer = cls()
        try:
            if path.stat().st_size > MOST_ANSWER:
                return answer
            for line in path.read_text(encoding="utf-8").splitlines():
                answer._add(json.loads(line))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):  # a line that broke off
            pass
        return answer

    def _add(self, line: Mapping[str, Any]) -> None:
        if "verdict" in line:
            parts = tuple(parts_from_json(line["parts"]))
            before = [] if line.get("instead") else self.verdicts
            self.verdicts = [*before, Reported(line["name"], line["verdict"], parts)]
        else:
            for key in line.keys() & {"running", "importing", "loaded", "candidates", "whole", "refused"}:
                setattr(self, key, line[key])


class Answering:
    """Writes an answer. A process that the file forks writes nothing."""

    def __init__(self, path: str) -> None:
        self._process = os.getpid()
        self._stream = open(path, "x", encoding="utf-8")  # noqa: SIM115  # it stays open as long as the process runs

    def line(self, **content: Any) -> None:
        """Write one line."""
        if os.getpid() != self._process:
            return
        self._stream.write(json.dumps(content) + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Write that nothing more comes."""
        self.line(whole=True)
        with contextlib.suppress(OSError):
            os.fsync(self._stream.fileno())


def primary(statuses: Sequence[Status]) -> int:
    """The index of the verdict that counts among those on several candidates: the first that is not "unchecked", else the first."""
    return next((k for k, status in enumerate(statuses) if status != "unchecked"), 0)
