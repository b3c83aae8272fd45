"""Runs on a CUDA device: the kernel's inputs go there, cells are trained in launches of about a second, measures come back.

A device is believed only as far as it was seen: the first cells of each kernel are computed on the processor too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fallline.devices.cuda import Cuda, Function, cuda
from fallline.errors import DeviceError
from fallline.readings.machine.layout import Measure, Slot
from fallline.readings.machine.program import Program
from fallline.readings.ptx import kernel as ptx
from fallline.readings.ptx.kernel import DeviceKernel, DevicePlan

__all__ = ["build", "compare", "run", "sample"]

LAUNCH_SECONDS = 1.0
"""A launch cannot be stopped, and the watchdog of a display ends it after a few seconds."""

_OF_THE_LIVING = [
    Measure.LARGEST_GRADIENT, Measure.LAST_GRADIENT, Measure.RISES, Measure.WINDOW_LOW, Measure.WINDOW_HIGH,
    Measure.WINDOW_FIRST, Measure.HITS,
]  # fmt: skip
"""Columns that nobody reads of a run that diverged: a run beside it in a vector decides how long they are folded."""

Arrays = Mapping[int, NDArray[np.generic]]

_seconds: dict[Function, float] = {}
"""Seconds for each cell, as last measured."""


def build(program: Program, plan: DevicePlan | None, bits: int, batches: bool) -> DeviceKernel:
    """The program's kernel for the device of this machine."""
    return ptx.build(program, plan or DevicePlan.best(program), bits, batches=batches, capability=cuda().capability)


def run(
    kernel: DeviceKernel, table: NDArray[np.int64], inputs: Arrays, outputs: Mapping[int, NDArray[np.generic] | None],
    cells: int, progress: Callable[[int, int], None] | None,
) -> None:  # fmt: skip
    """Train the cells 0..cells-1 of a kernel's table on the device, and fill `outputs`."""
    device = cuda()
    plan = kernel.plan
    shared = kernel.shared * (plan.block // plan.team)
    function = device.load(kernel.ptx, "run", plan.block, shared, plan.registers)
    words = table.copy()
    given = _rows_packed(inputs, plan)
    with device.memory() as memory:
        for word, array in given.items():
            words[word] = memory.upload(array)
        for word, wanted in outputs.items():
            if wanted is not None:
                words[word] = memory.room(wanted.nbytes) if word == Slot.MEASURES else memory.upload(wanted)
        done = 0
        for first, end in _launches(device, function, words, cells, plan.team):
            done += end - first
            if progress is not None:
                progress(done, cells)
        for word, wanted in outputs.items():
            if wanted is not None:
                memory.download(int(words[word]), wanted)


def _launches(
    device: Cuda, function: Function, words: NDArray[np.int64], cells: int, team: int
) -> Iterator[tuple[int, int]]:
    """Launch after launch, each of about a second; yields the cells that are done."""
    first, at_once = 0, max(1, function.at_once // team)
    while first < cells:
        wanted = LAUNCH_SECONDS / _seconds[function] if function in _seconds else 0
        rounds = max(1, round(wanted / at_once))
        end = min(cells, first + rounds * at_once)
        words[Slot.FIRST], words[Slot.END] = first, end
        begin = time.perf_counter()
        device.launch(function, (end - first) * team, words)
        if end - first >= at_once or function not in _seconds:
            _seconds[function] = (time.perf_counter() - begin) / (end - first)
        yield first, end
        first = end


def _rows_packed(inputs: Arrays, plan: DevicePlan) -> dict[int, NDArray[np.generic]]:
    """Inputs as the kernel reads them: behind the rows of the data those of each step's batch, once for all runs.

    For teams in blocks of `together` rows, sample beside sample; what is lacking in the last block is 0.
    """
    given = dict(inputs)
    if Slot.X not in given:
        return given
    order = given.pop(Slot.ORDER, None)
    for slot in (Slot.X, Slot.T):
        rows = given[slot]
        sets = [rows[None]] if order is None else [rows[None], rows[order]]
        if plan.team > 1:
            sets = [_blocks(s, plan.together) for s in sets]
        given[slot] = np.concatenate([s.reshape(-1) for s in sets])
    return given


def _blocks(sets: NDArray[np.generic], together: int) -> NDArray[np.generic]:
    """Sets of rows, (sets, rows, columns), as (sets, blocks, columns, together)."""
    count, rows, columns = sets.shape
    padded = np.zeros((count, -(-rows // together) * together, columns), dtype=sets.dtype)
    padded[:, :rows] = sets
    return np.ascontiguousarray(padded.reshape(count, -1, together, columns).swapaxes(2, 3))


def sample(cells: int, most: int = 16) -> list[tuple[int, int]]:
    """Up to `most` cells from the beginning, the middle and the end: those that the processor computes too."""
    starts = sorted({0, max(0, cells // 2 - most // 2), max(0, cells - most)})
    return [(a, min(a + most, b)) for a, b in zip(starts, [*starts[1:], cells], strict=True)]


def compare(got: NDArray[np.generic], expected: NDArray[np.generic], pieces: list[tuple[int, int]]) -> None:
    """Raise unless the measures of those cells are the same to the bit; all NaN are one."""
    for first, end in pieces:
        mine, its = expected[:, first:end], got[:, first:end]
        differ = (mine.view(f"u{mine.itemsize}") != its.view(f"u{its.itemsize}")) & ~(np.isnan(mine) & np.isnan(its))
        differ[np.ix_(_OF_THE_LIVING, mine[Measure.DIED_AT] >= 0)] = False
        if differ.any():
            measure, cell = (int(k[0]) for k in np.nonzero(differ))
            raise DeviceError(
                f"the device {cuda().name} does not give the processor's bits: {Measure(measure).name.lower()} of cell "
                f"{first + cell} is {its[measure, cell]!r} there and {mine[measure, cell]!r} here. Leave the device out, "
                "and please report this with the driver's version."
            )
