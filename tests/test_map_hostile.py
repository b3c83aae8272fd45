"""Map files from elsewhere: each is read, or refused in one sentence, soon and in little memory."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from fallline.errors import FalllineError, OutputError, UsageError
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.description.fingerprints import array_key
from fallline.experiment.description.plain_data import canonical
from fallline.experiment.description.spec_text import read_spec_text
from fallline.experiment.map_spec import map_spec, rebuild_map_spec
from fallline.maps.database import Database, explained
from fallline.maps.export import export
from fallline.maps.file import MapFile
from fallline.maps.loading import load_map
from fallline.maps.map import compute_map
from fallline.maps.rows import RowError, array_from, array_row

PLACE = Path(__file__).parent
MOST = 200 * 2**20
"""Bytes that refusing a file may take."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished map on data, with arrays in its file."""
    path = tmp_path_factory.mktemp("made") / "m.fallmap"
    with MapFile.open(PLACE / "fixtures" / "maps" / "table.fallmap") as file:
        compute_map(file.spec(), out=path)
    return path


@pytest.fixture
def path(made, tmp_path):
    return Path(shutil.copyfile(made, tmp_path / "m.fallmap"))


def run(path, *statements):
    with sqlite3.connect(path) as db:
        for statement in statements:
            sql, values = statement if isinstance(statement, tuple) else (statement, ())
            db.execute(sql, values)
    db.close()


def refused(path):
    """The sentence with which a file is refused, once the memory that took is known to be little."""
    tracemalloc.start()
    try:
        with pytest.raises(FalllineError) as caught:
            load_map(path)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith(".")
    return sentence.removeprefix(f"{path} ")


