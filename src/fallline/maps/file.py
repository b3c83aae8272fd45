"""The map file, .fallmap: one SQLite database with the canonical spec, checksummed compressed tiles, and provenance.

Each tile is one transaction, flushed to the disk (`synchronous=FULL`): whatever ends the process, a tile is there
entirely or not at all. Duplicates are compared, never overwritten. One process writes at a time; any number may read.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fallline.errors import OutputError, UsageError
from fallline.maps.described import Arrays, array_key, canonical, differences
from fallline.maps.spec import MapSpec
from fallline.maps.tiles import Tile, Values
from fallline.runs import engine

__all__ = ["MapFile"]

APPLICATION = 0x464C4D50
"""SQLite's application_id of map files: "FLMP"."""

FORMAT = 1

_TABLES = """
create table spec (id integer primary key check (id = 1), json text not null, sha256 text not null);
create table arrays (sha256 text primary key, dtype text not null, shape text not null, data blob not null);
create table tiles (
    stride integer, coarser integer, x0 integer, y0 integer, x1 integer, y1 integer,
    data blob not null, sha256 text not null, primary key (stride, x0, y0, x1, y1));
create table provenance (key text primary key, value text not null);
"""


class MapFile:
    """A map file that is open. Use `MapFile.create`, `MapFile.open` or `MapFile.create_or_resume`, and `close`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: sqlite3.Connection | None) -> None:
        self.path, self._db, self._lock = path, connection, lock

    @classmethod
    def create_or_resume(cls, path: str | Path, spec: MapSpec) -> MapFile:
        """The file of that spec, new or begun; one of another spec is refused, with what differs."""
        path = Path(path)
        if path.is_file() and path.stat().st_size:
            file = cls.open(path, write=True)
            try:
                if file._begun():
                    file._check_same(spec)
                    return file
            except BaseException:
                file.close()
                raise
            file.close()
        return cls.create(path, spec)

    @classmethod
    def create(cls, path: str | Path, spec: MapSpec) -> MapFile:
        """A new file."""
        path = Path(path)
        with _told(path):
            if path.is_dir() or not path.parent.is_dir():
                what = "is a directory" if path.is_dir() else "lies in a directory that does not exist"
                raise OutputError(f"{path} {what}: choose another place for the map file.")
            file = cls(path, *_connect(path, write=True))
            try:
                file._begin(spec)
            except BaseException:
                file.close()
                raise
            return file

    @classmethod
    def open(cls, path: str | Path, *, write: bool = False) -> MapFile:
        """An existing file; one that is no map file, or damaged, is refused."""
        path = Path(path)
        if not path.is_file():
            raise UsageError(f"{path} is no file: give the map file that `fallline map ... --out` wrote.")
        with _told(path):
            _check_length(path)
            file = cls(path, *_connect(path, write=write))
            try:
                application = file._db.execute("pragma application_id").fetchone()[0]
                version = file._db.execute("pragma user_version").fetchone()[0]
                if application != APPLICATION and (application or file._begun()):
                    raise UsageError(f"{path} is an SQLite database, but no map file.")
                if not write and not file._begun():
                    raise UsageError(f"{path} holds no map yet: the process that made it ended before its first write.")
                if version > FORMAT:
                    raise UsageError(
                        f"{path} has format {version}; this version of fallline reads up to {FORMAT}. Update fallline."
                    )
            except BaseException:
                file.close()
                raise
            return file

    def description(self) -> dict[str, Any]:
        """The canonical description of the spec."""
        with _told(self.path):
            row = self._db.execute("select json, sha256 from spec").fetchone()
        if row is None:
            raise _damaged(self.path, "it holds no spec")
        if _sha(row[0].encode()) != row[1]:
            raise _damaged(self.path, "its spec does not match its checksum")
        return dict(json.loads(row[0]))

    def arrays(self) -> Arrays:
        """The arrays that the description names."""
        arrays = {}
        with _told(self.path):
            for key, dtype, shape, data in self._db.execute("select sha256, dtype, shape, data from arrays"):
                try:
                    values = np.frombuffer(zlib.decompress(data), dtype).reshape(json.loads(shape))
                except (zlib.error, ValueError):
                    raise _damaged(self.path, f"array {key[:12]} cannot be read") from None
                if array_key(values) != key:
                    raise _damaged(self.path, f"array {key[:12]} does not match its checksum")
                arrays[key] = values
        return arrays

    def spec(self) -> MapSpec:
        """The spec, built again."""
        return MapSpec.from_description(self.description(), self.arrays())

    def provenance(self) -> dict[str, str]:
        """Which package, arithmetic and machine made it, and the final hash once it is complete."""
        with _told(self.path):
            return dict(self._db.execute("select key, value from provenance order by key"))

    def note(self, key: str, value: str) -> None:
        """Keep one more line of provenance; a line that is there stays as it is."""
        with _told(self.path), self._transaction() as db:
            db.execute("insert or ignore into provenance values (?, ?)", (key, value))

    def keys(self) -> set[Tile]:
        """The tiles that it holds."""
        with _told(self.path):
            rows = self._db.execute("select stride, coarser, x0, y0, x1, y1 from tiles")
            return {Tile(*row) for row in rows}

    def tiles(self, spec: MapSpec) -> Iterator[tuple[Tile, Values]]:
        """All tiles with their values, each checked against its checksum."""
        with _told(self.path):
            rows = self._db.execute("select stride, coarser, x0, y0, x1, y1, data, sha256 from tiles order by rowid")
            for *place, data, sha in rows:
                tile = Tile(*place)
                yield tile, self._unpacked(spec, tile, data, sha)

    def add(self, spec: MapSpec, tile: Tile, values: Values) -> bool:
        """Keep a tile; True if it is new. One that is there already must agree to the bit."""
        raw = pack(spec, values)
        sha = _sha(raw)
        with _told(self.path), self._transaction() as db:
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

    def close(self) -> None:
        """Close it and let other processes write."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            _lock_path(self.path).unlink(missing_ok=True)

    def __enter__(self) -> MapFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MapFile({str(self.path)!r})"

    def _begin(self, spec: MapSpec) -> None:
        """The first transaction: tables, spec, arrays and provenance are there together or not at all."""
        description, arrays = spec.describe()
        text = canonical(description)
        with self._transaction() as db:
            db.execute(f"pragma application_id = {APPLICATION}")
            db.execute(f"pragma user_version = {FORMAT}")
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute("insert into spec values (1, ?, ?)", (text, _sha(text.encode())))
            for key, values in arrays.items():
                row = (
                    key,
                    values.dtype.str,
                    json.dumps(values.shape),
                    zlib.compress(np.ascontiguousarray(values).tobytes()),
                )
                db.execute("insert into arrays values (?, ?, ?, ?)", row)
            db.executemany("insert into provenance values (?, ?)", list(provenance(spec).items()))

    def _begun(self) -> bool:
        """Whether the first transaction, that of `create`, was ever finished."""
        return bool(self._db.execute("select count(*) from sqlite_master").fetchone()[0])

    def _check_same(self, spec: MapSpec) -> None:
        found = differences(self.description(), spec.describe()[0])
        kept = self.provenance()
        if kept.get("arithmetic") != str(engine.ARITHMETIC_VERSION) or kept.get("engine") != engine.name_of(
            spec.objective
        ):
            found.append(
                f"its arithmetic is {kept.get('engine')} {kept.get('arithmetic')} there and "
                f"{engine.name_of(spec.objective)} {engine.ARITHMETIC_VERSION} here"
            )
        if found:
            raise UsageError(
                f"{self.path} holds another map: {'; '.join(found)}. Give the same settings, or another file."
            )

    def _unpacked(self, spec: MapSpec, tile: Tile, data: bytes, sha: str) -> Values:
        try:
            raw = zlib.decompress(data)
        except zlib.error:
            raise _damaged(self.path, f"the tile of {tile} cannot be read") from None
        if _sha(raw) != sha:
            raise _damaged(self.path, f"the tile of {tile} does not match its checksum")
        return unpack(spec, raw, tile.cells)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise


