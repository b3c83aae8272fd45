"""A run of the study, under the name that the study gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallline.experiment import study_records
from fallline.experiment.build import build_method, build_start
from fallline.problems import Objective
from fallline.runs.descent import descend
from fallline.runs.run import Run

__all__ = ["NamedRun", "run_record"]


@dataclass(frozen=True)
class NamedRun:
    """A run of the study, with its record."""

    name: str
    record: study_records.Run
    run: Run


def run_record(record: study_records.Run, objective: Objective | None) -> NamedRun:
    """Run a record of the study."""
    assert objective is not None  # the study was checked
    method = build_method(record, record.steps)
    settings: dict[str, Any] = method.keywords
    run = descend(
        objective, method.optimizer, start=build_start(record.start, objective), steps=record.steps,
        schedule={"name": method.schedule.name} | method.schedule_settings, batch=record.batch,
        replacement=record.replacement, full_loss=record.full_loss, seed=record.seed, **settings,
    )  # fmt: skip
    return NamedRun(record.name or str(method), record, run)
