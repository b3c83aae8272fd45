"""The SQLite database of a map file: safe opening, the writer's lock, and SQLite's errors as sentences.

A map file may come from anywhere. So nothing that it holds is executed (views, triggers and expressions are refused),
SQLite's own limits are set low, and a query may take no more steps than a file of that size can need.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fallline.errors import FalllineError, OutputError, UsageError

__all__ = ["APPLICATION", "FORMAT", "LONGEST", "Database", "damaged", "explained"]

APPLICATION = 0x464C4D50
"""SQLite's application_id of map files: "FLMP"."""

FORMAT = 2
"""SQLite's user_version. 1: a tile's checksum is that of its values. 2: it covers the spec and the tile's place, too."""

TABLES = """
create table spec (id integer primary key check (id = 1), json text not null, sha256 text not null);
create table arrays (sha256 text primary key, dtype text not null, shape text not null, data blob not null);
create table tiles (
    stride integer, coarser integer, x0 integer, y0 integer, x1 integer, y1 integer,
    data blob not null, sha256 text not null, primary key (stride, x0, y0, x1, y1));
create table provenance (key text primary key, value text not null);
"""

LONGEST = 2**29
"""Bytes of a single value in the file, at most."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST, sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4000, sqlite3.SQLITE_LIMIT_COLUMN: 16,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20, sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2, sqlite3.SQLITE_LIMIT_VDBE_OP: 10_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8, sqlite3.SQLITE_LIMIT_ATTACHED: 0, sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 16,
}  # fmt: skip

_PATIENCE = {False: 4000, True: 30_000}
"""Milliseconds that a reader waits for a writer to finish a tile, and that a writer waits for its readers."""

_CLAIM = 250
"""Milliseconds to wait for the writer's lock: longer than a reader takes to undo what a killed writer left."""

_TICK = 10_000
"""Steps of SQLite's machine between two looks at the budget."""


