"""More steps on a map: from the states that it kept, to the bits of the map of all steps."""

from __future__ import annotations

import json
import sqlite3
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallline as fl
from fallline.cli.app import main
from fallline.errors import OutputError, SettingError, UnknownNameError, UsageError
from fallline.maps.rows import tile_sha
from fallline.maps.tiles import Tile
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.optimizers import OPTIMIZERS

RATES = ("learning_rate", np.geomspace(1e-3, 30, 12))
MEASURES = ["final_loss", "outcome", "convergence", "steps_to=0.5", "gradient_norm"]


@pytest.fixture(scope="module")
def network():
    return fl.NetworkObjective(fl.Network.of("2-3-3", activation="tanh"), fl.generate("three-gaussians", samples=30))


@settings(max_examples=15, deadline=None)
@given(
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    steps=st.integers(1, 50),
    more=st.integers(1, 50),
    dtype=st.sampled_from(["float32", "float64"]),
    how=st.sampled_from(
        [
            {},
            {"batch": 7},
            {"schedule": {"name": "cosine", "steps": 30}},
            {"schedule": fl.schedule(lambda t: 1 / (1 + t))},
            {"starts": 3, "seed": 5},
            {"l2": 0.1},
        ]
    ),
)
def test_it_is_the_map_of_all_steps(network, optimizer, steps, more, dtype, how):
    options = {"x": RATES, "y": ("initial_scale", 0.1, 2), "size": 3, "optimizer": optimizer, "dtype": dtype}
    options |= {"measures": MEASURES} | how
    longer = fl.map(network, steps=steps, keep="state", **options).extend(more)
    assert longer.sha256 == fl.map(network, steps=steps + more, **options).sha256
    assert longer == fl.map(network, steps=steps + more, keep="state", **options)  # so it can be extended again


@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes_can_be_extended(name):
    options = {"x": RATES, "measures": MEASURES, "optimizer": "rmsprop"}
    short = fl.map(name, steps=30, keep="state", **options)
    assert short.extend(10).extend(25).sha256 == fl.map(name, steps=65, **options).sha256


def test_each_batch_goes_on_with_its_own_minibatches(network):
    options = {"x": RATES, "y": ("batch", [3, 8, 30]), "optimizer": "adam"}
    short = fl.map(network, steps=20, keep="state", **options)
    assert short.extend(13).sha256 == fl.map(network, steps=33, **options).sha256


@pytest.mark.parametrize(
    "axis",
    [
        ("optimizer", ["sgd", "adam", "momentum"]),
        ("width", [2, 3, 5]),
        ("depth", 1, 3),
        ("activation", ["relu", "tanh"]),
        ("schedule", ["constant", {"name": "step_decay", "every": 7}]),
    ],
)
def test_each_choice_goes_on_from_its_own_states(network, axis, tmp_path):
    options = {"x": RATES, "y": axis, "measures": MEASURES}
    short = fl.map(network, steps=20, keep="state", out=tmp_path / "short.fallmap", **options)
    whole = fl.map(network, steps=33, **options)
    assert short.extend(13).sha256 == fl.load_map(short.path).extend(13).sha256 == whole.sha256
    assert short.extend(6, workers=2).extend(7).sha256 == whole.sha256
    part = short.zoom(x=(0.01, 0.1), size=4)
    assert part.extend(5).spec.steps == 25


def test_measures_of_ones_own_are_those_of_the_whole_run(network):
    own = {"norm": fl.measure(lambda w: np.abs(w).sum(axis=-1), over="ends"), "way": lambda run: run.losses.mean()}
    short = fl.map(network, x=RATES, steps=20, keep="state", measures=own)
    whole = fl.map(network, x=RATES, steps=30, measures=own)
    np.testing.assert_array_equal(short.extend(10)["norm"], whole["norm"])
    np.testing.assert_array_equal(short.extend(10)["way"], whole["way"])
    alone = fl.map(network, x=RATES, steps=20, keep="state", measures={"way": own["way"]})
    np.testing.assert_array_equal(alone.extend(10)["way"], whole["way"])


def test_its_cells_and_runs_are_those_of_the_longer_map(network):
    longer = fl.map(network, x=RATES, steps=20, keep="state").extend(10)
    run = longer.run_at(longer.best())
    assert (run.steps, run.loss) == (30, longer.best()["final_loss"])


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(network, tmp_path):
    """A map of two axes in a file with its states."""
    return fl.map(
        network, x=("learning_rate", 1e-2, 3, "log"), y=("momentum", 0, 0.9), size=40, optimizer="momentum", steps=20,
        keep="state", out=tmp_path / "short.fallmap",
    )  # fmt: skip


