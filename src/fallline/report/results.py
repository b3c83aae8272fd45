"""The results of a study: what the report's chapters and results.json are written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallline.checks.reference.data_agreement import DataAgreement
from fallline.experiment import study_records
from fallline.experiment.build import build_network
from fallline.experiment.study_records import Study
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.report.cliff import Cliff
from fallline.report.example import Forward
from fallline.report.named_run import NamedRun
from fallline.report.published import Published
from fallline.report.tuning import Tuning
from fallline.runs.comparison import Comparison
from fallline.textbook.network import Network

__all__ = ["Compared", "Mapped", "Results"]


@dataclass(frozen=True)
class Compared:
    """A comparison of the study, and its methods at their best learning rates."""

    record: study_records.Comparison
    comparison: Comparison
    tuning: Tuning | None
    constant_answer: float | None


@dataclass(frozen=True)
class Mapped:
    """A map of the study."""

    record: study_records.Map
    map: Any


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a study's runs."""

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
    def network(self) -> Network | None:
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
                {"x": str(m.map.x), "y": str(m.map.y), "shape": list(m.map.values.shape), "steps": m.record.steps,
                 "sha256": m.map.sha256}
                for m in self.maps
            ],
        }  # fmt: skip
