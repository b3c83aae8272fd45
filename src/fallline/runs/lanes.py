"""Many runs at once: every lane of a vector is one run, from its start to its last step.

`train` is what maps, comparisons and searches stand on. Each run's result depends on its own settings and start alone,
to the last bit: not on the runs beside it, the number of threads, the vector's width or the instruction set.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import FalllineError, TraceError, UnknownNameError
from fallline.measures.outcome import half, window
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems import objective as as_objective
from fallline.readings.machine.kernel import Kernel
from fallline.readings.machine.layout import Measure, Plan, Slot
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs import devices
from fallline.runs.columns import MEASURES, results
from fallline.runs.kernels import kernel_of
from fallline.textbook.network import Network
from fallline.textbook.optimizers import Optimizer, optimizer
from fallline.textbook.schedules import Schedule, schedule

__all__ = ["DEVICES", "MEASURES", "check_subnormals", "train"]

Floats = NDArray[Any]

DEVICES = ("cpu", "cuda")
"""Where runs can be trained."""


def train(
    objective: str | Objective,
    optimizer_: str | Optimizer = "gradient_descent",
    *,
    steps: int,
    starts: ArrayLike,
    settings: Mapping[str, ArrayLike] | None = None,
    schedule_: str | Schedule = "constant",
    rows: NDArray[np.int64] | None = None,
    measures: Sequence[str] = ("final_loss",),
    target: ArrayLike = -np.inf,
    dtype: str = "float64",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    plan: Plan | None = None,
    device: str = "cpu",
    device_plan: DevicePlan | None = None,
) -> dict[str, Floats]:
    """Train many runs, one for each cell; the same cell gives the same bits however it is computed.

    Parameters
    ----------
    objective
        A landscape's name, or an objective.
    optimizer_, schedule_
        Names or records.
    starts
        First parameters, (P,) for all cells or (cells, P).
    settings
        For each setting a number or one for each cell, (cells,): the optimizer's, "learning_rate.1" for a layer's
        own learning rate, "l2", "schedule.decay" and so on for the schedule's. What is not given has its default.
    rows
        Samples that each step sees, (steps, batch), the same for all cells; all samples unless given. The loss after
        the last step is of all samples, those before are of the batch that the next step sees, on the scale of all
        samples.
    measures
        Any of `MEASURES`; "history", all losses (cells, steps + 1); "parameters", the last ones, (cells, P);
        "path", those of every step, (cells, steps + 1, P). From the first loss on that is not finite, a run's losses and
        last parameters are NaN; its path is NaN after the parameters that gave that loss.
    target
        The loss of "steps_to".
    dtype
        "float64" or "float32".
    threads
        Workers; one for each core unless given.
    progress
        Called with (cells done, cells).
    plan, device_plan
        How the code is laid out; chosen for the machine unless given. It reaches no bit of the result.
    device
        "cpu", or "cuda" for a CUDA device. Some of the first cells of each kernel are computed on the processor too,
        and a device whose bits differ is refused.

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
    >>> got = train("rosenbrock", "momentum", steps=180, starts=[0.86809884, -4.4326123],
    ...             settings={"learning_rate": [8e-5, 8e-5], "momentum": [0.9, 0.7]}, measures=["final_loss"])
    >>> got["final_loss"].round(6).tolist()
    [0.07319, 0.863147]
    """
    if device not in DEVICES:
        raise UnknownNameError("device", device, DEVICES)
    check_subnormals()  # threads take this switch from the thread that starts them
    what = as_objective(objective)
    record, decay = optimizer(optimizer_), schedule(schedule_)
    given = dict(settings or {})
    real = np.dtype(dtype)
    start_array = np.ascontiguousarray(np.asarray(starts), dtype=real)
    # asarray keeps a single number without axes, and so without stride; ascontiguousarray would give it one
    columns = {k: np.asarray(v, dtype=real, order="C") for k, v in given.items()}
    columns["target"] = np.asarray(target, dtype=real, order="C")
    for name, declared in record.declared.items():
        columns.setdefault(name, np.asarray(declared.default, dtype=real))
    for name, declared in decay.declared.items():
        default = steps if name == "steps" else declared.default
        columns.setdefault(f"schedule.{name}", np.asarray(default, dtype=real))
    if isinstance(what, NetworkObjective) and what.network.l2 and "l2" not in columns:
        columns["l2"] = np.asarray(what.network.l2, dtype=real)
    cells = max([1, *(len(c) for c in columns.values() if c.ndim), len(start_array) if start_array.ndim > 1 else 1])
    samples = (
        (len(what.data), *(() if rows is None else (rows.shape[1],))) if isinstance(what, NetworkObjective) else ()
    )
    arguments = (_page(what), record, decay, tuple(columns), "accuracy" in measures)
    bits, batches = 8 * real.itemsize, rows is not None
    kernel = kernel_of(*arguments, plan, bits, batches=batches, samples=samples)
    raw = np.empty((len(Measure), cells), dtype=real)
    history = np.full((cells, steps + 1), np.nan, dtype=real) if "history" in measures else None
    finals = np.full((cells, what.dimension), np.nan, dtype=real) if "parameters" in measures else None
    path = np.full((cells, steps + 1, what.dimension), np.nan, dtype=real) if "path" in measures else None
    outputs: dict[int, Floats | None] = {
        Slot.MEASURES: raw, Slot.HISTORY: history, Slot.FINALS: finals, Slot.PATH: path,
    }  # fmt: skip
    inputs: dict[int, Floats] = {Slot.STARTS: start_array}
    table = np.zeros(Slot.SETTINGS + 2 * len(kernel.settings), dtype=np.int64)
    packed = 0
    if isinstance(what, NetworkObjective):
        X, T = (np.ascontiguousarray(a, dtype=real) for a in (what.data.X, what.data.T))
        seen = len(X) if rows is None else rows.shape[1]
        factors = np.array([what.factor(seen), what.factor(len(X)), what.scale(seen), 1], dtype=real)
        inputs |= {Slot.X: X, Slot.T: T, Slot.FACTORS: factors}
        table[Slot.ROWS] = len(X)
        if rows is not None:
            inputs[Slot.ORDER], table[Slot.BATCH] = np.ascontiguousarray(rows, dtype=np.int64), rows.shape[1]
            packed = rows.shape[1] * (X.shape[1] + T.shape[1]) * real.itemsize
    table[Slot.START_STRIDE] = what.dimension if start_array.ndim > 1 else 0
    table[Slot.STEPS], table[Slot.CELLS] = steps, cells
    table[Slot.WINDOW], table[Slot.HALF] = window(steps), half(steps)
    for i, name in enumerate(kernel.settings):
        inputs[Slot.SETTINGS + 2 * i] = columns[name]
        table[Slot.SETTINGS + 2 * i + 1] = 1 if columns[name].ndim else 0
    for slot, array in (inputs | outputs).items():
        table[slot] = 0 if array is None else array.ctypes.data
    count = threads or os.cpu_count() or 1
    if device == "cuda":
        on_device = devices.kernel_of(*arguments, device_plan, bits, batches)
        devices.run(on_device, table, inputs, outputs, cells, progress)
        devices.prove(on_device, table, raw, lambda words, pieces: _run(kernel, words, pieces, packed, count, None))
    else:
        _run(kernel, table, _pieces(cells, kernel.plan.lanes, count), packed, count, progress)
    return results(raw, history, finals, path, measures, steps, what)


def check_subnormals() -> None:
    """Some libraries, once loaded, make their thread round the smallest numbers to 0: maps would lose bits silently.

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


