"""The cells of a kernel in pieces, which threads take one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fallline.readings.machine.kernel import Kernel
from fallline.readings.machine.layout import Slot
from fallline.runs.execution import Progress
from fallline.runs.packing import Arguments

__all__ = ["pieces", "run"]


def pieces(cells: int, lanes: int, threads: int) -> list[tuple[int, int]]:
    """The cells in pieces (first, end), a few blocks of lanes each: what a thread takes at a time."""
    blocks = -(-cells // lanes)
    chunk = max(1, min(8, blocks // (threads * 8))) * lanes
    return [(a, min(a + chunk, cells)) for a in range(0, cells, chunk)]


def run(
    kernel: Kernel, arguments: Arguments, pieces: list[tuple[int, int]], threads: int, progress: Progress | None
) -> None:
    """Train the cells of those pieces, and fill the outputs of the arguments."""
    cells = sum(end - first for first, end in pieces)
    local = threading.local()

    def work(piece: tuple[int, int]) -> int:
        if not hasattr(local, "table"):
            local.memory = np.zeros(kernel.scratch + arguments.batch_bytes + 512, dtype=np.uint8)
            local.table = arguments.table.copy()
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
        except BaseException:  # also Ctrl-C: drop the pieces that no thread has taken
            pool.shutdown(wait=False, cancel_futures=True)
            raise
