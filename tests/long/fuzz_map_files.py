"""Damaged and hostile map files, many of them: each gives a result or one sentence, soon and in little memory.

    python tests/long/fuzz_map_files.py --files 10000

Each file is one of the fixtures, or a new file, with bytes changed, cut off or moved, rows and tables edited through SQLite,
or a spec edited and signed again, as somebody would who knows the format. It is then loaded, described, exported and
resumed. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import io
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fallline.errors import FalllineError, visible
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.maps.command import map_export, map_info
from fallline.maps.file import MapFile
from fallline.maps.loading import load_map
from fallline.maps.map import compute_map
from fallline.maps.rows import tile_sha
from peak_memory import peak_memory

FIXTURES = Path(__file__).parent.parent / "fixtures" / "maps"
LONGEST = 5.0
"""Seconds of the processor for one file: those of the wall's clock are also other programs'."""

MOST = 500
"""Megabytes of the whole process."""

SPEC = map_spec(
    "rosenbrock", x="learning_rate=1e-4..1e-2:log", y="momentum=0..0.99", size=(40, 36), optimizer_="momentum", steps=5,
    measures=["final_loss", "outcome"],
)  # fmt: skip

NUMBERS = [
    0, 1, 2, 3, 7, 16, -1, -5, 0.5, 1e-300, 5e-324, 1e300, -0.0, 2**20, 10**9, 2**31, 2**53, 2**63 - 1, 2**63, 2**70,
    -(2**70), 10**400, float("inf"), float("nan"),
]  # fmt: skip
TEXTS = [
    "", "x", "momentum", "relu", "rosenbrock", "quadratic", "float32", "float16", "steps_to=nan", "learning_rate", "seed",
    "2-1000000000-2", "2-3-3", "1-" * 900 + "1", "-1", "a" * 5000, "\u202egood", "\x1b[2Jgood", "\ud800", "\0", "../../x",
    "x" * 64, "0" * 64, "x^2 + y^2", "(" * 500, "x**9**9**9**9", "nan", "1e999",
]  # fmt: skip
OTHERS = [
    None, True, False, [], {}, [[]], [[[[[]]]]], [1, 2], [0, 2**62], [2**62, 5], {"own": "x"},
    {"own": "x", "sha256": "0" * 64}, {"name": "x"}, [None], ["a", "b"], [[0, 1], [0]], {"seed": 3}, {"": 1},
]  # fmt: skip


def hostile(chance: random.Random) -> Any:
    return chance.choice(chance.choice([NUMBERS, TEXTS, OTHERS]))


def flip(path: Path, chance: random.Random) -> None:
    """Change some bytes, anywhere or in SQLite's header."""
    content = bytearray(path.read_bytes())
    end = chance.choice([100, len(content), len(content)])
    for _ in range(chance.choice([1, 1, 2, 10, 200])):
        content[chance.randrange(end)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    """Cut the file off, lengthen it, or move, copy or empty a page."""
    content = path.read_bytes()
    pages = [content[k : k + 4096] for k in range(0, len(content), 4096)]
    a, b = (chance.randrange(len(pages)) for _ in range(2))
    kind = chance.randrange(5)
    if kind == 0:
        content = content[: chance.randrange(len(content))]
    elif kind == 1:
        content += chance.randbytes(chance.choice([1, 100, 4096, 50_000]))
    else:
        pages[a], pages[b] = {2: (pages[b], pages[a]), 3: (pages[b], pages[b]), 4: (bytes(4096), pages[b])}[kind]
        content = b"".join(pages)
    path.write_bytes(content)


CELLS: list[Any] = [
    None, "", "x", b"", b"x", 0, -1, 1, 16, 2**62, -(2**63), 1e308, 0.5, "\0", "\ud7ff" * 10, b"\xff" * 1000,
    zlib.compress(bytes(10**8), 9), zlib.compress(b""), bytes(3_000_000), "[1000000000, 8]", "[2]", "[[[[[[", "<f8", "|O8", "O",
    "0" * 64, "<U1000000", "x" * 2_000_000,
]  # fmt: skip
COLUMNS = {
    "spec": ("id", "json", "sha256"), "arrays": ("sha256", "dtype", "shape", "data"), "provenance": ("key", "value"),
    "tiles": ("stride", "coarser", "x0", "y0", "x1", "y1", "data", "sha256"),
}  # fmt: skip


def edit_rows(path: Path, chance: random.Random) -> None:
    """Change, exchange, double or remove rows, past every constraint."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma ignore_check_constraints = on")
        for _ in range(chance.choice([1, 1, 1, 3])):
            table = chance.choice([*COLUMNS, "tiles", "tiles"])
            column = chance.choice(COLUMNS[table])
            ids = [k for (k,) in db.execute(f"select rowid from {table}")] or [1]
            a, b = chance.choice(ids), chance.choice(ids)
            kind = chance.randrange(6)
            with contextlib.suppress(sqlite3.Error, UnicodeEncodeError, TypeError):
                if kind == 0:
                    db.execute(f"delete from {table} where rowid = ?", (a,))
                elif kind == 1:  # two rows exchange a value
                    (one,), (two,) = (
                        db.execute(f"select {column} from {table} where rowid = ?", (k,)).fetchone() for k in (a, b)
                    )
                    db.execute(f"update {table} set {column} = ? where rowid = ?", (two, a))
                    db.execute(f"update {table} set {column} = ? where rowid = ?", (one, b))
                elif kind == 2:
                    db.execute(
                        f"update {table} set {column} = {column} + ? where rowid = ?", (chance.choice([-1, 1, 64]), a)
                    )
                else:
                    db.execute(f"update {table} set {column} = ? where rowid = ?", (chance.choice(CELLS), a))
        db.commit()


NEVER = "with recursive n(k) as (select 1 union all select k + 1 from n)"
SCHEMAS = (
    "alter table {t} rename to old; create view {t} as " + NEVER + " select k as id, k as json, k as sha256, k as stride, k as "
    "coarser, k as x0, k as y0, k as x1, k as y1, k as data, k as key, k as value, k as dtype, k as shape from n",
    "create view sight as " + NEVER + " select * from n",
    "create trigger t1 after insert on tiles begin delete from tiles; end",
    "create trigger t2 after insert on provenance begin insert into provenance select hex(randomblob(9)), 'x' from tiles; end",
    "create table more (a)", "create index more on tiles (x0)", "drop table {t}", "alter table {t} add column more",
    "alter table {t} add column more text default 'x'", "pragma user_version = 0", "pragma user_version = 1",
    "pragma user_version = 2", "pragma user_version = 77", "pragma user_version = -1", "pragma application_id = 0",
    "pragma application_id = 7", "pragma journal_mode = wal", "pragma journal_mode = persist", "vacuum", "analyze",
    "pragma auto_vacuum = full; vacuum", "pragma page_size = 512; vacuum", "create virtual table v using fts5(a)",
    "alter table {t} add column more generated always as (hex(zeroblob(100000000)))",
    "pragma writable_schema = on; update sqlite_master set sql = replace(sql, 'integer', 'text')",
    "pragma writable_schema = on; update sqlite_master set rootpage = 2",
    "pragma writable_schema = on; update sqlite_master set sql = 'create view ' || name || ' as select 1'",
    "pragma writable_schema = on; delete from sqlite_master where name like 'sqlite_autoindex%'",
    "pragma writable_schema = on; update sqlite_master set name = 'x' || name where name = '{t}'",
)  # fmt: skip


def edit_schema(path: Path, chance: random.Random) -> None:
    """Put other tables, views, triggers and settings into the database."""
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.suppress(sqlite3.Error):
        db.executescript(chance.choice(SCHEMAS).format(t=chance.choice(list(COLUMNS))))
        db.commit()


def edit_spec(path: Path, chance: random.Random) -> None:
    """Change the spec and sign it and the tiles again, as far as that can be done."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        (text,) = db.execute("select json from spec").fetchone()
        text = _edited(json.loads(text), text, chance)
        sha = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        with contextlib.suppress(UnicodeEncodeError):
            db.execute("update spec set json = ?, sha256 = ?", (text, sha))
            db.commit()
    if chance.random() < 0.7:
        _sign(path)


def _edited(description: dict[str, Any], text: str, chance: random.Random) -> str:
    kind = chance.randrange(10)
    if kind == 0:
        old = chance.choice([":", ",", '"', "1", "0", "{", "}", "steps", "[", "e"])
        return text.replace(old, chance.choice(["1e400", "NaN", "", '"steps":3,', "[" * 5000, "-", "\\ud800", " "]), 1)
    if kind == 1:
        return chance.choice(
            ["", "[" * 100_000, "null", "3", '{"a":1}', "{" * 10, '"x"', text * 40, "[[],[]]" * 500_000]
        )
    if kind == 2:
        description[chance.choice(["extra", "condition", "formula", "landscape", "network"])] = hostile(chance)
    for _ in range(chance.choice([1, 1, 1, 2])):
        at: Any = description
        while True:
            keys = list(at) if isinstance(at, dict) else range(len(at))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and chance.random() < 0.9:
                at = at[key]
                continue
            if isinstance(at, dict) and chance.random() < 0.1:
                del at[key]
            else:
                at[key] = _near(at[key], chance) if chance.random() < 0.4 else hostile(chance)
            break
    return json.dumps(description, sort_keys=True, separators=(",", ":"))


def _near(value: Any, chance: random.Random) -> Any:
    """A plausible neighbour of a value."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float) and abs(value) < 1e300:
        return chance.choice(
            [value + 1, value - 1, value * 2, value * 10, -value, float(value), value * 1000, value // 2]
        )
    return value[:-1] if isinstance(value, str) else value


def _sign(path: Path) -> None:
    """Give tiles the checksums that the edited spec asks for."""
    with contextlib.suppress(Exception), MapFile.open(path) as file:
        spec, version = file.spec(), file.format
        if spec.cells > 10_000:
            return
        file.close()
        with contextlib.closing(sqlite3.connect(path)) as db:
            from fallline.maps.tiles import Tile

            for rowid, *place, data in db.execute(
                "select rowid, stride, coarser, x0, y0, x1, y1, data from tiles"
            ).fetchall():
                sha = tile_sha(version, spec, Tile(*place), zlib.decompress(data))
                db.execute("update tiles set sha256 = ? where rowid = ?", (sha, rowid))
            db.commit()


MUTATIONS: tuple[Callable[[Path, random.Random], None], ...] = (
    flip,
    cut,
    edit_rows,
    edit_rows,
    edit_schema,
    edit_spec,
    edit_spec,
)


def told(error: FalllineError) -> str:
    """The kind of sentence; anything that is no sentence is a failure."""
    said = str(error)
    assert said.endswith((".", "?")), f"no sentence: {said!r}"
    assert visible(said) == said, f"hidden characters: {said!r}"
    assert len(said) < 4000, f"too long: {said[:200]!r}"
    for kind in (
        "damaged",
        "no map file",
        "no map yet",
        "function of your own",
        "holds another map",
        "format",
        "is not a file",
    ):
        if kind in said:
            return kind
    return said[:60]


def read(path: Path, seed: MapSpec | None) -> str:
    """Do with a file what a user can do; the kind of its end."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            map_info(path)
            m = load_map(path)
            if m.spec.cells <= 100_000:
                map_export(path, path.with_suffix(".csv"), overwrite=True)
            end = "read" if m.complete else "read, not finished"
        except FalllineError as error:
            end = told(error)
    assert visible(out.getvalue(), "\n") == out.getvalue(), "hidden characters in the output"
    if seed is None:
        return end
    try:
        resumed = compute_map(seed, out=path, threads=1)
        assert resumed.complete
        return f"{end}; resumed"
    except FalllineError as error:
        return f"{end}; {told(error)}"


def seeds(folder: Path) -> list[tuple[Path, MapSpec | None]]:
    """Files to begin with, and the spec with which each can be resumed."""
    found: list[tuple[Path, MapSpec | None]] = []
    for path in sorted(FIXTURES.glob("*.fallmap")):
        with contextlib.suppress(FalllineError), MapFile.open(path) as file:
            found.append((path, file.spec()))
            continue
        found.append((path, None))
    compute_map(SPEC, out=folder / "new.fallmap", threads=1)
    return [*found, *[(folder / "new.fallmap", SPEC)] * 3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="this file of the series alone, with its traceback")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fallline-fuzz-"))
    ends: collections.Counter[str] = collections.Counter()
    slowest, bad, started = (0.0, 0), 0, time.perf_counter()
    given = seeds(folder)
    for k in range(options.files) if options.only is None else [options.only]:
        chance = random.Random(f"{options.seed} {k}")
        original, spec = chance.choice(given)
        path = folder / "fuzzed.fallmap"
        shutil.copyfile(original, path)
        mutation = chance.choice(MUTATIONS)
        mutation(path, chance)
        begun = time.process_time()
        try:
            ends[read(path, spec)] += 1
        except Exception as error:
            if options.only is not None:
                raise
            bad += 1
            print(
                f"file {k} ({mutation.__name__}, {original.name}): {type(error).__name__}: {str(error)[:200]}",
                flush=True,
            )
        seconds = time.process_time() - begun
        slowest = max(slowest, (seconds, k))
        if seconds > LONGEST:
            bad += 1
            print(f"file {k} ({mutation.__name__}, {original.name}) took {seconds:.1f} s", flush=True)
        for left in folder.glob("fuzzed.*"):
            left.unlink()
    memory = peak_memory()
    shutil.rmtree(folder)
    for end, count in ends.most_common(40):
        print(f"{count:7} {end}")
    print(f"{options.files} files in {time.perf_counter() - started:.0f} s, slowest {slowest[0]:.2f} s (file {slowest[1]}), "
          f"{memory:.0f} MB at most, {bad} faults")  # fmt: skip
    sys.exit(1 if bad or memory > MOST else 0)


if __name__ == "__main__":
    main()