def _page(objective: Objective) -> Network | LandscapeObjective:
    """What a kernel is compiled from: data are read when it runs."""
    if isinstance(objective, NetworkObjective):
        return objective.network
    if isinstance(objective, LandscapeObjective):
        return objective
    raise TraceError(f"{objective!r} has no page to trace; only landscapes and networks can run in lanes.")


def _pieces(cells: int, lanes: int, threads: int) -> list[tuple[int, int]]:
    """The cells in pieces, a few blocks of lanes each: what a thread takes at a time."""
    blocks = -(-cells // lanes)
    chunk = max(1, min(8, blocks // (threads * 8))) * lanes
    return [(a, min(a + chunk, cells)) for a in range(0, cells, chunk)]


def _run(
    kernel: Kernel, table: NDArray[np.int64], pieces: list[tuple[int, int]], packed: int, threads: int,
    progress: Callable[[int, int], None] | None,
) -> None:  # fmt: skip
    cells = sum(end - first for first, end in pieces)
    local = threading.local()

    def work(piece: tuple[int, int]) -> int:
        if not hasattr(local, "table"):
            local.memory = np.zeros(kernel.scratch + packed + 512, dtype=np.uint8)
            local.table = table.copy()
            local.table[Slot.SCRATCH] = local.memory.ctypes.data + -local.memory.ctypes.data % 256
        local.table[Slot.FIRST], local.table[Slot.END] = piece
        kernel.compiled.call(local.table.ctypes.data)
        return piece[1] - piece[0]

    done = 0
    if threads == 1 or len(pieces) == 1:
        for piece in pieces:
            done += work(piece)
            if progress is not None:
                progress(done, cells)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            for count in pool.map(work, pieces):
                done += count
                if progress is not None:
                    progress(done, cells)
        except BaseException:  # Ctrl-C among them: what has not begun is not begun any more
            pool.shutdown(wait=False, cancel_futures=True)
            raise
