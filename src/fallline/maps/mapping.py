"""`map`: one run for each cell of a plane of two settings."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal

from fallline.experiment.axis_forms import AxisForm
from fallline.experiment.idle_arguments import refuse_idle
from fallline.experiment.map_spec import map_spec
from fallline.experiment.method import ScheduleLike
from fallline.experiment.other_names import understands_other_names
from fallline.maps.map import Map, compute_map
from fallline.maps.parts import Part
from fallline.measures.own import MeasureForms
from fallline.problems import Data, Problem, objective_at
from fallline.runs.progress import Progress
from fallline.textbook.initial import Initial
from fallline.textbook.optimizers import Optimizer

__all__ = ["map"]


@understands_other_names
def map(
    objective: Problem,
    data: Data | None = None,
    *,
    target: str | Sequence[str] | None = None,
    x: AxisForm,
    y: AxisForm | None = None,
    size: int | str | tuple[int, int] = 512,
    optimizer: str | Optimizer = "gradient_descent",
    steps: int | None = None,
    measures: MeasureForms = "final_loss",
    schedule: ScheduleLike = "constant",
    start: Any = None,
    initial: str | Initial | None = None,
    l2: float | None = None,
    seed: int | None = None,
    starts: int = 1,
    batch: int | None = None,
    replacement: bool = False,
    full_loss: bool = False,
    dtype: str = "float64",
    keep: Literal["values", "state"] = "values",
    out: str | Path | None = None,
    overwrite: bool = False,
    workers: int = 0,
    executor: Executor | None = None,
    client: Any = None,
    threads: int | None = None,
    device: str = "cpu",
    part: str | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Map:
    """Train one run for each cell of a plane of two settings.

    Parameters
    ----------
    objective
        A landscape's name, a function of coordinates, a network, or an objective.
    data
        The data of a network, as for `descend`.
    target
        The column to learn of a table. `data=(frame, "species")` says the same.
    x, y
        Axes. A range is text such as "momentum=0..0.99" or "learning_rate=1e-5..1e-2:log", or a tuple such as
        ("momentum", 0, 0.99) or ("learning_rate", 1e-5, 1e-2, "log"); values of your own are
        ("learning_rate", np.geomspace(1e-4, 1, 256)). Choices are ("optimizer", ["sgd", "momentum", "adam"]), and so for
        "schedule", "initial", "activation" and "loss"; ("width", [4, 8, 16]) and ("depth", [1, 2, 3]) are those of the
        hidden layers, and ("samples", [16, 64]) and ("label_noise", [0, 0.2]) change the data for the training. Each choice has
        a kernel of its own, and its cells are those of a map of that choice alone.
        Without y the map has one dimension.
    size
        Cells of ranges, columns by rows: 512, "512x256" or (512, 256). A range of whole numbers takes each of them.
    optimizer, schedule, steps, batch, replacement, full_loss, dtype, **settings
        As for `descend`, the same for all cells. What is an axis is left out. Where the optimizer is an axis, a setting
        goes to those that have it.
    measures
        What is kept of each run, one or several of `fallline.measures.measure.MEASURES`: "final_loss", "outcome",
        "steps_to=0.5"; or measures of your own, {"test accuracy": function}, where the function takes a `Run`, or is
        `fl.measure(function, over="ends")`, which is batched and fast. See `fallline.measure`.
    start
        The first parameters of every cell. By default a landscape's classical start, or random ones; with a seed axis or
        several `starts`, random ones.
    initial, seed, starts
        Distribution of a network's random starts, key and number of the random starts of each cell; over several, numbers are
        medians, "diverged" and "accuracy" means, "outcome" and "minimum" the most frequent. `seed` is the key of minibatches,
        too; with a seed axis, of them alone.
    keep
        "state" keeps the state of each run beside its measures, so that `extend` can go on from it: the parameters, the
        optimizer's state and 20 numbers more. 512 x 512 runs of a network of 26 parameters with Adam take 206 MB, in memory
        or in the file.
    out
        A map file to write; an unfinished one is resumed.
    overwrite
        Whether a file at `out` that holds another map is replaced. By default it is refused.
    workers, threads
        Worker processes, 0 for none; and threads of this process, or of each worker, by default one for each core.
    executor
        Where tiles are computed instead: anything with the interface of `concurrent.futures.Executor`, such as a pool of
        processes, or one for a batch system. Each task has `threads` threads, one by default. A process that computes other
        bits than this one is refused.
    client
        A Dask cluster where tiles are computed instead: a `dask.distributed.Client`, its address "tcp://HOST:PORT", or
        "local:4" for four new processes on this machine. Its workers and its scheduler may be killed, added and started
        anew. A worker that computes other bits than this process is turned away with a warning. Needs the extra `cluster`.
    device
        "cpu", or "cuda" for a CUDA device, which gives the same values: compared at length on an NVIDIA H100. Some
        cells of each kernel are computed on the processor too, and DeviceError is raised where they differ.
    part
        "3/64" computes the third of 64 parts alone, into the file `out`; "auto" is the part of a job array's task. The parts
        need not know of each other: `merge_maps` makes one map of their files.
    progress
        True for a bar; or a function of the number of finished cells and the number of all cells.

    Examples
    --------
    >>> m = map("quadratic", optimizer="momentum", steps=500,
    ...         x="learning_rate=0.1..0.3", y="momentum=0..0.9", size=(5, 3))
    >>> (m.values < 10).tolist()  # 2(1 + momentum)/L with L = 10: 0.2, 0.29, 0.38
    [[True, True, True, False, False], [True, True, True, True, False], [True, True, True, True, True]]
    >>> m = map("quadratic", steps=50, x=("learning_rate", [0.01, 0.1]), y=("optimizer", ["sgd", "momentum"]))
    >>> m.best()["optimizer"], m.run_at(0.1, "sgd").loss == m.values[0, 1].item()
    ('gradient_descent', True)
    """
    spec = map_spec(
        objective_at(objective, start, data, target=target, l2=l2), x=x, y=y, size=size, optimizer_=optimizer, steps=100 if steps is None else steps,
        measures=measures, schedule_=schedule, start=start, initial_="normal" if initial is None else initial,
        seed=0 if seed is None else seed, starts=starts, batch=batch, replacement=replacement, full_loss=full_loss,
        dtype=dtype, keep=keep, **settings,
    )  # fmt: skip
    refuse_idle(
        spec, settings=settings, schedule=schedule, l2=l2, steps=steps, batch=batch, start=start, initial=initial, seed=seed,
    )  # fmt: skip
    return compute_map(
        spec, out=out, overwrite=overwrite, workers=workers, executor=executor, client=client, threads=threads,
        device=device, progress=progress, part=None if part is None else Part.of(part),
    )  # fmt: skip