@pytest.fixture
def whole(network):
    options = {"size": 40, "optimizer": "momentum", "steps": 45}
    return fl.map(network, x=("learning_rate", 1e-2, 3, "log"), y=("momentum", 0, 0.9), **options)


def test_the_states_are_kept_in_the_file(kept, whole, tmp_path):
    path = tmp_path / "longer.fallmap"
    before = kept.path.read_bytes()
    assert fl.load_map(kept.path).extend(25, out=path).sha256 == whole.sha256
    assert fl.load_map(path).spec.steps == 45
    assert kept.path.read_bytes() == before
    saved = fl.load_map(path).save(tmp_path / "copy.fallmap")  # a copy has the states too
    assert fl.load_map(saved).extend(5).sha256 == fl.load_map(path).extend(5).sha256


def test_worker_processes_go_on_from_them(kept, whole):
    assert kept.extend(25, workers=2).sha256 == whole.sha256


def test_an_interrupted_extension_goes_on(kept, whole, tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    path = tmp_path / "longer.fallmap"
    with pytest.raises(KeyboardInterrupt):
        kept.extend(25, out=path, progress=stop)
    assert not fl.load_map(path).complete
    assert kept.extend(25, out=path).sha256 == whole.sha256
    assert fl.load_map(path).complete


def test_an_unfinished_map_keeps_its_states_when_it_is_resumed(network, whole, tmp_path):
    def compute(**options):
        return fl.map(
            network, x=("learning_rate", 1e-2, 3, "log"), y=("momentum", 0, 0.9), size=40, optimizer="momentum", steps=20,
            keep="state", out=tmp_path / "short.fallmap", **options,
        )  # fmt: skip

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(progress=stop)
    with pytest.raises(UsageError, match="not complete: resume it first"):
        fl.load_map(tmp_path / "short.fallmap").extend(25)
    assert compute().extend(25).sha256 == whole.sha256


def test_the_values_of_a_file_do_not_depend_on_the_states(kept, tmp_path):
    plain = fl.map(
        kept.spec.objective, x=kept.x, y=kept.y, optimizer="momentum", steps=20, out=tmp_path / "plain.fallmap"
    )
    assert plain.sha256 == kept.sha256
    assert "kept" not in plain.spec.describe()[0]
    states = kept.spec.cells * kept.spec.memory_of_states
    assert plain.path.stat().st_size < kept.path.stat().st_size < plain.path.stat().st_size + 1.1 * states


def changed(path, change):
    """A copy of a map file whose tiles are changed, with right checksums."""
    copy = path.with_name("changed.fallmap")
    copy.write_bytes(path.read_bytes())
    spec = fl.load_map(path).spec
    db = sqlite3.connect(copy)
    for *tile, data in db.execute("select stride, coarser, x0, y0, x1, y1, data from tiles").fetchall():
        raw = change(zlib.decompress(data))
        db.execute("update tiles set data = ?, sha256 = ? where x0 = ? and y0 = ? and stride = ? and coarser = ?",
                   (zlib.compress(raw), tile_sha(2, spec, Tile(*tile), raw), tile[2], tile[3], *tile[:2]))  # fmt: skip
    db.commit()
    db.close()
    return copy


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-8], lambda raw: raw + bytes(8), lambda raw: raw[: len(raw) // 60]]
)
def test_states_of_another_size_are_damage(kept, change):
    with pytest.raises(OutputError, match="damaged"):
        fl.load_map(changed(kept.path, change))


# Refusals -------------------------------------------------------------------------------------------------------------


def test_without_states_it_says_what_to_do(network):
    short = fl.map(network, x=RATES, steps=20)
    with pytest.raises(UsageError, match=r'keep="state" keeps them.*anew=True'):
        short.extend(10)
    assert short.extend(10, anew=True).sha256 == fl.map(network, x=RATES, steps=30).sha256


def test_a_map_with_an_axis_of_steps_has_a_length_for_each_cell():
    short = fl.map("booth", x=("steps", [5, 10]), y=RATES, keep="state")
    with pytest.raises(UsageError, match="steps are an axis of this map"):
        short.extend(10)


