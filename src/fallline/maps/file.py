"""The map file, .fallmap: one SQLite database with the canonical spec, checksummed compressed tiles, and provenance.

Each tile is one transaction, flushed to the disk (`synchronous=FULL`): whatever ends the process, a tile is there
entirely or not at all. Duplicates are compared, never overwritten. One process writes at a time; any number may read.

A tile's checksum covers the spec and the tile's place besides its values. Files of format 1, whose checksums cover the
values alone, can be read. One that is resumed becomes a file of format 2 once some cells of each of its tiles have been
computed again and agree.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fallline.errors import FalllineError, OutputError, UsageError
from fallline.experiment.description.plain_data import Arrays, canonical, differences
from fallline.experiment.description.spec_text import read_spec_text
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import rebuild_map_spec
from fallline.maps.database import APPLICATION, FORMAT, TABLES, Database, damaged, explained
from fallline.maps.provenance import NEEDED, other_arithmetic, provenance
from fallline.maps.recomputed import misplaced
from fallline.maps.rows import (
    MOST_ARRAYS,
    RowError,
    array_from,
    array_row,
    check_room,
    longest_tile,
    pack,
    tile_from,
    tile_sha,
)
from fallline.maps.tiles import Tile, Values
from fallline.runs import engine

__all__ = ["MapFile"]

_AT_ONCE = 32
"""Tiles that are read at a time."""

_QUICK_WORK, _QUICK_PARAMETERS = 2e9, 64
"""Floating-point operations, and parameters of an objective to be compiled, that take a fraction of a second."""

_MOST_LINES = 64
"""Lines of provenance, at most."""


class MapFile:
    """A map file that is open. Use `MapFile.create`, `MapFile.open` or `MapFile.create_or_resume`, and `close`."""

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        self.path = Path(path)
        self.write = write
        with explained(self.path, write=write):
            self._base = Database(self.path, write=write)

    @classmethod
    def create_or_resume(cls, path: str | Path, spec: MapSpec) -> MapFile:
        """The file of that spec, new or unfinished; a file of another spec is refused, with what differs."""
        file = cls._for_writing(path)
        try:
            if not file._base.version:
                file._begin(spec)
            else:
                file._check_same(spec)
                if file._base.version == 1:
                    file._convert(spec)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def create(cls, path: str | Path, spec: MapSpec) -> MapFile:
        """A new file."""
        file = cls._for_writing(path)
        try:
            if file._base.version:
                raise OutputError(f"{path} holds a map already: choose another name, or remove it first.")
            file._begin(spec)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def open(cls, path: str | Path) -> MapFile:
        """An existing file, to be read; one that is no map file, or damaged, is refused."""
        path = Path(path)
        if not path.is_file():
            raise UsageError(f"{path} is no file: give the map file that `fallline map ... --out` wrote.")
        file = cls(path)
        if not file._base.version:
            file.close()
            raise UsageError(f"{path} holds no map yet: the process that made it ended before its first write.")
        return file

    @classmethod
    def _for_writing(cls, path: str | Path) -> MapFile:
        path = Path(path)
        fault = (
            "is a directory" if path.is_dir()
            else "is a device or a pipe" if path.exists() and not path.is_file()
            else None if path.parent.is_dir()
            else "lies in a directory that does not exist"
        )  # fmt: skip
        if fault is not None:
            raise OutputError(f"{path} {fault}: choose another place for the map file.")
        return cls(path, write=True)

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
        try:
            return read_spec_text(text)
        except ValueError as error:
            raise damaged(self.path, str(error)) from None

    def arrays(self) -> Arrays:
        """The arrays that the description names."""
        arrays: Arrays = {}
        try:
            for row in self._read("select sha256, dtype, shape, data from arrays", most=3):
                key, values = array_from(row, MOST_ARRAYS - sum(known.nbytes for known in arrays.values()))
                arrays[key] = values
        except RowError as error:
            raise damaged(self.path, str(error)) from None
        return arrays

    def spec(self) -> MapSpec:
        """The spec, built again."""
        description, arrays = self.description(), self.arrays()
        data = description.get("data", {})
        if {description["start"], data.get("X"), data.get("T")} - {None} != arrays.keys():
            raise damaged(self.path, "its arrays are not those that its spec names")
        try:
            return rebuild_map_spec(description, arrays)
        except FalllineError as error:
            raise damaged(self.path, f"its spec describes no map ({str(error).rstrip('.')})") from None

    def provenance(self) -> dict[str, str]:
        """Which package, arithmetic and machine made it, and the final hash once it is complete."""
        rows = self._read("select key, value from provenance order by key", most=_MOST_LINES)
        lines = {k: v for k, v in rows if isinstance(k, str) and isinstance(v, str) and len(k) + len(v) < 1000}
        if len(lines) < len(rows) or not lines.keys() >= set(NEEDED):
            raise damaged(self.path, "it does not say what made it")
        return lines

    def note(self, key: str, value: str) -> None:
        """Keep one more line of provenance; a line that is there stays as it is."""
        with explained(self.path, write=True), self._base.transaction() as db:
            db.execute("insert or ignore into provenance values (?, ?)", (key, value))

    def keys(self) -> set[Tile]:
        """The tiles that it holds, unread."""
        held: set[Tile] = set()
        with explained(self.path, write=self.write):
            for place in self._base.rows("select stride, coarser, x0, y0, x1, y1 from tiles"):
                if Tile(*place) in held or not all(type(n) is int for n in place):
                    raise damaged(self.path, "its list of tiles is wrong")
                held.add(Tile(*place))
        return held

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

    def add(self, spec: MapSpec, tile: Tile, values: Values) -> bool:
        """Keep a tile; True if it is new. One that is there already must agree to the bit."""
        raw = pack(spec, values)
        sha = tile_sha(self.format, spec, tile, raw)
        with explained(self.path, write=True), self._base.transaction() as db:
            row = db.execute(
                "select sha256 from tiles where stride = ? and x0 = ? and y0 = ? and x1 = ? and y1 = ?",
                (tile.stride, *tile[2:]),
            ).fetchone()
            if row is None:
                db.execute("insert into tiles values (?, ?, ?, ?, ?, ?, ?, ?)", (*tile, zlib.compress(raw, 1), sha))
        if row is not None and row[0] != sha:
            raise OutputError(
                f"{self.path}: the tile of {tile} was computed twice with different values; the first is kept. "
                "This machine or an engine that is not bit-stable is at fault."
            )
        return row is None

    def check_places(self, spec: MapSpec, *, quick: bool = False) -> bool:
        """Compute some cells of each tile again: all that can be done for tiles of format 1. Whether it was done.

        It is not where other bits would come out. `quick` leaves out what may take long, for a file from elsewhere may ask for
        any number of steps.
        """
        if engine.name_of(spec.objective) != "machine" or other_arithmetic(self.provenance(), spec) is not None:
            return False
        work = 3 * len(self.keys()) * spec.work / spec.cells
        if quick and (work > _QUICK_WORK or spec.objective.dimension > _QUICK_PARAMETERS):
            return False
        tile = misplaced(spec, self.tiles(spec))
        if tile is not None:
            raise damaged(self.path, f"the tile of {tile} holds the values of other cells")
        return True

    def close(self) -> None:
        """Close it and let other processes write."""
        self._base.close()

    def __enter__(self) -> MapFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MapFile({str(self.path)!r})"

    def _read(self, sql: str, *, most: int) -> list[tuple[Any, ...]]:
        """The rows of a query, `most` at most: more are damage."""
        rows = []
        with explained(self.path, write=self.write):
            for row in self._base.rows(sql):
                rows.append(row)
                if len(rows) > most:
                    raise damaged(self.path, f"it holds more than {most} rows where a map file has no more")
        return rows

    def _tile_rows(self, longest: int) -> Iterator[tuple[Any, ...]]:
        """The rows of the tiles, a few at a time: between them a writer that waits for its readers has its turn."""
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

    def _begin(self, spec: MapSpec) -> None:
        """The first transaction: tables, spec, arrays and provenance are there together or not at all."""
        description, arrays = spec.describe()
        text = canonical(description)
        check_room(arrays)
        try:
            read_spec_text(text)
        except ValueError as error:
            raise UsageError(f"this map cannot be kept in a file: {error}.") from None
        with explained(self.path, write=True), self._base.transaction() as db:
            db.execute(f"pragma application_id = {APPLICATION}")
            db.execute(f"pragma user_version = {FORMAT}")
            for statement in TABLES.split(";"):
                db.execute(statement)
            db.execute("insert into spec values (1, ?, ?)", (text, spec.sha256))
            db.executemany("insert into arrays values (?, ?, ?, ?)", [array_row(values) for values in arrays.values()])
            db.executemany("insert into provenance values (?, ?)", list(provenance(spec).items()))
        self._base.version = FORMAT

    def _check_same(self, spec: MapSpec) -> None:
        description, arrays = spec.describe()
        found = differences(self.description(), description)
        other = other_arithmetic(self.provenance(), spec)
        if other is not None:
            found.append(other)
        if found:
            raise UsageError(
                f"{self.path} holds another map: {'; '.join(found)}. Give the same settings, or another file."
            )
        if self.arrays().keys() != arrays.keys():
            raise damaged(self.path, "its arrays are not those that its spec names")

    def _convert(self, spec: MapSpec) -> None:
        """Give every tile of a file of format 1 the checksum of format 2, once its place has been checked."""
        self.check_places(spec)
        rows = [(tile_sha(FORMAT, spec, tile, pack(spec, values)), *tile) for tile, values in self.tiles(spec)]
        with explained(self.path, write=True), self._base.transaction() as db:
            db.executemany(
                "update tiles set sha256 = ? where stride = ? and coarser = ? and x0 = ? and y0 = ? and x1 = ? and y1 = ?",
                rows,
            )
            db.execute(f"pragma user_version = {FORMAT}")
        self._base.version = FORMAT


def _sha_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
