"""The result of a comparison: each method over all starts, each pair of methods start by start, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError
from fallline.experiment.method import Method
from fallline.measures.statistics import diverged_at
from fallline.plotting import Plotted, draw
from fallline.problems import Objective
from fallline.runs.intervals import Estimate, median
from fallline.runs.summaries import SUMMARISED, TIE, Pair, Summary, final_losses, steps_to, wins
from fallline.runs.tables import table_of_runs, table_of_summaries
from fallline.shapes import Shaped

__all__ = ["Comparison"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Comparison(Plotted):
    """Several methods on the same objective from the same starts.

    Attributes
    ----------
    losses
        The losses of all starts, by label.
    target
        The loss that counts as reached.
    summaries
        One for each method, in the order of the methods.

    Examples
    --------
    >>> from fallline.runs.compare import compare
    >>> result = compare("booth", {"slow": {"learning_rate": 0.01}, "fast": {"learning_rate": 0.1}}, starts=50, steps=30)
    >>> result.starts, list(result.losses), result.losses["fast"].shape
    (50, ['slow', 'fast'], (50, 31))
    """  # fmt: skip

    objective: Objective
    steps: int
    target: float
    losses: dict[str, Shaped[Floats, "starts steps+1"]]
    summaries: tuple[Summary, ...]

    @property
    def starts(self) -> int:
        """Number of starts."""
        return len(next(iter(self.losses.values())))

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair of methods."""
        return tuple(self.pair(a, b) for a, b in combinations(self.losses, 2))

    def pair(self, first: str, second: str) -> Pair:
        """Two methods start by start.

        Examples
        --------
        >>> import fallline as fl
        >>> result = fl.compare("booth", ["momentum", "adam"], starts=20, steps=50, target=1.0)
        >>> result.pair("momentum", "adam").wins.value
        1.0
        """
        a, b = final_losses(self.losses[first]), final_losses(self.losses[second])
        steps_a, steps_b = steps_to(self.losses[first], self.target), steps_to(self.losses[second], self.target)
        both = np.isfinite(a) & np.isfinite(b)
        difference = median((a - b)[both]) if both.any() else Estimate(np.nan, np.nan, np.nan)
        begin = np.abs(self.losses[first][:, 0])
        with np.errstate(invalid="ignore"):
            near = np.abs(a - b) <= TIE * begin
        return Pair(first, second, wins(a, b, near), difference, wins(steps_a, steps_b, steps_a == steps_b))

    @property
    def sentence(self) -> str:
        """Which method converges more efficiently, with the numbers that say so.

        Examples
        --------
        >>> import fallline as fl
        >>> result = fl.compare("booth", ["momentum", "adam"], starts=20, steps=50, target=1.0)
        >>> result.sentence[:35]
        'More efficient: momentum comes to l'
        """
        best = min(self.summaries, key=lambda s: (s.steps_to_target.value, s.final_loss.value))
        if len(self.summaries) == 1:
            return f"{best.label}: median final loss {best.final_loss} over {self.starts} starts."
        others = [s for s in self.summaries if s is not best]
        second = min(others, key=lambda s: (s.steps_to_target.value, s.final_loss.value))
        pair = self.pair(best.label, second.label)
        sentence = (
            f"{best.label} comes to loss {self.target:.4g} in a median of {_steps(best.steps_to_target)} steps, "
            f"{second.label} in {_steps(second.steps_to_target)}; from the same start it is the faster in "
            f"{100 * pair.faster.value:.0f} % of {self.starts} starts "
            f"[{100 * pair.faster.low:.0f}, {100 * pair.faster.high:.0f}]."
        )
        if pair.faster.low <= 0.5 <= pair.faster.high:
            return f"No clear winner: {sentence} That interval contains a half."
        return f"More efficient: {sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain data, for JSON.

        Examples
        --------
        >>> import fallline as fl
        >>> result = fl.compare("booth", ["momentum", "adam"], starts=20, steps=50, target=1.0)
        >>> sorted(result.to_dict())
        ['methods', 'objective', 'pairs', 'sentence', 'starts', 'steps', 'target']
        """
        return {
            "objective": self.objective.name,
            "starts": self.starts,
            "steps": self.steps,
            "target": self.target,
            "methods": [
                {
                    "label": s.label,
                    "optimizer": s.method.optimizer.name,
                    "settings": s.method.settings,
                    "final_loss": _estimate(s.final_loss),
                    "reached": _estimate(s.reached),
                    "steps_to_target": _estimate(s.steps_to_target),
                    "diverged": _estimate(s.diverged),
                }
                for s in self.summaries
            ],
            "pairs": [
                {
                    "first": p.first,
                    "second": p.second,
                    "wins": _estimate(p.wins),
                    "loss_difference": _estimate(p.loss_difference),
                    "faster": _estimate(p.faster),
                }
                for p in self.pairs
            ],
            "sentence": self.sentence,
        }

    def to_pandas(self, rows: Literal["runs", "methods"] = "runs") -> Any:
        """A `pandas.DataFrame`.

        Parameters
        ----------
        rows
            "runs": a row for each method and start, with final_loss (infinite where the run diverged), lowest_loss,
            steps_to_target (infinite where the target was not reached) and diverged. "methods": a row for each method,
            with the numbers of `summaries` and the ends of their 95 % intervals.

        Examples
        --------
        >>> import fallline as fl
        >>> result = fl.compare("booth", ["momentum", "adam"], starts=20, steps=50, target=1.0)
        >>> result.to_pandas().columns.tolist()
        ['method', 'start', 'final_loss', 'lowest_loss', 'steps_to_target', 'diverged']
        """
        if rows == "methods":
            return table_of_summaries(self.summaries, SUMMARISED)
        if rows != "runs":
            raise UnknownNameError("rows of a table", rows, ("runs", "methods"))
        columns = {
            label: {
                "final_loss": final_losses(history),
                "lowest_loss": np.fmin.reduce(history, axis=-1),
                "steps_to_target": steps_to(history, self.target),
                "diverged": diverged_at(history) >= 0,
            }
            for label, history in self.losses.items()
        }
        return table_of_runs(columns, self.starts)

    def plot(self, view: str | None = None, **options: Any) -> Any:
        """The comparison as a picture: final losses ("losses"), and how many starts reach the target ("reached").

        Options as for `fallline.views.draw_comparison`: `ax`, `cmap`, `limits`, `log`, `size`.

        Examples
        --------
        >>> import fallline as fl
        >>> result = fl.compare("booth", ["momentum", "adam"], starts=20, steps=50, target=1.0)
        >>> result.plot().alt[:34]
        'Comparison on booth from 20 starts'
        """
        return draw("comparison", self, view=view, **options)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Comparison):
            return NotImplemented
        described, others = ((c.objective, c.steps, c.target, list(c.losses), c._methods) for c in (self, other))
        return described == others and all(
            np.array_equal(losses, other.losses[label], equal_nan=True) for label, losses in self.losses.items()
        )

    def __hash__(self) -> int:
        return hash((self.objective, self.steps, self.target, self._methods))

    @property
    def _methods(self) -> tuple[Method, ...]:
        return tuple(s.method for s in self.summaries)

    def __repr__(self) -> str:
        width = max(len(s.label) for s in self.summaries)
        lines = [
            f"Comparison({self.objective.name}, {self.starts} starts, {self.steps} steps, target {self.target:.4g})"
        ]
        for s in self.summaries:
            lines.append(
                f"  {s.label:<{width}}  final loss {s.final_loss!s:<26}  reached {100 * s.reached.value:5.1f} %"
                f"  steps {_steps(s.steps_to_target):>5}  diverged {100 * s.diverged.value:5.1f} %"
            )
        return "\n".join(lines)


def _steps(estimate: Estimate) -> str:
    return f"{estimate.value:.0f}" if np.isfinite(estimate.value) else "never"


def _estimate(e: Estimate) -> dict[str, float | None]:
    return {k: (v if np.isfinite(v) else None) for k, v in e._asdict().items()}
