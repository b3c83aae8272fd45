"""Everything that a study asks for, run: what the report's chapters and results.json are written from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.reference.data_agreement import DataAgreement, agree_on_data
from fallline.experiment import study_records
from fallline.experiment.build import (
    build_landscape,
    build_map,
    build_method,
    build_network,
    build_objective,
    build_start,
    build_weights,
    objective_of,
)  # fmt: skip
from fallline.experiment.map_spec import parse_size
from fallline.experiment.study_records import Study
from fallline.maps.map import compute_map
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.report.cliff import Cliff, find_cliff
from fallline.report.published import Published, compare_figures
from fallline.report.tuning import Tuning, tune
from fallline.runs.compare import compare
from fallline.runs.comparison import Comparison
from fallline.runs.descent import Run, descend
from fallline.textbook import network as pages

__all__ = ["Compared", "Forward", "Mapped", "NamedRun", "Results", "collect"]

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class NamedRun:
    """A run of the study, with its plan."""

    name: str
    plan: study_records.Run
    run: Run


@dataclass(frozen=True)
class Forward:
    """The example's samples on their way through the network: X, then Z and A of each layer, and the output."""

    network: pages.Network
    parameters: Floats
    X: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    output: Floats


@dataclass(frozen=True)
class Compared:
    """A comparison as the study gives it, and all of its methods at their best."""

    plan: study_records.Comparison
    comparison: Comparison
    tuning: Tuning | None
    constant_answer: float | None


@dataclass(frozen=True)
class Mapped:
    """A map of the study."""

    plan: study_records.Map
    map: Any


@dataclass(frozen=True, eq=False)
class Results:
    """What a study's runs gave."""

    study: Study
    problem: NetworkObjective | None
    hill: LandscapeObjective | None
    forward: Forward | None
    descents: tuple[NamedRun, ...]
    fits: tuple[NamedRun, ...]
    gradient: DataAgreement | None
    cliff: Cliff | None
    comparisons: tuple[Compared, ...]
    maps: tuple[Mapped, ...]
    published: tuple[Published, ...]

    @property
    def network(self) -> pages.Network | None:
        return build_network(self.study.network) if self.study.network else None

    def to_dict(self) -> dict[str, Any]:
        """The content of results.json."""
        import fallline

        return {
            "study": self.study.name,
            "title": self.study.title,
            "fallline": fallline.__version__,
            "published": [p.to_dict() for p in self.published],
            "runs": [
                {"name": r.name, "chapter": chapter} | r.run.to_dict()
                for chapter, runs in (("descents", self.descents), ("fits", self.fits))
                for r in runs
            ],
            "gradient_check": None if self.gradient is None else self.gradient.to_dict(),
            "cliff": None if self.cliff is None else self.cliff.to_dict(),
            "comparisons": [
                c.comparison.to_dict() | {"tuned": None if c.tuning is None else c.tuning.to_dict()}
                for c in self.comparisons
            ],
            "maps": [
                {"x": str(m.map.x), "y": str(m.map.y), "shape": list(m.map.values.shape), "steps": m.plan.steps,
                 "sha256": m.map.sha256}
                for m in self.maps
            ],
        }  # fmt: skip


def collect(study: Study, progress: Progress | None = None) -> Results:
    """Run the study. `progress` is called with (work done, work in all), in units of one run's step."""
    problem = build_objective(study.network, study.data, study.folder) if study.network and study.data else None
    hill = build_landscape(study.landscape) if study.landscape else None
    ticks = _Ticks(study, progress)
    descents = tuple(_run(plan, hill, ticks) for plan in study.descents)
    fits = tuple(_run(plan, problem, ticks) for plan in study.fits)
    forward = _forward(study)
    gradient = agree_on_data(problem) if problem is not None else None
    ticks.done(_Ticks.SMALL)
    cliff = find_cliff([r.run for r in fits])
    comparisons = tuple(_compare(plan, objective_of(study, plan.objective), ticks) for plan in study.comparisons)
    maps = tuple(_map(plan, objective_of(study, plan.objective), ticks) for plan in study.maps)
    return Results(
        study, problem, hill, forward, descents, fits, gradient, cliff, comparisons, maps,
        compare_figures(study, descents, fits, forward, hill),
    )  # fmt: skip


class _Ticks:
    """Work counted over all parts of the study."""

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
    def of_comparison(plan: study_records.Comparison) -> int:
        return plan.starts * plan.steps * (len(plan.methods) + (len(plan.tune) + 1) * 2 * bool(plan.tune))

    def done(self, work: int) -> None:
        self.base += work
        self.say(0)

    def say(self, work: float) -> None:
        if self.progress is not None:
            self.progress(int(min(self.total, self.base + work)), self.total)


def _run(plan: study_records.Run, objective: Objective | None, ticks: _Ticks) -> NamedRun:
    assert objective is not None  # the study was checked
    how = build_method(plan, plan.steps)
    settings: dict[str, Any] = how.keywords
    run = descend(
        objective, how.optimizer, start=build_start(plan.start, objective), steps=plan.steps,
        schedule={"name": how.schedule.name} | how.schedule_settings, batch=plan.batch, seed=plan.seed, **settings,
    )  # fmt: skip
    ticks.done(plan.steps)
    return NamedRun(plan.name or str(how), plan, run)


def _forward(study: Study) -> Forward | None:
    if study.example is None or study.network is None:
        return None
    network = build_network(study.network)
    w, X = build_weights(study.example, network), np.array(study.example.samples, dtype=np.float64)
    Z, kept = pages.forward(network, network.unpack(w), X)
    after = [kept[k + 1].A if k + 1 < len(kept) else Z for k in range(len(kept))]
    layers = tuple((one.Z, A) for one, A in zip(kept, after, strict=True))
    return Forward(network, w, X, layers, np.asarray(network.loss.output(Z)))


def _compare(plan: study_records.Comparison, objective: Objective, ticks: _Ticks) -> Compared:
    methods = {}
    for one in plan.methods:
        how = build_method(one, plan.steps)
        methods[one.name or str(how)] = how
    result = compare(
        objective, methods, starts=plan.starts, steps=plan.steps, target=plan.target, seed=plan.seed,
        distribution=plan.initial, progress=lambda done, _: ticks.say(done * plan.steps),
    )  # fmt: skip
    work = plan.starts * plan.steps * len(methods)
    ticks.done(work)
    tuning = tune(objective, methods, plan, result.target) if plan.tune else None
    ticks.done(ticks.of_comparison(plan) - work)
    return Compared(plan, result, tuning, _constant_answer(objective))


def _map(plan: study_records.Map, objective: Objective, ticks: _Ticks) -> Mapped:
    spec = build_map(plan, objective)
    result = compute_map(spec, progress=lambda done, _: ticks.say(done * plan.steps))
    ticks.done(spec.cells * plan.steps)
    return Mapped(plan, result)


def _constant_answer(objective: Objective) -> float | None:
    """The lowest loss of a network that gives the same answer to every sample: of a classifier, by class frequencies."""
    if not isinstance(objective, NetworkObjective) or objective.network.loss.targets != "classes":
        return None
    share = objective.data.T.mean(axis=0)
    logits = np.log(np.where(share > 0, share, 1e-300))
    value = objective.network.loss.value(np.broadcast_to(logits, objective.data.T.shape), objective.data.T).sum()
    return float(objective.factor(len(objective.data)) * value)
