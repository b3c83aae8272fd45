"""Running a study: everything that it asks for, with progress over all of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fallline.checks.reference.data_agreement import agree_on_data
from fallline.experiment import study_records
from fallline.experiment.build import build_landscape, build_map, build_method, build_objective, objective_of
from fallline.experiment.map_spec import parse_size
from fallline.experiment.sources import Files
from fallline.experiment.study_records import Study
from fallline.maps.map import compute_map
from fallline.problems import NetworkObjective, Objective
from fallline.report.cliff import find_cliff
from fallline.report.example import forward_of
from fallline.report.named_run import NamedRun, run_record
from fallline.report.published import compare_figures
from fallline.report.results import Compared, Mapped, Results
from fallline.report.tuning import tune
from fallline.runs.compare import compare

__all__ = ["collect"]

Progress = Callable[[int, int], None]


def collect(study: Study, progress: Progress | None = None) -> Results:
    """Run the study. `progress` is called with (work done, total work), in steps of single runs."""
    problem = build_objective(study.network, study.data, Files(study.folder)) if study.network and study.data else None
    hill = build_landscape(study.landscape) if study.landscape else None
    ticks = _Ticks(study, progress)
    descents = tuple(_run(record, hill, ticks) for record in study.descents)
    fits = tuple(_run(record, problem, ticks) for record in study.fits)
    forward = forward_of(study)
    gradient = agree_on_data(problem) if problem is not None else None
    ticks.done(_Ticks.SMALL)
    cliff = find_cliff([r.run for r in fits])
    comparisons = tuple(_compare(record, objective_of(study, record.objective), ticks) for record in study.comparisons)
    maps = tuple(_map(record, objective_of(study, record.objective), ticks) for record in study.maps)
    return Results(
        study, problem, hill, forward, descents, fits, gradient, cliff, comparisons, maps,
        compare_figures(study, descents, fits, forward, hill),
    )  # fmt: skip


class _Ticks:
    """Counts the work of all parts of the study."""

    SMALL = 3000

    def __init__(self, study: Study, progress: Progress | None) -> None:
        self.progress, self.base = progress, 0
        cells = [a * b for a, b in (parse_size(m.size) for m in study.maps)]
        self.total = (
            self.SMALL * 4
            + sum(r.steps for r in (*study.descents, *study.fits))
            + sum(self.of_comparison(c) for c in study.comparisons)
            + sum(n * m.steps for n, m in zip(cells, study.maps, strict=True))
        )

    @staticmethod
    def of_comparison(record: study_records.Comparison) -> int:
        return record.starts * record.steps * (len(record.methods) + (len(record.tune) + 1) * 2 * bool(record.tune))

    def done(self, work: int) -> None:
        self.base += work
        self.say(0)

    def say(self, work: float) -> None:
        if self.progress is not None:
            self.progress(int(min(self.total, self.base + work)), self.total)


def _run(record: study_records.Run, objective: Objective | None, ticks: _Ticks) -> NamedRun:
    run = run_record(record, objective)
    ticks.done(record.steps)
    return run


def _compare(record: study_records.Comparison, objective: Objective, ticks: _Ticks) -> Compared:
    methods = {}
    for method_record in record.methods:
        method = build_method(method_record, record.steps)
        methods[method_record.name or str(method)] = method
    result = compare(
        objective, methods, starts=record.starts, steps=record.steps, target=record.target, seed=record.seed,
        initial=record.initial if isinstance(objective, NetworkObjective) else None,
        progress=lambda done, _: ticks.say(done * record.steps),
    )  # fmt: skip
    work = record.starts * record.steps * len(methods)
    ticks.done(work)
    tuning = tune(objective, methods, record, result.target) if record.tune else None
    ticks.done(ticks.of_comparison(record) - work)
    return Compared(record, result, tuning, _constant_answer(objective))


def _map(record: study_records.Map, objective: Objective, ticks: _Ticks) -> Mapped:
    spec = build_map(record, objective)
    result = compute_map(spec, progress=lambda done, _: ticks.say(done * record.steps))
    ticks.done(spec.cells * record.steps)
    return Mapped(record, result)


def _constant_answer(objective: Objective) -> float | None:
    """The lowest loss of a classifier that gives the same answer to every sample, which is the class frequencies."""
    if not isinstance(objective, NetworkObjective) or objective.network.loss.targets != "classes":
        return None
    share = objective.data.T.mean(axis=0)
    logits = np.log(np.where(share > 0, share, 1e-300))
    value = objective.network.loss.value(np.broadcast_to(logits, objective.data.T.shape), objective.data.T).sum()
    return float(objective.factor(len(objective.data)) * value)
