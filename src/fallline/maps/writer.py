"""Writing a map file.

Each tile is one transaction, flushed to the disk (`synchronous=FULL`): whatever ends the process, a tile is in the file
entirely or not at all. A tile that is written twice is compared, never overwritten. One process writes at a time; any
number may read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from fallline.errors import OutputError, UsageError
from fallline.experiment.description.plain_data import canonical, differences
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.database import APPLICATION, FORMAT, TABLES, damaged, explained
from fallline.maps.file import MapFile
from fallline.maps.provenance import other_arithmetic, provenance
from fallline.maps.rows import array_row, check_room, pack, tile_sha
from fallline.maps.tiles import Tile

__all__ = ["MapWriter"]


class MapWriter(MapFile):
    """A map file that is open for writing. Use `create` or `create_or_resume`, then `close`."""

    write = True

    @classmethod
    def create_or_resume(
        cls, path: str | Path, spec: MapSpec, *, overwrite: bool = False, made: Mapping[str, str] | None = None
    ) -> Self:
        """The file of that spec, new or unfinished. With `overwrite`, a file of anything else is replaced.

        `made` is the arithmetic of values that another process has computed, as `arithmetic_of` gives it.

        Raises
        ------
        UsageError
            The file holds another map; the message says what differs.
        OutputError
            The file is damaged, is being written by another process, or cannot be written.
        """
        try:
            return cls._created_or_resumed(path, spec, made)
        except UsageError:
            if not overwrite or not Path(path).is_file():
                raise
            Path(path).unlink()
        return cls._created_or_resumed(path, spec, made)

    @classmethod
    def _created_or_resumed(cls, path: str | Path, spec: MapSpec, made: Mapping[str, str] | None) -> Self:
        file = cls._for_writing(path)
        try:
            if not file._base.version:
                file._begin(spec, made)
            else:
                file._check_same(spec, made)
                if file._base.version == 1:
                    file._convert(spec)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def create(cls, path: str | Path, spec: MapSpec) -> Self:
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
    def _for_writing(cls, path: str | Path) -> Self:
        path = Path(path)
        fault = (
            "is a directory" if path.is_dir()
            else "is a device or a pipe" if path.exists() and not path.is_file()
            else None if path.parent.is_dir()
            else "lies in a directory that does not exist"
        )  # fmt: skip
        if fault is not None:
            raise OutputError(f"{path} {fault}: choose another place for the map file.")
        return cls(path)

    def note(self, key: str, value: str) -> None:
        """Add a line of provenance. An existing line of that key stays."""
        with explained(self.path, write=True), self._base.transaction() as db:
            db.execute("insert or ignore into provenance values (?, ?)", (key, value))

    def finish(self, sha256: str) -> None:
        """Keep the hash of all values of a complete map; a file that was finished before must have the same."""
        self.note("sha256", sha256)
        kept = self.provenance()["sha256"]
        if kept != sha256:
            raise OutputError(f"{self.path} is damaged: its values give {sha256}, but it was finished with {kept}.")

    def add(self, spec: MapSpec, tile: Tile, values: Values) -> bool:
        """Write a tile. Returns whether it is new; one that is in the file already must agree to the bit."""
        return self.add_all(spec, [(tile, values)]) == 1

    def add_all(self, spec: MapSpec, tiles: Iterable[tuple[Tile, Values]]) -> int:
        """Write tiles in one transaction, and return how many are new; see `add`."""
        new = 0
        with explained(self.path, write=True), self._base.transaction() as db:
            for tile, values in tiles:
                raw = pack(spec, values)
                sha = tile_sha(self.format, spec, tile, raw)
                row = db.execute(
                    "select sha256 from tiles where stride = ? and x0 = ? and y0 = ? and x1 = ? and y1 = ?",
                    (tile.stride, *tile[2:]),
                ).fetchone()
                if row is None:
                    db.execute("insert into tiles values (?, ?, ?, ?, ?, ?, ?, ?)", (*tile, zlib.compress(raw, 1), sha))
                    new += 1
                elif row[0] != sha:
                    raise OutputError(
                        f"{self.path}: the tile of {tile} was computed twice with different values; the first is kept. "
                        "This machine or an engine that is not bit-stable is at fault."
                    )
        return new

    def _begin(self, spec: MapSpec, made: Mapping[str, str] | None = None) -> None:
        """Write tables, spec, arrays and provenance in one transaction."""
        description, arrays = spec.describe()
        text = canonical(description)
        check_room(arrays)
        from fallline.experiment.description.spec_text import read_spec_text  # late: it loads pydantic

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
            db.executemany("insert into provenance values (?, ?)", list((provenance(spec) | dict(made or {})).items()))
        self._base.version = FORMAT

    def _check_same(self, spec: MapSpec, made: Mapping[str, str] | None) -> None:
        description, arrays = spec.describe()
        different = differences(self.description(), description)
        other = other_arithmetic(self.provenance(), spec, made)
        if other is not None:
            different.append(other)
        if different:
            raise UsageError(
                f"{self.path} holds another map: {'; '.join(different)}. Give the same settings, or another "
                "file; in Python, overwrite=True replaces it."
            )
        if self.arrays().keys() != arrays.keys():
            raise damaged(self.path, "its arrays are not those that its spec names")

    def _convert(self, spec: MapSpec) -> None:
        """Give every tile of a file of format 1 the checksum of format 2, after checking the places of tiles."""
        self.check_places(spec)
        rows = [(tile_sha(FORMAT, spec, tile, pack(spec, values)), *tile) for tile, values in self.tiles(spec)]
        with explained(self.path, write=True), self._base.transaction() as db:
            db.executemany(
                "update tiles set sha256 = ? where stride = ? and coarser = ? and x0 = ? and y0 = ? and x1 = ? and y1 = ?",
                rows,
            )
            db.execute(f"pragma user_version = {FORMAT}")
        self._base.version = FORMAT