@pytest.mark.parametrize("steps", [-1, 2.5, "many", True])
def test_a_number_of_steps_is_a_whole_number(steps):
    short = fl.map("booth", x=RATES, steps=5, keep="state")
    with pytest.raises(SettingError, match="steps"):
        short.extend(steps)


def test_a_list_of_rates_must_be_long_enough():
    short = fl.map("booth", x=("start.x", -1, 1), size=3, steps=5, keep="state", learning_rate=[0.1] * 6)
    with pytest.raises(SettingError, match="rates for 6 steps; the run takes 7"):
        short.extend(2)
    assert short.extend(1).complete


def test_the_map_that_it_goes_on_from_is_not_overwritten(kept):
    with pytest.raises(UsageError, match="needs a file of its own"):
        kept.extend(5, out=kept.path, overwrite=True)
    assert fl.load_map(kept.path) == kept


def test_what_cannot_be_kept_is_said():
    with pytest.raises(UnknownNameError, match="keep must be one of state, values"):
        fl.map("booth", x=RATES, keep="everything")
    wide = fl.NetworkObjective(fl.Network.of("2-1700-1", loss="squared_error"), ([[0, 1], [1, 0]], [0.0, 1.0]))
    with pytest.raises(UsageError, match=r'keep="state" needs .* up to 5000 parameters'):
        fl.map(wide, x=RATES, steps=1, keep="state")


def test_states_of_a_function_of_ones_own_need_the_function(tmp_path):
    bowl = fl.landscape(lambda x, y: x * x + 3 * y * y, start=(1, 1))
    short = fl.map(bowl, x=("learning_rate", 0.01, 0.2), size=5, steps=20, keep="state", out=tmp_path / "bowl.fallmap")
    with pytest.raises(UsageError, match="function of your own"):
        fl.load_map(short.path).extend(10)
    longer = fl.load_map(short.path, objective=bowl).extend(10)
    assert longer.sha256 == fl.map(bowl, x=("learning_rate", 0.01, 0.2), size=5, steps=30).sha256


# The command line -----------------------------------------------------------------------------------------------------


def test_the_command_extends_a_file(tmp_path, capsys):
    short, longer = tmp_path / "short.fallmap", tmp_path / "longer.fallmap"
    words = ["map", "booth", "--x", "learning_rate=0.01..0.2", "--y", "momentum=0..0.9", "--size", "6x4", "--json"]
    assert main([*words, "--steps", "30", "--keep", "state", "--out", str(short)]) == 0
    assert main(["map", "extend", str(short), "20", "--out", str(longer), "--json"]) == 0
    assert main([*words, "--steps", "50"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["steps"] for line in lines] == [30, 50, 50]
    assert lines[1]["sha256"] == lines[2]["sha256"] != lines[0]["sha256"]
    assert main(["map", "info", str(longer)]) == 0
    assert "24 numbers of each run" in capsys.readouterr().out


def test_the_command_says_what_to_do_without_states(tmp_path, capsys):
    short = tmp_path / "short.fallmap"
    words = ["map", "booth", "--x", "learning_rate=0.01..0.2", "--y", "momentum=0..0.9", "--size", "6x4", "--json"]
    assert main([*words, "--steps", "30", "--out", str(short)]) == 0
    assert main(["map", "extend", str(short), "20"]) != 0
    assert "--anew" in capsys.readouterr().err
    assert main(["map", "extend", str(short), "20", "--anew"]) == 0
    assert "50 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--start", "1,1", "--starts", "5"], "start must be left out where starts=5 asks for random starts"),
        (["--initial", "he_normal"], "booth is not a network. Leave it out"),
        (["--learning-rate", "0.1"], "learning_rate must be left out where it is an axis"),
    ],
)
def test_flags_without_effect_are_refused(words, sentence, capsys):
    axes = ["--x", "lr=0.01..0.2", "--y", "beta=0..0.9", "--optimizer", "momentum", "--size", "4x3", "--steps", "5"]
    assert main(["map", "booth", *axes, *words]) != 0
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_axes_by_other_names_on_the_command_line(capsys):
    theirs = ["--x", "lr=0.01..0.2", "--y", "beta=0..0.9", "--optimizer", "momentum"]
    ours = ["--x", "learning_rate=0.01..0.2", "--y", "momentum=0..0.9"]
    for axes in (theirs, ours):
        assert main(["map", "booth", *axes, "--size", "4x3", "--steps", "5", "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
