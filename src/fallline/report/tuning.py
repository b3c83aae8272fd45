"""All methods at their best learning rates, which are chosen on one set of starts and compared on another.

A comparison at hand-picked learning rates depends on the picks. A comparison on the starts of the choice would favour
the method with more choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment import study_records
from fallline.experiment.method import Method
from fallline.experiment.setting_names import is_layer_rate
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective, Objective
from fallline.runs.compare import compare
from fallline.runs.comparison import Comparison
from fallline.runs.engine import train
from fallline.runs.intervals import Estimate, median
from fallline.runs.training import Training
from fallline.views.numerals import number
from fallline.views.words import method_parts

__all__ = ["Family", "Tuning", "tune"]


@dataclass(frozen=True)
class Family:
    """A method without its learning rate: the median final loss at each learning rate tried, and the best of them."""

    name: str
    rates: tuple[float, ...]
    losses: tuple[Estimate, ...]
    best: Method

    @property
    def rate(self) -> float:
        """The best learning rate."""
        return self.best.settings["learning_rate"]

    @property
    def at_edge(self) -> bool:
        """Whether the best learning rate is the smallest or largest tried, so that another may be better."""
        return self.rate in (min(self.rates), max(self.rates))


@dataclass(frozen=True)
class Tuning:
    """The families at their best learning rates, compared on fresh starts."""

    families: tuple[Family, ...]
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """The entry of results.json."""
        return {
            "families": [
                {
                    "name": f.name,
                    "learning_rates": list(f.rates),
                    "median_final_losses": [e.value if np.isfinite(e.value) else None for e in f.losses],
                    "best": f.rate,
                }
                for f in self.families
            ],
            "comparison": self.comparison.to_dict(),
        }


def tune(
    objective: Objective, methods: Mapping[str, Method], record: study_records.Comparison, target: float
) -> Tuning:
    """Tune each family of methods on starts of the seed after the record's, and compare them on the seed after that."""
    families = []
    for name, pattern in _families(methods).items():
        rates = tuple(sorted(record.tune))
        tried = [pattern.with_({"learning_rate": rate}) for rate in rates]
        finals = _finals(objective, tried, record)
        losses = tuple(median(values) for values in finals)
        best = min(range(len(rates)), key=lambda k: losses[k].value)
        families.append(Family(name, rates, losses, tried[best]))
    result = compare(
        objective, {f"{f.name} at {number(f.rate)}": f.best for f in families}, starts=record.starts, steps=record.steps,
        target=target, seed=record.seed + 2, initial=record.initial if isinstance(objective, NetworkObjective) else None,
    )  # fmt: skip
    return Tuning(tuple(families), result)


def _families(methods: Mapping[str, Method]) -> dict[str, Method]:
    """One pattern for all methods that differ only in their learning rate."""
    found: dict[str, Method] = {}
    for how in methods.values():
        values = {name: value for name, value in how.values.items() if not is_layer_rate(name)}
        pattern = replace(how, values=values | {"learning_rate": 0.0})
        found.setdefault(_words(pattern), pattern)
    return found


def _words(pattern: Method) -> str:
    """The method without its learning rate: "gradient descent", "momentum 0.9"."""
    parts = {k: v for k, v in method_parts(pattern).items() if k != "learning_rate"}
    if parts.get("momentum", "").startswith(parts["optimizer"]):
        del parts["optimizer"]
    return ", ".join(parts.values())


def _finals(objective: Objective, tried: list[Method], record: study_records.Comparison) -> NDArray[np.float64]:
    """Final losses, (methods, starts), infinite where a run diverged. All runs are one batch of lanes."""
    points = draw_starts(objective, record.starts, record.seed + 1, initial=record.initial)
    rates = np.repeat([how.settings["learning_rate"] for how in tried], len(points))
    starts = np.tile(points, (len(tried), 1))
    training = Training(objective, tried[0].with_({"learning_rate": rates}), record.steps, starts)
    got = train(training, ("final_loss", "diverged"))
    finals = np.where(got["diverged"], np.inf, got["final_loss"])
    return np.asarray(finals.reshape(len(tried), len(points)))
