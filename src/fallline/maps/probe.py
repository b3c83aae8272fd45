"""What a map will take on this machine: a short probe trains some of its cells, spread evenly over the plane.

How long a run takes depends on where it is: one that diverges ends early. So the cells of the probe stand in short rows, as
neighbours that are trained side by side do, at places of a sequence that fills the plane evenly from its first members on.
"""

from __future__ import annotations

import math
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.choices import CHOICES
from fallline.experiment.map_record import MapSpec
from fallline.limits import gigabytes
from fallline.maps.cells import at_cells
from fallline.maps.large import IN_MEMORY
from fallline.maps.rows import pack
from fallline.maps.tiles import tile_size
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.kernels import compiling
from fallline.runs.spent import NOTHING, Spent

__all__ = ["ROW", "Estimate", "Probe", "peak_memory", "probe", "probe_maps", "takes", "time_text"]

ROW = 16
"""Cells of the probe side by side."""

SECONDS = 4.0
"""Seconds of processor time that a probe takes, unless the whole map takes less."""

SHARE = 8
"""A probe trains at most one in so many cells of a map, but at least one row of cells."""

_STEPS = (0.7548776662466927, 0.5698402909980532)
"""Steps of the sequence of places: powers of the plastic number. Source: Roberts 2018, "The unreasonable effectiveness of quasirandom sequences"."""

FILE = 40_000
"""Bytes of a map file besides its values and arrays, about."""


@dataclass(frozen=True)
class Estimate:
    """What a computation will take.

    Attributes
    ----------
    cells, runs, steps
        The cells, the runs of them, and the updates of a run.
    operations
        Floating-point operations if no run ended early, roughly.
    seconds, processor_seconds
        Time on this machine, as busy as it is now; and that of the processor, of all threads together.
    memory
        Bytes of memory.
    file
        Bytes of the map files.
    probed
        The cells that were trained for the estimate.
    """

    cells: int
    runs: int
    steps: int
    operations: float
    seconds: float
    processor_seconds: float
    memory: int
    file: int
    probed: int

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain data, for JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        runs = f"{self.cells:,} cells" + (f" with {self.runs:,} runs" if self.runs != self.cells else "")
        return (
            f"{runs} of {self.steps:,} steps, at most {self.operations:.1e} floating-point operations: "
            f"{takes(Spent(self.seconds, self.processor_seconds), self.memory)}, {_size(self.file)} as a map file. "
            f"From {self.probed:,} cells, spread over the plane."
        )


@dataclass(frozen=True)
class Probe:
    """What some cells of a map took.

    Attributes
    ----------
    cells
        How many.
    first
        The time of the compiler, and of the first few cells.
    spent
        That of all other cells.
    packed
        Bytes of their values in a map file.
    """

    cells: int
    first: Spent
    spent: Spent
    packed: int


