"""Maps whose values stay in their file, and folders of picture tiles made of them."""

import base64
import hashlib
import json
import re
import sqlite3

import numpy as np
import pytest
from PIL import Image

import fallline as fl
from fallline.cli.app import main
from fallline.errors import ExistsError, OutputError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.live import tile_pyramid, write_tile_folder
from fallline.maps import large, large_zarr
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.large import LargeMap
from fallline.maps.map import compute_map
from fallline.maps.parts import Part
from fallline.maps.tiles import Tile, around, layout, smallest_side
from fallline.maps.writer import MapWriter
from fallline.views.pictures.map_colours import MapColours

AXES = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.99", "optimizer_": "momentum", "steps": 12}
SPEC = map_spec("rosenbrock", size=(150, 100), measures=["final_loss", "outcome"], **AXES)
COMMAND = ["map", "rosenbrock", "--x", AXES["x"], "--y", AXES["y"], "--steps", "12"]


@pytest.fixture(scope="module")
def whole():
    return compute_map(SPEC)


@pytest.fixture(scope="module")
def kept(whole, tmp_path_factory):
    """The map in a file, in tiles of two sizes: its computation was stopped and resumed with tiles of another size."""
    path = tmp_path_factory.mktemp("large") / "map.fallmap"
    work = growing(LargeMap(SPEC, path), tile_cells=256)
    for _ in range(9):
        next(work)
    work.close()
    for _ in growing(LargeMap(SPEC, path), tile_cells=1024):
        pass
    return LargeMap.open(path)


def test_it_has_the_hash_of_the_map_in_memory(whole, kept, monkeypatch):
    with MapFile.open(kept.path) as file:
        sides = {smallest_side(tile) for tile in file.rows_of_tiles() if tile.stride == 1}
    assert len(sides) == 2  # else nothing overlaps here
    assert kept.done == SPEC.cells
    assert kept.sha256 == whole.sha256 == fl.load_map(kept.path).sha256
    monkeypatch.setattr(large, "BAND", 1)  # 64 rows at a time
    assert kept._hashed() == whole.sha256


def test_tiles_around_a_tile_are_those_of_larger_layouts():
    layouts = {side: set(layout(SPEC, side * side)) for side in (4, 8, 16, 32)}
    for tile in layouts[8]:
        larger = set(around(SPEC, tile))
        for side in (16, 32):
            assert larger & layouts[side] or tile in layouts[side]
        assert not larger & layouts[4] - layouts[8]
        assert all(t.x0 <= tile.x0 and t.y1 >= tile.y1 and t.stride == tile.stride for t in larger)


def test_rectangles_are_parts_of_the_map(whole, kept):
    with kept.regions() as regions:
        for x0, x1, y0, y1, every in (
            (0, 150, 0, 100, (1, 1)),
            (13, 77, 40, 41, (1, 1)),
            (30, 149, 20, 99, (3, 5)),
            (0, 150, 0, 100, (16, 4)),
        ):
            planes, known = regions.read(x0, x1, y0, y1, every)
            assert known.all()
            for name in SPEC.names:
                wanted = whole.plane(name)[y0 : y1 : every[1], x0 : x1 : every[0]]
                assert planes[name].tobytes() == wanted.tobytes(), (x0, every, name)
    small = kept.thinned(50)
    assert small.values.tobytes() == np.ascontiguousarray(whole.values[::3, ::3]).tobytes()
    assert small.x.values.tolist() == pytest.approx(whole.x.values[::3].tolist())


def test_an_unfinished_one_knows_what_it_has(whole, tmp_path):
    path = tmp_path / "map.fallmap"
    work = growing(LargeMap(SPEC, path), tile_cells=1024)
    tiles = [next(work) for _ in range(3)]
    work.close()
    half = LargeMap.open(path)
    assert half.done == sum(tile.cells for tile in tiles)
    assert "% known" in repr(half)
    with pytest.raises(UsageError, match="a map that is not complete has no hash; "):
        _ = half.sha256
    with half.regions() as regions:
        _, known = regions.read(0, 150, 0, 100)
    assert known.sum() == half.done


