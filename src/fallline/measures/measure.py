"""The measures: the values that a cell of a map may show.

A measure is one record. Its rule reads the named `Statistics` of runs, which whole curves and a kernel's columns both
provide; the rest of the record says how the values are kept, summed up over starts, and drawn. Losses are those before
each step and after the last; with minibatches on the scale of all samples. A run stops at its first loss that is not
finite; from there on all its losses count as +inf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.measures.outcome import judge
from fallline.measures.statistics import Statistics
from fallline.number_text import read_number
from fallline.problems import LandscapeObjective, NetworkObjective, Objective, has_test_samples
from fallline.shapes import Shaped

__all__ = [
    "FOLDED",
    "MEASURES",
    "Measure",
    "RequestedMeasure",
    "check_objective",
    "lacking",
    "measure",
    "names_of",
]

Floats = NDArray[Any]


def _as_they_are(values: Shaped[Floats, "*shape"], steps: int) -> Shaped[Floats, "*shape"]:
    return values


@dataclass(frozen=True)
class Measure:
    """A measure: its meaning, and how it is read from statistics, kept and drawn.

    Parameters
    ----------
    name
        Its name in Python, on the command line and in files.
    label
        Its name in pictures and menus. The target follows, where there is one.
    meaning
        The meaning, for help texts and documentation.
    rule
        From the statistics of runs to the values.
    needs
        "classes": an objective that classifies data. "target": a loss to be reached. "minima": a landscape whose minima are
        known. "test": a network whose data have test samples. "test classes": one that classifies them, too. "sharpness":
        products of the Hessian, which are computed after the runs.
    reads_ends
        Whether it is computed from the first and the last parameters, which a kernel then writes.
    dtype
        A NumPy type code, or "" for the type that the map computes in.
    over_starts
        How several starts of one cell become one number.
    kind
        How it is drawn: "values" on one scale; "outcomes" or "minima", one colour each; "ranks", negative where a run
        converged and positive where it diverged, each side coloured by rank.
    log
        Whether colours are logarithmic; None: if the values are positive and span a factor of 20.
    blank
        Whether the cells of failed runs are drawn as cells without a value. Cells whose value is not finite always are.
    lost_word
        The legend's word for cells without a value.
    shown
        From values and the number of steps to the values that are drawn: NaN for cells without a value.
    better
        Which values are better, if one direction is.
    """

    name: str
    label: str
    meaning: str
    rule: Callable[[Statistics], Shaped[Floats, "*runs"]]
    needs: Literal["", "classes", "target", "minima", "test", "test classes", "sharpness"] = ""
    dtype: str = ""
    over_starts: Literal["median", "mean", "mode"] = "median"
    kind: Literal["values", "outcomes", "minima", "ranks"] = "values"
    log: bool | None = None
    blank: bool = False
    lost_word: str = "diverged"
    shown: Callable[[Shaped[Floats, "*shape"], int], Shaped[Floats, "*shape"]] = _as_they_are
    better: Literal["low", "high"] | None = None
    reads_ends: bool = False

    @property
    def reads_test(self) -> bool:
        """Whether it is computed from the loss on test samples."""
        return self.needs.startswith("test")

    @property
    def reads_sharpness(self) -> bool:
        """Whether it is computed from eigenvalues of the Hessian."""
        return self.needs == "sharpness"

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A measure of fallline is pickled by its name, so that it arrives as the record itself."""
        return (_built_in, (self.name,)) if MEASURES.get(self.name) is self else super().__reduce_ex__(protocol)


@dataclass(frozen=True)
class RequestedMeasure:
    """A measure as one asks for it: "steps_to=0.5" has a target."""

    measure: Measure
    target: float | None = None

    @property
    def name(self) -> str:
        return self.measure.name

    @property
    def label(self) -> str:
        """The name in pictures.

        >>> measure("steps_to=40").label, measure("best_loss").label
        ('steps to loss 40', 'lowest loss on the way')
        """
        return self.measure.label if self.target is None else f"{self.measure.label} {self.target:g}"

    def __str__(self) -> str:
        return self.name if self.target is None else f"{self.name}={self.target:g}"


