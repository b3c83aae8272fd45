"""The map file: resumed, never torn, never mixed; damage is found and named."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import OutputError, UsageError
from fallline.maps import workers
from fallline.maps.file import MapFile
from fallline.maps.map import Map, compute_map, growing, load_map
from fallline.maps.spec import MapSpec, map_spec
from fallline.maps.tiles import compute, layout

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
    again = MapSpec.from_description(*s.describe())
    assert again.describe()[0] == s.describe()[0]
    assert again.sha256 == s.sha256
    assert compute_map(again).sha256 == compute_map(s).sha256


@pytest.mark.parametrize("what", ["rosenbrock", fl.LandscapeObjective(fl.Landscape("rosenbrock", fl.LANDSCAPES["rosenbrock"].function, fl.LANDSCAPES["rosenbrock"].gradient, dimension=4))])  # fmt: skip
def test_landscapes_are_built_again(what):
    s = map_spec(what, x="learning_rate=1e-4..1e-3", y="initial_scale=0.5..1", size=3)
    again = MapSpec.from_description(*s.describe())
    assert again.objective.dimension == s.objective.dimension
    assert compute_map(again).sha256 == compute_map(s).sha256


def test_quadratic_keeps_its_condition():
    from fallline.textbook.landscapes import quadratic

    s = map_spec(quadratic(77.0), x="learning_rate=1e-4..1e-3", y="start.x=0..1", size=2)
    again = MapSpec.from_description(*s.describe())
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
    with MapFile.create(tmp_path / "a.fallmap", s) as file:
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
    with MapFile.create_or_resume(path, s) as file:
        with pytest.raises(OutputError, match="is being written by another process"):
            MapFile.create_or_resume(path, s)
        file.add(s, next(layout(s, 64)), compute(s, next(layout(s, 64))))
        assert load_map(path).known.any()
    MapFile.create_or_resume(path, s).close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.fallmap"]


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
    with pytest.raises(UsageError, match="is no file"):
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


@pytest.mark.parametrize("said", ["attempt to write a readonly database", "unable to open database file"])
def test_refusals_of_the_system_are_sentences(tmp_path, monkeypatch, said):
    def refuse(*args, **kwargs):
        raise sqlite3.OperationalError(said)

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
        [sys.executable, str(PLACE / "long" / "kills.py"), "--kills", "500"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "500 kills" in done.stdout
