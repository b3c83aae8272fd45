"""The map file: resumed, never torn, never mixed; damage is found and named."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import OutputError, UsageError
from fallline.experiment.map_spec import map_spec, rebuild_map_spec
from fallline.maps import workers
from fallline.maps.cells import compute
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.loading import load_map
from fallline.maps.map import Map, compute_map
from fallline.maps.tiles import Tile, in_layout, layout
from fallline.maps.writer import MapWriter

PLACE = Path(__file__).parent


def spec(**options):
    given = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.99", "size": 40, "optimizer_": "momentum", "steps": 20,
             "measures": ["final_loss", "outcome"]}  # fmt: skip
    return map_spec("rosenbrock", **given | options)


def partly(path, tiles=3, **options):
    """A file that was begun: its first tiles alone."""
    s = spec(**options)
    for k, _ in enumerate(growing(Map(s, path), tile_cells=64), start=1):
        if k == tiles:
            break
    return s


def test_description_is_the_spec_again():
    data = fl.generate("three-gaussians", samples=4)
    objective = fl.NetworkObjective(fl.Network.of("2-3-3", activation="tanh", l2=0.1, scales=(0.5, 2)), data)
    s = map_spec(objective, x="learning_rate.1=1e-3..1:log", y="seed=2..4", size=3, optimizer_="adam", steps=4, starts=3,
                 schedule_={"name": "inverse_time", "decay": 0.1}, batch=5, dtype="float32", measures=["diverged", "steps_to=1e-3"],
                 initial_="he_normal")  # fmt: skip
    again = rebuild_map_spec(*s.describe())
    assert again.describe()[0] == s.describe()[0]
    assert again.sha256 == s.sha256
    assert compute_map(again).sha256 == compute_map(s).sha256


@pytest.mark.parametrize("what", ["rosenbrock", fl.LandscapeObjective(fl.Landscape("rosenbrock", fl.LANDSCAPES["rosenbrock"].function, fl.LANDSCAPES["rosenbrock"].gradient, dimension=4))])  # fmt: skip
def test_landscapes_are_built_again(what):
    s = map_spec(what, x="learning_rate=1e-4..1e-3", y="initial_scale=0.5..1", size=3)
    again = rebuild_map_spec(*s.describe())
    assert again.objective.dimension == s.objective.dimension
    assert compute_map(again).sha256 == compute_map(s).sha256


def test_quadratic_keeps_its_condition():
    from fallline.textbook.landscapes import quadratic

    s = map_spec(quadratic(77.0), x="learning_rate=1e-4..1e-3", y="start.x=0..1", size=2)
    again = rebuild_map_spec(*s.describe())
    assert again.objective.loss(np.array([1.0, 1.0])) == 39.0


def test_resume_ends_with_the_hash_of_an_undisturbed_run(tmp_path):
    s = partly(tmp_path / "a.fallmap")
    assert not load_map(tmp_path / "a.fallmap").complete
    counted = []
    result = Map(s, tmp_path / "a.fallmap")
    for tile in growing(result, tile_cells=64, progress=lambda done, total: counted.append((done, total))):
        assert tile.cells
    whole = compute_map(s, out=tmp_path / "b.fallmap")
    assert result.sha256 == whole.sha256 == compute_map(s).sha256
    assert 0 < counted[0][0] < counted[-1][0] == counted[-1][1] == s.cells
    with MapFile.open(tmp_path / "a.fallmap") as file:
        assert file.provenance()["sha256"] == whole.sha256
        assert len(file.keys()) == len(list(layout(s, 64)))
    assert load_map(tmp_path / "a.fallmap").sha256 == whole.sha256
    again = compute_map(s, out=tmp_path / "a.fallmap")
    assert again.sha256 == whole.sha256


def test_a_file_is_gone_on_with_in_other_tiles(tmp_path):
    s = partly(tmp_path / "a.fallmap")
    assert compute_map(s, out=tmp_path / "a.fallmap", tile_cells=300, workers=1).sha256 == compute_map(s).sha256


def test_another_spec_is_refused_with_what_differs(tmp_path):
    partly(tmp_path / "a.fallmap")
    with pytest.raises(UsageError) as caught:
        compute_map(spec(steps=21, y="momentum=0..0.9"), out=tmp_path / "a.fallmap")
    assert "holds another map: steps is 20 there and 21 here; y.high is 0.99 there and 0.9 here." in str(caught.value)


def test_another_arithmetic_is_refused(tmp_path, monkeypatch):
    s = partly(tmp_path / "a.fallmap")
    monkeypatch.setattr("fallline.runs.engine.ARITHMETIC_VERSION", 10_000)
    with pytest.raises(UsageError, match=r"its arithmetic is machine \d+ there and machine 10000 here"):
        compute_map(s, out=tmp_path / "a.fallmap")


def test_duplicates_are_compared_never_overwritten(tmp_path):
    s = spec()
    tile = next(layout(s, 64))
    values = compute(s, tile)
    with MapWriter.create(tmp_path / "a.fallmap", s) as file:
        assert file.add(s, tile, values)
        assert not file.add(s, tile, values)
        other = values | {"final_loss": np.nextafter(values["final_loss"], np.inf)}
        with pytest.raises(OutputError, match="was computed twice with different values; the first is kept"):
            file.add(s, tile, other)
        ((_, kept),) = file.tiles(s)
        np.testing.assert_array_equal(kept["final_loss"], values["final_loss"])


def test_one_writer_at_a_time_and_readers_beside_it(tmp_path):
    path = tmp_path / "a.fallmap"
    s = spec()
    with MapWriter.create_or_resume(path, s) as file:
        with pytest.raises(OutputError, match="is being written by another process"):
            MapWriter.create_or_resume(path, s)
        file.add(s, next(layout(s, 64)), compute(s, next(layout(s, 64))))
        assert load_map(path).known.any()
    MapWriter.create_or_resume(path, s).close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.fallmap"]


OTHER_WRITER = """
import sys
from fallline.maps.writer import MapWriter
from fallline.experiment.map_spec import map_spec
spec = map_spec("rosenbrock", x="learning_rate=1e-4..1e-2:log", y="momentum=0..0.99", size=40, optimizer_="momentum",
                steps=20, measures=["final_loss", "outcome"])