ENDLESS = "with recursive n(k) as (select 1 union all select k + 1 from n) select k as sha256, k as dtype, k as shape, k as data from n"
SCHEMAS = {
    "a view in place of a table": ("alter table arrays rename to old", f"create view arrays as {ENDLESS}"),
    "a view more": (f"create view v as {ENDLESS}",),
    "a trigger": ("create trigger t after insert on tiles begin delete from tiles; end",),
    "a table more": ("create table more (a)",),
    "an index more": ("create index more on tiles (x0)",),
    "a column more": ("alter table tiles add column more",),
    "a generated column": ("alter table tiles add column more generated always as (hex(zeroblob(100000000)))",),
    "a table less": ("drop table provenance",),
    "statistics": ("analyze",),
    "another type": ("pragma writable_schema = on", "update sqlite_master set sql = replace(sql, 'x0 integer', 'x0 text')"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schema_is_exact(path, kind):
    run(path, *SCHEMAS[kind])
    assert refused(path).startswith("is damaged: its tables are not those of a map file. Restore a copy, or")


def test_other_modes_and_versions(path):
    run(path, "pragma user_version = 3")
    assert refused(path) == "has format 3; this version of fallline reads up to 2. Update fallline."
    run(path, "pragma user_version = -1")
    assert "is damaged: its tables are not those of a map file" in refused(path)
    run(path, "pragma user_version = 2", "pragma application_id = 7")
    assert refused(path) == "is an SQLite database, but no map file."


def test_write_ahead_mode_leaves_nothing_behind(path):
    db = sqlite3.connect(path)
    db.execute("pragma journal_mode = wal")
    db.close()
    assert "another program has switched it to SQLite's write-ahead mode" in refused(path)
    assert os.listdir(path.parent) == ["m.fallmap"]


BOMB = zlib.compress(bytes(300_000_000), 9)
ROWS = {
    "a bomb in a tile": ("tiles", "data", BOMB, "the tile of .* cannot be read"),
    "a tile that is too short": ("tiles", "data", zlib.compress(b"x"), "the tile of .* cannot be read"),
    "two streams in a tile": ("tiles", "data", lambda data: data + data, "the tile of .* cannot be read"),
    "no bytes": ("tiles", "data", "text", "the tile of .* cannot be read"),
    "a large tile": ("tiles", "data", bytes(5_000_000), "the tile of .* cannot be read"),
    "a tile's end": ("tiles", "x1", 10**9, "it holds a tile that is no part of the map"),
    "a tile's beginning": ("tiles", "y0", -1, "it holds a tile that is no part of the map"),
    "a stride of 0": ("tiles", "stride", 0, "it holds a tile that is no part of the map"),
    "a stride that is text": ("tiles", "stride", "x", "it holds a tile that is no part of the map"),
    "no stride": ("tiles", "coarser", None, "it holds a tile that is no part of the map"),
    "a fraction": ("tiles", "y1", 2.5, "it holds a tile that is no part of the map"),
    "a checksum that is bytes": ("tiles", "sha256", b"x", "does not match its checksum"),
    "a bomb in an array": ("arrays", "data", BOMB, "array [0-9a-f]{12} cannot be read"),
    "objects": ("arrays", "dtype", "|O8", "array [0-9a-f]{12} cannot be read"),
    "a wide text": ("arrays", "dtype", "<U1000000", "array [0-9a-f]{12} cannot be read"),
    "an unknown type": ("arrays", "dtype", "<b8", "array [0-9a-f]{12} cannot be read"),
    "a huge shape": ("arrays", "shape", "[1000000000, 8]", "array [0-9a-f]{12} cannot be read"),
    "a deep shape": ("arrays", "shape", "[" * 100_000, "array [0-9a-f]{12} cannot be read"),
    "a shape of minus one": ("arrays", "shape", "[-1]", "array [0-9a-f]{12} cannot be read"),
    "an array's name": ("arrays", "sha256", "x", "it holds an array without a checksum"),
    "another array's name": ("arrays", "sha256", "0" * 64, "array 000000000000 does not match its checksum"),
    "a spec that is bytes": ("spec", "json", b"{}", "its spec does not match its checksum"),
    "a provenance that is a number": ("provenance", "value", b"x", "it does not say what made it"),
    "a long provenance": ("provenance", "value", "x" * 5000, "it does not say what made it"),
    "a provenance without its lines": ("provenance", "key", "x", "it does not say what made it"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROWS)
def test_every_row_has_its_types_and_bounds(path, kind):
    table, column, value, said = ROWS[kind]
    where = f"from {table} where rowid = (select min(rowid) from {table})"
    with sqlite3.connect(path) as db:
        (old,) = db.execute(f"select {column} {where}").fetchone()
    db.close()
    new = value(old) if callable(value) else value
    if "without its lines" in kind:
        where = "from provenance where key = 'engine'"
    run(path, (f"update {table} set {column} = ? {where.removeprefix(f'from {table}')}", (new,)))
    assert re.search(f"is damaged: .*{said}", refused(path))


def test_a_large_row_is_not_even_fetched(path):
    run(path, ("update tiles set data = ?", (bytes(40_000_000),)))
    tracemalloc.start()
    try:
        with pytest.raises(OutputError, match="cannot be read"):
            load_map(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_an_array_has_no_more_bytes_than_there_is_room_for():
    row = array_row(np.zeros(1000))
    assert array_from(row, 8000)[0] == row[0]
    with pytest.raises(RowError, match=r"array .* cannot be read"):
        array_from(row, 7999)


def test_a_tile_that_stands_twice(path):
    """Past the key that forbids it, which is taken out of the schema for a moment."""
    with sqlite3.connect(path) as db:
        schema = db.execute(
            "select type, name, tbl_name, rootpage, sql from sqlite_master where tbl_name = 'tiles'"
        ).fetchall()
    db.close()
    columns = "stride, coarser, x0, y0, x1, y1, data, sha256"
    run(path, "pragma writable_schema = on", "delete from sqlite_master where name = 'sqlite_autoindex_tiles_1'",
        "update sqlite_master set sql = replace(sql, ', primary key (stride, x0, y0, x1, y1)', '') where name = 'tiles'")  # fmt: skip
    run(path, f"insert into tiles ({columns}) select {columns} from tiles limit 1")
    run(path, "pragma writable_schema = on", "delete from sqlite_master where tbl_name = 'tiles'",
        *[("insert into sqlite_master values (?, ?, ?, ?, ?)", row) for row in schema])  # fmt: skip
    assert re.match("is damaged: it holds the tile of .* twice", refused(path))


def test_rows_that_are_too_many_or_too_few(path):
    for k in range(5):
        run(path, ("insert into arrays values (?, ?, ?, ?)", (f"{k}" * 64, "<f8", "[1]", zlib.compress(bytes(8)))))
    assert "is damaged: it holds more than 7 rows" in refused(path)
    run(path, "delete from arrays")
    assert "is damaged: its arrays are not those that its spec names" in refused(path)
    run(path, "delete from spec")
    assert "is damaged: it holds no spec" in refused(path)


def test_a_query_that_would_never_end_is_broken_off(path):
    base = Database(path, write=False)
    with pytest.raises(OutputError, match="is damaged: reading it takes too long"), explained(path, write=False):
        list(base.rows("with recursive n(k) as (select 1 union all select k + 1 from n) select k from n where k < 0"))
    base.close()


def sign(path, change):
    """Edit the spec and sign it again, as somebody would who knows the format."""
    with sqlite3.connect(path) as db:
        (text,) = db.execute("select json from spec").fetchone()
        new = change(text)
        db.execute("update spec set json = ?, sha256 = ?", (new, hashlib.sha256(new.encode()).hexdigest()))
    db.close()


def put(key, value):
    def change(text):
        description = json.loads(text)
        at = description
        *way, last = key.split(".")
        for name in way:
            at = at[name]
        at[last] = value
        return canonical(description)

    return change


TEXTS = {
    "no JSON": lambda text: text[:-1],
    "a list": lambda text: "[]",
    "infinity by overflow": lambda text: text.replace('"steps":10', '"steps":1e400'),
    "not a number": lambda text: text.replace('"steps":10', '"steps":NaN'),
    "a key that stands twice": lambda text: text.replace('"steps":10', '"steps":10,"steps":10'),
    "blanks": lambda text: text.replace(",", ", "),
    "depth": lambda text: "[" * 200_000,
    "many digits": lambda text: text.replace('"steps":10', '"steps":1' + "0" * 5000),
    "length": lambda text: text.replace('"my table"', '"' + "x" * 5_000_000 + '"'),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_spec_is_canonical_text(path, kind):
    sign(path, TEXTS[kind])
    assert refused(path).startswith(
        ("is damaged: its spec is no canonical JSON.", "is damaged: its spec is longer than 4,000")
    )


VALUES = [
    ("steps", -1), ("steps", 10.0), ("steps", True), ("steps", 2**70), ("steps", None), ("seed", "0"), ("starts", 0),
    ("starts", 2**62), ("batch", 0), ("batch", 10**9), ("dtype", "float16"), ("dtype", None), ("measures", []), ("measures", "accuracy"),
    ("measures", ["accuracy", "accuracy"]), ("measures", ["steps_to=nan"]), ("measures", ["loss"]), ("start", None), ("start", "0" * 64),
    ("start", 7), ("optimizer", "mementum"), ("optimizer", {"own": "x"}), ("optimizer", []), ("initial", "\ud800"), ("settings", []),
    ("settings", {"seed": 3}), ("settings", {"momentum": 0.5}), ("settings", {"objective": 1}), ("settings", {"learning_rate.9": 1}),
    ("schedule", {}), ("schedule", {"name": "constant", "decay": 0.5}), ("schedule", {"name": ["constant"]}),
    ("x", {}), ("x.values", []), ("x.values", [1e400]), ("x.values", ["a"]), ("x.values", [2**1100]), ("x.name", "momentum"),
    ("x.name", "\x1b[2J"), ("y.count", 10**9), ("y.count", 2**24 + 1), ("y.count", 0), ("y.low", 5), ("y.low", "a"), ("y.scale", "sqrt"),
    ("y.scale", "log"), ("y.part", [0, 2**63]), ("y.part", [3]), ("y.name", "start.W9[0,0]"), ("y", []),
    ("network.sizes", "2-1000000000-3"), ("network.sizes", "1-" * 900 + "1"), ("network.sizes", "2-a"), ("network.sizes", "2--3"),
    ("network.sizes", "2-2-4"), ("network.activations", []), ("network.activations", ["x"]), ("network.activations", [None]),
    ("network.scales", []), ("network.scales", ["a"]), ("network.l2", -1), ("network.bias", 1), ("network.loss", "logistic"),
    ("network.reduction", "max"), ("network", None), ("data", {}), ("data.samples", 3), ("data.classes", "abc"), ("data.X", 1),
    ("data.columns", [1]), ("data.name", "x" * 3000), ("data.name", None), ("extra", 1), ("formula", "x"), ("landscape", "rosenbrock"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), VALUES, ids=lambda value: repr(value)[:20])
def test_a_spec_that_is_signed_again_describes_a_map_or_is_refused(path, key, value):
    try:
        sign(path, put(key, value))
    except ValueError:  # infinity is no JSON
        return
    assert refused(path).startswith("is damaged: ")


@pytest.fixture(scope="module")
def choices(tmp_path_factory):
    """A finished map of widths by optimizers."""
    path = tmp_path_factory.mktemp("choices") / "m.fallmap"
    with MapFile.open(PLACE / "fixtures" / "maps" / "table.fallmap") as file:
        objective = file.spec().objective
    spec = map_spec(objective, x=("width", [1, 2]), y=("optimizer", ["sgd", "momentum"]), steps=3)
    compute_map(spec, out=path)
    return path


SGD = {"name": "gradient_descent", "settings": {"learning_rate": 0.01}}
CHOICES = [
    ("y", {"name": "optimizer"}), ("y.choices", []), ("y.choices", [{}]), ("y.choices", "adam"), ("y.choices", ["adam"]), ("y.choices", [SGD, SGD]),
    ("y.choices", [SGD]), ("y.choices", [SGD] * 100_000), ("y.choices", [SGD | {"name": "sgd"}]), ("y.choices", [SGD | {"name": "relu"}]),
    ("y.choices", [SGD | {"settings": {}}]), ("y.choices", [SGD | {"settings": {"learning_rate": -1}}]),
    ("y.choices", [SGD | {"settings": {"learning_rate": 0.01, "momentum": 0.5}}]), ("y.choices", [SGD | {"settings": {"learning_rate": "a"}}]),
    ("y.choices", [{"name": {"own": "x", "sha256": "0" * 64}, "settings": {}}]), ("y.choices", [SGD | {"more": 1}]),
    ("y", {"name": "initial", "choices": [{"name": "zeros", "settings": {"a": 1}}]}), ("y.name", "schedule"), ("y.name", "width"),
    ("y.name", "activation"), ("y.name", "\x1b[2J"), ("y.name", "momentum"), ("y.values", [0, 1]), ("optimizer", "adam"), ("optimizer", "gradient_descent"),
    ("settings", {"learning_rate": 0.01}), ("schedule", None), ("initial", None), ("x.values", [0, 2]), ("x.values", [1.5, 2]),
    ("x.values", [1, 1e9]), ("x.values", [1, 1e300]), ("x.values", [2, 1]), ("x.values", list(range(1, 100_000))), ("x.name", "depth"),
    ("x", {"name": "width", "low": 1, "high": 2**24, "count": 2**24, "scale": "linear"}), ("network.sizes", "2-1-3"), ("start", "0" * 64),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), CHOICES, ids=lambda value: repr(value)[:20])
def test_choices_that_are_signed_again_describe_a_map_or_are_refused(choices, tmp_path, key, value):
    path = Path(shutil.copyfile(choices, tmp_path / "m.fallmap"))
    sign(path, put(key, value))
    assert refused(path).startswith("is damaged: ")


def test_only_optimizers_and_schedules_have_settings():
    described = {"name": "initial", "choices": [{"name": "zeros", "settings": {"a": 1}}]}
    with pytest.raises(UsageError, match="initial weights zeros has no settings; got a"):
        ChoiceAxis.from_description(described)


def test_a_map_beyond_the_limit_of_memory(path):
    sign(path, put("y.count", 2**24))
    sign(path, put("x.values", [float(k) for k in range(100)]))
    assert "holds a map of 100 x 16777216 cells, whose values take " in refused(path)


@pytest.mark.parametrize(("key", "value"), [("steps", 10**7), ("starts", 10**6), ("network.sizes", "2-900-3")])
def test_an_old_file_is_not_computed_for_ever(tmp_path, key, value):
    """Reading a file of format 1 computes some of its cells again, but not if it asks for a day of work."""
    path = Path(shutil.copyfile(PLACE / "fixtures" / "maps" / "network-unfinished.fallmap", tmp_path / "m.fallmap"))
    sign(path, put(key, value))
    if key == "network.sizes":
        sign(path, put("network.activations", ["tanh"]))
    m = load_map(path)
    assert m.known.any()
    assert not m.complete
    assert export(m, tmp_path / "m.csv").is_file()


def test_a_large_map_without_tiles_takes_no_memory(path):
    """It is no damage: the file of a map that has just been begun."""
    sign(path, put("y.count", 2_000_000))
    run(path, "delete from tiles", "delete from provenance where key = 'sha256'")
    tracemalloc.start()
    try:
        m = load_map(path)
        assert (m.spec.cells, m.known.any()) == (6_000_000, False)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


FORMULA = {
    "formula": "x^2 + y^2", "window": [[-2.0, 2.0], [-2.0, 2.0]], "optimizer": "gradient_descent", "settings": {"learning_rate": 0.1},
    "schedule": {"name": "constant"}, "x": {"name": "start.x", "low": 0.0, "high": 1.0, "count": 3, "scale": "linear"},
    "y": {"name": "start.y", "low": 0.0, "high": 1.0, "count": 3, "scale": "linear"}, "steps": 3, "batch": None, "seed": 0, "starts": 1,
    "initial": "normal", "start": None, "dtype": "float64", "measures": ["final_loss"],
}  # fmt: skip


@pytest.mark.parametrize(
    "text", ["(" * 5000, "x**9**9**9", "__import__('os')", "x" * 3000, "", "x +", "1/0", "\0", "z"]
)
def test_formulas_from_a_file_are_parsed_never_run(text):
    with pytest.raises((FalllineError, ValueError), match=r"formula|spec|exponent"):
        rebuild_map_spec(read_spec_text(canonical(FORMULA | {"formula": text})), {})


@pytest.mark.parametrize("wrong", [
    {"measures": [0] * 500_000}, {"measures": {str(k): 0 for k in range(300_000)}}, {"settings": {str(k): "" for k in range(250_000)}},
    {"x": {"name": "a", "values": ["0"] * 500_000}}, {str(k): 0 for k in range(250_000)}, {"x": {str(k): 0 for k in range(199)}},
])  # fmt: skip
def test_many_faults_in_a_spec_take_little_memory(wrong):
    """pydantic would tell of each."""
    text = canonical(FORMULA | wrong)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"in its spec is missing|no canonical JSON"):
            read_spec_text(text)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()


def test_what_map_spec_refuses_a_file_may_not_say():
    """Both go through one function, so a description is exactly that of a spec which a user can ask for."""
    spec = map_spec("booth", x="learning_rate=0.1..0.2", y="momentum=0..0.9", size=3, optimizer_="momentum")
    description, arrays = spec.describe()
    assert rebuild_map_spec(description, arrays).sha256 == spec.sha256
    for key, value in (("steps", 10.0), ("seed", False), ("dtype", "<f8"), ("measures", ["final-loss"])):
        with pytest.raises(UsageError):
            rebuild_map_spec(description | {key: value}, arrays)
    assert description["start"] == array_key(spec.start)


def test_a_few_hundred_damaged_files():
    """The long script in its small form."""
    pytest.importorskip("resource", reason="the script measures its memory with it")
    done = subprocess.run(
        [sys.executable, str(PLACE / "long" / "fuzz_map_files.py"), "--files", "300", "--seed", "1"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 files" in done.stdout