class Database:
    """An open connection. A writer holds SQLite's reserved lock from opening to closing, and readers read beside it.

    The lock is a transaction that is always open: each commit is followed by the next `begin immediate` at once. A process
    that opens the file in the few microseconds between becomes the writer, and the first one stops with a sentence; two
    never write. No file beside the map file is needed, and the lock ends with its process, however that ends.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path, self.write = path, write
        self._budget: float = 0
        self._made = write and not path.exists()
        # SQLite refuses to roll back a killed writer's half transaction where it may only read.
        mode = "rwc" if write else "rw" if _needs_repair(path) else "ro"
        self.connection = sqlite3.connect(
            _uri(path.resolve().as_posix(), mode), uri=True, timeout=_PATIENCE[write] / 1000, isolation_level=None
        )
        try:
            self._prepare()
            self.version = self._recognise()
            self._identity = _identity(path)
        except BaseException:
            self.close()
            raise

    def rows(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query. It is interrupted if it takes longer than an undamaged file of this size can."""
        self._budget = 1000 + os.stat(self.path).st_size // _TICK
        yield from self.connection.execute(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: the file gets everything that the block executes, or nothing."""
        if _identity(self.path) != self._identity:
            raise OutputError(
                f"{self.path} was removed or replaced while it was open: the tiles written so far are in the file that "
                "stood there before. Repeat the command."
            )
        db = self.connection
        self._budget = math.inf  # writing executes only the few statements of fallline
        if not db.in_transaction:
            db.execute("begin immediate")
        try:
            yield db
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
        db.execute("begin immediate")

    def close(self) -> None:
        """Close the file, so that other processes can write. A new file that holds nothing is removed."""
        self.connection.close()
        if self._made and self.path.is_file() and not self.path.stat().st_size:
            self.path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        db = self.connection
        for limit, value in _LIMITS.items():
            db.setlimit(limit, value)
        db.set_progress_handler(self._spend, _TICK)
        for pragma in ("trusted_schema = off", "cell_size_check = on", "synchronous = full"):
            db.execute(f"pragma {pragma}")
        if not self.write:
            return
        db.execute(f"pragma busy_timeout = {_CLAIM}")
        self._budget = 1000
        try:
            db.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            self._made = False  # the process that holds the lock has made it
            raise OutputError(
                f"{self.path} is being written by another process: wait until it ends, or stop it."
            ) from None
        db.execute(f"pragma busy_timeout = {_PATIENCE[True]}")

    def _spend(self) -> int:
        self._budget -= 1
        return int(self._budget < 0)

    def _recognise(self) -> int:
        """The version of the format; 0 if the first transaction of a new file was not finished."""
        ((application,),) = self.rows("pragma application_id")
        ((version,),) = self.rows("pragma user_version")
        if application not in (0, APPLICATION):
            raise UsageError(f"{self.path} is an SQLite database, but no map file.")
        if application and version > FORMAT:
            raise UsageError(
                f"{self.path} has format {version}; this version of fallline reads up to {FORMAT}. Update fallline."
            )
        schema = []
        for row in self.rows("select type, name, tbl_name, sql from sqlite_master"):
            schema.append(row)
            if len(schema) > len(_schema()):
                break
        if not application:
            if schema:
                raise UsageError(f"{self.path} is an SQLite database, but no map file.")
            return 0
        if version < 1 or sorted(schema, key=repr) != sorted(_schema(), key=repr):
            raise damaged(self.path, "its tables are not those of a map file")
        (((mode),),) = self.rows("pragma journal_mode")
        if mode == "wal":
            self.connection.close()
            _tidy(self.path)
            raise _write_ahead(self.path)
        ((page_size,),) = self.rows("pragma page_size")
        ((pages,),) = self.rows("pragma page_count")
        if self.path.stat().st_size < page_size * pages:
            raise _shorter(self.path, page_size * pages)
        return int(version)


@cache
def _schema() -> list[tuple[str, str, str, str | None]]:
    """The rows of sqlite_master in a map file."""
    db = sqlite3.connect(":memory:")
    try:
        db.executescript(TABLES)
        return list(db.execute("select type, name, tbl_name, sql from sqlite_master"))
    finally:
        db.close()


def _uri(path: str, mode: str) -> str:
    """The address of an absolute path for SQLite, which takes no host: a Windows share has four slashes.

    >>> _uri("/home/a?b.fallmap", "ro"), _uri("//host/share/m.fallmap", "ro"), _uri("C:/m.fallmap", "rwc")
    ('file:///home/a%3Fb.fallmap?mode=ro', 'file:////host/share/m.fallmap?mode=ro', 'file:///C%3A/m.fallmap?mode=rwc')
    """
    return f"file://{'' if path.startswith('/') else '/'}{quote(os.fsencode(path))}?mode={mode}"


def _identity(path: Path) -> tuple[int, int] | None:
    """The identity of the file at a path."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _needs_repair(path: Path) -> bool:
    return Path(f"{path}-journal").exists() and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def damaged(path: Path, what: str) -> OutputError:
    """The error for a file that does not hold what it should."""
    return OutputError(f"{path} is damaged: {what}. Restore a copy, or remove the file and compute the map again.")


def _shorter(path: Path, expected: int) -> OutputError:
    return damaged(path, f"its end is missing ({path.stat().st_size:,} of {expected:,} bytes are there)")


def _write_ahead(path: Path) -> OutputError:
    return damaged(path, "another program has switched it to SQLite's write-ahead mode, which map files never use")


def _tidy(path: Path) -> None:
    """Remove the files that SQLite makes beside a file in write-ahead mode: it does so when a connection that may write closes."""
    if os.access(path, os.W_OK):
        db = sqlite3.connect(path, timeout=0)
        try:
            db.execute("select 1 from sqlite_master")
        finally:
            db.close()


def _fault_in_header(path: Path) -> FalllineError | None:
    """Why SQLite cannot read a file at all, from its first bytes.

    Read only after SQLite has refused the file: closing a second handle on it would end the locks that another connection
    of this process holds there.
    """
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        return UsageError(f"{path} is no map file, or its beginning is damaged.")
    if 2 in head[18:20]:
        return _write_ahead(path)
    page = int.from_bytes(head[16:18], "big")
    expected = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    return _shorter(path, expected) if path.stat().st_size < expected else None


@contextmanager
def explained(path: Path, *, write: bool) -> Iterator[None]:
    """SQLite's and the system's errors as sentences."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _sentence(path, error, write) from None
    except UnicodeDecodeError:
        raise damaged(path, "it holds text that is not UTF-8") from None
    except OSError as error:
        if isinstance(error, FalllineError):
            raise
        raise OutputError(f"{path} cannot be used: {(error.strerror or str(error)).lower()}.") from None


def _sentence(path: Path, error: sqlite3.DatabaseError, write: bool) -> FalllineError:
    said, code = str(error), getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return OutputError(f"{path} is in use by another process: {said}.")
    if write and code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_TOOBIG")):
        return OutputError(
            f"{path} cannot grow: {said}. All tiles written so far are safe: make room and repeat the command."
        )
    fault = _fault_in_header(path) if path.is_file() and path.stat().st_size else None
    if fault is not None:
        return fault
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        if write:
            return OutputError(f"{path} cannot be written: {said}. Choose a directory that you may write to.")
        return OutputError(f"{path} cannot be read: {said}. Copy it to a directory that you may write to.")
    return damaged(path, "reading it takes too long" if code == "SQLITE_INTERRUPT" else said)
