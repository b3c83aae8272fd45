"""The map file, .fallmap: one SQLite database with the canonical spec, checksummed compressed tiles, and provenance.

A tile's checksum covers the spec, the tile's place and its values. In files of format 1 it covers the values alone; they
can be read and resumed, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from fallline.errors import FalllineError, UsageError
from fallline.experiment.description.plain_data import Arrays, named_arrays
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import rebuild_map_spec
from fallline.limits import MEMORY, gigabytes
from fallline.maps.cells import Values
from fallline.maps.database import Database, damaged, explained
from fallline.maps.provenance import NEEDED, other_arithmetic
from fallline.maps.recomputed import misplaced, recomputable
from fallline.maps.rows import (
    MOST_ARRAYS,
    RowError,
    array_from,
    longest_tile,
    tile_from,
)
from fallline.maps.tiles import Tile

__all__ = ["MapFile"]

_AT_ONCE = 32
"""Tiles that are read at a time."""

_MOST_LINES = 64
"""Lines of provenance, at most."""


MOST_NAMED = 7
"""Arrays that a description names, at most: a start, and inputs, targets and raw inputs for training and test."""


class MapFile:
    """A map file that is open for reading. Use `MapFile.open` and `close`, or a `with` block."""

    write = False

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with explained(self.path, write=self.write):
            self._base = Database(self.path, write=self.write)

    @classmethod
    def open(cls, path: str | Path) -> MapFile:
        """An existing file.

        Raises
        ------
        UsageError
            There is no such file, or it is not a map file.
        OutputError
            It is damaged.
        """
        path = Path(path)
        if not path.is_file():
            raise UsageError(f"{path} is not a file: give a map file, as `out=` of fallline.map writes it.")
        file = cls(path)
        if not file._base.version:
            file.close()
            raise UsageError(f"{path} holds no map yet: the process that made it ended before its first write.")
        return file

    @property
    def format(self) -> int:
        """The version of its format."""
        return self._base.version

    def description(self) -> dict[str, Any]:
        """The canonical description of the spec."""
        rows = self._read("select id, json, sha256 from spec", most=1)
        if len(rows) != 1:
            raise damaged(self.path, "it holds no spec")
        number, text, sha = rows[0]
        if number != 1 or not isinstance(text, str) or _sha_of_text(text) != sha:
            raise damaged(self.path, "its spec does not match its checksum")
        from fallline.experiment.description.spec_text import read_spec_text  # late: it loads pydantic

        try:
            return read_spec_text(text)
        except ValueError as error:
            raise damaged(self.path, str(error)) from None

    def arrays(self) -> Arrays:
        """The arrays that the description names."""
        arrays: Arrays = {}
        try:
            for row in self._read("select sha256, dtype, shape, data from arrays", most=MOST_NAMED):
                key, values = array_from(row, MOST_ARRAYS - sum(known.nbytes for known in arrays.values()))
                arrays[key] = values
        except RowError as error:
            raise damaged(self.path, str(error)) from None
        return arrays

    def spec(self, *, in_memory: bool = True) -> MapSpec:
        """The spec, built again. A map whose values must be `in_memory` may not be too large for that."""
        description, arrays = self.description(), self.arrays()
        if named_arrays(description) != arrays.keys():
            raise damaged(self.path, "its arrays are not those that its spec names")
        try:
            spec = rebuild_map_spec(description, arrays)
        except FalllineError as error:
            raise damaged(self.path, f"its spec describes no map ({str(error).rstrip('.')})") from None
        if in_memory and spec.memory > MEMORY:
            raise UsageError(
                f"{self.path} holds a map of {spec.size_text} cells, whose values take {gigabytes(spec.memory)}; at most "
                f"{MEMORY // 2**30} GB may be in memory. The commands fallline map info, merge and export leave them in the file."
            )
        return spec

    def provenance(self) -> dict[str, str]:
        """Which package, arithmetic and machine made it, and the final hash once it is complete."""
        rows = self._read("select key, value from provenance order by key", most=_MOST_LINES)
        lines = {k: v for k, v in rows if isinstance(k, str) and isinstance(v, str) and len(k) + len(v) < 1000}
        if len(lines) < len(rows) or not lines.keys() >= set(NEEDED):
            raise damaged(self.path, "it does not say what made it")
        return lines

    def keys(self) -> set[Tile]:
        """The tiles that it holds, unread."""
        return set(self.rows_of_tiles())

    def rows_of_tiles(self) -> dict[Tile, int]:
        """The tiles that it holds, unread, and where each is, for `tile_at`."""
        held: dict[Tile, int] = {}
        with explained(self.path, write=self.write):
            for row, *place in self._base.rows("select rowid, stride, coarser, x0, y0, x1, y1 from tiles"):
                if Tile(*place) in held or not all(type(n) is int for n in place):
                    raise damaged(self.path, "its list of tiles is wrong")
                held[Tile(*place)] = row
        return held

    def tile_at(self, row: int, tile: Tile, spec: MapSpec) -> Values:
        """The values of a tile, checked against its place in the map and its checksum."""
        sql = "select case when length(data) <= ? then data end, sha256 from tiles where rowid = ?"
        with explained(self.path, write=self.write):
            some = list(self._base.rows(sql, longest_tile(spec), row))
        if len(some) != 1:
            raise damaged(self.path, f"the tile of {tile} is missing")
        try:
            return tile_from(self.format, spec, tuple(tile), *some[0])[1]
        except RowError as error:
            raise damaged(self.path, str(error)) from None

    def tiles(self, spec: MapSpec) -> Iterator[tuple[Tile, Values]]:
        """All tiles with their values, each checked against its place in the map and its checksum."""
        seen: set[Tile] = set()
        for *place, data, sha in self._tile_rows(longest_tile(spec)):
            try:
                tile, values = tile_from(self.format, spec, tuple(place), data, sha)
            except RowError as error:
                raise damaged(self.path, str(error)) from None
            if tile in seen:
                raise damaged(self.path, f"it holds the tile of {tile} twice")
            seen.add(tile)
            yield tile, values

    def check_places(self, spec: MapSpec, *, quick: bool = False) -> bool:
        """Compute some cells of each tile again: the only check of the places of tiles of format 1.

        Returns whether it was done. It is not done where the arithmetic would give other bits, nor, with `quick`, where it
        may take long: a file from elsewhere may ask for any number of steps.
        """
        if other_arithmetic(self.provenance(), spec) or not recomputable(spec, len(self.keys()), quick=quick):
            return False
        tile = misplaced(spec, self.tiles(spec))
        if tile is not None:
            raise damaged(self.path, f"the tile of {tile} holds the values of other cells")
        return True

    def close(self) -> None:
        """Close it and let other processes write."""
        self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MapFile({str(self.path)!r})"

    def _read(self, sql: str, *, most: int) -> list[tuple[Any, ...]]:
        """The rows of a query. A file with more than `most` of them is damaged."""
        rows = []
        with explained(self.path, write=self.write):
            for row in self._base.rows(sql):
                rows.append(row)
                if len(rows) > most:
                    raise damaged(self.path, f"it holds more than {most} rows where a map file has no more")
        return rows

    def _tile_rows(self, longest: int) -> Iterator[tuple[Any, ...]]:
        """The rows of the tiles, read a few at a time so that a waiting writer gets its turn in between."""
        sql = (
            "select rowid, stride, coarser, x0, y0, x1, y1, case when length(data) <= ? then data end, sha256 from tiles "
            "where rowid > ? order by rowid limit ?"
        )
        last = -(2**63)
        while True:
            with explained(self.path, write=self.write):
                some = list(self._base.rows(sql, longest, last, _AT_ONCE))
            if not some:
                return
            yield from (row[1:] for row in some)
            last = some[-1][0]


def _sha_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