def probe(spec: MapSpec, *, seconds: float = SECONDS, execution: Execution = EVERY_CORE) -> Probe:
    """Train some cells of a map, for about so many seconds of processor time.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("booth", x="learning_rate=0.01..0.2", y="start.x=-1..1", size=64, steps=20)
    >>> probe(spec, seconds=0.01).cells >= 16
    True
    """
    block = _block(spec)
    each = block[0] * block[1]
    most = max(1, spec.cells // SHARE // each)
    some = max(1, min(tile_size(spec) // each, most))
    first, _ = _timed(spec, _places(spec, 0, 1, (block[0], 1)), execution)
    blocks, spent, packed, cells = 1, NOTHING, 0, 0
    while True:
        i, j = _places(spec, blocks, some, block)
        compiled = compiling()
        more, size = _timed(spec, (i, j), execution)
        compiled = compiling() - compiled  # of further choices: once for all their cells
        first += compiled
        spent += more - compiled
        packed += size
        blocks, cells = blocks + some, cells + len(i)
        if spent.processor_seconds >= seconds or blocks + some > most + 1:
            return Probe(cells, first, spent, packed)


def probe_maps(
    specs: Sequence[MapSpec],
    *,
    first: int = 0,
    in_file: bool = False,
    besides: Spent = NOTHING,
    seconds: float = SECONDS,
    execution: Execution = EVERY_CORE,
) -> Estimate:
    """Estimate what maps of the same kernel take together: the frames of a zoom, or one map.

    Parameters
    ----------
    specs
        The maps. Of many, six are probed.
    first
        Further cells that are trained before them, of the first map.
    in_file
        Whether values that take much memory stay in a file.
    besides
        The time that other work takes.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("booth", x="learning_rate=0.01..0.2", y="start.x=-1..1", size=64, steps=20)
    >>> found = probe_maps([spec], seconds=0.01)
    >>> found.cells, found.runs, found.steps
    (4096, 4096, 20)
    """
    chosen = sorted({round(k) for k in np.linspace(0, len(specs) - 1, min(len(specs), 6))})
    probes = [probe(specs[k], seconds=seconds / len(chosen), execution=execution) for k in chosen]
    cells = first + sum(spec.cells for spec in specs)
    spent = besides + probes[0].first
    for p in probes:
        spent += cells / p.cells / len(probes) * p.spent
    spec, values = specs[0], sum(s.memory for s in specs)
    arrays = sum(a.nbytes for a in spec.describe()[1].values())
    bytes_of_a_cell = float(np.mean([p.packed / p.cells for p in probes]))
    return Estimate(
        cells=cells, runs=cells * spec.starts, steps=spec.steps, operations=spec.work / spec.cells * cells,
        seconds=spent.seconds, processor_seconds=spent.processor_seconds, memory=peak_memory() + (min(IN_MEMORY, values) if in_file else values),
        file=round(len(specs) * (FILE + arrays) + cells * bytes_of_a_cell), probed=sum(p.cells for p in probes) + ROW,
    )  # fmt: skip


def _block(spec: MapSpec) -> tuple[int, int]:
    """Columns and rows of the cells that are trained together: a short row, or a part of a tile where the cells of a tile share their work.

    A seed's start is drawn once for all cells of a tile with that seed, and so is what a choice needs.
    """
    rows, columns = spec.shape
    if not {"seed", *CHOICES} & spec.axes.keys():
        return min(ROW, columns), 1
    side = 2 ** round(math.log2(tile_size(spec)) / 2)
    wide = min(side, columns)
    return wide, max(1, min(side, rows, spec.cells // SHARE // wide))


def _places(
    spec: MapSpec, first: int, count: int, block: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the cells of `count` blocks of so many columns and rows, from the block number `first` of the sequence on."""
    (rows, columns), (wide, high) = spec.shape, block
    k = np.arange(first, first + count)[:, None, None] + 0.5
    i = np.floor(k * _STEPS[0] % 1 * (columns - wide + 1)).astype(np.int64) + np.arange(wide)
    j = np.floor(k * _STEPS[1] % 1 * (rows - high + 1)).astype(np.int64) + np.arange(high)[:, None]
    i, j = np.broadcast_arrays(i, j)
    return i.ravel(), j.ravel()


def _timed(
    spec: MapSpec, cells: tuple[NDArray[np.int64], NDArray[np.int64]], execution: Execution
) -> tuple[Spent, int]:
    """The time that cells take, and the bytes of their values in a map file."""
    begin = Spent.now()
    values = at_cells(spec, *cells, execution)
    spent = Spent.now() - begin
    return spent, len(zlib.compress(pack(spec, values), 1))


def takes(spent: Spent, memory: int) -> str:
    """Time and memory in words, as every estimate says them.

    >>> takes(Spent(200.0, 300.0), 2**20)
    '3.3 minutes on this machine, as busy as it is now (5.0 minutes of processor time), 1 MB of memory'
    """
    seconds, processor = time_text(spent.seconds), time_text(spent.processor_seconds)
    return f"{seconds} on this machine, as busy as it is now ({processor} of processor time), {_size(memory)} of memory"


def peak_memory() -> int:
    """The most bytes that this process has taken so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most) if sys.platform == "darwin" else 1024 * int(most)


def time_text(seconds: float) -> str:
    """A time in words, to two digits.

    >>> time_text(3.14159), time_text(200)
    ('3.1 seconds', '3.3 minutes')
    """
    for unit, long in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * long:
            return f"{seconds / long:.1f} {unit}"
    return f"{seconds:.2g} seconds"


def _size(count: int) -> str:
    return gigabytes(count) if count >= 2**29 else f"{count / 2**20:.3g} MB"
