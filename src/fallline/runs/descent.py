"""A single run: descend an objective step by step, and say how it ended.

`trajectory` is the loop, for one run or many side by side; `descend` records all of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline import random
from fallline.errors import SettingError, UnknownNameError, shown
from fallline.limits import check_memory
from fallline.number_text import is_whole
from fallline.problems import LandscapeObjective, NetworkObjective, Objective, as_vector, objective_at
from fallline.runs.explain import explain
from fallline.runs.outcome import Outcome, gradient_norm
from fallline.runs.starts import draw_starts
from fallline.settings import SETTINGS, checked
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer, optimizer
from fallline.textbook.schedules import Schedule, schedule

__all__ = ["Method", "Run", "descend", "method", "schedule_and_settings", "trajectory"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class Method:
    """An optimizer with all its settings, and a schedule with its own.

    `learning_rates` holds a learning rate for single layers, {1: 0.1}; the others take `settings["learning_rate"]`.

    >>> method("adam", beta1=0.8).settings
    {'learning_rate': 0.01, 'beta1': 0.8, 'beta2': 0.999, 'epsilon': 1e-08}
    """

    optimizer: Optimizer
    settings: dict[str, float]
    schedule: Schedule
    schedule_settings: dict[str, float]
    learning_rates: dict[int, float]

    def __str__(self) -> str:
        shown = {
            k: v for k, v in self.settings.items() if k in ("learning_rate", "momentum") or v != SETTINGS[k].default
        }
        words = [self.optimizer.name.replace("_", " ")]
        words += [f"{k.replace('_', ' ')} {v:g}" for k, v in shown.items()]
        words += [f"learning rate of layer {k} {v:g}" for k, v in self.learning_rates.items()]
        if self.schedule.name != "constant":
            words.append(f"schedule {self.schedule.name.replace('_', ' ')}")
        return ", ".join(words)

    def learning_rate(self, objective: Objective) -> Floats | float:
        """The learning rate of each parameter: one number, or a vector where layers have their own."""
        if not self.learning_rates:
            return self.settings["learning_rate"]
        if not isinstance(objective, NetworkObjective):
            raise SettingError("learning_rate of a layer needs a network; a landscape has no layers.")
        depth = objective.network.depth
        for layer in self.learning_rates:
            if not 1 <= layer <= depth:
                raise SettingError(f"learning_rate.{layer} must name a layer from 1 to {depth} of {objective.name}.")
        return np.array(
            [self.learning_rates.get(layer, self.settings["learning_rate"]) for layer in objective.network.layer_of]
        )


def method(
    name: str | Optimizer = "gradient_descent",
    schedule_: str | Schedule | Mapping[str, Any] = "constant",
    steps: int = 100,
    **settings: Any,
) -> Method:
    """A method from names and settings; whatever is not given has its default.

    >>> print(method("momentum", learning_rate=8e-5, momentum=0.7))
    momentum, learning rate 8e-05, momentum 0.7
    """
    record = optimizer(name)
    per_layer = {k: settings.pop(k) for k in list(settings) if k.startswith("learning_rate.")}
    layers = {_layer(k): SETTINGS["learning_rate"].check(v) for k, v in per_layer.items()}
    plan, plan_settings = schedule_and_settings(schedule_, steps)
    return Method(record, checked(record.settings, settings, f"optimizer {record.name}"), plan, plan_settings, layers)


def schedule_and_settings(
    schedule_: str | Schedule | Mapping[str, Any], steps: int
) -> tuple[Schedule, dict[str, float]]:
    """A schedule and its settings from a name, or from {"name": ..., setting: ...}; its steps are the run's unless given.

    >>> schedule_and_settings({"name": "step_decay", "every": 5}, 100)
    (Schedule('step_decay'), {'decay': 0.9, 'every': 5})

    Raises
    ------
    SettingError
        A setting is out of range, or there is no name.
    """
    options: dict[str, Any] = dict(schedule_) if isinstance(schedule_, Mapping) else {"name": schedule_}
    if "name" not in options:
        raise SettingError(f'schedule must be a name or {{"name": ..., setting: ...}}; got {shown(schedule_)}.')
    plan = schedule(options.pop("name"))
    if "steps" in plan.settings:
        options.setdefault("steps", steps)
        if options["steps"] == 0 < steps:
            raise SettingError(f"steps of schedule {plan.name} must be a whole number at least 1; got 0.")
    return plan, checked(plan.settings, options, f"schedule {plan.name}")


@dataclass(frozen=True, eq=False)
class Run:
    """A run with its whole path, and how it ended.

    Attributes
    ----------
    objective, method, steps
        What was run.
    path
        Parameters before each step and after the last, (steps + 1, P). NaN after a loss that is not finite.
    losses
        Loss at each of them, (steps + 1,).
    gradient_norms
        Euclidean norm of the gradient at each of them, (steps + 1,).
    outcome
        How it ended, in one word and one sentence.

    Notes
    -----
    With minibatches, losses and norms are those of the batch that the next step sees, and the last are of all samples.
    All are on the scale of all samples: where the loss is a sum, that of a batch of b of n samples counts n/b times.

    Examples
    --------
    >>> run = descend("booth", learning_rate=0.05, steps=100)
    >>> run.end.round(3).tolist(), run.steps_to(1.0)
    ([1.0, 3.0], 17)
    """

    objective: Objective
    method: Method
    steps: int
    path: Floats
    losses: Floats
    gradient_norms: Floats
    outcome: Outcome

    @property
    def start(self) -> Floats:
        """Parameters before the first step."""
        return np.asarray(self.path[0])

    @property
    def end(self) -> Floats:
        """Parameters after the last step."""
        return np.asarray(self.path[-1])

    @property
    def loss(self) -> float:
        """Loss after the last step."""
        return float(self.losses[-1])

    @property
    def best_loss(self) -> float:
        """Lowest loss on the way."""
        return float(np.nanmin(self.losses))

    def steps_to(self, target: float) -> int | None:
        """The first step after which the loss is at most `target`; None if there is none."""
        reached = np.flatnonzero(self.losses <= target)
        return int(reached[0]) if len(reached) else None

    def to_dict(self) -> dict[str, Any]:
        """What machines read: settings, start, end, losses, outcome. Numbers that are not finite become None."""
        return {
            "objective": self.objective.name,
            "optimizer": self.method.optimizer.name,
            "settings": self.method.settings | {f"learning_rate.{k}": v for k, v in self.method.learning_rates.items()},
            "schedule": {"name": self.method.schedule.name} | self.method.schedule_settings,
            "steps": self.steps,
            "start": _listed(self.start),
            "end": _listed(self.end),
            "loss": _listed(self.losses[-1:])[0],
            "losses": _listed(self.losses),
            "gradient_norm": _listed(self.gradient_norms[-1:])[0],
            "outcome": self.outcome.kind,
            "sentence": self.outcome.sentence,
        }

    def plot(self, **options: Any) -> Any:
        """The run as a picture: path over contours for a landscape of two coordinates, loss curve otherwise."""
        from fallline.views import run_picture

        return run_picture(self, **options)

    def __repr__(self) -> str:
        return (
            f"Run({self.objective.name}: {self.method}; {self.steps} steps, "
            f"loss {self.losses[0]:.6g} to {self.loss:.6g}, {self.outcome.kind})"
        )


def trajectory(
    objective: Objective,
    method: Method,
    w: Floats,
    steps: int,
    *,
    learning_rate: Floats | float | None = None,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Parameters, loss and gradient before each step and after the last: steps + 1 triples.

    Leading batch axes of w are runs side by side. `rows`, (steps, batch), are the samples that each step sees; loss and
    gradient are then on the scale of all samples, while the step takes the gradient of its own samples alone.
    Overflow is an outcome, not an error: it shows as a loss that is not finite.
    """
    rate = method.learning_rate(objective) if learning_rate is None else learning_rate
    settings = dict(method.settings)
    with np.errstate(all="ignore"):
        state = method.optimizer.init(w, **settings)
        for t in range(1, steps + 2):
            if rows is None or t > steps:
                loss, gradient = objective.loss_and_gradient(w)
                own = gradient
            else:
                loss, gradient, own = objective.minibatch(w, rows[t - 1])
            yield w, loss, gradient
            if t > steps:
                return
            factor = method.schedule.factor(t, **method.schedule_settings)
            settings["learning_rate"] = rate if method.schedule.name == "constant" else rate * factor  # type: ignore[assignment]  # an array where layers have their own
            moved, state = method.optimizer.step(w, own, state, t, **settings)
            # A schedule's factor and a layer's own rate are float64; the parameters stay as wide as they were.
            w = np.asarray(moved, dtype=w.dtype)