def test_a_cell_with_two_values_and_a_damaged_tile_are_said(whole, tmp_path):
    path = tmp_path / "map.fallmap"
    compute_map(SPEC, out=path, tile_cells=1024)
    with MapFile.open(path) as file:
        tile = next(t for t, _ in file.tiles(SPEC) if t.stride == 1)
    smaller = next(t for t in layout(SPEC, 64) if t.stride == 1 and tile in around(SPEC, t))
    other = {name: whole.plane(name)[smaller.indices()[::-1]].copy() for name in SPEC.names}
    other["final_loss"][2] += 1
    with MapWriter.create_or_resume(path, SPEC) as file:
        file.add(SPEC, smaller, other)
    with (
        LargeMap.open(path).regions() as regions,
        pytest.raises(OutputError, match="has two values of final_loss for a cell"),
    ):
        regions.read(0, 150, 0, 100)
    base = sqlite3.connect(path)
    base.execute("update tiles set data = x'00' where stride = 1")
    base.commit()
    base.close()
    with LargeMap.open(path).regions() as regions, pytest.raises(OutputError, match="cannot be read"):
        regions.read(0, 150, 0, 100)


def test_commands_leave_a_large_map_in_its_file(whole, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1000)
    monkeypatch.setattr("fallline.maps.map.Map.set", None)  # no value may come into memory
    out, png = tmp_path / "map.fallmap", tmp_path / "map.png"
    words = [*COMMAND, "--size", "150x100", "--measure", "final_loss", "--measure", "outcome"]

    def said(*words):
        assert main([*words]) == 0
        return capsys.readouterr().out

    assert json.loads(said(*words, "--out", str(out), "--png", str(png), "--json"))["sha256"] == whole.sha256
    with Image.open(png) as picture:
        assert picture.width > 400
    assert json.loads(said("map", "info", str(out), "--json"))["sha256"] == whole.sha256
    assert "15,000 of 15,000 cells" in said("map", "info", str(out))
    said("map", "export", str(out), str(tmp_path / "small.svg"))
    assert main(["map", "export", str(out), str(tmp_path / "map.csv")]) == 2
    assert "a folder of picture tiles: --tiles FOLDER." in capsys.readouterr().err
    for k in (1, 2):
        said(*words, "--part", f"{k}/2", "--out", str(tmp_path / f"part-{k}.fallmap"))
    merged = json.loads(said("map", "merge", *(str(tmp_path / f"part-{k}.fallmap") for k in (1, 2)), "--out",
                             str(tmp_path / "merged.fallmap"), "--json"))  # fmt: skip
    assert merged["sha256"] == whole.sha256
    assert merged["computed_twice"] >= 1


def test_other_bits_of_a_tile_are_reported_when_large_parts_merge(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1000)
    paths = [tmp_path / f"{k}.fallmap" for k in (1, 2)]
    for path in paths:
        compute_map(SPEC, out=path, part=Part(1, 2))
    base = sqlite3.connect(paths[1])
    base.execute("delete from tiles where rowid > 1")
    base.commit()
    base.close()
    with MapFile.open(paths[1]) as file:
        ((tile, values),) = file.tiles(SPEC)
    values["final_loss"] = values["final_loss"] + 1
    paths[1].unlink()
    with MapWriter.create(paths[1], SPEC) as file:
        file.add(SPEC, tile, values)
    with pytest.raises(OutputError, match="was computed twice with different values"):
        fl.merge_maps(paths, tmp_path / "whole.fallmap")


@pytest.mark.filterwarnings("ignore:Object at:UserWarning")
def test_zarr_has_the_dataset_of_the_map_in_memory(whole, kept, tmp_path, monkeypatch, capsys):
    xarray = pytest.importorskip("xarray")
    zarr = pytest.importorskip("zarr")
    monkeypatch.setattr(large, "IN_MEMORY", 1000)
    monkeypatch.setattr(large_zarr, "CHUNK", 64)
    monkeypatch.setattr("fallline.maps.map.Map.set", None)
    out = tmp_path / "map.zarr"
    assert main(["map", "export", str(kept.path), str(out)]) == 0
    with xarray.open_zarr(out, consolidated=False) as data:
        # The title of a map in memory has the shares of its outcomes, too.
        assert data.load().assign_attrs(title="").identical(whole.to_xarray().assign_attrs(title=""))
        assert data.title == repr(kept)
    assert zarr.open_group(out, mode="r")["outcome"].chunks == (64, 64)
    assert main(["map", "export", str(kept.path), str(out)]) == 1
    assert "give --force" in capsys.readouterr().err
    assert main(["map", "export", str(kept.path), str(out), "--force"]) == 0
    (tmp_path / "mine.zarr").mkdir()
    assert main(["map", "export", str(kept.path), str(tmp_path / "mine.zarr"), "--force"]) == 1
    assert "is a directory of something else" in capsys.readouterr().err
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


