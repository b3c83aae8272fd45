"""What a report says of a model: its answers for the rows that judge it, and all numbers that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.calibration import Calibration, calibration
from fallline.models.evidence import Evidence, Judgement, judgement
from fallline.models.fitting import Fit
from fallline.models.importance import importance, score_name
from fallline.models.model import Model

__all__ = ["SCORE_WORDS", "Findings"]

Floats = NDArray[Any]

SCORE_WORDS = {"accuracy": "accuracy", "r2": "R²"}


@dataclass(frozen=True, eq=False)
class Findings:
    """A model, its fit, what it was fitted to, and the numbers of its report."""

    model: Model
    fit: Fit
    evidence: Evidence

    @cached_property
    def judged(self) -> Judgement:
        """The rows that judge."""
        return judgement(self.fit, self.evidence)

    @cached_property
    def answers(self) -> Floats:
        """The answers for these rows."""
        return self.judged.answers(self.evidence.X)

    @cached_property
    def targets(self) -> Floats:
        """The targets of these rows."""
        return self.evidence.T[self.judged.rows]

    @cached_property
    def linear(self) -> Floats:
        """The answers of the linear model for these rows; NaN where it has none."""
        e, rows = self.evidence, self.judged.rows
        if e.test.any() or self.judged.seen:
            return e.linear.ensemble.answers(e.X[rows])
        return np.asarray(e.linear.kept[rows])

    @cached_property
    def confusion(self) -> NDArray[np.int64] | None:
        """Rows of each class that were answered with each class; None if the target is no class."""
        if self.model.kind != "classes":
            return None
        n = self.targets.shape[1]
        pairs = n * self.targets.argmax(axis=-1) + self.answers.argmax(axis=-1)
        return np.bincount(pairs, minlength=n * n).reshape(n, n)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Of the probabilities; None for values."""
        return calibration(self.answers, self.targets, self.model.kind)

    @cached_property
    def falls(self) -> dict[str, Floats]:
        """The fall of the score for each column, when it is shuffled."""
        return importance(self.model.preparation, self.model.kind, self.evidence, self.judged, self.fit.settings.seed)

    @property
    def score(self) -> str:
        """What the score of `falls` is called."""
        return SCORE_WORDS[score_name(self.model.kind)]

    @cached_property
    def gain(self) -> tuple[float, float]:
        """How much better than the linear model, and the standard error: in accuracy, or as a share of its squared error."""
        known = np.isfinite(self.linear).all(axis=-1)
        good: Callable[[Floats], Floats]
        if self.model.kind == "values":
            whole = float(((self.linear[known] - self.targets[known]) ** 2).sum(axis=-1).mean()) or 1.0
            good = lambda answers: -((answers - self.targets) ** 2).sum(axis=-1) / whole  # noqa: E731  # two cases of one name
        elif self.model.kind == "labels":
            good = lambda answers: ((answers > 0.5) == (self.targets > 0.5)).mean(axis=-1)  # noqa: E731
        else:
            good = lambda answers: answers.argmax(axis=-1) == self.targets.argmax(axis=-1)  # noqa: E731
        each = (1.0 * good(self.answers) - good(self.linear))[known]
        if len(each) < 2:
            return float("nan"), float("nan")
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))

    def to_dict(self) -> dict[str, Any]:
        """The content of results.json."""
        import fallline

        found = self.calibration
        return {
            "fallline": fallline.__version__, "network": self.model.ensemble.network.text, "members": self.model.ensemble.members,
            **self.model.summary.model_dump(), "judged_by": self.judged.words,
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "calibration": None if found is None else {
                "probability": found.chance.tolist(), "right": found.right.tolist(), "count": found.count.tolist(), "error": found.error,
            },
            "importance": {name: [float(v) for v in values] for name, values in self.falls.items()},
        }  # fmt: skip
