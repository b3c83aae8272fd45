"""Runs on a CUDA device: inputs are copied to it, cells are trained in launches of about a second, measures are copied back.

Some cells of each kernel's first tile are computed on the processor too, and a device whose bits differ is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fallline.devices.cuda import Cuda, Function, cuda
from fallline.errors import DeviceError, DeviceMemoryError
from fallline.readings.machine.layout import OF_THE_LIVING, Measure, Slot
from fallline.readings.ptx import kernel as ptx
from fallline.readings.ptx.kernel import DeviceKernel
from fallline.readings.ptx.plan import WARP, DevicePlan
from fallline.runs.execution import Progress
from fallline.runs.packing import Arguments
from fallline.runs.programs import Recipe, program_of
from fallline.shapes import Shaped

__all__ = ["compare", "kernel_of", "prove", "run", "sample"]

LAUNCH_SECONDS = 1.0
"""A launch cannot be stopped, and the watchdog of a display ends it after a few seconds."""

Table = NDArray[np.int64]
Inputs = Mapping[int, NDArray[np.generic]]
OnProcessor = Callable[[Arguments, list[tuple[int, int]]], None]

_proven: set[DeviceKernel] = set()
"""Kernels that gave the processor's bits in this process."""

_seconds: dict[Function, float] = {}
"""Seconds for a cell, from the last launch."""


@lru_cache(maxsize=128)
def kernel_of(recipe: Recipe, plan: DevicePlan | None, bits: int, batches: bool) -> DeviceKernel:
    """The kernel of a recipe for the device of this machine, compiled once."""
    program = program_of(recipe)
    device = cuda()

    def built(plan: DevicePlan) -> DeviceKernel:
        return ptx.build(program, plan, bits, batches=batches, capability=device.capability)

    if plan is not None:
        return built(plan)
    kernel = built(DevicePlan.best(program, bits))
    return kernel if kernel.shared_by(WARP) <= device.shared_memory else built(DevicePlan.alone())


def run(kernel: DeviceKernel, arguments: Arguments, progress: Progress | None) -> None:
    """Train the cells of a kernel's arguments on the device, and fill the outputs.

    Cells that need more memory than the device has free are trained in halves, one after the other.
    """
    device, plan = cuda(), kernel.plan
    function = device.load(kernel.ptx, "run", plan.block, kernel.shared_by(plan.block), plan.registers)
    table, cells = arguments.table, arguments.cells
    inputs = _packed_rows(arguments.inputs, plan)
    parts = [(0, cells)]
    while parts:
        first, end = parts.pop()
        try:
            for done in _part(device, function, plan.team, table, inputs, arguments.outputs, first, end):
                if progress is not None:
                    progress(first + done, cells)
        except DeviceMemoryError as error:
            if end - first == 1:
                raise DeviceMemoryError(
                    f"the device {device.name} has too little free memory for a single run. Close other programs that use "
                    "it, or leave the device out."
                ) from error
            middle = (first + end) // 2
            parts += [(middle, end), (first, middle)]


def _part(
    device: Cuda, function: Function, team: int, table: Table, inputs: Inputs, outputs: Inputs, first: int, end: int
) -> Iterator[int]:
    """Train the cells first..end-1; yields how many of them are done."""
    words = table.copy()
    words[Slot.CELLS] = end - first
    wanted = {
        slot: array[:, first:end] if slot == Slot.MEASURES else array[first:end]
        for slot, array in outputs.items()
    }  # fmt: skip
    with device.memory() as memory:
        for slot, array in inputs.items():
            words[slot] = memory.upload(array[first:end] if _for_each_cell(slot, table) else array)
        for slot, array in wanted.items():
            # a kernel writes all measures of a run, but nothing else after its loss stopped being finite
            words[slot] = memory.room(array.nbytes) if slot == Slot.MEASURES else memory.upload(array)
        yield from _launches(device, function, words, end - first, team)
        for slot, array in wanted.items():
            whole = array if array.flags.c_contiguous else np.empty_like(array, order="C")
            memory.download(int(words[slot]), whole)
            if whole is not array:
                array[...] = whole


