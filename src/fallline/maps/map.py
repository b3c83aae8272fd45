"""A map: a whole plane of runs, one cell a run, over any two settings."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError, shown
from fallline.experiment.axis_settings import check_axis
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import parse_size
from fallline.maps.dataset import to_xarray
from fallline.maps.earlier import earlier_of, longer, refuse_own_file
from fallline.maps.export import export
from fallline.maps.growing import growing
from fallline.maps.parts import Part
from fallline.maps.places import part_of_axis, place_on
from fallline.maps.replay import replay
from fallline.maps.table import to_pandas
from fallline.maps.theory import theory_curve
from fallline.maps.values import MapValues
from fallline.plotting import Plotted, draw
from fallline.runs.progress import Progress, showing
from fallline.runs.run import Run

__all__ = ["Map", "compute_map"]


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
    >>> import fallline as fl
    >>> m = fl.map("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=8, steps=50, learning_rate=1e-3)
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
        >>> import fallline as fl
        >>> m = fl.map("booth", x=("learning_rate", 0.01, 0.2), y=("momentum", 0, 0.9), size=9, steps=50, optimizer="momentum")
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
        self, *, workers: int = 0, executor: Executor | None = None, client: Any = None, threads: int | None = None,
        device: str = "cpu", progress: Progress = False,
    ) -> Map:  # fmt: skip
        """Compute the cells that are missing, and keep them in the map's file if it has one. The options are as for `map`.

        Examples
        --------
        >>> import tempfile, fallline as fl
        >>> path = Path(tempfile.mkdtemp()) / "bowl.fallmap"
        >>> _ = fl.map("quadratic", x=("start.x", -1, 1), size=8, steps=5, out=path)
        >>> fl.load_map(path).resume().complete
        True
        """
        if not self.complete:
            _grow(
                self, workers=workers, executor=executor, client=client, threads=threads, device=device, progress=progress,
            )  # fmt: skip
        return self

    def extend(
        self,
        steps: int,
        *,
        anew: bool = False,
        out: str | Path | None = None,
        overwrite: bool = False,
        workers: int = 0,
        executor: Executor | None = None,
        client: Any = None,
        threads: int | None = None,
        device: str = "cpu",
        progress: Progress = False,
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
        out, overwrite, workers, executor, client, threads, device, progress
            As for `map`. An interrupted extension is resumed by the same call with `out`.

        Raises
        ------
        UsageError
            The map kept no states, is not complete, or has steps as an axis.

        Examples
        --------
        >>> import fallline as fl
        >>> axes = {"x": ("learning_rate", 0.01, 0.1), "y": ("momentum", 0, 0.9), "size": 5, "optimizer": "momentum"}
        >>> m = fl.map("booth", steps=100, keep="state", **axes)
        >>> m.extend(50).sha256 == fl.map("booth", steps=150, **axes).sha256
        True
        """
        spec = longer(self.spec, steps)
        refuse_own_file(self, out)
        earlier = None if anew else earlier_of(self)
        return compute_map(
            spec, out=out, overwrite=overwrite, workers=workers, executor=executor, client=client, threads=threads,
            device=device, progress=progress, earlier=earlier,
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
        across, up = part_of_axis(self.x, x, columns), part_of_axis(self.y, y, rows)
        for axis in (across, up):
            if axis.exists:
                check_axis(axis, self.spec.objective, self.spec.method.optimizer, self.spec.method.schedule)
        return compute_map(self.spec.over(across, up), **options)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row for each cell: its values on the axes, then its measures.

        Outcomes are names. Cells that are not computed yet are left out. Needs pandas.

        Examples
        --------
        >>> import fallline as fl
        >>> m = fl.map("booth", x=("learning_rate", 0.01, 0.2), size=3, steps=9, measures=["final_loss", "outcome"])
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
            .svg, .pdf, .gif or .mp4 (`animate`), .html (`to_html`).
        overwrite
            Whether an existing file is replaced.
        format
            The ending to go by, if the path has another.

        Examples
        --------
        >>> import tempfile, fallline as fl
        >>> path = Path(tempfile.mkdtemp()) / "booth.fallmap"
        >>> m = fl.map("booth", x=("learning_rate", 0.01, 0.2), size=3, steps=9)
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

    def animate(self, out: str | Path, **options: Any) -> Path:
        """Write the losses step by step as a moving picture, .gif, or .mp4 where ffmpeg is installed; see
        `fallline.views.animate_map`.

        Examples
        --------
        >>> import tempfile, fallline as fl
        >>> m = fl.map("booth", x=("learning_rate", 0.01, 0.2), y=("start.x", -5, 5), size=8, steps=9)
        >>> m.animate(f"{tempfile.mkdtemp()}/map.gif", frames=3).name
        'map.gif'
        """
        path: Path = draw("map animation", self, out=out, **options)
        return path

    def to_html(self, path: str | Path | None = None, **options: Any) -> Any:
        """The map as a live page, which trains in the reader's browser with the same bits; see `fallline.live.map_page`.

        Examples
        --------
        >>> import fallline as fl
        >>> fl.map("booth", x="start.x=-2..2", y="start.y=-2..2", size=2, steps=3).to_html()[:15]
        '<!doctype html>'
        """
        return draw("map page", self, path=path, **options)

    def theory(self) -> dict[str, NDArray[np.float64]]:
        """Learning rates of the stability bound along the other axis; see `fallline.maps.theory`.

        >>> import fallline as fl
        >>> m = fl.map("booth", x="learning_rate=0.01..1:log", y="momentum=0..0.9", optimizer="momentum", size=4, steps=0)
        >>> m.theory()["end"].round(3).tolist()  # 2 (1 + momentum) / L, with the curvature L at the end
        [0.111, 0.144, 0.178, 0.211]
        """
        return theory_curve(self)


def compute_map(
    spec: MapSpec,
    *,
    out: str | Path | None = None,
    progress: Progress = False,
    part: Part | None = None,
    **options: Any,
) -> Map:
    """The map of a spec, complete, or a `part` of it. The options are those of `growing`."""
    if part is not None and out is None:
        raise UsageError(f"part {part} of a map needs a file, out=..., from which it is merged with the others.")
    result = Map(spec, None if out is None else Path(out))
    _grow(result, progress=progress, part=part, **options)
    return result


def _grow(result: Map, *, progress: Progress = False, **options: Any) -> None:
    with showing(progress, "map") as show:
        for _ in growing(result, progress=show, **options):
            pass
