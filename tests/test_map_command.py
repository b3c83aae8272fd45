"""Exports, and the command `fallline map` with its two companions, end to end."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.errors import OutputError, UsageError
from fallline.maps.export import export
from fallline.maps.fractal import PRESETS, preset
from fallline.maps.loading import load_map
from fallline.maps.map import Map, compute_map
from fallline.maps.mapping import map as train_map
from fallline.measures.outcome import OUTCOMES

MAP = {
    "x": "learning_rate=1e-4..1e-2:log",
    "y": "momentum=0..0.9",
    "size": (6, 4),
    "optimizer": "momentum",
    "steps": 20,
}


@pytest.fixture(scope="module")
def rosenbrock():
    return train_map("rosenbrock", **MAP, measures=["final_loss", "outcome", "steps_to=1"], dtype="float32")


def test_csv_has_one_row_a_cell(rosenbrock, tmp_path):
    path = export(rosenbrock, tmp_path / "m.csv")
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["learning_rate", "momentum", "final_loss", "outcome", "steps_to"]
    assert len(rows) == 1 + 24
    for k, (x, y, loss, outcome, steps) in enumerate(rows[1:]):
        j, i = divmod(k, 6)
        assert (float(x), float(y)) == (rosenbrock.x.values[i], rosenbrock.y.values[j])
        assert np.float32(loss) == rosenbrock["final_loss"][j, i]
        assert outcome in OUTCOMES
        assert int(steps) == rosenbrock["steps_to"][j, i]


def test_an_unfinished_map_of_shares_has_intervals_where_it_is_known(tmp_path):
    m = train_map("rosenbrock", **MAP, measures=["diverged"], starts=10)
    part = Map(m.spec)
    part.fill({"diverged": m["diverged"]}, np.arange(m.y.count)[:, None] < 2)
    low, high = part.interval()
    np.testing.assert_array_equal(low[:2], m.interval()[0][:2])
    assert np.isnan(low[2:]).all()
    assert np.isnan(high[2:]).all()
    assert len(list(csv.reader(export(part, tmp_path / "m.csv").read_text().splitlines()))) == 1 + 12


def test_csv_tells_the_interval_of_a_share(tmp_path):
    m = train_map("rosenbrock", **MAP, measures=["diverged"], starts=10)
    rows = list(csv.DictReader(export(m, tmp_path / "m.csv").read_text().splitlines()))
    assert list(rows[0]) == ["learning_rate", "momentum", "diverged", "diverged_low", "diverged_high"]
    assert all(float(r["diverged_low"]) <= float(r["diverged"]) <= float(r["diverged_high"]) for r in rows)


def test_xarray_netcdf_and_zarr(rosenbrock, tmp_path):
    xarray = pytest.importorskip("xarray")
    data = rosenbrock.to_xarray()
    assert data["final_loss"].dims == ("momentum", "learning_rate")
    assert data.attrs["sha256"] == rosenbrock.sha256
    assert "4: diverged" in data.attrs["outcomes"]
    for name, engine in (("m.nc", "h5netcdf"), ("m.zarr", "zarr")):
        path = export(rosenbrock, tmp_path / name)
        options = {"consolidated": False} if engine == "zarr" else {}
        with xarray.open_dataset(path, engine=engine, **options) as again:
            np.testing.assert_array_equal(again["final_loss"], rosenbrock["final_loss"])
            np.testing.assert_array_equal(again["learning_rate"], rosenbrock.x.values)
            assert json.loads(again.attrs["spec"])["landscape"] == "rosenbrock"


def test_exports_overwrite_nothing_unasked(rosenbrock, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists and stays as it is"):
        export(rosenbrock, path)
    export(rosenbrock, path, overwrite=True)
    with pytest.raises(
        UsageError,
        match=r"must be one of \.csv, \.fallmap, \.gif, \.html, \.mp4, \.nc, \.pdf, \.png, \.svg, \.zarr; got '\.xls'",
    ):
        export(rosenbrock, tmp_path / "m.xls")
    with pytest.raises(OutputError, match="is not a directory"):
        export(rosenbrock, tmp_path / "no" / "m.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["m.csv"]


def test_a_directory_that_is_no_store_is_not_removed(rosenbrock, tmp_path):
    pytest.importorskip("zarr")
    folder = tmp_path / "mine.zarr"
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="is a directory of something else, and stays as it is"):
        export(rosenbrock, folder, overwrite=True)
    assert (folder / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_devices_are_not_replaced(rosenbrock, tmp_path, overwrite):
    if not os.path.exists("/dev/null"):
        pytest.skip("there are no devices in the file system here")
    path = tmp_path / "m.csv"
    path.symlink_to("/dev/null")
    with pytest.raises(OutputError, match="is a device or a pipe"):
        export(rosenbrock, path, overwrite=overwrite)
    assert path.is_symlink()


def test_a_map_that_is_not_complete_exports_what_is_known(rosenbrock, tmp_path):
    m = Map(rosenbrock.spec)
    known = np.zeros(m.known.shape, dtype=bool)
    known[0, :2] = True
    m.fill({name: rosenbrock.plane(name) for name in m.measures}, known)
    assert len(export(m, tmp_path / "m.csv").read_text().splitlines()) == 3
    assert export(m, tmp_path / "m.png").stat().st_size > 5000


def fallline(*words, cwd=None, **options):
    command = [sys.executable, "-m", "fallline", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False, **options)


def command(**changes):
    flags = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.9", "size": "48x32", "steps": "20"} | changes
    return ["map", "rosenbrock", *(word for name, value in flags.items() for word in (f"--{name}", value))]


def test_the_command_end_to_end(tmp_path):
    done = fallline(*command(out="m.fallmap", png="m.png"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sha256 " in done.stdout
    assert (tmp_path / "m.png").stat().st_size > 5000
    told = json.loads(fallline("map", "info", "m.fallmap", "--json", cwd=tmp_path).stdout)
    assert told["complete"]
    assert told["sha256"] == load_map(tmp_path / "m.fallmap").sha256
    assert told["spec"]["steps"] == 20
    assert told["provenance"]["fallline"] == fl.__version__
    text = fallline("map", "info", "m.fallmap", cwd=tmp_path).stdout
    assert "1,536 of 1,536 cells" in text
    assert told["sha256"] in text
    done = fallline("map", "export", "m.fallmap", "m.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "m.csv").read_text().splitlines()) == 48 * 32 + 1


def own_map(file, **changes):
    flags = {
        "x": "start.u=-2..2",
        "y": "start.v=-2..2",
        "size": "40x40",
        "learning-rate": "0.05",
        "out": "m.fallmap",
    } | changes
    return ["map", f"{file}:bowl", *(word for name, value in flags.items() for word in (f"--{name}", value))]


BOWL = "A = 3.0\n\n\ndef bowl(u, v):\n    return u**2 + A * v**2\n"


@pytest.mark.long
def test_a_map_of_ones_own_function_is_told_about_exported_and_resumed(tmp_path):
    """Values, export and info need no function; to go on, it comes from the command line again and must be the same."""
    (tmp_path / "mine.py").write_text(BOWL)
    done = fallline(*own_map("mine.py"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sha = done.stdout.split("sha256 ")[1].split()[0]
    with contextlib.closing(sqlite3.connect(tmp_path / "m.fallmap")) as base:  # unfinished again
        base.execute("delete from tiles where rowid = (select max(rowid) from tiles)")
        base.execute("delete from provenance where key = 'sha256'")
        base.commit()
    text = fallline("map", "info", "m.fallmap", cwd=tmp_path).stdout
    assert "bowl, a function of your own" in text
    assert "100 of 1,600 cells" in text
    assert fallline("map", "export", "m.fallmap", "part.csv", cwd=tmp_path).returncode == 0
    (tmp_path / "other.py").write_text(BOWL.replace("A = 3.0", "A = 4.0"))
    done = fallline(*own_map("other.py"), cwd=tmp_path)
    assert done.returncode == 2
    assert "m.fallmap holds another map: landscape is another function there." in done.stderr
    (tmp_path / "same.py").write_text(
        "# Moved, and commented.\n" + BOWL.replace("    return", "    # A bowl.\n    return")
    )
    done = fallline(*own_map("same.py"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sha in done.stdout
    assert sha in fallline("map", "info", "m.fallmap", "--json", cwd=tmp_path).stdout
    done = fallline("map", "export", "m.fallmap", "whole.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "whole.csv").read_text().splitlines()) == 1601
    loaded = load_map(tmp_path / "m.fallmap")
    assert (
        loaded.spec.sha256
        == json.loads(fallline("map", "info", "m.fallmap", "--json", cwd=tmp_path).stdout)["spec_sha256"]
    )
    assert loaded.spec.objective.labels == ("u", "v")
    with pytest.raises(UsageError, match=r"to the command again as FILE\.py:bowl"):
        loaded.run_at(1.0, 1.0)


def test_functions_of_ones_own_of_every_kind_are_told_about_and_exported(tmp_path):
    def bent(z):
        return np.where(z > 0, z, 0.1 * z)

    def plain(w, g, state, t, *, learning_rate):
        return w - learning_rate * g, ()

    network = fl.Network.of("2-3-3", activation=fl.activation(bent), loss="cross_entropy")
    problem = fl.NetworkObjective(network, fl.generate("three-gaussians", samples=5))
    m = fl.map(
        problem, x="learning_rate=1e-4..1e-2:log", y="seed=0..2", size=3, steps=4, optimizer=fl.optimizer(plain),
        out=tmp_path / "m.fallmap",
    )  # fmt: skip
    loaded = load_map(tmp_path / "m.fallmap")
    assert loaded.sha256 == m.sha256
    assert loaded.spec.sha256 == m.spec.sha256
    assert loaded.spec.method.optimizer.settings == ("learning_rate",)
    assert len(export(loaded, tmp_path / "m.csv").read_text().splitlines()) == 10
    with pytest.raises(UsageError, match="'bent' is a function of your own, which worker processes cannot call"):
        fl.map(problem, x="learning_rate=1e-4..1e-2", y="seed=0..2", size=3, steps=4, workers=1)


def test_what_no_flag_says_the_studys_map_says(tmp_path):
    (tmp_path / "s.toml").write_text(
        'title = "t"\n[landscape]\nname = "rosenbrock"\n[[maps]]\nx = "learning_rate=1e-4..1e-2:log"\n'
        'y = "start.x=-2..2"\nsize = "4x3"\nsteps = 7\nseed = 5\nstarts = 2\ndtype = "float32"\n'
        'schedule = { name = "step_decay", every = 3 }\n'
    )
    told = json.loads(
        fallline("map", "s.toml", "--schedule.decay", "0.5", "--json", "--out", "m.fallmap", cwd=tmp_path).stdout
    )
    assert (told["steps"], told["dtype"], told["cells"]) == (7, "float32", 12)
    d = json.loads(fallline("map", "info", "m.fallmap", "--json", cwd=tmp_path).stdout)["spec"]
    assert (d["seed"], d["starts"], d["schedule"]) == (5, 2, {"name": "step_decay", "every": 3, "decay": 0.5})


def test_a_studys_own_axis_scales_the_studys_start(tmp_path, capsys):
    text = 'title = "t"\n[landscape]\nname = "booth"\n[[maps]]\nx = "learning_rate=1e-3..1e-2"\ny = "initial_scale=0.5..2"\n'
    (tmp_path / "s.toml").write_text(text + 'size = "2x3"\nsteps = 5\nstart = [-1.2, 1.0]\n')
    axes = {"x": "learning_rate=1e-3..1e-2", "y": "initial_scale=0.5..2", "size": (2, 3), "steps": 5}
    for words, start in (((), [-1.2, 1.0]), (("--y", axes["y"]), None)):
        assert main(["map", str(tmp_path / "s.toml"), *words, "--json"]) == 0
        wanted = fl.map("booth", **axes, start=start, measures=["final_loss", "outcome"])
        assert json.loads(capsys.readouterr().out)["sha256"] == wanted.sha256


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"y": "mementum=0..0.9", "optimizer": "momentum"}, "Did you mean 'momentum'?"),
        ({"x": "learning_rate=1e-2..1e-4"}, "learning_rate must run from low to high"),
        ({"size": "100000x100000"}, "GB of memory; at most 4 GB are allowed"),
        ({"measure": "loss"}, "measure must be one of"),
        ({"out": "no/m.fallmap"}, "lies in a directory that does not exist"),
        ({"out": "m.png", "png": "./m.png"}, "--out and --png must be two files"),
        ({"mark": "0.001"}, "--mark must be X,Y or X,Y:LABEL"),
        ({"mark": "nan,1"}, "--mark X,Y must be a finite number; got 'nan'."),
        ({"contour": "nan"}, "--contour must be a finite number; got 'nan'."),
        ({"workers": "-1"}, "workers must be a whole number in [0, 1024]; got -1."),
        ({"starts": "1000000000"}, "a cell with 1,000,000,000 starts would take"),
        ({"steps": "1e20"}, "steps must be a whole number in [0, 1000000000]; got 100000000000000000000."),
        ({"x": "seed=0..1e12"}, "the seed axis must have from 1 to 16,777,216 values"),
    ],
)
def test_wrong_words_are_one_sentence(words, said, tmp_path):
    done = fallline(*command(**words), cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_marks_and_contours_may_begin_with_a_minus(tmp_path):
    words = command(x="start.x=-2..2", y="start.y=-2..2", size="8x8", mark="-1.2,1:start", contour="-.5", png="m.png")
    done = fallline(*words, "--learning-rate", "1e-3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.png").stat().st_size > 5000


def tiles_in(path):
    """How many tiles a map file holds by now; 0 while another process is still making it."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            return base.execute("select count(*) from tiles").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell would ignore it
