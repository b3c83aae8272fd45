"""A Zarr store: a directory that is written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fallline.errors import OutputError, UsageError
from fallline.files import refuse_existing, replacing

__all__ = ["writing_store"]


@contextmanager
def writing_store(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A place for a new store, which gets its name once the block has ended. No single rename can replace a directory: an
    old store goes once the new one is whole.

    Raises
    ------
    ExistsError
        `path` exists, without `overwrite`.
    OutputError
        It is a directory of something else.
    UsageError
        The extra `xarray` is missing.
    """
    refuse_existing(path, overwrite=overwrite)
    if path.is_dir() and not any((path / name).is_file() for name in ("zarr.json", ".zgroup")):
        raise OutputError(f"{path} is a directory of something else, and stays as it is: choose another name.")
    with tempfile.TemporaryDirectory(dir=path.parent if path.parent.is_dir() else None, prefix=".") as place:
        whole = Path(place) / path.name
        try:
            yield whole
        except ImportError as error:
            raise UsageError(f"Zarr needs the extra xarray: pip install 'fallline[xarray]' ({error}).") from None
        if path.is_dir():
            shutil.rmtree(path)
        with replacing(path, overwrite=overwrite) as temporary:
            whole.rename(temporary)
