"""Files that earlier versions wrote are read, and give the hashes that they gave then; see fixtures/README.md."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fallline.errors import OutputError, UsageError
from fallline.maps.file import MapFile
from fallline.maps.map import compute_map, load_map
from fallline.runs import engine
from fallline.studies import study
from fallline.studies.checking import build_map, objective_of

PLACE = Path(__file__).parent / "fixtures"
HASHES = json.loads((PLACE / "hashes.json").read_text(encoding="utf-8"))
ARITHMETIC = 2
"""The arithmetic that made the fixtures. With another one, values that are computed anew may differ."""

same_arithmetic = pytest.mark.skipif(engine.ARITHMETIC_VERSION != ARITHMETIC, reason="the arithmetic has moved on")


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
    if engine.ARITHMETIC_VERSION != ARITHMETIC:
        with pytest.raises(UsageError, match="its arithmetic is machine 2 there"):
            compute_map(held.spec, out=path)
        return
    assert compute_map(held.spec, out=path).sha256 == HASHES["maps"][path.name]
    with MapFile.open(path) as file:
        assert file.format == 2  # from now on every tile is bound to its place
    assert load_map(path).sha256 == HASHES["maps"][path.name]


def test_a_function_of_ones_own_is_told(copied):
    with pytest.raises(UsageError, match="is a function of your own"):
        load_map(copied("own-function.fallmap"))
    with MapFile.open(copied("own-function.fallmap")) as file:
        assert file.provenance()["sha256"] == HASHES["maps"]["own-function.fallmap"]


@same_arithmetic
@pytest.mark.parametrize("name", ["landscape", "network"])
def test_exchanged_tiles_of_an_old_file_are_found(name, copied):
    """Their checksums know the values alone, so the values of some cells are computed again."""
    path = copied(f"{name}-unfinished.fallmap")
    spec = load_map(path).spec
    with sqlite3.connect(path) as db:
        (a, x0, x1), (b, u0, u1) = db.execute("select rowid, x0, x1 from tiles limit 2").fetchall()
        db.execute("update tiles set x0 = -4, x1 = -1 where rowid = ?", (a,))
        db.execute("update tiles set x0 = ?, x1 = ? where rowid = ?", (x0, x1, b))
        db.execute("update tiles set x0 = ?, x1 = ? where rowid = ?", (u0, u1, a))
    db.close()
    for read in (lambda: load_map(path), lambda: compute_map(spec, out=path)):
        with pytest.raises(OutputError, match=r"is damaged: the tile of columns .* holds the values of other cells"):
            read()


@same_arithmetic
@pytest.mark.parametrize("name", HASHES["studies"])
def test_a_study_gives_its_map(name):
    read = study(PLACE / "studies" / name)
    plan = replace(read.maps[0], size="32x24")
    assert compute_map(build_map(plan, objective_of(read, plan.objective))).sha256 == HASHES["studies"][name]


@pytest.mark.parametrize("name", HASHES["links"])
def test_a_link_means_its_state(name):
    """What the page does with an address, in Python; its own code is tested in a browser."""
    pytest.importorskip("starlette")
    from fallline.lab.plan import build_plan
    from fallline.lab.pyramid import view_spec
    from fallline.lab.state import read_state

    code = (PLACE / "links" / f"{name}.txt").read_text(encoding="utf-8").strip().partition("#")[2]
    told = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    state = read_state(told)
    assert state.json == json.loads((PLACE / "links" / f"{name}.json").read_text(encoding="utf-8"))
    if engine.ARITHMETIC_VERSION == ARITHMETIC:
        assert compute_map(view_spec(build_plan(state, {}), state["view"], 64)).sha256 == HASHES["links"][name]
