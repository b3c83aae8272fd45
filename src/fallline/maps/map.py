"""A map: a whole plane of runs, one cell a run, over any two settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import OutputError, SettingError
from fallline.experiment.axes import Axis
from fallline.experiment.axis_settings import check_axis
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec, parse_size
from fallline.experiment.other_names import own_settings, understands_other_names
from fallline.maps.dataset import to_xarray
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.replay import replay
from fallline.maps.theory import theory_curve
from fallline.maps.values import MapValues
from fallline.measures.measure import Wanted
from fallline.plotting import draw
from fallline.problems import Data, Problem, objective_at
from fallline.runs.descent import Run
from fallline.runs.execution import Progress
from fallline.textbook.initial import Initial
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["Map", "compute_map", "load_map", "map"]


class Map(MapValues):
    """The values of a map, row 0 at the bottom (the lowest y), column 0 at the left (the lowest x).

    Attributes
    ----------
    spec
        The objective, method, axes and measures.
    known
        Which cells are computed, (rows, columns).
    path
        Its map file, or None.

    Examples
    --------
    >>> m = map("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=8, steps=50, learning_rate=1e-3)
    >>> m.values.shape, m.complete
    ((8, 8), True)
    >>> run = m.run_at(1.0, 1.0)
    >>> run.steps
    50
    """

    def run_at(self, x: float, y: float, start: int = 0) -> Run:
        """The run of the cell nearest to (x, y), with its whole path; `start` chooses one of its starts."""
        return replay(self.spec, self.x.place(x), self.y.place(y), start)

    def zoom(
        self,
        x: tuple[float, float] | None = None,
        y: tuple[float, float] | None = None,
        *,
        size: int | str | tuple[int, int] | None = None,
        **options: Any,
    ) -> Map:
        """Compute the same map over a smaller or larger rectangle. Options as for `map`."""
        columns, rows = (None, None) if size is None else parse_size(size)
        across = self.x.between(*(x or (self.x.low, self.x.high)), columns)
        up = self.y.between(*(y or (self.y.low, self.y.high)), rows)
        for axis in (across, up):
            check_axis(axis, self.spec.objective, self.spec.method.optimizer, self.spec.method.schedule)
        return compute_map(self.spec.over(across, up), **options)

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` with a variable for each measure over the two axes. Needs the extra `xarray`."""
        return to_xarray(self)

    def plot(self, measure: str | None = None, **options: Any) -> Any:
        """The map as a picture; see `fallline.views.map_picture`."""
        return draw("map", self, measure=measure, **options)

    def theory(self) -> dict[str, NDArray[np.float64]]:
        """Learning rates of the stability bound along the other axis; see `fallline.maps.theory`."""
        return theory_curve(self)


@understands_other_names
def map(
    objective: Problem,
    data: Data | None = None,
    *,
    x: str | Axis,
    y: str | Axis,
    size: int | str | tuple[int, int] = 512,
    optimizer: str | Optimizer = "gradient_descent",
    steps: int = 100,
    measures: str | Wanted | Sequence[str | Wanted] = "final_loss",
    schedule: str | Schedule | Mapping[str, Any] = "constant",
    start: Any = None,
    initial: str | Initial = "normal",
    l2: float | None = None,
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
        A landscape's name, a function of coordinates, a network, or an objective.
    data
        The data of a network, as for `descend`.
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
        Called with the number of finished cells and the number of all cells.

    Examples
    --------
    >>> m = map("quadratic", optimizer="momentum", steps=500,
    ...         x="learning_rate=0.1..0.3", y="momentum=0..0.9", size=(5, 3))
    >>> (m.values < 10).tolist()  # 2(1 + momentum)/L with L = 10: 0.2, 0.29, 0.38
    [[True, True, True, False, False], [True, True, True, True, False], [True, True, True, True, True]]
    """
    spec = map_spec(
        objective_at(objective, start, data, l2=l2), x=x, y=y, size=size, optimizer_=optimizer, steps=steps, measures=measures, schedule_=schedule,
        start=start, initial_=initial, seed=seed, starts=starts, batch=batch, dtype=dtype, **settings,
    )  # fmt: skip
    given = {*own_settings(settings, spec.method.optimizer.declared, "a map"), *(() if l2 is None else ("l2",))}
    for axis in (spec.x, spec.y):
        if axis.name in given:
            raise SettingError(f"{axis.name} must be left out where it is an axis of the map.")
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
