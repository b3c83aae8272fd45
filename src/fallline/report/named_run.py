"""A run of the study, under the name that the study gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallline.experiment import study_records
from fallline.experiment.build import build_method, build_start
from fallline.problems import Objective
from fallline.runs.descent import descend
from fallline.runs.run import Run

__all__ = ["NamedRun", "run_plan"]


@dataclass(frozen=True)
class NamedRun:
    """A run of the study, with its plan."""

    name: str
    plan: study_records.Run
    run: Run


def run_plan(plan: study_records.Run, objective: Objective | None) -> NamedRun:
    """Run what the plan says."""
    assert objective is not None  # the study was checked
    method = build_method(plan, plan.steps)
    settings: dict[str, Any] = method.settings | {f"learning_rate.{k}": v for k, v in method.learning_rates.items()}
    run = descend(
        objective, method.optimizer, start=build_start(plan.start, objective), steps=plan.steps,
        schedule={"name": method.schedule.name} | method.schedule_settings, batch=plan.batch, seed=plan.seed, **settings,
    )  # fmt: skip
    return NamedRun(plan.name or str(method), plan, run)
