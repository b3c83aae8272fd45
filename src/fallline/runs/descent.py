"""`descend`: one run, recorded step by step, and judged by how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.method import ScheduleLike, method, refuse_idle_rate
from fallline.experiment.minibatches import checked_batch, minibatches, refuse_without_batch
from fallline.experiment.other_names import own_settings, understands_other_names
from fallline.experiment.problem import problem_and_optimizer
from fallline.experiment.starts import classical_start, draw_starts, only_network, refuse_initial
from fallline.problems import Data, Objective, Problem, as_vector
from fallline.runs.progress import Progress
from fallline.runs.recording import Callback, Until, check_room, record
from fallline.runs.run import Run
from fallline.settings import SETTINGS, checked_dtype
from fallline.shapes import Shaped
from fallline.textbook.initial import Initial
from fallline.textbook.optimizers import Optimizer

__all__ = ["descend"]

Floats = NDArray[Any]


@understands_other_names
def descend(
    objective: Problem,
    data: Data | Optimizer | None = None,
    optimizer: str | Optimizer | None = None,
    *,
    target: str | Sequence[str] | None = None,
    start: Any = None,
    steps: int = 100,
    schedule: ScheduleLike = "constant",
    batch: int | None = None,
    replacement: bool = False,
    full_loss: bool = False,
    seed: int = 0,
    initial: str | Initial | None = None,
    l2: float | None = None,
    dtype: str = "float64",
    until: Until | None = None,
    callback: Callback | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Run:
    """Descend an objective and record every step. Divergence is an outcome, never an exception.

    Parameters
    ----------
    objective
        A landscape's name, a `Landscape`, a function of coordinates, a network, or an objective.
    data
        The data of a network: a `Dataset`, (X, y) as arrays or data frames, the name of a generated data set, or a table: a
        data frame or a file. Without a network, the optimizer may stand here.
    optimizer
        Name or record, by default gradient descent; its settings (learning_rate, momentum, ...) are further keyword
        arguments. `learning_rate={1: 0.1, 2: 0.01}` sets the learning rates of single layers. A learning rate may also be
        a schedule, a function of the step, or an array of one rate for each step.
    target
        The column to learn of a table. `data=(frame, "species")` says the same.
    start
        The first parameters: a vector; for a network also its layers, [(W1, b1), (W2, b2)] or {"W1": ..., "b1": ...}. By
        default a landscape's classical start, or a random start of this seed. A descent from `run.end` begins with a new
        state of the optimizer; `run.extend(500)` goes on with the run's own.
    steps
        Number of updates.
    schedule
        Name, record, {"name": ..., setting: ...}, or what `fallline.schedule` makes a schedule of: a function of the
        step, an array of factors, or a sequence of schedules.
    batch
        Samples in a minibatch. By default all samples. See `Run` for what is recorded.
    replacement
        Whether each sample of a minibatch is drawn from all samples; otherwise each epoch is a keyed shuffle.
    full_loss
        Whether losses are those of all samples, not of the minibatch of the next step. A step then takes longer.
    seed
        Key of random start and minibatches.
    initial
        Distribution of a network's random start.
    l2
        Strength of a network's L2 penalty, in place of its own.
    dtype
        "float64" or "float32".
    until
        A loss at which to stop, or a function of (step, loss, w) that returns whether to stop. It is asked before the
        first step, too. The stopped run is the same as one of so many steps. With minibatches, the loss is that of the
        batch that the next step sees.
    callback
        A function of (step, loss, w), called before each step and after the last. It may raise StopIteration to stop.
    progress
        True for a bar; or a function of the number of finished steps and the number of all steps.

    Examples
    --------
    >>> run = descend("rosenbrock", "momentum", start=(0.86809884, -4.4326123), learning_rate=8e-5, momentum=0.9, steps=180)
    >>> run.end.round(6).tolist()
    [1.270353, 1.614794]
    >>> run.outcome.kind
    'still descending'
    >>> descend("booth", learning_rate=[0.1] * 20 + [0.01] * 80, until=1e-3).steps
    56
    >>> from fallline.textbook.network import Network
    >>> net = Network.of("2-3-2", activation="tanh", reduction="mean")
    >>> descend(net, ([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "yes", "yes", "no"]), "adam", initial="he_normal", lr=0.1).steps
    100
    """  # fmt: skip
    if isinstance(start, Run):
        raise UsageError(
            "start must be numbers; got a run. run.extend(500) goes on with the optimizer's state; start=run.end begins anew "
            "from its last point."
        )
    problem, optimizer = problem_and_optimizer(objective, data, optimizer, start, l2, target)
    steps, seed = int(SETTINGS["steps"].check(steps)), int(SETTINGS["seed"].check(seed))
    how = method(optimizer, schedule, steps, **settings)
    refuse_idle_rate(own_settings(settings, how.optimizer.declared, f"optimizer {how.optimizer.name}"), problem)
    checked_dtype(dtype)
    check_room(problem, steps)
    w0 = _start(problem, start, seed, initial).astype(dtype)
    batch = checked_batch(batch, problem)
    refuse_without_batch(batch, replacement=replacement, full_loss=full_loss)
    recording = record(
        problem, how, w0, steps,
        rows=minibatches(problem, batch, steps, seed, replacement), full_loss=full_loss, until=until, callback=callback, progress=progress,
    )  # fmt: skip
    return Run.of(problem, how, recording, batch, seed, replacement=replacement, full_loss=full_loss)


def _start(objective: Objective, start: Any, seed: int, initial: str | Initial | None) -> Shaped[Floats, " P"]:
    distribution = only_network(initial, objective)
    refuse_initial(initial, start)
    if start is not None:
        return as_vector(start, objective)
    own = classical_start(objective)
    return np.asarray(draw_starts(objective, 1, seed, initial=distribution)[0]) if own is None else own