def _for_each_cell(slot: int, table: Table) -> bool:
    """Whether an input has a row for each cell."""
    if slot == Slot.STARTS:
        return bool(table[Slot.START_STRIDE])
    if slot == Slot.CHECKPOINT:
        return True
    return slot >= Slot.SETTINGS and bool(table[slot + 1])


def _launches(device: Cuda, function: Function, words: Table, cells: int, team: int) -> Iterator[int]:
    """Launch after launch, each of about a second; yields how many cells are done."""
    done, at_once = 0, max(1, function.at_once // team)
    while done < cells:
        wanted = LAUNCH_SECONDS / _seconds[function] if function in _seconds else 0
        count = min(cells - done, at_once * max(1, round(wanted / at_once)))
        words[Slot.FIRST], words[Slot.END] = done, done + count
        begin = time.perf_counter()
        device.launch(function, count * team, words)
        if count >= at_once or function not in _seconds:
            _seconds[function] = (time.perf_counter() - begin) / count
        done += count
        yield done


def _packed_rows(inputs: Inputs, plan: DevicePlan) -> Inputs:
    """The inputs with the data's rows as the kernel reads them: all rows, then those of each step's batch.

    For teams, rows come in blocks of `together`, sample beside sample, and zeros fill the last block.
    """
    packed = dict(inputs)
    if Slot.X not in packed:
        return packed
    order = packed.pop(Slot.ORDER, None)
    for slot in (Slot.X, Slot.T):
        rows = packed[slot]
        sets = [rows[None]] if order is None else [rows[None], rows[order]]
        if plan.team > 1:
            sets = [_blocks(s, plan.together) for s in sets]
        packed[slot] = np.concatenate([s.reshape(-1) for s in sets])
    return packed


def _blocks(sets: NDArray[np.generic], together: int) -> NDArray[np.generic]:
    """Sets of rows, (sets, rows, columns), as (sets, blocks, columns, together)."""
    count, rows, columns = sets.shape
    padded = np.zeros((count, -(-rows // together) * together, columns), dtype=sets.dtype)
    padded[:, :rows] = sets
    return np.ascontiguousarray(padded.reshape(count, -1, together, columns).swapaxes(2, 3))


def prove(kernel: DeviceKernel, arguments: Arguments, on_processor: OnProcessor) -> None:
    """Raise unless the processor computes the same measures for some cells; once for each kernel in a process.

    `on_processor` trains the cells of pieces (first, end).
    """
    if kernel in _proven:
        return
    measures = arguments.outputs[Slot.MEASURES]
    pieces = sample(arguments.cells)
    expected = np.full_like(measures, np.nan)
    on_processor(arguments.measuring(expected), pieces)
    compare(measures, expected, pieces)
    _proven.add(kernel)


def sample(cells: int, most: int = 16) -> list[tuple[int, int]]:
    """Pieces of up to `most` cells at the beginning, the middle and the end, which the processor computes too."""
    starts = sorted({0, max(0, cells // 2 - most // 2), max(0, cells - most)})
    return [(a, min(a + most, b)) for a, b in zip(starts, [*starts[1:], cells], strict=True)]


def compare(
    measures: Shaped[NDArray[np.generic], "columns runs"],
    expected: Shaped[NDArray[np.generic], "columns runs"],
    pieces: list[tuple[int, int]],
) -> None:
    """Raise unless the measures of those cells are the same to the bit. Any two NaN count as the same."""
    for first, end in pieces:
        mine, its = expected[:, first:end], measures[:, first:end]
        differ = (mine.view(f"u{mine.itemsize}") != its.view(f"u{its.itemsize}")) & ~(np.isnan(mine) & np.isnan(its))
        differ[np.ix_(OF_THE_LIVING, mine[Measure.DIED_AT] >= 0)] = False
        if differ.any():
            measure, cell = (int(k[0]) for k in np.nonzero(differ))
            raise DeviceError(
                f"the device {cuda().name} does not give the processor's bits: {Measure(measure).name.lower()} of cell "
                f"{first + cell} is {its[measure, cell]!r} there and {mine[measure, cell]!r} here. Leave the device out, "
                "and please report this with the driver's version."
            )
