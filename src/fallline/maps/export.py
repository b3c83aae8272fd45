"""A map as other programs want it: xarray, NetCDF, Zarr, CSV, a picture."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fallline.errors import OutputError, UnknownNameError, UsageError
from fallline.files import refuse_existing, replacing, write_csv
from fallline.maps.dataset import to_xarray
from fallline.maps.map import Map
from fallline.measures.outcome import OUTCOMES

__all__ = ["export"]

FORMATS = (".nc", ".zarr", ".csv", ".png", ".svg", ".pdf")


def export(m: Map, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a map as .nc, .zarr, .csv, .png, .svg or .pdf, by the ending of the path."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UnknownNameError("ending of the exported file", path.suffix, FORMATS)
    if path.suffix.lower() == ".zarr":
        _zarr(m, path, overwrite)
        return path
    with replacing(path, overwrite=overwrite) as temporary:
        _WRITERS.get(path.suffix.lower(), _picture)(m, temporary)
    return path


def _csv(m: Map, path: Path) -> None:
    """One row a cell: the two axes by name, then the measures. Unknown cells are left out."""
    low_high = m.interval() if "diverged" in m.measures and m.spec.starts > 1 else None
    header = [m.x.name, m.y.name, *m.measures, *(["diverged_low", "diverged_high"] if low_high else [])]
    x = m.x.values.tolist()
    with path.open("w", newline="", encoding="utf-8") as f:
        write_csv(f, [header])
        for j, y in enumerate(m.y.values.tolist()):
            columns = [_readable(name, m[name][j]) for name in m.measures]
            if low_high:
                columns += [a[j].tolist() for a in low_high]
            known = m.known[j]
            write_csv(f, ((x[i], y, *values) for i, values in enumerate(zip(*columns, strict=True)) if known[i]))


def _readable(name: str, row: Any) -> list[Any]:
    if name == "outcome":
        return [OUTCOMES[k] if k < len(OUTCOMES) else "" for k in row.tolist()]
    if row.dtype == np.float32:
        return [str(v) for v in row]  # the shortest text that reads back to the same float32
    return list(row.tolist())


def _netcdf(m: Map, path: Path) -> None:
    try:
        to_xarray(m).to_netcdf(path, engine="h5netcdf")
    except ImportError as error:
        raise UsageError(f"NetCDF needs the extra xarray: pip install 'fallline[xarray]' ({error}).") from None


def _zarr(m: Map, path: Path, overwrite: bool) -> None:
    """A Zarr store is a directory, which no single rename can replace: the old one goes once the new one is whole."""
    refuse_existing(path, overwrite=overwrite)
    if path.is_dir() and not any((path / name).is_file() for name in ("zarr.json", ".zgroup")):
        raise OutputError(f"{path} is a directory of something else, and stays as it is: choose another name.")
    with tempfile.TemporaryDirectory(dir=path.parent if path.parent.is_dir() else None, prefix=".") as place:
        whole = Path(place) / path.name
        try:
            to_xarray(m).to_zarr(whole, mode="w", consolidated=False)
            if path.is_dir():
                shutil.rmtree(path)
            with replacing(path, overwrite=overwrite) as temporary:
                whole.rename(temporary)
        except ImportError as error:
            raise UsageError(f"Zarr needs the extra xarray: pip install 'fallline[xarray]' ({error}).") from None


def _picture(m: Map, path: Path) -> None:
    m.plot().save(path, overwrite=True)


_WRITERS = {".csv": _csv, ".nc": _netcdf}
