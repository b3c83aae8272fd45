"""Published figures beside measured ones, rounded to the published digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.experiment.study_records import Figure, Study
from fallline.formulas import symbolic
from fallline.problems import LandscapeObjective
from fallline.report.example import Forward
from fallline.report.named_run import NamedRun
from fallline.views.words import objective_label

__all__ = ["Published", "agrees", "compare_figures", "printed"]

Value = float | str | tuple[float, ...]


@dataclass(frozen=True)
class Published:
    """A published figure, and what was measured."""

    figure: Figure
    what: str
    measured: Value
    agrees: bool

    def to_dict(self) -> dict[str, Any]:
        """The entry of results.json."""
        return {
            "id": self.figure.id,
            "what": self.what,
            "published": _plain(self.figure.value),
            "measured": _plain(self.measured),
            "decimals": None if isinstance(self.measured, str) else self.figure.decimals,
            "agrees": self.agrees,
        }


def agrees(published: float | tuple[float, ...], measured: float | tuple[float, ...], decimals: int) -> bool:
    """Whether the measured number, rounded to the published digits, is the published number.

    >>> agrees(33.51, 33.5149, 2), agrees(33.51, 33.516, 2), agrees((1.0, 2.0), (1.0, float("nan")), 3)
    (True, False, False)
    """
    a, b = np.atleast_1d(published), np.atleast_1d(measured)
    return a.shape == b.shape and all(
        f"{x:.{decimals}f}" == f"{round(float(y), decimals) + 0.0:.{decimals}f}" for x, y in zip(a, b, strict=True)
    )


def printed(value: Value, decimals: int) -> str:
    """Write a figure with its published number of digits.

    >>> printed((0.1141952, 1.0), 8)
    '(0.11419520, 1.00000000)'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return f"({', '.join(printed(v, decimals) for v in value)})"
    return f"{value:.{decimals}f}".replace("-", "−")


def compare_figures(
    study: Study,
    descents: Sequence[NamedRun],
    fits: Sequence[NamedRun],
    forward: Forward | None,
    hill: LandscapeObjective | None,
) -> tuple[Published, ...]:
    """Compare every published figure of the study with its measured value."""
    figures = []
    if study.example is not None and forward is not None:
        for figure in study.example.published:
            figures.append(_compared(figure, *_of_example(figure, forward)))
    if study.landscape is not None and hill is not None:
        for figure in study.landscape.published:
            figures.append(_of_derivative(figure, hill))
    for runs in (descents, fits):
        for named in runs:
            for figure in named.record.published:
                figures.append(_compared(figure, *_of_run(figure, named)))
    return tuple(figures)


def _compared(figure: Figure, what: str, measured: float | tuple[float, ...]) -> Published:
    assert not isinstance(figure.value, str)  # the study was checked
    return Published(figure, what, measured, agrees(figure.value, measured, figure.decimals))


def _of_example(figure: Figure, forward: Forward) -> tuple[str, tuple[float, ...]]:
    if figure.quantity == "sums":
        return "sum of the class probabilities of each sample", tuple(forward.output.sum(axis=-1).tolist())
    k = int(figure.of) - 1
    sample = ", ".join(f"{v:g}" for v in forward.X[k])
    return f"class probabilities of sample {figure.of}, ({sample})".replace("-", "−"), tuple(forward.output[k].tolist())


def _of_run(figure: Figure, named: NamedRun) -> tuple[str, float | tuple[float, ...]]:
    run = named.run
    values: dict[str, tuple[str, Any]] = {
        "start": ("start of", tuple(run.start.tolist())),
        "end": ("end of", tuple(run.end.tolist())),
        "start_loss": ("loss at the start of", float(run.losses[0])),
        "end_loss": ("loss at the end of", run.loss),
    }
    word, value = values[figure.quantity]
    return f"{word} {objective_label(run.objective)}, {named.name}, {run.steps} steps", value


def _of_derivative(figure: Figure, hill: LandscapeObjective) -> Published:
    import sympy

    from fallline.views.equations import equations

    labels = hill.labels
    derived = equations(hill.landscape).section("partial").equations[labels.index(figure.of)]
    expression = derived.right.subs({s: sympy.Symbol(s.name) for s in derived.right.free_symbols})
    same = sympy.simplify(expression - symbolic(str(figure.value), labels)) == 0
    return Published(
        figure,
        f"partial derivative of {objective_label(hill)} by {figure.of}",
        derived.text.split(" = ", 1)[1],
        bool(same),
    )


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [v if np.isfinite(v) else None for v in value]
    return value if isinstance(value, str) or np.isfinite(value) else None