file = MapWriter.create_or_resume(sys.argv[1], spec)
print("written", flush=True)
sys.stdin.readline()
"""


def test_the_lock_is_between_processes_and_ends_with_them(tmp_path):
    path = tmp_path / "a.fallmap"
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "written\n"
        with pytest.raises(OutputError, match="is being written by another process: wait until it ends"):
            compute_map(spec(), out=path)
        assert not load_map(path).known.any()  # readers are welcome
        other.kill()
    assert compute_map(spec(), out=path).complete
    assert os.listdir(tmp_path) == ["a.fallmap"]


@pytest.mark.parametrize("content", [b"", b"mine", b"SQLite format 3\0" + bytes(100)])
def test_a_file_called_lock_is_the_users(tmp_path, content):
    lock = tmp_path / "a.fallmap.lock"
    lock.write_bytes(content)
    compute_map(spec(), out=tmp_path / "a.fallmap")
    with pytest.raises(UsageError, match="holds another map"):
        compute_map(spec(steps=21), out=tmp_path / "a.fallmap")
    assert lock.read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["a.fallmap", "a.fallmap.lock"]


@pytest.mark.parametrize(
    "name", ["/dev/null", "/dev/full", "/dev/zero", "pipe", "socket", "folder", "link to /dev/null"]
)
def test_a_map_is_written_to_files_alone(tmp_path, name):
    path = tmp_path / "a.fallmap"
    if name.startswith("/dev") or "link" in name:
        device = Path(name.split()[-1])
        if not device.exists():
            pytest.skip(f"there is no {device} here")
        path.symlink_to(device) if "link" in name else None
        path = path if "link" in name else device
    elif name == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no pipes with names")
        os.mkfifo(path)
    elif name == "socket":
        socket = pytest.importorskip("socket")
        if not hasattr(socket, "AF_UNIX"):
            pytest.skip("this system has no sockets with names")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        path.mkdir()
    before = os.listdir(tmp_path), os.listdir(path.parent)
    with pytest.raises(OutputError, match=r"is a directory|is a device or a pipe"):
        compute_map(spec(), out=path)
    assert (os.listdir(tmp_path), os.listdir(path.parent)) == before


def test_a_map_that_no_reader_would_take_is_not_begun(tmp_path, monkeypatch):
    data = fl.Dataset(np.zeros((3, 2)), np.eye(2)[[0, 1, 0]], "data", ("a", "half a pair \ud800"))
    s = map_spec(fl.NetworkObjective(fl.Network.of("2-2"), data), x="learning_rate=0..1", y="seed=0..3", size=3)
    with pytest.raises(
        UsageError, match=r"cannot be kept in a file: data\.columns in its spec is missing or of the wrong"
    ):
        compute_map(s, out=tmp_path / "a.fallmap")
    monkeypatch.setattr("fallline.maps.rows.MOST_ARRAYS", 15)
    with pytest.raises(UsageError, match="data and start of a map file may take at most"):
        compute_map(spec(), out=tmp_path / "a.fallmap")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_replaced_while_it_is_open(tmp_path):
    path, s = tmp_path / "a.fallmap", spec()
    tiles = list(layout(s, 64))
    with MapWriter.create_or_resume(path, s) as file:
        file.add(s, tiles[0], compute(s, tiles[0]))
        path.unlink()
        path.write_bytes(b"mine")
        with pytest.raises(OutputError, match="was removed or replaced while it was open"):
            file.add(s, tiles[1], compute(s, tiles[1]))
    assert path.read_bytes() == b"mine"


def test_a_place_is_a_part_of_some_layout():
    rows = np.random.default_rng(0)
    for size in ("1x1", "40x36", "70x65", "3x300"):
        s = spec(size=size)
        held = {tile for cells in 4 ** np.arange(12) for tile in layout(s, int(cells))}
        shuffled = rows.permutation(sorted(held)).tolist()
        assert all(in_layout(s, Tile(*tile)) for tile in shuffled[:200])
        for tile in shuffled[:50]:
            for k in range(6):
                moved = Tile(*tile)._replace(**{Tile._fields[k]: tile[k] + int(rows.choice([-1, 1, 2**20, -(2**40)]))})
                assert not in_layout(s, moved) or moved in held


def tiles_of(path):
    with sqlite3.connect(path) as db:
        rows = db.execute("select stride, coarser, x0, y0, x1, y1, data, sha256 from tiles order by rowid").fetchall()
    db.close()
    return rows


def change(path, sql, *values):
    with sqlite3.connect(path) as db:
        db.execute(sql, values)
    db.close()


@pytest.mark.parametrize("finished", [False, True])
def test_one_bit_of_a_tiles_place_is_found(tmp_path, finished):
    path = tmp_path / "a.fallmap"
    s = partly(path, 1000 if finished else 3)
    kept = path.read_bytes()
    places = tiles_of(path)[-1][:6]
    for name, value in zip(("stride", "coarser", "x0", "y0", "x1", "y1"), places, strict=True):
        for bit in range(8):
            path.write_bytes(kept)
            change(path, f"update tiles set {name} = ? where rowid = (select max(rowid) from tiles)", value ^ 1 << bit)
            for read in (lambda: load_map(path), lambda: compute_map(s, out=path)):
                with pytest.raises(OutputError, match=r"a\.fallmap is damaged: "):
                    read()


def test_exchanged_tiles_are_found(tmp_path):
    """Each has a place that belongs to the map and values that are those of its checksum, but not of its place."""
    path = tmp_path / "a.fallmap"
    s = partly(path, 6, size=64)
    a, b = [row for row in tiles_of(path) if row[:2] == (4, 16) and row[3] == 0][:2]
    for x0, x1, row in ((-1, -1, a), (a[2], a[4], b), (b[2], b[4], a)):
        change(path, "update tiles set x0 = ?, x1 = ? where sha256 = ?", x0, x1, row[7])
    for read in (lambda: load_map(path), lambda: compute_map(s, out=path)):
        with pytest.raises(OutputError, match=r"the tile of columns .* does not match its checksum"):
            read()


def test_a_tile_of_another_map_is_found(tmp_path):
    """Of the same place and size, and right there."""
    s = partly(tmp_path / "a.fallmap")
    partly(tmp_path / "b.fallmap", steps=21)
    *_, data, sha = tiles_of(tmp_path / "b.fallmap")[0]
    change(tmp_path / "a.fallmap", "update tiles set data = ?, sha256 = ? where rowid = 1", data, sha)
    with pytest.raises(OutputError, match="does not match its checksum"):
        compute_map(s, out=tmp_path / "a.fallmap")


@pytest.mark.parametrize("table", ["tiles", "spec", "arrays"])
def test_a_changed_byte_is_found_and_named(tmp_path, table):
    path = tmp_path / "a.fallmap"
    compute_map(spec(), out=path)
    column = {"tiles": "data", "spec": "json", "arrays": "data"}[table]
    with sqlite3.connect(path) as db:
        (value,) = db.execute(f"select {column} from {table} limit 1").fetchone()
        changed = (
            value.replace('"steps":20', '"steps":30')
            if table == "spec"
            else value[:-9] + bytes([value[-9] ^ 1]) + value[-8:]
        )
        assert changed != value
        db.execute(f"update {table} set {column} = ? where {column} = ?", (changed, value))
    db.close()
    with pytest.raises(OutputError, match=r"a\.fallmap is damaged: (the tile of columns|its spec|array)"):
        load_map(path)


def test_changed_values_under_an_old_checksum_are_found(tmp_path):
    path = tmp_path / "a.fallmap"
    compute_map(spec(), out=path)
    with sqlite3.connect(path) as db:
        place, data = db.execute("select rowid, data from tiles order by rowid desc limit 1").fetchone()
        raw = bytearray(zlib.decompress(data))
        raw[3] ^= 1
        db.execute("update tiles set data = ? where rowid = ?", (zlib.compress(bytes(raw)), place))
    db.close()
    with pytest.raises(OutputError, match=r"is damaged: the tile of columns .* does not match its checksum"):
        load_map(path)


def test_a_forged_tile_with_its_checksum_is_found_by_the_final_hash(tmp_path):
    path = tmp_path / "a.fallmap"
    s = spec()
    compute_map(s, out=path)
    with sqlite3.connect(path) as db:
        rows = db.execute("select rowid, data, sha256 from tiles").fetchall()
        db.execute("delete from tiles where rowid = ?", (rows[-1][0],))
    db.close()
    with pytest.raises(OutputError, match="its values are not those that it was finished with"):
        load_map(path)
    assert compute_map(s, out=path).complete  # a tile that is missing is computed again


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_found_and_named(tmp_path, share):
    path = tmp_path / "a.fallmap"
    s = spec(size=80)
    compute_map(s, out=path)
    with path.open("r+b") as f:
        f.truncate(int(share * path.stat().st_size))
    if share == 0:
        assert compute_map(s, out=path).complete  # an empty file is a new one
        return
    with pytest.raises((OutputError, UsageError), match=r"a\.fallmap (is damaged: its end is missing|is no map file)"):
        load_map(path)
    with pytest.raises((OutputError, UsageError), match=r"a\.fallmap (is damaged: its end is missing|is no map file)"):
        compute_map(s, out=path)


def test_no_map_files(tmp_path):
    with pytest.raises(UsageError, match="is not a file"):
        load_map(tmp_path / "absent.fallmap")
    (tmp_path / "text.fallmap").write_text("hello " * 100)
    with pytest.raises(UsageError, match="is no map file, or its beginning is damaged"):
        load_map(tmp_path / "text.fallmap")
    db = sqlite3.connect(tmp_path / "other.fallmap")
    db.execute("create table t (a)")
    db.commit()
    db.close()
    with pytest.raises(UsageError, match="is an SQLite database, but no map file"):
        load_map(tmp_path / "other.fallmap")
    with pytest.raises(UsageError, match="is an SQLite database, but no map file"):
        compute_map(spec(), out=tmp_path / "other.fallmap")
    with pytest.raises(OutputError, match="lies in a directory that does not exist"):
        compute_map(spec(), out=tmp_path / "no" / "a.fallmap")
    with pytest.raises(OutputError, match="is a directory"):
        compute_map(spec(), out=tmp_path)


@pytest.mark.parametrize("limit", [12_000, 60_000, 100_000])
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path, limit):
    """A limit on the file's size stands for a full disk: SQLite gets the same kind of error from the system."""
    resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")
    path = tmp_path / "a.fallmap"
    s = spec(size=128)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        with pytest.raises(OutputError, match=r"a\.fallmap cannot grow: .* repeat the command\."):
            compute_map(s, out=path, tile_cells=400)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    if limit > 12_000:
        assert load_map(path).known.any()
    else:
        assert not list(tmp_path.iterdir())  # not even the first transaction: nothing is left behind
    assert compute_map(s, out=path).sha256 == compute_map(s).sha256


