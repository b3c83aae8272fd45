"""A map: a whole plane of runs, one cell a run, over any two settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError, shown
from fallline.experiment.axes import Axis
from fallline.experiment.axis_forms import AxisForm
from fallline.experiment.axis_settings import check_axis
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.idle_arguments import refuse_idle
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec, parse_size
from fallline.experiment.method import ScheduleLike
from fallline.experiment.other_names import understands_other_names
from fallline.maps.dataset import to_xarray
from fallline.maps.earlier import Earlier, earlier_of, longer, refuse_own_file
from fallline.maps.export import export
from fallline.maps.growing import growing
from fallline.maps.places import place_on
from fallline.maps.replay import replay
from fallline.maps.table import to_pandas
from fallline.maps.theory import theory_curve
from fallline.maps.values import MapValues
from fallline.measures.own import MeasureForms
from fallline.plotting import Plotted, draw
from fallline.problems import Data, Problem, objective_at
from fallline.runs.execution import Progress
from fallline.runs.run import Run
from fallline.textbook.initial import Initial
from fallline.textbook.optimizers import Optimizer

__all__ = ["Map", "compute_map", "map"]


class Map(MapValues, Plotted):
    """The values of a map, row 0 at the bottom (the lowest y), column 0 at the left (the lowest x).

    Attributes
    ----------
    spec
        The objective, method, axes and measures.
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
    >>> m.zoom(x=(0.5, 1.5), size=4).x.values.round(2).tolist()
    [0.5, 0.83, 1.17, 1.5]
    >>> dict(m.to_xarray().sizes)
    {'start.y': 8, 'start.x': 8}
    >>> import tempfile
    >>> m.to_csv(tempfile.mkdtemp() + "/map.csv").read_text().splitlines()[0]
    'start.x,start.y,final_loss'
    >>> m.plot(cmap="magma", limits=(0, 100)).alt[:24]
    'Map of final loss over x'
    """

    def run_at(
        self,
        x: float | str | Mapping[str, Any] | None = None,
        y: float | str | None = None,
        start: int = 0,
        **axes: float | str,
    ) -> Run:
        """The run of the cell nearest to (x, y), with its whole path.

        Parameters
        ----------
        x, y
            Values of the axes by place. x may be a cell, as `best` and `cell` return it.
        start
            Which of the cell's starts, from 0 on.
        **axes
            Values of the axes by name.

        Examples
        --------
        >>> m = map("booth", x=("learning_rate", 0.01, 0.2), y=("momentum", 0, 0.9), size=9, steps=50, optimizer="momentum")
        >>> m.run_at(learning_rate=0.05, momentum=0.9).loss == m.run_at(0.05, 0.9).loss
        True
        >>> m.run_at(m.best()).loss == m.best()["final_loss"]
        True
        """
        if isinstance(start, bool) or not isinstance(start, int | np.integer) or not 0 <= start < self.spec.starts:
            raise UsageError(
                f"start must be a whole number from 0 to {self.spec.starts - 1}, one of the cell's starts; got {shown(start)}."
            )
        return replay(self.spec, *place_on(self.spec, x, y, axes), int(start))

    def resume(
        self, *, workers: int = 0, threads: int | None = None, device: str = "cpu", progress: Progress | None = None
    ) -> Map:
        """Compute the cells that are missing, keep them in the map's file if it has one, and return the map.

        The options are as for `map`.

        Examples
        --------
        >>> import tempfile
        >>> import fallline as fl
        >>> path = Path(tempfile.mkdtemp()) / "bowl.fallmap"
        >>> _ = map("quadratic", x=("start.x", -1, 1), size=8, steps=5, out=path)
        >>> fl.load_map(path).resume().complete
        True
        """
        if not self.complete:
            _grow(self, workers=workers, threads=threads, device=device, progress=progress)
        return self

    def extend(
        self,
        steps: int,
        *,
        anew: bool = False,
        out: str | Path | None = None,
        overwrite: bool = False,
        workers: int = 0,
        threads: int | None = None,
        device: str = "cpu",
        progress: Progress | None = None,
    ) -> Map:
        """Return the map of so many more steps. Its runs go on from the states that this map kept (`keep="state"`).

        The result is the map of all steps at once, to the bit. The settings of the schedule stay as they are: `steps` of the
        schedule cosine is that of the first map, and its factor is 0 after it. About a quarter of the steps is repeated,
        because the outcome is judged by the last quarter.

        Parameters
        ----------
        steps
            Number of further updates of each run.
        anew
            Whether all steps are trained again, which a map without states needs.
        out, overwrite, workers, threads, device, progress
            As for `map`. An interrupted extension is resumed by the same call with `out`.

        Raises
        ------
        UsageError
            The map kept no states, is not complete, or has steps as an axis.

        Examples
        --------
        >>> axes = {"x": ("learning_rate", 0.01, 0.1), "y": ("momentum", 0, 0.9), "size": 5, "optimizer": "momentum"}
        >>> m = map("booth", steps=100, keep="state", **axes)
        >>> m.extend(50).sha256 == map("booth", steps=150, **axes).sha256
        True
        """
        spec = longer(self.spec, steps)
        refuse_own_file(self, out)
        earlier = None if anew else earlier_of(self)
        return compute_map(
            spec, out=out, overwrite=overwrite, workers=workers, threads=threads, device=device, progress=progress,
            earlier=earlier,
        )  # fmt: skip

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
        ranges = [
            axis for axis, part in ((self.x, x), (self.y, y)) if axis.exists and (part is not None or not axis.listed)
        ]
        if size is not None and not ranges:
            raise UsageError("size says how many values a range has; the values of this map's axes are listed.")
        if self.spec.one_dimensional and y is not None:
            raise UsageError(f"this map has one axis, {self.x.name}; got a range of a second one, {y}.")
        across, up = _part(self.x, x, columns), _part(self.y, y, rows)
        for axis in (across, up):
            if axis.exists:
                check_axis(axis, self.spec.objective, self.spec.method.optimizer, self.spec.method.schedule)
        return compute_map(self.spec.over(across, up), **options)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row for each cell: its values on the axes, then its measures.

        Outcomes are names. Cells that are not computed yet are left out. Needs pandas.

        Examples
        --------
        >>> m = map("booth", x=("learning_rate", 0.01, 0.2), size=3, steps=9, measures=["final_loss", "outcome"])
        >>> m.to_pandas().columns.tolist()
        ['learning_rate', 'final_loss', 'outcome']
        """
        return to_pandas(self)

    def to_csv(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the rows of `to_pandas` as CSV; floats read back to the same bits."""
        return self.save(Path(path), overwrite=overwrite, format=".csv")

    def save(self, path: str | Path, *, overwrite: bool = False, format: str | None = None) -> Path:
        """Write the map to a file and return its path.

        Parameters
        ----------
        path
            Its ending says what is written: .fallmap (a map file, which `load_map` opens), .csv, .nc, .zarr, .png,
            .svg or .pdf.
        overwrite
            Whether an existing file is replaced.
        format
            The ending to go by, if the path has another.

        Examples
        --------
        >>> import tempfile
        >>> import fallline as fl
        >>> path = Path(tempfile.mkdtemp()) / "booth.fallmap"
        >>> m = map("booth", x=("learning_rate", 0.01, 0.2), size=3, steps=9)
        >>> fl.load_map(m.save(path)).sha256 == m.sha256
        True
        """
        return export(self, path, overwrite=overwrite, ending=format)

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` with a variable for each measure over the two axes. Needs the extra `xarray`."""
        return to_xarray(self)

    def plot(self, measure: str | None = None, **options: Any) -> Any:
        """The map as a picture; see `fallline.views.map_picture`."""
        return draw("map", self, measure=measure, **options)

    def theory(self) -> dict[str, NDArray[np.float64]]:
        """Learning rates of the stability bound along the other axis; see `fallline.maps.theory`.

        >>> m = map("booth", x="learning_rate=0.01..1:log", y="momentum=0..0.9", optimizer="momentum", size=4, steps=0)
        >>> m.theory()["end"].round(3).tolist()  # 2 (1 + momentum) / L, with the curvature L at the end
        [0.111, 0.144, 0.178, 0.211]
        """
        return theory_curve(self)


@understands_other_names
def map(
    objective: Problem,
    data: Data | None = None,
    *,
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
    dtype: str = "float64",
    keep: Literal["values", "state"] = "values",
    out: str | Path | None = None,
    overwrite: bool = False,
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
        Axes. A range is text such as "momentum=0..0.99" or "learning_rate=1e-5..1e-2:log", or a tuple such as
        ("momentum", 0, 0.99) or ("learning_rate", 1e-5, 1e-2, "log"); values of your own are
        ("learning_rate", np.geomspace(1e-4, 1, 256)). Choices are ("optimizer", ["sgd", "momentum", "adam"]), and so for
        "schedule", "initial", "activation" and "loss"; ("width", [4, 8, 16]) and ("depth", [1, 2, 3]) are those of the
        hidden layers. Each choice has a kernel of its own, and its cells are those of a map of that choice alone.
        Without y the map has one dimension.
    size
        Cells of ranges, columns by rows: 512, "512x256" or (512, 256). A range of whole numbers takes each of them.
    optimizer, schedule, steps, batch, dtype, **settings
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
    >>> m = map("quadratic", steps=50, x=("learning_rate", [0.01, 0.1]), y=("optimizer", ["sgd", "momentum"]))
    >>> m.best()["optimizer"], m.run_at(0.1, "sgd").loss == m.values[0, 1].item()
    ('gradient_descent', True)
    """
    spec = map_spec(
        objective_at(objective, start, data, l2=l2), x=x, y=y, size=size, optimizer_=optimizer, steps=100 if steps is None else steps,
        measures=measures, schedule_=schedule, start=start, initial_="normal" if initial is None else initial,
        seed=0 if seed is None else seed, starts=starts, batch=batch, dtype=dtype, keep=keep, **settings,
    )  # fmt: skip
    refuse_idle(
        spec, settings=settings, schedule=schedule, l2=l2, steps=steps, batch=batch, start=start, initial=initial, seed=seed,
    )  # fmt: skip
    return compute_map(
        spec, out=out, overwrite=overwrite, workers=workers, threads=threads, device=device, progress=progress
    )


def compute_map(
    spec: MapSpec,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    tile_cells: int | None = None,
    earlier: Earlier | None = None,
) -> Map:
    """The map of a spec, complete. Its runs go on from the states of an `earlier` map, if there is one."""
    result = Map(spec, None if out is None else Path(out))
    _grow(
        result, overwrite=overwrite, workers=workers, threads=threads, device=device, progress=progress,
        tile_cells=tile_cells, earlier=earlier,
    )  # fmt: skip
    return result


def _grow(result: Map, **options: Any) -> None:
    for _ in growing(result, **options):
        pass


def _part(axis: Axis, ends: tuple[float, float] | None, count: int | None) -> Axis:
    """The axis over another range, or with another number of values. Listed values stay unless there is a range."""
    if ends is None and (count is None or axis.listed or isinstance(axis, ChoiceAxis)):
        return axis
    return axis.between(*(ends or (axis.low, axis.high)), count)
