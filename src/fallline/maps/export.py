"""A map as other programs want it: xarray, NetCDF, Zarr, CSV, a picture, a moving picture, a live page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.files import replacing, write_csv
from fallline.maps.cells import STATES
from fallline.maps.dataset import to_xarray
from fallline.maps.earlier import states_of
from fallline.maps.table import columns_of
from fallline.maps.tiles import layout
from fallline.maps.values import MapValues
from fallline.maps.writer import MapWriter
from fallline.maps.zarr_store import writing_store
from fallline.plotting import draw

__all__ = ["export"]

FORMATS = (".fallmap", ".nc", ".zarr", ".csv", ".png", ".svg", ".pdf", ".gif", ".mp4", ".html")


def export(m: MapValues, path: str | Path, *, overwrite: bool = False, ending: str | None = None) -> Path:
    """Write a map as a file of one of `FORMATS`, by `ending`, which is by default the path's."""
    path = Path(path)
    ending = (path.suffix if ending is None else ending).lower()
    if ending not in FORMATS:
        raise UnknownNameError("ending of the exported file", ending, FORMATS)
    if ending == ".zarr":
        _zarr(m, path, overwrite)
        return path
    with replacing(path, overwrite=overwrite) as temporary:
        _WRITERS.get(ending, _picture)(m, temporary)
    return path


def _csv(m: MapValues, path: Path) -> None:
    """One row a cell: the axes by name, then the measures. Unknown cells are left out."""
    columns = columns_of(m)
    with path.open("w", newline="", encoding="utf-8") as f:
        write_csv(f, [list(columns)])
        write_csv(f, zip(*(_readable(values) for values in columns.values()), strict=True))


def _readable(column: NDArray[Any]) -> list[Any]:
    """Numbers as text that reads back to the same."""
    if column.dtype == np.float32:
        return [str(v) for v in column]  # the shortest text that reads back to the same float32
    return list(column.tolist())


def _map_file(m: MapValues, path: Path) -> None:
    if not m.complete:
        raise UsageError(
            f"a map file is saved of a complete map; {np.count_nonzero(m.known)} of {m.known.size} cells are known. "
            "To keep tiles while they are computed, give `out`."
        )
    states = states_of(m) if m.spec.kept else None
    with MapWriter.create(path, m.spec) as file:
        for tile in layout(m.spec):
            i, j = tile.indices()
            values = {name: m.plane(name)[j, i] for name in m.measures}
            file.add(m.spec, tile, values if states is None else values | {STATES: states[j, i]})
        file.note("sha256", m.sha256)


def _netcdf(m: MapValues, path: Path) -> None:
    try:
        to_xarray(m).to_netcdf(path, engine="h5netcdf")
    except ImportError as error:
        raise UsageError(f"NetCDF needs the extra xarray: pip install 'fallline[xarray]' ({error}).") from None


def _zarr(m: MapValues, path: Path, overwrite: bool) -> None:
    with writing_store(path, overwrite=overwrite) as whole:
        to_xarray(m).to_zarr(whole, mode="w", consolidated=False)


def _picture(m: MapValues, path: Path) -> None:
    draw("map", m).save(path, overwrite=True)


def _animation(m: MapValues, path: Path) -> None:
    draw("map animation", m, out=path)


def _page(m: MapValues, path: Path) -> None:
    draw("map page", m, path=path, overwrite=True)


_WRITERS = {".html": _page, ".gif": _animation, ".mp4": _animation, ".csv": _csv, ".nc": _netcdf, ".fallmap": _map_file}
