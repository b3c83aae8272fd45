"""A map: a whole plane of runs, one cell a run, over any two settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import OutputError, UnknownNameError, UsageError, visible
from fallline.experiment.axes import Axis
from fallline.experiment.axis_settings import check_axis
from fallline.experiment.map_spec import MapSpec, map_spec
from fallline.maps.file import MapFile
from fallline.maps.replay import replay
from fallline.maps.tiles import Tile, Values, layout
from fallline.maps.workers import computed
from fallline.measures.measure import Wanted
from fallline.measures.outcome import OUTCOMES, place
from fallline.problems import Objective
from fallline.runs.descent import Run
from fallline.runs.intervals import share as share_interval
from fallline.settings import SETTINGS
from fallline.textbook.initial import Initial
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["Map", "load_map", "map"]

Progress = Callable[[int, int], None]


class Map:
    """The values of a map, row 0 at the bottom (the lowest y), column 0 at the left (the lowest x).

    Attributes
    ----------
    spec
        What it is a map of.
    known
        Which cells are computed, (rows, columns).
    path
        The map file behind it, or None.

    Examples
    --------
    >>> m = map("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=8, steps=50, learning_rate=1e-3)
    >>> m.values.shape, m.complete
    ((8, 8), True)
    >>> run = m.run_at(1.0, 1.0)
    >>> run.steps
    50
    """

    def __init__(self, spec: MapSpec, path: Path | None = None) -> None:
        self.spec, self.path = spec, path
        self.known = np.zeros(spec.shape, dtype=bool)

    @cached_property
    def _values(self) -> dict[str, NDArray[Any]]:
        """The values of each measure. Made when the first is needed, so that a map without a tile takes no memory."""
        values = {}
        for wanted in self.spec.measures:
            dtype = self.spec.dtype_of(wanted)
            blank = np.nan if dtype.kind == "f" else -1 if dtype.kind == "i" else 255
            values[wanted.name] = np.full(self.spec.shape, blank, dtype)
        return values

    @property
    def x(self) -> Axis:
        """The axis from left to right."""
        return self.spec.x

    @property
    def y(self) -> Axis:
        """The axis from bottom to top."""
        return self.spec.y

    @property
    def axes(self) -> dict[str, NDArray[np.float64]]:
        """The values of both axes by name, x first."""
        return {self.x.name: self.x.values, self.y.name: self.y.values}

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of what it holds."""
        return self.spec.names

    @property
    def values(self) -> NDArray[Any]:
        """The values of the first measure, (rows, columns); `map[name]` has any other."""
        return self._values[self.spec.names[0]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.measures:
            raise UnknownNameError("measure of this map", name, self.measures)
        return self._values[name]

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        return bool(self.known.all())

    @property
    def sha256(self) -> str:
        """SHA-256 of all values: measure by measure, row by row from the bottom, little-endian."""
        if not self.complete:
            raise UsageError(
                f"a map that is not complete has no hash; {int(self.known.sum())} of {self.known.size} cells are known."
            )
        digest = hashlib.sha256()
        for values in self._values.values():
            digest.update(np.ascontiguousarray(values).data.cast("B"))
        return digest.hexdigest()

    def set(self, tile: Tile, values: Values) -> None:
        """Take the values of a tile."""
        i, j = tile.indices()
        for name, array in self._values.items():
            array[j, i] = values[name]
        self.known[j, i] = True

    def cell(self, x: float, y: float) -> dict[str, float]:
        """What the cell nearest to (x, y) holds: the axes' values there, then its measures."""
        i, j = self.x.place(x), self.y.place(y)
        found = {self.x.name: float(self.x.values[i]), self.y.name: float(self.y.values[j])}
        return found | {name: float(array[j, i]) for name, array in self._values.items()}

    def run_at(self, x: float, y: float, start: int = 0) -> Run:
        """The run of the cell nearest to (x, y), with its whole path; `start` chooses one of its starts."""
        return replay(self.spec, self.x.place(x), self.y.place(y), start)

    def share(self, outcome: str = "diverged") -> dict[str, NDArray[np.float64]]:
        """Share of runs with that outcome along the axis that is not the seed, with its 95 % interval (Wilson).

        Needs the measure "outcome" (or "diverged" for that one) and a seed axis.
        """
        if "seed" not in self.spec.axes:
            raise UsageError(f"a share along an axis needs a seed axis; this map has {self.x.name} and {self.y.name}.")
        if outcome == "diverged" and "diverged" in self.measures:
            hit = self["diverged"]
        elif outcome not in OUTCOMES:
            raise UnknownNameError("outcome", outcome, OUTCOMES)
        else:
            hit = self["outcome"] == place(outcome)
        other, along = (self.y, 1) if self.x.name == "seed" else (self.x, 0)
        n = hit.shape[along]
        counts = np.rint(hit.sum(axis=along) * self.spec.starts).astype(int)
        estimates = [share_interval(int(k), n * self.spec.starts) for k in counts]
        columns = np.array(estimates).T
        return {other.name: other.values, "share": columns[0], "low": columns[1], "high": columns[2]}

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The 95 % interval of the measure "diverged" for each cell, over its starts: low and high, (rows, columns).

        NaN where the cell is not known yet.
        """
        n = self.spec.starts
        counts, place = np.unique(np.rint(self["diverged"][self.known] * n), return_inverse=True)
        found = np.array([share_interval(int(k), n)[1:] for k in counts]).reshape(-1, 2)
        low, high = np.full(self.spec.shape, np.nan), np.full(self.spec.shape, np.nan)
        low[self.known], high[self.known] = found[place.ravel()].T
        return low, high

    def zoom(
        self,
        x: tuple[float, float] | None = None,
        y: tuple[float, float] | None = None,
        *,
        size: int | str | tuple[int, int] | None = None,
        **options: Any,
    ) -> Map:
        """The same map over a smaller or larger rectangle, computed anew: never blurred. Options as for `map`."""
        from fallline.experiment.map_spec import parse_size

        columns, rows = (None, None) if size is None else parse_size(size)
        across = self.x.between(*(x or (self.x.low, self.x.high)), columns)
        up = self.y.between(*(y or (self.y.low, self.y.high)), rows)
        for axis in (across, up):
            check_axis(axis, self.spec.objective, self.spec.optimizer, self.spec.schedule)
        return compute_map(self.spec.over(across, up), **options)

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` with a variable for each measure over the two axes. Needs the extra `xarray`."""
        from fallline.maps.export import to_xarray

        return to_xarray(self)

    def plot(self, measure: str | None = None, **options: Any) -> Any:
        """The map as a picture; see `fallline.maps.picture.picture`."""
        from fallline.maps.picture import picture

        return picture(self, measure, **options)

    def theory(self) -> dict[str, NDArray[np.float64]]:
        """Learning rates of the stability bound along the other axis; see `fallline.maps.theory`."""
        from fallline.maps.theory import theory_curve

        return theory_curve(self)

    def __repr__(self) -> str:
        s = self.spec
        done = "" if self.complete else f", {100 * self.known.mean():.0f} % known"
        if "outcome" in self.measures and self.complete:
            counts = np.bincount(self["outcome"].ravel(), minlength=len(OUTCOMES))
            done = "".join(f", {100 * n / s.cells:.3g} % {o}" for o, n in zip(OUTCOMES, counts, strict=True) if n)
        elif self.known.any() and self.values.dtype.kind == "f":
            finite = self.values[self.known & np.isfinite(self.values)]
            lost = 1 - finite.size / max(1, int(self.known.sum()))
            if finite.size:
                done += f", {s.names[0]} from {finite.min():.6g} to {finite.max():.6g}"
            if lost:
                done += f", {100 * lost:.3g} % not finite"
        return visible(
            f"Map({s.objective.name}, {s.optimizer.name}: {s.x} by {s.y}, {s.x.count} x {s.y.count} cells, "
            f"{s.steps} steps{done})"
        )


def map(
    objective: str | Landscape | Callable[..., Any] | Objective,
    *,
    x: str | Axis,
    y: str | Axis,
    size: int | str | tuple[int, int] = 512,
    optimizer: str | Optimizer = "gradient_descent",
    steps: int = 100,
    measures: str | Wanted | Sequence[str | Wanted] = "final_loss",
    schedule: str | Schedule | Mapping[str, Any] = "constant",
    start: ArrayLike | None = None,
    initial: str | Initial = "normal",
    seed: int = 0,
    starts: int = 1,
    batch: int | None = None,
    dtype: str = "float64",
    out: str | Path | None = None,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    **settings: Any,
) -> Map:
    """Train one run for each cell of a plane of two settings.

    Parameters
    ----------
    objective
        A landscape's name, a function of coordinates, or a network on data.
    x, y
        Axes such as "learning_rate=1e-5..1e-2:log", "momentum=0..0.99", "seed=0..999", "start.x=-2..2".
    size
        Cells, columns by rows: 512, "512x256" or (512, 256). An axis of whole numbers takes each of them.
    optimizer, schedule, steps, batch, dtype, **settings
        As for `descend`, the same for all cells.
    measures
        What is kept of each run, one or several of `fallline.measures.measure.MEASURES`: "final_loss", "outcome",
        "steps_to=0.5".
    start
        The first parameters of every cell. Ignored where a seed axis or `starts` asks for random ones.
    initial, seed, starts
        Distribution, key and number of random starts of each cell; over several, numbers are
        medians, "diverged" and "accuracy" means, "outcome" the most frequent.
    out
        A map file to write; an unfinished one is resumed.
    workers
        Worker processes; 0 for threads of this process.
    device
        "cpu", or "cuda" for a CUDA device, which gives the same values: compared at length on an NVIDIA H100. Some
        cells of each kernel are computed on the processor too, and DeviceError is raised where they differ.
    progress
        Called with (cells done, cells in all).

    Examples
    --------
    >>> m = map("quadratic", optimizer="momentum", steps=500,
    ...         x="learning_rate=0.1..0.3", y="momentum=0..0.9", size=(5, 3))
    >>> (m.values < 10).tolist()  # 2(1 + momentum)/L with L = 10: 0.2, 0.29, 0.38
    [[True, True, True, False, False], [True, True, True, True, False], [True, True, True, True, True]]
    """
    spec = map_spec(
        objective, x=x, y=y, size=size, optimizer_=optimizer, steps=steps, measures=measures, schedule_=schedule,
        start=start, initial_=initial, seed=seed, starts=starts, batch=batch, dtype=dtype, **settings,
    )  # fmt: skip
    return compute_map(spec, out=out, workers=workers, threads=threads, device=device, progress=progress)


def compute_map(
    spec: MapSpec,
    *,
    out: str | Path | None = None,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    tile_cells: int | None = None,
) -> Map:
    """The map of a spec, complete."""
    result = Map(spec, None if out is None else Path(out))
    for _ in growing(result, workers=workers, threads=threads, device=device, progress=progress, tile_cells=tile_cells):
        pass
    return result


def growing(
    result: Map,
    *,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    tile_cells: int | None = None,
    order: Callable[[list[Tile]], list[Tile]] | None = None,
) -> Generator[Tile, None, None]:
    """Fill a map tile by tile, coarse first, and yield each tile once its values are in the map and safe in its file.

    `order` rearranges the work; it cannot change a value.
    """
    spec, workers = result.spec, int(SETTINGS["workers"].check(workers))
    file = None if result.path is None else MapFile.create_or_resume(result.path, spec)
    try:
        if file is not None:
            for tile, values in file.tiles(spec):
                result.set(tile, values)
        # A file that was begun with other tiles is gone on with: a tile all of whose cells are known is not computed.
        done = int(result.known.sum())
        tiles = [t for t in layout(spec, tile_cells, device) if not (done and _all_known(result, t))]
        if progress is not None:
            progress(done, spec.cells)
        queue = order(tiles) if order else tiles
        for tile, values in computed(spec, queue, workers=workers, threads=threads, device=device):
            if file is not None:
                file.add(spec, tile, values)
            fresh = tile.cells if not done else int((~result.known[tile.indices()[::-1]]).sum())
            result.set(tile, values)
            done += fresh
            if progress is not None:
                progress(done, spec.cells)
            yield tile
        if file is not None and result.complete:
            file.note("sha256", result.sha256)
            kept = file.provenance()["sha256"]
            if kept != result.sha256:
                raise OutputError(
                    f"{result.path} is damaged: its values give {result.sha256}, but it was finished with {kept}."
                )
    finally:
        if file is not None:
            file.close()


def load_map(path: str | Path) -> Map:
    """The map in a file, complete or not; every tile is checked.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "bowl.fallmap"
    >>> m = map("quadratic", x="start.x=-1..1", y="start.y=-1..1", size=8, steps=5, out=path)
    >>> load_map(path).sha256 == m.sha256
    True
    """
    with MapFile.open(path) as file:
        result = Map(file.spec(), Path(path))
        for tile, values in file.tiles(result.spec):
            result.set(tile, values)
        kept = file.provenance().get("sha256")
        if kept is None and file.format == 1:
            file.check_places(result.spec, quick=True)
    if kept is not None and (not result.complete or kept != result.sha256):
        raise OutputError(f"{path} is damaged: its values are not those that it was finished with.")
    return result


def _all_known(result: Map, tile: Tile) -> bool:
    return bool(result.known[tile.indices()[::-1]].all())