@pytest.mark.parametrize("axes", [
    {"x": "learning_rate=1e-4..1e-2:log", "size": 300, "starts": 3},
    {"x": "learning_rate=1e-4..1e-2:log", "y": "optimizer=sgd,momentum", "size": 40},
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:The data type:UserWarning")
def test_zarr_of_one_axis_of_choices_and_of_an_unfinished_map(axes, tmp_path, monkeypatch):
    xarray = pytest.importorskip("xarray")
    monkeypatch.setattr(large_zarr, "CHUNK", 8)
    spec = map_spec("rosenbrock", measures=["diverged", "diverged_at"], steps=3, **axes)
    path = tmp_path / "map.fallmap"
    work = growing(LargeMap(spec, path), tile_cells=16)
    next(work)
    work.close()
    for name in ("some", "all"):
        large_zarr.write_large_zarr(LargeMap.open(path), tmp_path / f"{name}.zarr")
        with xarray.open_zarr(tmp_path / f"{name}.zarr", consolidated=False) as data:
            assert data.load().equals(fl.load_map(path).to_xarray())
        for _ in growing(LargeMap(spec, path), tile_cells=16):
            pass


def test_the_largest_maps_need_a_file(tmp_path, capsys):
    words = [*COMMAND, "--size", "65536x65536"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "32.0 GB of memory; at most 4 GB are allowed." in told
    assert "keeps a larger map in its file alone, --out FILE.fallmap." in told
    assert main([*words, "--slurm", "64"]) == 0
    assert "65,536" not in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"size must give at most 17,179,869,184 cells"):
        map_spec("rosenbrock", size=2**18, in_memory=False, **AXES)


@pytest.fixture(scope="module")
def folder(kept, tmp_path_factory):
    place = tmp_path_factory.mktemp("tiles") / "folder"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_pyramid, "SIDE", 32)
        patch.setattr("fallline.live.tile_page.SIDE", 32)
        made = write_tile_folder(kept, place, measure="outcome")
    assert made == {"tiles": 20 + 6 + 2 + 1, "levels": 4, "no_page": ""}
    return place


def test_every_pixel_of_every_tile_is_a_cell(whole, kept, folder):
    colours = MapColours(kept.thinned(), "outcome").of({n: whole.plane(n) for n in SPEC.names}, whole.known)
    assert len(np.unique(colours.reshape(-1, 4), axis=0)) >= 3
    for path in folder.glob("*/*/*.png"):
        z, x, y = (int(word) for word in path.relative_to(folder).with_suffix("").parts)
        every, row = 2 ** (3 - z), 2**z - 1 - y  # the lowest row of tiles has the largest y
        wanted = np.zeros((32, 32, 4), np.uint8)
        part = colours[::every, ::every][32 * row : 32 * row + 32, 32 * x : 32 * x + 32]
        wanted[: part.shape[0], : part.shape[1]] = part
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGBA"))[::-1]
        assert (pixels == wanted).all(), path


def test_the_page_of_an_unfinished_map_knows_which_tiles_there_are(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(tile_pyramid, "SIDE", 32)
    monkeypatch.setattr("fallline.live.tile_page.SIDE", 32)
    with MapWriter.create_or_resume(tmp_path / "part.fallmap", SPEC) as file:
        for tile in [tile for tile in layout(SPEC, 256) if tile.stride == 1][:9]:
            file.add(SPEC, tile, {name: whole.plane(name)[tile.indices()[::-1]].copy() for name in SPEC.names})
    place = tmp_path / "folder"
    made = write_tile_folder(LargeMap.open(tmp_path / "part.fallmap"), place)
    figure = json.loads(
        re.search(r'type="application/json"[^>]*>(.*?)</script>', (place / "index.html").read_text(), re.DOTALL)[1]
    )
    there = {path.relative_to(place).with_suffix("").as_posix() for path in place.glob("*/*/*.png")}
    assert len(there) == made["tiles"]
    rows, columns = SPEC.shape
    lacking = 0
    for z in range(made["levels"]):
        wide = 32 << made["levels"] - 1 - z
        for i, j in np.ndindex(-(-columns // wide), -(-rows // wide)):
            x, y = i, 2**z - 1 - j
            absent = any(f"{z - up}/{x >> up}/{y >> up}" in figure["absent"] for up in range(z + 1))
            assert (f"{z}/{x}/{y}" in there) != absent
            lacking += absent
    assert 0 < len(figure["absent"]) < lacking


def test_its_page_requests_nothing_but_pictures(folder, kept):
    text = (folder / "index.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    for tag in ('script type="module"', "style"):
        content = re.search(f"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)[1]
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert re.findall(r'(?:src|href)="(?!data:)([^"]*)"', text) == ["map.png"]
    assert kept.sha256 in text
    figure = json.loads(re.search(r'id="figure">(.*?)</script>', text)[1])
    x = kept.spec.x
    first = figure["x"]["low"] * (figure["x"]["high"] / figure["x"]["low"]) ** (0.5 / x.count)
    assert first == pytest.approx(x.values[0])
    assert (folder / "live.html").read_text().startswith("<!doctype html>")


def test_the_command_makes_a_folder_and_replaces_only_its_own(kept, tmp_path, capsys):
    place, other = tmp_path / "tiles", tmp_path / "other"
    assert main(["map", "export", str(kept.path), "--tiles", str(place), "--without-data"]) == 0
    assert "1 tile is in" in capsys.readouterr().out
    assert not (place / "live.html").exists()
    with pytest.raises(ExistsError):
        write_tile_folder(kept, place)
    assert main(["map", "export", str(kept.path), "--tiles", str(place), "--force", "--without-data"]) == 0
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something else, and stays as it is"):
        write_tile_folder(kept, other, overwrite=True)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    capsys.readouterr()
    assert main(["map", "export", str(kept.path)]) == 2
    assert "give a file to write, or a folder with --tiles FOLDER." in capsys.readouterr().err


@pytest.mark.parametrize(("axes", "words"), [
    ({"x": "learning_rate=1e-4..1e-2", "size": 9}, "has two axes of numbers"),
    ({"x": "learning_rate=1e-4..1e-2", "y": "optimizer=sgd,momentum", "size": 9}, "has two axes of numbers"),
])  # fmt: skip
def test_what_has_no_tiles_is_said(axes, words, tmp_path):
    spec = map_spec("rosenbrock", steps=2, **axes)
    compute_map(spec, out=tmp_path / "map.fallmap")
    with pytest.raises(UsageError, match=words):
        write_tile_folder(LargeMap.open(tmp_path / "map.fallmap"), tmp_path / "tiles")


@pytest.mark.parametrize("measure", ["final_loss", "convergence", "outcome", "minimum", "diverged_at"])
def test_colours_are_those_of_the_picture(measure):
    """Where the small copy is the whole map."""
    m = fl.map("himmelblau", x="learning_rate=1e-3..0.1:log", y="start.x=-4..4", size=24, steps=40, measures=[measure])
    colours = MapColours(m)
    image = colours.picture.image
    drawn = image.cmap(image.norm(image.get_array()), bytes=True)
    assert (colours.of({measure: m.plane(measure)}, m.known) == drawn).all()
    assert len(np.unique(drawn.reshape(-1, 4), axis=0)) > 1
    some = m.known.copy()
    some[3, 4] = False
    assert colours.of({measure: m.plane(measure)}, some)[3, 4].tolist() == [0, 0, 0, 0]


def test_a_tile_that_is_cut_off_has_the_side_of_its_square():
    assert smallest_side(Tile(1, 0, 64, 32, 150, 100)) == 128


@pytest.mark.parametrize("measure", ["final_loss", "outcome", "convergence", "diverged_at"])
def test_cells_that_are_not_computed_are_no_runs_that_diverged(measure):
    axes = {"x": "learning_rate=1e-3..0.1:log", "y": "start.x=-4..4", "steps": 40}
    m = fl.map("himmelblau", size=64, measures=["final_loss", "outcome", "convergence", "diverged_at"], **axes)
    half = type(m)(m.spec)
    known = np.zeros(m.spec.shape, dtype=bool)
    known[:, 32:] = True
    blank = {name: np.where(known, m.plane(name), half.plane(name)) for name in m.measures}
    half.fill(blank, known)
    picture = half.plot(measure=measure)
    texts = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert "not computed: 50 % of the map" in texts
    assert " 50 % of them are not computed." in picture.alt
    share = (m["outcome"] == "diverged")[:, 32:].mean() if measure != "convergence" else (m[measure] > 0)[:, 32:].mean()
    assert measure == "diverged_at" or f"diverged: {100 * share:.0f} % of runs" in {
        text.partition(";")[0] for text in texts
    }