def test_a_directory_that_may_not_be_written(tmp_path):
    """The system's refusal, which root never sees, comes from SQLite here."""
    path = tmp_path / "a.fallmap"
    partly(path)
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Choose a directory that you may write to"):
            compute_map(spec(), out=path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("attempt to write a readonly database", "SQLITE_READONLY_DIRECTORY"),
        ("unable to open database file", "SQLITE_CANTOPEN"),
    ],
)
def test_refusals_of_the_system_are_sentences(tmp_path, monkeypatch, said, code):
    def refuse(*args, **kwargs):
        error = sqlite3.OperationalError(said)
        error.sqlite_errorname = code
        raise error

    monkeypatch.setattr("sqlite3.connect", refuse)
    with pytest.raises(OutputError, match=f"cannot be written: {said}. Choose a directory that you may write to"):
        compute_map(spec(), out=tmp_path / "a.fallmap")


def test_a_killed_worker_is_replaced(monkeypatch):
    """Every second tile kills its worker at its first try; the map comes out the same."""
    s = spec(size=32)
    give = workers._Worker.give
    killed = []

    def deadly(self, tile, deaths):
        give(self, tile, deaths)
        if deaths == 0 and (tile.x0 + tile.y0) // tile.stride % 2 == 0:
            killed.append(tile)
            self.process.kill()

    monkeypatch.setattr(workers._Worker, "give", deadly)
    result = compute_map(s, workers=2, tile_cells=256)
    assert killed
    assert result.sha256 == compute_map(s).sha256


