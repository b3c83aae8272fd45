"""Maps in parts: computed without a word to each other, killed, started again, merged and compared."""

import json
import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

import fallline as fl
from checked_programs import fork
from fallline.cli.app import main
from fallline.errors import OutputError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.map import Map, compute_map
from fallline.maps.parts import Part, dealt
from fallline.maps.writer import MapWriter

SPEC = map_spec(
    "rosenbrock", x="learning_rate=1e-4..1e-2:log", y="momentum=0..0.99", size=48, optimizer_="momentum", steps=12,
    measures=["final_loss", "outcome"],
)  # fmt: skip
COMMAND = ["map", "rosenbrock", "--x", "learning_rate=1e-4..1e-2:log", "--y", "momentum=0..0.99", "--size", "40x40",
           "--steps", "12"]  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    return compute_map(SPEC).sha256


def parts(folder, count, only=None):
    """The files of a map's parts."""
    paths = []
    for k in only or range(1, count + 1):
        paths.append(folder / f"part-{k}.fallmap")
        compute_map(SPEC, out=paths[-1], part=Part(k, count))
    return paths


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_parts_of_a_map_merge_to_its_hash(tmp_path, whole, count):
    merged = fl.merge_maps(parts(tmp_path, count), tmp_path / "whole.fallmap")
    assert merged.map.sha256 == whole
    assert fl.load_map(tmp_path / "whole.fallmap").sha256 == whole
    assert (merged.twice > 0) == (count > 1)


def test_every_tile_belongs_to_one_part_and_some_to_two():
    tiles = dealt(SPEC, 5)
    owned = [Part(k, 5).tiles(SPEC) for k in range(1, 6)]
    times = [sum(tile in own for own in owned) for tile in tiles]
    assert set(times) == {1, 2}
    assert 1 <= times.count(2) <= 0.1 * len(tiles)
    assert max(map(len, owned)) - min(map(len, owned)) <= 3
    assert sum(tile.cells for tile in tiles) == SPEC.cells


def test_a_part_that_was_stopped_goes_on(tmp_path, whole):
    first, *others = parts(tmp_path, 3)
    first.unlink()
    for _ in range(2):
        work = growing(Map(SPEC, first), part=Part(1, 3))
        next(work), next(work)
        work.close()
    with MapFile.open(first) as file:
        assert len(file.keys()) == 4
    merged = fl.merge_maps([first, *others], tmp_path / "whole.fallmap")
    assert [str(part) for part in merged.missing] == ["1/3"]
    compute_map(SPEC, out=first, part=Part(1, 3))
    assert fl.merge_maps([first], tmp_path / "whole.fallmap").map.sha256 == whole


DATA = fl.generate("moons", samples=12, noise=0.3)
NET = fl.Network.of("2-3-2", activation="tanh", reduction="mean")
RATES = "learning_rate=0.05..5:log"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked and kills itself")
@pytest.mark.parametrize(("axes", "measures", "more"), [
    ({"x": RATES, "y": "optimizer=gradient_descent,adam"}, ["sharpness_times_rate", "largest_sharpness"], {"batch": 6}),
    ({"x": ("samples", [4, 7, 9, 12]), "y": "parametrization=standard,ntk,mean_field,mup"}, ["sharpness", "final_loss"], {}),
    ({"x": "samples=4..12", "y": "label_noise=0..0.6"}, ["sharpness", "accuracy"], {"seed": 3}),
], ids=["sharpness", "parametrization", "noise"])  # fmt: skip
def test_a_killed_part_goes_on_and_parts_merge_to_one_hash_whatever_the_axes_and_measures(
    tmp_path, axes, measures, more
):
    spec = map_spec(fl.NetworkObjective(NET, DATA), **axes, size=4, steps=9, measures=measures, **more)
    calm = compute_map(spec)
    assert all(np.unique(calm[name]).size > 1 for name in calm.spec.names)  # cells of one value would merge to anything
    files = [tmp_path / f"{k}.fallmap" for k in (1, 2, 3)]
    child = fork()
    if not child:
        for number, _ in enumerate(growing(Map(spec, files[0]), part=Part(1, 3), threads=1, tile_cells=1)):
            if number == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with MapFile.open(files[0]) as file:
        kept = len(file.keys())
    for k, file in enumerate(files, start=1):
        compute_map(spec, out=file, part=Part(k, 3), threads=k % 2 + 1)
    assert 0 < kept < len(Part(1, 3).tiles(spec))
    merged = fl.merge_maps(files, tmp_path / "whole.fallmap")
    assert (merged.map.complete, merged.map.sha256) == (True, calm.sha256)
    assert fl.load_map(tmp_path / "whole.fallmap").sha256 == calm.sha256