def _final_loss(s: Statistics) -> Shaped[Floats, "*runs"]:
    return np.where(np.isfinite(s.last), s.last, np.inf)


def _gradient_norm(s: Statistics) -> Shaped[Floats, "*runs"]:
    return np.where(np.isfinite(s.last) & np.isfinite(s.last_gradient), s.last_gradient, np.inf)


def _distance(s: Statistics) -> Shaped[Floats, "*runs"]:
    assert s.distance is not None  # as `reads_ends` requests
    return s.distance


def _minimum(s: Statistics) -> Shaped[Floats, "*runs"]:
    assert s.minimum is not None  # as `reads_ends` requests
    return s.minimum


def _test_loss(s: Statistics) -> Shaped[Floats, "*runs"]:
    assert s.test_last is not None  # as `reads_test` requests
    return np.where(np.isfinite(s.last) & np.isfinite(s.test_last), s.test_last, np.inf)


def _gap(s: Statistics) -> Shaped[Floats, "*runs"]:
    assert s.test_last is not None  # as `reads_test` requests
    with np.errstate(invalid="ignore"):  # infinity minus infinity, which is left out
        return np.where(np.isfinite(s.last) & np.isfinite(s.test_last), s.test_last - s.last, np.nan)


def _test_accuracy(s: Statistics) -> Shaped[Floats, "*runs"]:
    assert s.test_right is not None  # as `reads_test` requests
    return np.where(np.isfinite(s.last), s.test_right, np.nan)


def _of_hessians(s: Statistics) -> Shaped[Floats, "*runs"]:
    """Raise: the engine computes these measures from Hessians after the runs."""
    raise TypeError("a sharpness is not read from statistics")


def _convergence(s: Statistics) -> Shaped[Floats, "*runs"]:
    """Sohl-Dickstein 2024: converged if the mean of the last 20 v is below 1."""
    return np.where(s.mean_last < 1, -s.relative_sum, s.inverse_sum)


MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure("final_loss", "final loss", "loss after the last step; infinite where it stopped being finite", _final_loss,
                blank=True, better="low"),
        Measure("best_loss", "lowest loss on the way", "lowest loss on the way", lambda s: s.lowest, blank=True, better="low"),
        Measure("steps_to", "steps to loss", "first step after which the loss is at most the target; -1 for never",
                lambda s: s.reached_at, "target", "<i4", log=False, lost_word="never reached", better="low",
                shown=lambda values, steps: np.where(values < 0, np.nan, values)),
        Measure("outcome", "outcome", "how the run ended: place in OUTCOMES", judge, "", "|u1", "mode", "outcomes"),
        Measure("diverged_at", "step of divergence", "first step whose loss is not finite or beyond the cap; -1 for never",
                lambda s: s.diverged_at, "", "<i4", log=False, better="high",
                shown=lambda values, steps: np.where(values < 0, steps + 1.0, values)),
        Measure("diverged", "share of diverged starts", "share of the cell's starts that diverged",
                lambda s: s.diverged_at >= 0, "", "<f8", "mean", log=False, better="low"),
        Measure("accuracy", "share of right answers", "share of samples whose class is right; NaN where the run diverged",
                lambda s: s.right, "classes", "", "mean", log=False, better="high"),
        Measure("distance", "distance travelled",
                "distance from the first to the last parameters; infinite where the loss stopped being finite",
                _distance, blank=True, reads_ends=True),
        Measure("minimum", "minimum reached",
                "place among the landscape's minima of the nearest one, if the run ended within 1 % of the window's diagonal "
                "of it; -1 for none",
                _minimum, "minima", "<i4", "mode", "minima", lost_word="at no minimum", reads_ends=True,
                shown=lambda values, steps: np.where(values < 0, np.nan, values)),
        Measure("gradient_norm", "last gradient norm", "norm of the gradient after the last step; infinite where it overflowed",
                _gradient_norm, blank=True, better="low"),
        Measure("test_loss", "test loss",
                "loss on the test samples after the last step, on the scale of the training samples; infinite where it overflowed",
                _test_loss, "test", blank=True, better="low"),
        Measure("generalization_gap", "generalization gap", "test loss minus final loss; NaN where the run diverged", _gap,
                "test", log=False),
        Measure("test_accuracy", "share of right answers in the test",
                "share of test samples whose class is right; NaN where the run diverged", _test_accuracy, "test classes", "",
                "mean", log=False, better="high"),
        Measure("sharpness", "sharpness", "largest eigenvalue of the Hessian after the last step; NaN where the run diverged",
                _of_hessians, "sharpness"),
        Measure("sharpness_times_rate", "sharpness times learning rate",
                "learning rate times the largest eigenvalue of the Hessian after the last step, divided by the optimizer's "
                "preconditioner if it has one; NaN where the run diverged",
                _of_hessians, "sharpness", log=False),
        Measure("largest_sharpness", "largest sharpness on the way",
                "largest eigenvalue of the Hessian at 17 evenly spaced steps from the first to the last; NaN where the run diverged",
                _of_hessians, "sharpness"),
        Measure("convergence", "convergence measure", "minus the sum of L/L0 if converged, the sum of L0/L if not",
                _convergence, kind="ranks"),
    )
}  # fmt: skip