def test_a_tile_that_kills_every_worker_is_given_up(monkeypatch):
    give = workers._Worker.give

    def deadly(self, tile, deaths):
        give(self, tile, deaths)
        self.process.kill()

    monkeypatch.setattr(workers._Worker, "give", deadly)
    with pytest.raises(OutputError, match="5 worker processes in a row died at the tile of columns 0"):
        compute_map(spec(size=8), workers=2)


def test_a_function_of_ones_own_stays_in_its_process(tmp_path):
    s = map_spec(lambda x, y: x * x + y * y, x="learning_rate=0..1", y="start.x=0..1", size=3, start=(1, 1))
    with pytest.raises(UsageError, match="is a function of your own"):
        compute_map(s, workers=1)
    compute_map(s, out=tmp_path / "own.fallmap")
    assert compute_map(s, out=tmp_path / "own.fallmap").complete
    other = map_spec(lambda x, y: x * x + 2 * y * y, x="learning_rate=0..1", y="start.x=0..1", size=3, start=(1, 1))
    with pytest.raises(UsageError, match="landscape is another function there"):
        compute_map(other, out=tmp_path / "own.fallmap")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
def test_kills_lose_nothing():
    """The long script in its small form: killed again and again at random moments, then finished."""
    done = subprocess.run(
        [sys.executable, str(PLACE / "long" / "kills.py"), "--kills", "50"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 kills" in done.stdout


def test_a_writer_has_its_turn_while_a_large_map_is_read(tmp_path):
    """A reader holds SQLite's lock for a few tiles at a time, else a writer would wait until it has read them all."""
    path, s = tmp_path / "a.fallmap", spec(size=64)
    tiles = list(layout(s, 16))
    with MapWriter.create(path, s) as file:
        for tile in tiles[:-1]:
            file.add(s, tile, compute(s, tile))
        file._base.connection.execute("pragma busy_timeout = 0")
        with MapFile.open(path) as reader:
            rows = reader.tiles(s)
            next(rows)
            assert file.add(s, tiles[-1], compute(s, tiles[-1]))
            assert 1 + len(list(rows)) == len(tiles)


@pytest.mark.parametrize(
    "name", ["a?b#c%20d.fallmap", "naïve 日本.fallmap", "a'b\"c.fallmap", os.fsdecode(b"\xff.fallmap"), "-x"]
)
def test_names_of_every_kind(tmp_path, name):
    try:
        (tmp_path / name).touch()
    except OSError:
        pytest.skip(f"this system takes no file called {name!r}")
    whole = compute_map(spec(size=4), out=tmp_path / name)
    assert load_map(tmp_path / name).sha256 == whole.sha256
    assert os.listdir(tmp_path) == [name]


def test_the_budget_of_a_query_is_not_that_of_writing(tmp_path):
    """Else a map of very many tiles would be broken off in the middle."""
    s = spec(size=64)
    with MapWriter.create(tmp_path / "a.fallmap", s) as file:
        file._base.connection.set_progress_handler(file._base._spend, 1)
        assert not list(file.tiles(s))  # from here on there is a budget
        for _ in range(2000):
            file._base._spend()
        tile = next(layout(s, 16))
        assert file.add(s, tile, compute(s, tile))


def test_a_map_has_a_largest_number_of_parameters():
    with pytest.raises(
        UsageError, match="a map may be of at most 4,194,304 parameters; 2-1000000-2 on data has 5,000,002"
    ):
        map_spec(
            fl.NetworkObjective(fl.Network.of("2-1000000-2"), fl.Dataset.of([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])),
            x="learning_rate=0..1", y="seed=0..3",
        )  # fmt: skip


def test_a_zoom_stays_within_the_range_of_a_setting():
    m = compute_map(spec(size=4))
    with pytest.raises(UsageError, match=r"momentum must be a number in \[0, 1\]; got 1.5"):
        m.zoom(y=(0.5, 1.5))