def test_missing_parts_are_named_whatever_order_files_come_in(tmp_path):
    merged = fl.merge_maps(reversed(parts(tmp_path, 6, [2, 5])), tmp_path / "whole.fallmap")
    assert [str(part) for part in merged.missing] == ["1/6", "3/6", "4/6", "6/6"]
    assert not merged.map.complete


def test_tiles_of_any_size_overlap(tmp_path, whole):
    """Unfinished maps, and parts of other divisions."""
    work = growing(Map(SPEC, tmp_path / "unfinished.fallmap"))
    next(work), work.close()
    halves = tmp_path / "halves"
    halves.mkdir()
    paths = [tmp_path / "unfinished.fallmap", *parts(tmp_path, 9, [1, 2, 4]), *parts(halves, 2)]
    merged = fl.merge_maps(paths, tmp_path / "whole.fallmap")
    assert merged.map.complete
    assert merged.map.sha256 == whole


def test_other_bits_of_a_cell_are_reported(tmp_path):
    paths = parts(tmp_path, 2)
    with MapFile.open(paths[0]) as file:
        tile, values = max(file.tiles(SPEC), key=lambda pair: pair[0].cells)
    other = {name: array.copy() for name, array in values.items()}
    other["final_loss"][3] = np.nextafter(other["final_loss"][3], np.inf)
    with MapWriter.create(tmp_path / "other.fallmap", SPEC) as file:
        file.add(SPEC, tile, other)
    with pytest.raises(
        OutputError, match=r"other.fallmap has final_loss = .* in column \d+, row \d+, where another file has"
    ):
        fl.merge_maps([*paths, tmp_path / "other.fallmap"], tmp_path / "whole.fallmap")


def test_the_whole_says_what_computed_its_parts(tmp_path, whole, monkeypatch):
    """Merging computes nothing, so parts of an older arithmetic merge; they do not join values of another one."""
    paths = parts(tmp_path, 2)
    fl.merge_maps(paths[:1], tmp_path / "now.fallmap")
    monkeypatch.setattr("fallline.runs.engine.ARITHMETIC_VERSION", 10_000)
    assert fl.merge_maps(paths, tmp_path / "later.fallmap").map.sha256 == whole
    with MapFile.open(paths[0]) as part, MapFile.open(tmp_path / "later.fallmap") as later:
        assert later.provenance()["arithmetic"] == part.provenance()["arithmetic"] != "10000"
    assert fl.merge_maps(paths, tmp_path / "now.fallmap").map.complete
    compute_map(SPEC, out=tmp_path / "other.fallmap")
    with pytest.raises(
        UsageError, match=r"other.fallmap holds another map: its arithmetic is machine 10000 there and "
    ):
        fl.merge_maps(paths, tmp_path / "other.fallmap")


def bowl(x, y):
    return x**2 + 3 * y**2


def test_parts_of_a_function_of_ones_own_merge(tmp_path):
    options = {"x": ("start.x", -1, 1), "y": ("start.y", -1, 1), "size": 40, "steps": 5, "start": (0, 0)}
    paths = [tmp_path / f"{k}.fallmap" for k in (1, 2)]
    for k, path in enumerate(paths, start=1):
        fl.map(bowl, part=f"{k}/2", out=path, **options)
    merged = fl.merge_maps(paths, tmp_path / "whole.fallmap")
    assert merged.map.sha256 == fl.map(bowl, **options).sha256
    with MapFile.open(paths[0]) as part, MapFile.open(tmp_path / "whole.fallmap") as later:
        assert later.provenance()["engine"] == part.provenance()["engine"]
    assert fl.load_map(tmp_path / "whole.fallmap", objective=bowl).resume().complete