runpy.run_module("fallline", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(tmp_path):
    words = command(size="2000x2000", steps="20000", out="m.fallmap")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *words],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None and not tiles_in(tmp_path / "m.fallmap"):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "to go on, give the same command again" in err
    assert "map rosenbrock --x" in err
    assert load_map(tmp_path / "m.fallmap").known.any()
    assert os.listdir(tmp_path) == ["m.fallmap"]


@pytest.mark.parametrize("options", [{"contours": [np.nan]}, {"marks": [(np.inf, 1.0, "a")]}])
def test_pictures_take_finite_numbers_alone(rosenbrock, options):
    with pytest.raises(UsageError, match=r"(contours|marks) must be finite numbers; got"):
        rosenbrock.plot(**options)


def test_a_preset_takes_the_place_of_a_study_and_flags_change_it(capsys):
    words = ["map", "--preset", "fractal-linear", "--size", "4x3", "--steps", "9", "--json"]
    assert main(words) == 0
    by_flag = json.loads(capsys.readouterr().out)
    assert main(["map", "fractal-linear", *words[3:]]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == by_flag["sha256"]
    assert by_flag["sha256"] == compute_map(preset("fractal-linear").spec(size=(4, 3), steps=9)).sha256
    assert main([*words, "--seed", "1", "--dtype", "float32"]) == 0
    other = compute_map(preset("fractal-linear").spec(1, size=(4, 3), steps=9, dtype="float32"))
    assert json.loads(capsys.readouterr().out)["sha256"] == other.sha256


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["map"], "a map needs a study"),
        (["map", "three-gaussians", "--preset", "fractal-tanh"], "a map needs a study"),
        (["map", "--preset", "fractal-tan"], "Did you mean 'fractal-tanh'"),
        (["map", "--preset", "fractal-tanh", "--test-share", "0.2"], "has its own samples"),
    ],
)
def test_wrong_presets_are_sentences(words, sentence, capsys):
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


def test_the_help_of_map_lists_every_preset(capsys):
    main(["map", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in PRESETS)