def descend(
    objective: str | Landscape | Callable[..., Any] | Objective,
    optimizer: str | Optimizer = "gradient_descent",
    *,
    start: ArrayLike | None = None,
    steps: int = 100,
    schedule: str | Schedule | Mapping[str, Any] = "constant",
    batch: int | None = None,
    seed: int = 0,
    dtype: str = "float64",
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Run:
    """Descend an objective and record every step. Divergence is an outcome, never an exception.

    Parameters
    ----------
    objective
        A landscape's name, a `Landscape`, a function of coordinates, or a network on data.
    optimizer
        Name or record; its settings (learning_rate, momentum, ...) are further keyword arguments.
        `**{"learning_rate.2": 0.1}` sets the learning rate of layer 2 alone.
    start
        The first parameters; a landscape's classical start, or a random start of this seed, unless given.
    steps
        Number of updates.
    schedule
        Name, record, or {"name": ..., setting: ...}.
    batch
        Samples in a minibatch, drawn by keyed shuffles; all samples unless given. See `Run` for what is recorded.
    seed
        Key of random start and minibatches.
    dtype
        "float64" or "float32".
    progress
        Called with (steps done, steps in all).

    Examples
    --------
    >>> run = descend("rosenbrock", "momentum", start=(0.86809884, -4.4326123), learning_rate=8e-5, momentum=0.9, steps=180)
    >>> run.end.round(6).tolist()
    [1.270353, 1.614794]
    >>> run.outcome.kind
    'still descending'
    """  # fmt: skip
    target = objective_at(objective, start)
    steps, seed = int(SETTINGS["steps"].check(steps)), int(SETTINGS["seed"].check(seed))
    how = method(optimizer, schedule, steps, **settings)
    if dtype not in ("float32", "float64"):
        raise UnknownNameError("dtype", dtype, ("float32", "float64"))
    check_memory(8.0 * (steps + 1) * (target.dimension + 4), f"a run of {steps:,} steps", "Take fewer steps.")
    w0 = _start(target, start, seed).astype(dtype)
    path = np.full((steps + 1, target.dimension), np.nan, dtype=dtype)
    losses = np.full(steps + 1, np.nan)
    norms = np.full(steps + 1, np.nan)
    for k, (w, loss, gradient) in enumerate(trajectory(target, how, w0, steps, rows=_rows(target, batch, steps, seed))):
        path[k], losses[k], norms[k] = w, loss, gradient_norm(gradient)
        if progress is not None:
            progress(k, steps)
        if not np.isfinite(loss):
            break
    return Run(target, how, steps, path, losses, norms, explain(target, how, path, losses, norms, batch is not None))


def _start(objective: Objective, start: ArrayLike | None, seed: int) -> Floats:
    if start is not None:
        return as_vector(start, objective)
    if isinstance(objective, LandscapeObjective) and len(objective.landscape.start) == objective.dimension:
        return np.array(objective.landscape.start)
    return np.asarray(draw_starts(objective, 1, seed)[0])


def _rows(objective: Objective, batch: int | None, steps: int, seed: int) -> NDArray[np.int64] | None:
    if batch is None:
        return None
    if not isinstance(objective, NetworkObjective):
        raise SettingError(f"batch needs a network on data; {objective.name} has no samples.")
    batch, samples = int(SETTINGS["batch"].check(batch)), len(objective.data)
    if batch > samples:
        raise SettingError(f"batch must be at most the number of samples, {samples}; got {batch}.")
    check_memory(32.0 * steps * batch, f"{steps:,} minibatches of {batch} samples", "Take fewer steps.")
    return random.batches(seed, samples, batch, steps)


def _layer(name: str) -> int:
    text = name.removeprefix("learning_rate.")
    if not is_whole(text):
        raise SettingError(f"a layer's learning rate is written learning_rate.1, learning_rate.2, ...; got {name!r}.")
    return int(text)


def _listed(values: Floats) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