def pack(spec: MapSpec, values: Values) -> bytes:
    """The values of a tile as bytes: measure by measure, little-endian."""
    return b"".join(np.ascontiguousarray(values[w.name], spec.dtype_of(w)).tobytes() for w in spec.measures)


def unpack(spec: MapSpec, raw: bytes, count: int) -> Values:
    """The inverse of `pack`."""
    values, at = {}, 0
    for w in spec.measures:
        values[w.name] = np.frombuffer(raw, spec.dtype_of(w), count, at)
        at += values[w.name].nbytes
    return values


def provenance(spec: MapSpec) -> dict[str, str]:
    """What made a map: package, arithmetic, engine, NumPy, machine, time."""
    from fallline import __version__

    return {
        "fallline": __version__,
        "arithmetic": str(engine.ARITHMETIC_VERSION),
        "engine": engine.name_of(spec.objective),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _connect(path: Path, *, write: bool) -> tuple[sqlite3.Connection, sqlite3.Connection | None]:
    lock = _claim(path) if write else None
    try:
        # A reader, too, must undo what a killed writer left half done, so it reads only where it may do nothing else.
        mode = "rwc" if write else "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=30, isolation_level=None)
        if write:
            db.execute("pragma synchronous = full")
    except BaseException:
        if lock is not None:
            lock.close()
        raise
    return db, lock


def _claim(path: Path) -> sqlite3.Connection:
    """The lock of the one writer: an exclusive transaction on a file beside it, which ends with the process."""
    lock = sqlite3.connect(_lock_path(path), timeout=0, isolation_level=None)
    try:
        lock.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            raise OutputError(f"{path} is being written by another process: wait until it ends, or stop it.") from None
        raise
    return lock


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _check_length(path: Path) -> None:
    """SQLite notices a missing end only when it reads there; the header says how long the file should be."""
    for _ in range(5):
        with path.open("rb") as f:
            head = f.read(100)
        size = path.stat().st_size
        page = int.from_bytes(head[16:18], "big")
        expected = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
        if not size or (len(head) == 100 and size >= expected) or Path(f"{path}-journal").exists():
            break
        time.sleep(0.02)  # a writer may have been at it just then
    else:
        size = path.stat().st_size
    if not size:
        return
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise UsageError(f"{path} is no map file, or its beginning is damaged.")
    if not Path(f"{path}-journal").exists() and size < expected:
        raise _damaged(path, f"its end is missing ({size:,} of {expected:,} bytes are there)")


def _damaged(path: Path, what: str) -> OutputError:
    return OutputError(f"{path} is damaged: {what}. Restore a copy, or remove the file and compute the map again.")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as sentences."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        said = str(error)
        if "full" in said or "disk I/O" in said or "too big" in said:
            raise OutputError(
                f"{path} cannot grow: {said}. All tiles written so far are safe: make room and repeat the command."
            ) from None
        if "readonly" in said or "unable to open" in said:
            raise OutputError(f"{path} cannot be written: {said}. Choose a directory that you may write to.") from None
        if "locked" in said:
            raise OutputError(f"{path} is in use by another process: {said}.") from None
        raise _damaged(path, said) from None
    except PermissionError as error:
        raise OutputError(f"{path} cannot be used: {error.strerror}.") from None


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
