"""A single run: descend an objective step by step, and judge how it ended.

`trajectory` is the loop, for one run or many side by side; `descend` records all of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import UnknownNameError
from fallline.experiment.method import Method, beside_parameters, method
from fallline.experiment.minibatches import checked_batch, minibatches
from fallline.experiment.starts import classical_start, draw_starts
from fallline.limits import check_memory
from fallline.measures.outcome import Outcome
from fallline.measures.statistics import gradient_norm
from fallline.plotting import draw
from fallline.problems import Objective, as_vector, objective_at
from fallline.runs.explain import explain
from fallline.runs.penalised import penalised
from fallline.settings import SETTINGS
from fallline.shapes import Shaped
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["Run", "descend", "trajectory"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Run:
    """A run with its whole path, and how it ended.

    Attributes
    ----------
    objective, method, steps
        What was run.
    path
        Parameters before each step and after the last. NaN after a loss that is not finite.
    losses
        Loss at each of them.
    gradient_norms
        Euclidean norm of the gradient at each of them.
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
    path: Shaped[Floats, "steps+1 P"]
    losses: Shaped[Floats, " steps+1"]
    gradient_norms: Shaped[Floats, " steps+1"]
    outcome: Outcome

    @property
    def start(self) -> Shaped[Floats, " P"]:
        """Parameters before the first step."""
        return np.asarray(self.path[0])

    @property
    def end(self) -> Shaped[Floats, " P"]:
        """Parameters after the last step."""
        return np.asarray(self.path[-1])

    @property
    def loss(self) -> float:
        """Loss after the last step."""
        return float(self.losses[-1])

    @property
    def best_loss(self) -> float:
        """Lowest loss of the run."""
        return float(np.nanmin(self.losses))

    def steps_to(self, target: float) -> int | None:
        """The first step after which the loss is at most `target`; None if the loss stays above it."""
        reached = np.flatnonzero(self.losses <= target)
        return int(reached[0]) if len(reached) else None

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data, for JSON. Numbers that are not finite become None."""
        return {
            "objective": self.objective.name,
            "optimizer": self.method.optimizer.name,
            "settings": self.method.keywords,
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
        return draw("run", self, **options)

    def __repr__(self) -> str:
        return (
            f"Run({self.objective.name}: {self.method}; {self.steps} steps, "
            f"loss {self.losses[0]:.6g} to {self.loss:.6g}, {self.outcome.kind})"
        )


def trajectory(
    objective: Objective,
    method: Method,
    w: Shaped[Floats, "*runs P"],
    steps: int,
    *,
    rows: Shaped[NDArray[np.int64], "steps batch"] | None = None,
) -> Iterator[tuple[Shaped[Floats, "*runs P"], Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"]]]:
    """Parameters, loss and gradient before each step and after the last: steps + 1 triples.

    For runs side by side the method may have arrays of values. `rows` are the samples that each step sees; loss and
    gradient are then on the scale of all samples, while the step takes the gradient of its own samples alone.
    Overflow is an outcome, not an error: it shows as a loss that is not finite.
    """
    rate = method.learning_rate(objective)
    settings = {name: beside_parameters(value) for name, value in method.settings.items()}
    plan = {name: beside_parameters(value) for name, value in method.schedule_settings.items()}
    if "l2" in method.values:
        objective = penalised(objective, method.values["l2"])
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
            factor = method.schedule.factor(t, **plan)
            settings["learning_rate"] = rate if method.schedule.name == "constant" else rate * factor
            moved, state = method.optimizer.step(w, own, state, t, **settings)
            # A schedule's factor and a layer's own rate are float64; the parameters keep their type.
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
        The first parameters. By default a landscape's classical start, or a random start of this seed.
    steps
        Number of updates.
    schedule
        Name, record, or {"name": ..., setting: ...}.
    batch
        Samples in a minibatch, drawn by keyed shuffles. By default all samples. See `Run` for what is recorded.
    seed
        Key of random start and minibatches.
    dtype
        "float64" or "float32".
    progress
        Called with the number of finished steps and the number of all steps.

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
    rows = minibatches(target, checked_batch(batch, target), steps, seed)
    for k, (w, loss, gradient) in enumerate(trajectory(target, how, w0, steps, rows=rows)):
        path[k], losses[k], norms[k] = w, loss, gradient_norm(gradient)
        if progress is not None:
            progress(k, steps)
        if not np.isfinite(loss):
            break
    return Run(target, how, steps, path, losses, norms, explain(target, how, path, losses, norms, batch is not None))


def _start(objective: Objective, start: ArrayLike | None, seed: int) -> Shaped[Floats, " P"]:
    if start is not None:
        return as_vector(start, objective)
    own = classical_start(objective)
    return np.asarray(draw_starts(objective, 1, seed)[0]) if own is None else own


def _listed(values: Floats) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
