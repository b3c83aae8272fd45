"""The names of runs, methods, objectives, losses, axes and measures in pictures and reports."""

from __future__ import annotations

from collections.abc import Sequence

from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.choices import FAMILIES, NUMBERS
from fallline.experiment.method import Method
from fallline.experiment.setting_names import layer_rate
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.runs.run import Run
from fallline.views.numerals import capitalized, listed, number

__all__ = [
    "axis_words",
    "ending",
    "loss_words",
    "method_parts",
    "minima_words",
    "objective_label",
    "objective_words",
    "run_labels",
    "shared",
    "span_words",
    "value_words",
]


def objective_words(objective: Objective) -> str:
    """The objective's name: "Rosenbrock", or "2-3-2-3 on three Gaussians"."""
    return capitalized(objective_label(objective))


def objective_label(objective: Objective) -> str:
    """The objective's name inside a sentence: "Rosenbrock", "three-hump camel", "2-3-2-3 on three Gaussians"."""
    return objective.landscape.label if isinstance(objective, LandscapeObjective) else objective.name


def minima_words(objective: Objective) -> tuple[str, ...]:
    """The known minima of a landscape, each by its coordinates; none of another objective.

    >>> from fallline.problems import objective
    >>> minima_words(objective("booth")), minima_words(objective("rosenbrock", 6))
    (('(1, 3)',), ('(1, 1, 1, …)',))
    """
    minima = objective.landscape.minima if isinstance(objective, LandscapeObjective) else ()
    shown = ([*map(number, point[:3]), "…"] if len(point) > 4 else map(number, point) for point in minima)
    return tuple(f"({', '.join(coordinates)})" for coordinates in shown)


def loss_words(objective: Objective) -> str:
    """The loss and its unit: "loss: sum of cross-entropy over 300 samples", "loss f(x, y)"."""
    if isinstance(objective, NetworkObjective):
        loss = objective.network.loss.label
        penalty = " and L2 penalty" if objective.network.l2 else ""
        reduction = "sum" if objective.network.reduction == "sum" else "mean"
        count = len(objective.data)
        return f"loss: {reduction} of {loss} over {count} sample{'s' if count != 1 else ''}{penalty}"
    names = objective.labels if objective.dimension <= 4 else (objective.labels[0], "…", objective.labels[-1])
    return f"loss f({', '.join(names)})" if isinstance(objective, LandscapeObjective) else "loss"


def axis_words(name: str) -> str:
    """The name of a map's axis.

    >>> axis_words("learning_rate.2"), axis_words("start.x"), axis_words("schedule.decay"), axis_words("initial")
    ('learning rate of layer 2', 'x of the start', 'schedule decay', 'initial weights')
    """
    head, _, part = name.partition(".")
    if name in NUMBERS:
        return NUMBERS[name].label
    words = FAMILIES[name].what if name in FAMILIES else head.replace("_", " ")
    if not part:
        return words
    if head == "start":
        return f"{part} of the start"
    return f"{words} of layer {part}" if head in ("learning_rate", "initial_offset") else f"{words} {part}"


def span_words(axis: Axis) -> str:
    """The name of an axis and the values on it: "learning rate (0.0001 to 1, logarithmic)", "optimizer (momentum, Adam)"."""
    if isinstance(axis, ChoiceAxis):
        return f"{axis_words(axis.name)} ({', '.join(axis.captions)})"
    scale = ", logarithmic" if axis.scale == "log" else ""
    return f"{axis_words(axis.name)} ({number(axis.low)} to {number(axis.high)}{scale})"


def value_words(axis: Axis, k: int) -> str:
    """The value of cell k: "0.01", "Adam"."""
    return axis.captions[k] if isinstance(axis, ChoiceAxis) else number(float(axis.values[k]))


def method_parts(method: Method, steps: int | None = None) -> dict[str, str]:
    """Texts by name: the optimizer, learning rate and momentum, other settings that are not defaults, the schedule."""
    parts = {"optimizer": method.optimizer.label}
    for name, value in method.settings.items():
        declared = method.optimizer.declared[name]
        if name in ("learning_rate", "momentum") or value != declared.default:
            parts[name] = f"{declared.label} {number(value, 5)}"
    for layer, value in method.learning_rates.items():
        parts[layer_rate(layer)] = f"learning rate of layer {layer} {number(value, 5)}"
    if method.schedule.name != "constant":
        parts["schedule"] = f"{method.schedule.label} schedule"
    if steps is not None:
        parts["steps"] = f"{steps} steps"
    return parts


def shared(runs: Sequence[Run]) -> str:
    """The texts that all runs have in common: "momentum, 180 steps"."""
    parts = [method_parts(run.method, run.steps) for run in runs]
    return ", ".join(text for name, text in parts[0].items() if all(p.get(name) == text for p in parts))


def run_labels(runs: Sequence[Run], names: Sequence[str] | None = None) -> list[str]:
    """A label for each run: its name if there are names, else the settings in which the runs differ."""
    if names is not None:
        return [str(name) for name in names]
    parts = [method_parts(run.method, run.steps) for run in runs]
    if len(runs) == 1:
        return [", ".join(text for name, text in parts[0].items() if name != "steps")]
    keys = list(dict.fromkeys(key for part in parts for key in part))
    differing = [key for key in keys if len({part.get(key) for part in parts}) > 1]
    texts = [", ".join(part[key] for key in differing if key in part) for part in parts]
    if len(set(texts)) == len(texts):
        return texts
    return [f"{text}{', ' if text else ''}run {k}" for k, text in enumerate(texts, start=1)]


def ending(run: Run) -> str:
    """How a run ended, in a few words: "loss 0.0735", "diverged at step 3"."""
    if run.outcome.failed:
        return f"{run.outcome.kind} at step {run.outcome.step}"
    extra = f", {run.outcome.kind}" if run.outcome.kind != "still descending" else ""
    return f"loss {number(run.loss)}{extra}"


def runs_sentence(runs: Sequence[Run], names: Sequence[str]) -> str:
    """The runs in a sentence, for alt texts: each run, or the number of runs with each outcome if there are many."""
    if len(runs) <= 8:
        return "; ".join(
            f"{name}: from {number(float(run.losses[0]))} to {ending(run)}"
            for name, run in zip(names, runs, strict=True)
        )
    kinds = [run.outcome.kind for run in runs]
    return f"{len(runs)} runs: " + listed([f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)])
