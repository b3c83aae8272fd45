"""Many runs at once: every lane of a vector is one run, from its start to its last step.

Maps, comparisons and searches are made of `train`. Each run's result depends on its own settings and start alone, to the
last bit: not on the runs beside it, the number of threads, the vector's width or the instruction set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import FalllineError, TraceError
from fallline.measures.measure import MEASURES, check_objective
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.runs import devices
from fallline.runs.checkpoints import Checkpoints, checkpoint_step, finished
from fallline.runs.columns import results
from fallline.runs.execution import EVERY_CORE, Execution, cores
from fallline.runs.held_out import on_test
from fallline.runs.kernels import kernel_of
from fallline.runs.packing import Arguments, Outputs, columns_of, pack
from fallline.runs.pieces import pieces, run
from fallline.runs.programs import Recipe
from fallline.runs.training import Training
from fallline.shapes import Shaped
from fallline.textbook.network import Network

__all__ = ["check_subnormals", "paused", "recipe_of", "samples_seen", "train"]

Floats = NDArray[Any]


def train(
    training: Training,
    measures: Sequence[str] = ("final_loss",),
    *,
    target: float | None = None,
    execution: Execution = EVERY_CORE,
    after: Checkpoints | None = None,
    keep: bool = False,
) -> dict[str, Shaped[Floats, "runs ..."]]:
    """Train many runs. The same run gives the same bits however it is computed.

    Parameters
    ----------
    measures
        Any of `fallline.measures.measure.FOLDED`; any of `Statistics`; "history", all losses (runs, steps + 1);
        "parameters", the last ones, (runs, P); "path", those of every step, (runs, steps + 1, P). From the first loss
        on that is not finite, the losses in "history" and the last parameters are NaN; its path is NaN after the
        parameters that gave that loss.
    target
        The loss of "steps_to".
    after
        Checkpoints of the same runs, of this or another length, from which they go on.
    keep
        Whether the result has "checkpoints" too: the values of `Checkpoints` before step `checkpoint_step(steps)`.

    Raises
    ------
    DeviceError
        There is no such device, it fails, or its bits differ.
    TraceError
        A user's page uses something that cannot be traced.
    FalllineError
        Another library has switched subnormal numbers off in this process.

    Examples
    --------
    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> how = method("momentum", learning_rate=8e-5).with_({"momentum": np.array([0.9, 0.7])})
    >>> training = Training(objective("rosenbrock"), how, 180, np.array([0.86809884, -4.4326123]))
    >>> train(training)["final_loss"].round(6).tolist()
    [0.07319, 0.863147]
    """
    columns = columns_of(training, target)
    compute, settings = _engine(training, columns, measures, execution)
    if keep:
        after = paused(
            training, checkpoint_step(training.steps), measures, target=target, execution=execution, after=after
        )
    wanted = [MEASURES[name] for name in measures if name in MEASURES]
    ends = any(m.reads_ends or m.reads_test for m in wanted)
    outputs = Outputs.of(training, [*measures, *(["parameters"] if ends else [])])
    compute(pack(training, columns, settings, outputs, after))
    kept = {"checkpoints": after.values} if keep and after is not None else {}
    tested = None
    if outputs.finals is not None and any(m.reads_test for m in wanted):
        quiet = replace(execution, plan=None, progress=None)
        tested = on_test(partial(train, execution=quiet), training, outputs.finals)
    return results(outputs, measures, training, tested) | kept


def paused(
    training: Training,
    step: int,
    measures: Sequence[str] = ("final_loss",),
    *,
    target: float | None = None,
    execution: Execution = EVERY_CORE,
    after: Checkpoints | None = None,
    history: Shaped[Floats, "runs steps+1"] | None = None,
) -> Checkpoints:
    """Train runs up to a step, which must not be later than `checkpoint_step` of their length; they can go on from there.

    The losses of the steps that were trained are written into `history`.
    """
    columns = columns_of(training, target)
    compute, settings = _engine(training, columns, measures, execution)
    pause = Outputs.of_pause(training, history)
    compute(pack(training, columns, settings, pause, after, step))
    assert pause.checkpoints is not None
    return Checkpoints(step, finished(pause.checkpoints))


def _engine(
    training: Training, columns: Mapping[str, Floats], measures: Sequence[str], execution: Execution
) -> tuple[Callable[[Arguments], None], Sequence[str]]:
    """What computes these runs with their kernel, and the names of the kernel's settings."""
    check_subnormals()  # threads take this switch from the thread that starts them
    bits, batches = 8 * np.dtype(training.dtype).itemsize, training.rows is not None
    wanted = [MEASURES[name] for name in measures if name in MEASURES]
    check_objective(wanted, training.objective)
    recipe = recipe_of(training, columns, hits=any(m.needs == "classes" for m in wanted))
    kernel = kernel_of(
        recipe,
        execution.plan,
        bits,
        batches=batches,
        samples=samples_seen(training),
        steps=training.runs * training.steps,
    )
    threads = execution.threads or cores()

    def compute(arguments: Arguments) -> None:
        if execution.device == "cuda":
            on_device = devices.kernel_of(recipe, execution.device_plan, bits, batches)
            devices.run(on_device, arguments, execution.progress)
            devices.prove(on_device, arguments, lambda some, places: run(kernel, some, places, threads, None))
        else:
            run(kernel, arguments, pieces(training.runs, kernel.plan.lanes, threads), threads, execution.progress)

    return compute, kernel.settings


def check_subnormals() -> None:
    """Refuse a process in which some library makes threads round the smallest numbers to 0: maps would lose bits.

    >>> check_subnormals()
    """
    if (
        not (np.full(8, 5e-324) * np.ones(8)).all()
        or not (np.full(8, 1e-45, np.float32) * np.ones(8, np.float32)).all()
    ):
        raise FalllineError(
            "a library in this process has switched subnormal numbers off (it was built with -ffast-math), so results "
            "would differ from other machines. Import fallline first, or run maps in a process of their own."
        )


def recipe_of(training: Training, names: Iterable[str], *, hits: bool) -> Recipe:
    """What the kernel of these runs is made from.

    Parameters
    ----------
    names
        Names of the numbers that it reads for each run, those of `columns_of`.
    hits
        Whether it counts right answers.
    """
    how = training.method
    full = training.full_loss and training.rows is not None
    return Recipe(_page(training.objective), how.optimizer, how.schedule, tuple(names), hits, full_loss=full)


def _page(objective: Objective) -> Network | LandscapeObjective:
    """What a kernel is compiled from: data are read when it runs."""
    if isinstance(objective, NetworkObjective):
        return objective.network.with_(l2=0.0)  # a setting of each run: one kernel serves every strength of the penalty
    if isinstance(objective, LandscapeObjective):
        return objective
    raise TraceError(f"{objective!r} has no page to trace; only landscapes and networks can run in lanes.")


def samples_seen(training: Training) -> tuple[int, ...]:
    """The numbers of samples that a step may see: all, and those of a minibatch."""
    if not isinstance(training.objective, NetworkObjective):
        return ()
    data = training.objective.data
    # Of test samples only the loss is taken. They stand first, because the plan is made for the samples of a step.
    whole = (len(data),) if data.test is None else (len(data.test), len(data))
    return whole if training.rows is None else (*whole, training.rows.shape[1])
