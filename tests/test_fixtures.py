"""Files that earlier versions wrote are read, and give the hashes that they gave then; see fixtures/README.md."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from fallline.errors import OutputError, UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.studies import study
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.loading import load_map
from fallline.maps.map import Map, compute_map
from fallline.maps.rows import pack, tile_sha
from fallline.runs import engine

PLACE = Path(__file__).parent / "fixtures"
HASHES = json.loads((PLACE / "hashes.json").read_text(encoding="utf-8"))
ARITHMETIC = 2
"""The arithmetic that made the fixtures. With another one, values that are computed anew may differ."""

SAME_ARITHMETIC = engine.ARITHMETIC_VERSION == ARITHMETIC


@pytest.fixture
def copied(tmp_path):
    def copy(name):
        return Path(shutil.copyfile(PLACE / "maps" / name, tmp_path / name))

    return copy


@pytest.mark.parametrize("name", [n for n in HASHES["maps"] if "unfinished" not in n and "own" not in n])
def test_a_finished_map_has_its_values(name):
    m = load_map(PLACE / "maps" / name)
    assert m.complete
    assert m.sha256 == HASHES["maps"][name]


@pytest.mark.parametrize("name", ["landscape", "network"])
def test_an_unfinished_map_is_finished(name, copied):
    path = copied(f"{name}-unfinished.fallmap")
    held = load_map(path)
    assert 0 < held.known.sum() < held.known.size
    if not SAME_ARITHMETIC:
        with pytest.raises(UsageError, match="its arithmetic is machine 2 there"):
            compute_map(held.spec, out=path)
        return
    assert compute_map(held.spec, out=path).sha256 == HASHES["maps"][path.name]
    with MapFile.open(path) as file:
        assert file.format == 2  # from now on every tile is bound to its place
    assert load_map(path).sha256 == HASHES["maps"][path.name]


def test_a_function_of_ones_own_is_told(copied):
    path = copied("own-function.fallmap")
    assert load_map(path).sha256 == HASHES["maps"][path.name]  # its values need no function
    with pytest.raises(UsageError, match="is a function of your own"):
        load_map(path).run_at(0, 0)
    with MapFile.open(copied("own-function.fallmap")) as file:
        assert file.provenance()["sha256"] == HASHES["maps"]["own-function.fallmap"]


@pytest.fixture(params=["landscape", "network"])
def old(request, tmp_path):
    """An unfinished file of format 1 as this version's arithmetic would have written it, and its spec."""
    path = tmp_path / "m.fallmap"
    spec = load_map(PLACE / "maps" / f"{request.param}-unfinished.fallmap").spec
    for k, _ in enumerate(growing(Map(spec, path), tile_cells=16), start=1):
        if k == 3:
            break
    with MapFile.open(path) as file:
        held = [(tile_sha(1, spec, tile, pack(spec, values)), *tile) for tile, values in file.tiles(spec)]
    with sqlite3.connect(path) as db:
        for row in held:
            db.execute("update tiles set sha256 = ? where (stride, coarser, x0, y0, x1, y1) = (?, ?, ?, ?, ?, ?)", row)
        db.execute("pragma user_version = 1")
    db.close()
    return path, spec


def test_an_old_file_becomes_a_new_one_when_it_is_resumed(old):
    path, spec = old
    assert not load_map(path).complete
    assert compute_map(spec, out=path).sha256 == compute_map(spec).sha256 == load_map(path).sha256
    with MapFile.open(path) as file:
        assert file.format == 2


def test_exchanged_tiles_of_an_old_file_are_found(old):
    """Their checksums know the values alone, so the values of some cells are computed again."""
    path, spec = old
    with sqlite3.connect(path) as db:
        (a, x0, x1), (b, u0, u1) = db.execute("select rowid, x0, x1 from tiles limit 2").fetchall()
        db.execute("update tiles set x0 = -4, x1 = -1 where rowid = ?", (a,))
        db.execute("update tiles set x0 = ?, x1 = ? where rowid = ?", (x0, x1, b))
        db.execute("update tiles set x0 = ?, x1 = ? where rowid = ?", (u0, u1, a))
    db.close()
    for read in (lambda: load_map(path), lambda: compute_map(spec, out=path)):
        with pytest.raises(OutputError, match=r"is damaged: the tile of columns .* holds the values of other cells"):
            read()


@pytest.mark.parametrize("name", HASHES["studies"])
def test_a_study_gives_its_map(name):
    read = study(PLACE / "studies" / name)
    resolved = read.maps[0].with_(size="32x24")
    m = compute_map(build_map(resolved, objective_of(read, resolved.objective)))
    assert m.complete
    if SAME_ARITHMETIC:
        assert m.sha256 == HASHES["studies"][name]


def told_in(part, whole):
    """What `whole` says under the keys of `part`."""
    return {key: told_in(value, whole[key]) if isinstance(value, dict) else whole[key] for key, value in part.items()}


@pytest.mark.parametrize("name", HASHES["links"])
def test_a_link_means_its_state(name):
    """What the page does with an address, in Python; its own code is tested in a browser."""
    pytest.importorskip("starlette")
    from fallline.lab.resolved_state import resolve_state
    from fallline.lab.state import read_state
    from fallline.lab.work.pyramid import view_spec

    code = (PLACE / "links" / f"{name}.txt").read_text(encoding="utf-8").strip().partition("#")[2]
    told = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    state = read_state(told)
    whole = json.loads((PLACE / "links" / f"{name}.json").read_text(encoding="utf-8"))
    assert read_state(whole).json == state.json  # keys that came later have their defaults
    assert told_in(whole, state.json) == whole
    if SAME_ARITHMETIC:
        assert compute_map(view_spec(resolve_state(state, {}), state.view, 64)).sha256 == HASHES["links"][name]