def test_parts_of_other_maps_and_wrong_files_are_refused(tmp_path):
    path, *_ = parts(tmp_path, 9, [1])
    other = map_spec("rosenbrock", x="learning_rate=1e-4..1e-2:log", size=9, steps=13)
    compute_map(other, out=tmp_path / "other.fallmap")
    with pytest.raises(UsageError, match=r"other.fallmap is no part of the map in .*part-1.fallmap: .*steps"):
        fl.merge_maps([path, tmp_path / "other.fallmap"], tmp_path / "whole.fallmap")
    assert not (tmp_path / "whole.fallmap").exists()
    with pytest.raises(UsageError, match="is one of the files to merge"):
        fl.merge_maps([path], path)
    with pytest.raises(UsageError, match="no map file to merge"):
        fl.merge_maps([], path)
    with pytest.raises(UsageError, match="needs a file"):
        compute_map(SPEC, part=Part(1, 2))


@pytest.mark.parametrize(("text", "environment", "part"), [
    ("3/64", {}, "3/64"), (" 3 / 64", {}, "3/64"),
    ("auto", {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "9"}, "5/9"),
    ("auto", {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "9"}, "10/10"),
    ("auto/12", {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_MAX": "5"}, "5/12"),
    ("auto", {"SGE_TASK_ID": "2", "SGE_TASK_FIRST": "1", "SGE_TASK_LAST": "4"}, "2/4"),
    ("auto", {"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "4"}, "2/4"),
    ("auto/4", {"SGE_TASK_ID": "undefined", "PBS_ARRAY_INDEX": "3"}, "3/4"),
])  # fmt: skip
def test_a_part_from_its_text_and_the_job_array(text, environment, part):
    assert str(Part.of(text, environment)) == part


@pytest.mark.parametrize(("text", "environment", "words"), [
    ("4/3", {}, "K/N with K from 1 to N"), ("0/3", {}, "K/N"), ("3", {}, "K/N"), ("a/3", {}, "K of the part K/N must be a whole"),
    ("1/1000000", {}, "at most 100,000 parts"), ("auto", {}, "none of SLURM_ARRAY_TASK_ID"), ("auto/0", {"PBS_ARRAY_INDEX": "0"}, "K/N"),
    ("auto", {"PBS_ARRAY_INDEX": "3"}, "Say how many parts there are"),
    ("auto", {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "7", "SLURM_ARRAY_TASK_MAX": "7"}, "this is task 7 of 7 to 7"),
])  # fmt: skip
def test_what_is_no_part_is_said(text, environment, words):
    with pytest.raises(UsageError, match=words):
        Part.of(text, environment)


def test_the_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def said(*words, status=0):
        assert main([*words]) == status
        return capsys.readouterr().out

    out = said(*COMMAND, "--part", "1/2", "--out", "a.fallmap")
    assert out.startswith("Part 1/2 of the map is done:")
    assert "part       1/2, to be merged" in said("map", "info", "a.fallmap")
    assert "Missing, or not finished: part 2/2." in said(
        "map", "merge", "a.fallmap", "--out", "whole.fallmap", status=1
    )
    said(*COMMAND, "--part", "2/2", "--out", "b.fallmap")
    facts = json.loads(said("map", "merge", "?.fallmap", "--out", "whole.fallmap", "--json"))
    assert facts["complete"]
    assert facts["missing"] == []
    assert facts["sha256"] == json.loads(said(*COMMAND, "--json"))["sha256"]


@pytest.mark.skipif(os.name == "nt", reason="the script is one for bash")
def test_the_script_of_a_job_array_computes_the_map(tmp_path, capsys):
    """A stand-in for SLURM runs its tasks here, one after the other."""
    assert main([*COMMAND, "--slurm", "2"]) == 0
    script = tmp_path / "array.sh"
    script.write_text(capsys.readouterr().out)
    assert "#SBATCH --array=1-2" in script.read_text()
    command = tmp_path / "fallline"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m fallline "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    for task in ("1", "2"):
        array = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "2"}
        path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
        done = subprocess.run(["bash", script], cwd=tmp_path, env={**os.environ, **array, "PATH": path},
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
    merged = fl.merge_maps([tmp_path / f"part-{k}.fallmap" for k in (1, 2)], tmp_path / "whole.fallmap")
    assert merged.map.complete
