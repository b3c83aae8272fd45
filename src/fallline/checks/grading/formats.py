"""Verdicts in the forms that autograders read: Gradescope, otter-grader, GitHub Classroom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fallline.checks.presentation.parts import Part
from fallline.checks.presentation.plain_text import plain_text
from fallline.checks.reference.comparison import Status

__all__ = ["FORMATS", "Format", "Scored"]

Format = Literal["gradescope", "otter", "github"]


@dataclass(frozen=True)
class Scored:
    """A verdict as a test of an autograder.

    Parameters
    ----------
    name
        What was checked: a file, or a function of it.
    file
        The file.
    status
        The verdict's status. All points are given for "right", none else.
    parts
        What the verdict tells.
    seconds
        Time of the check.
    points
        Points for a right gradient.
    """

    name: str
    file: str
    status: Status
    parts: Sequence[Part]
    seconds: float
    points: float

    @property
    def score(self) -> float:
        """The points that are given."""
        return self.points if self.status == "right" else 0.0

    @property
    def output(self) -> str:
        """What the verdict tells, as plain text."""
        return plain_text(self.parts)


def gradescope(tests: Sequence[Scored]) -> dict[str, Any]:
    """The content of `/autograder/results/results.json`.

    Source: Gradescope Autograder Documentation, "Autograder Specifications", section "Output format"
    (gradescope-autograders.readthedocs.io/en/latest/specs).
    """
    return {
        "score": sum(test.score for test in tests),
        "execution_time": round(sum(test.seconds for test in tests), 3),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "tests": [
            {"name": test.name, "score": test.score, "max_score": test.points,
             "status": "passed" if test.status == "right" else "failed", "output": test.output, "visibility": "visible"}
            for test in tests
        ],
    }  # fmt: skip


def otter(tests: Sequence[Scored]) -> dict[str, Any]:
    """The content of the `results.json` that `otter run` writes: a summary of the public tests, then each test.

    Source: Otter-Grader Documentation, "Non-containerized Grading" (otter run) and "Gradescope Results Format"
    (otter-grader.readthedocs.io): `GradingResults.to_gradescope_dict`.
    """
    summary = "\n\n".join(
        f"{test.name} results: {'All test cases passed!' if test.score else test.output}" for test in tests
    )
    return {
        "tests": [
            {"name": "Public Tests", "visibility": "visible", "output": summary},
            *({"name": test.name, "score": test.score, "max_score": test.points, "visibility": "visible",
               "output": test.output} for test in tests),
        ],
        "score": sum(test.score for test in tests),
    }  # fmt: skip


def github(tests: Sequence[Scored]) -> dict[str, Any]:
    """The result of a grader of GitHub Classroom, which a workflow hands to the autograding reporter in base 64.

    Source: the graders and the reporter that GitHub publishes (classroom-resources/autograding-command-grader,
    autograding-io-grader, autograding-grading-reporter): version 1 of their result.
    """
    statuses = {"right": "pass", "wrong": "fail", "unchecked": "error"}
    results = [statuses[test.status] for test in tests]
    return {
        "version": 1,
        "status": next((s for s in ("fail", "error") if s in results), "pass"),
        "max_score": sum(test.points for test in tests),
        "tests": [
            {"name": test.name, "status": status, "score": test.score, "message": test.output, "test_code": "",
             "filename": test.file, "line_no": 0, "duration": round(1000 * test.seconds)}
            for test, status in zip(tests, results, strict=True)
        ],
    }  # fmt: skip


FORMATS: dict[Format, Callable[[Sequence[Scored]], dict[str, Any]]] = {
    "gradescope": gradescope, "otter": otter, "github": github,
}  # fmt: skip
"""The forms, by name."""
