"""A map that stays in its file, as a Zarr store: chunk by chunk, in memory that does not depend on its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from fallline.experiment.map_record import MapSpec
from fallline.maps.dataset import attributes_of, coordinates_of, dimensions_of, needing_xarray, variables_of
from fallline.maps.large import LargeMap
from fallline.maps.shares import intervals_of_shares
from fallline.maps.zarr_store import writing_store

__all__ = ["CHUNK", "write_large_zarr"]

CHUNK = 1024
"""Cells of a chunk along an axis: some megabytes for one measure, which suits stores of objects."""


def write_large_zarr(
    large: LargeMap, path: Path, *, overwrite: bool = False, progress: Callable[[int, int], None] = lambda done, total: None
) -> Path:  # fmt: skip
    """Write the map as a Zarr store with the variables, coordinates and attributes that `to_xarray` gives.

    Chunks without a known cell are not written; readers have the variable's fill value there.

    Parameters
    ----------
    large
        The map, which need not be complete.
    path
        The directory to make.
    overwrite
        Whether a Zarr store of that name is replaced.
    progress
        Called with the number of finished chunks, and of all.
    """
    xarray = needing_xarray()
    spec, dims = large.spec, dimensions_of(large.spec)
    with writing_store(path, overwrite=overwrite) as whole:
        import zarr

        skeleton = xarray.Dataset(coords=coordinates_of(spec), attrs=attributes_of(large))
        skeleton.to_zarr(whole, mode="w", consolidated=False)
        group = zarr.open_group(whole, mode="r+")
        shape = spec.shape[-len(dims) :]
        chunks = (CHUNK * CHUNK,) if len(dims) == 1 else (CHUNK, CHUNK)
        arrays = {
            v.name: group.create_array(
                v.name, shape=shape, dtype=v.dtype, chunks=tuple(map(min, chunks, shape)), fill_value=v.fill,
                dimension_names=dims, attributes={"long_name": v.meaning},
            )
            for v in variables_of(spec)
        }  # fmt: skip
        places = list(_chunks(spec, chunks))
        with large.regions() as regions:
            for done, (x0, x1, y0, y1) in enumerate(places, 1):
                values, known = regions.read(x0, x1, y0, y1)
                if known.any():
                    if "diverged_low" in arrays:
                        ends = intervals_of_shares(values["diverged"], known, spec.starts)
                        values["diverged_low"], values["diverged_high"] = ends
                    for name, array in arrays.items():
                        if len(dims) == 1:
                            array[x0:x1] = values[name][0]
                        else:
                            array[y0:y1, x0:x1] = values[name]
                progress(done, len(places))
    return path


def _chunks(spec: MapSpec, chunks: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """The columns and rows of each chunk, x0, x1, y0, y1 (ends excluded)."""
    rows, columns = spec.shape
    for y0 in range(0, rows, chunks[0]):
        for x0 in range(0, columns, chunks[-1]):
            yield x0, min(columns, x0 + chunks[-1]), y0, min(rows, y0 + chunks[0])