FOLDED: dict[str, Measure] = {name: m for name, m in MEASURES.items() if not m.reads_sharpness}
"""The measures that are read from statistics: all but those of Hessians."""


def _built_in(name: str) -> Measure:
    return MEASURES[name]


def check_objective(measures: Iterable[Measure], objective: Objective) -> None:
    """Refuse measures that the objective does not have.

    Raises
    ------
    UsageError
        A measure needs classes, or known minima, and the objective has none.
    """
    for m in measures:
        lack = lacking(m, objective)
        if lack:
            raise UsageError(f"{m.name} needs {lack}.")


def lacking(m: Measure, objective: Objective) -> str:
    """What a measure needs and the objective does not have, as the rest of a sentence; "" for nothing."""
    if m.needs == "minima" and not (isinstance(objective, LandscapeObjective) and objective.landscape.minima):
        return f"a landscape whose minima are known; none are known of {objective.name}"
    if m.reads_test and not has_test_samples(objective):
        kept = (
            "none of the data is kept for it"
            if isinstance(objective, NetworkObjective)
            else "a landscape has no samples"
        )
        return f"test samples; {kept}"
    if "classes" not in m.needs:
        return ""
    if not isinstance(objective, NetworkObjective):
        return f"a network that classifies data; {objective.name} is a landscape"
    if objective.network.loss.targets == "values":
        return f"classes or labels; {objective.network.loss.name} has values as targets"
    return ""


def measure(text: str | RequestedMeasure) -> RequestedMeasure:
    """A measure from its text.

    >>> str(measure("steps_to=40")), str(measure("final-loss"))
    ('steps_to=40', 'final_loss')
    >>> measure("steps_to")
    Traceback (most recent call last):
    fallline.errors.SettingError: the measure steps_to needs the loss to be reached: write steps_to=40.
    """
    if isinstance(text, RequestedMeasure):
        return text
    name, equals, rest = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if name not in MEASURES:
        raise UnknownNameError("measure", name, MEASURES)
    if MEASURES[name].needs != "target":
        if equals:
            raise SettingError(f"the measure {name} takes no target; got {text!r}.")
        return RequestedMeasure(MEASURES[name])
    if not rest:
        raise SettingError(f"the measure {name} needs the loss to be reached: write {name}=40.")
    return RequestedMeasure(MEASURES[name], read_number(rest, f"the target of {name}"))


def names_of(wanted: Sequence[RequestedMeasure]) -> tuple[str, ...]:
    """The measures' names, each once."""
    names = tuple(w.name for w in wanted)
    if len(set(names)) != len(names):
        raise UsageError(f"each measure may be asked for once; got {', '.join(str(w) for w in wanted)}.")
    return names
