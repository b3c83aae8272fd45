"""Maps in Python, as a user of NumPy types them first. Each task is a few lines of the user's; the rest checks them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import fallline as fl
from fallline.errors import OutputError, OwnCodeError, SettingError, UnknownNameError, UsageError

BOOTH = {"optimizer": "momentum", "steps": 40}
RATES = np.geomspace(1e-3, 0.3, 12)


@pytest.fixture(scope="module")
def booth():
    """A map of two axes, with outcomes."""
    x, y = ("learning_rate", RATES), ("momentum", 0, 0.9)
    return fl.map("booth", x=x, y=y, size=(12, 5), measures=["final_loss", "outcome"], **BOOTH)


@pytest.fixture(scope="module")
def line():
    """A map of one axis."""
    return fl.map("booth", x=("learning_rate", RATES), measures=["final_loss", "outcome", "diverged_at"], **BOOTH)


@pytest.fixture(scope="module")
def networks():
    """A network on data to train on, and on data to test with."""
    net = fl.Network.of("2-3-3", activation="tanh")
    return tuple(fl.NetworkObjective(net, fl.generate("three-gaussians", seed=seed)) for seed in (0, 1))


# Axes -----------------------------------------------------------------------------------------------------------------


def test_an_array_of_values_is_an_axis(booth):
    np.testing.assert_array_equal(booth.x.values, RATES)  # the user's own values, to the bit
    assert booth.x.scale == "log"  # so that pictures space them evenly
    assert booth.axes["momentum"].tolist() == [0.0, 0.225, 0.45, 0.675, 0.9]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (("momentum", 0, 0.9), "momentum=0..0.9"),
        (("learning_rate", 1e-4, 1e-1, "log"), "learning_rate=1e-4..1e-1:log"),
        (("learning-rate", 1e-4, 1e-1, "log"), "learning_rate=1e-4..1e-1:log"),
        (("momentum", [0, 0.5, 0.9]), "momentum=0,0.5,0.9"),
        (("momentum", (0, 0.5, 0.9)), "momentum=0,0.5,0.9"),
        ({"momentum": [0, 0.5, 0.9]}, "momentum=0,0.5,0.9"),
        (("seed", range(3)), "seed=0,1,2"),
        (("seed", 0, 9), "seed=0..9"),
        (fl.Axis("momentum", 0, 0.9, 7), "momentum=0..0.9"),
    ],
)
def test_the_forms_of_an_axis_mean_the_same(form, text):
    a, b = (fl.map("booth", x="start.x=-1..1", y=y, size=(2, 7), start=None, **BOOTH) for y in (form, text))
    assert (a.y, a.sha256) == (b.y, b.sha256)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (("momentum", 0, 0.5, 0.9), "a range has two ends, and `size` says how many values it has"),
        (("momentum", 0, 0.9, "lgo"), "scale of the momentum axis must be one of linear, log; got 'lgo'"),
        (("momentum",), "an axis is written"),
        (0.5, "an axis is written"),
        (["momentum"], "an axis is written"),
        ({}, "an axis is written"),
        ({"momentum": [0, 1], "seed": [1]}, "an axis is written"),
        (("momentum", "0..0.9"), "must be a list or an array of numbers"),
        (("momentum", [[0, 0.9]]), "must be a list or an array of numbers"),
        (("momentum", ["0", "0.9"]), "must be a list or an array of numbers"),
        (("momentum", [[0], [0.5, 0.9]]), "must be a list or an array of numbers"),
        (("momentum", [0, 0.5j]), "must be a list or an array of numbers"),
        (("momentum", [False, True]), "must be a list or an array of numbers"),
        (("momentum", 0.5), "must be a list or an array of numbers"),
        (("momentum", []), "must have at least one value|must be a list"),
        (("momentum", [0.9, 0.5]), "the values of the momentum axis must rise; 0.5 comes after 0.9"),
        (("momentum", [0.5, 0.5]), "must rise"),
        (("momentum", [0, np.nan]), "must have finite values"),
        (("momentum", 0, "0.9"), "the ends of the momentum axis must be numbers; got '0.9'"),
        (("momentum", 0, True), "the ends of the momentum axis must be numbers; got True"),
        (("momentum", 0.9, 0), "must run from low to high"),
        (("momentum", [0, 1.5]), "momentum must be a number in"),
        (("momentun", 0, 0.9), "Did you mean 'momentum'"),
        (("seed", [0, 2**60]), r"whole numbers up to 2\^53"),
        (fl.Axis("", 0, 0, 1), "an axis must be one of"),
    ],
)
def test_what_is_no_axis_is_refused_in_words(form, sentence):
    with pytest.raises(UsageError, match=sentence):
        fl.map("booth", x=form, y="start.x=-1..1", size=2, **BOOTH)


def test_an_axis_does_not_follow_the_users_array():
    rates = RATES.copy()
    m = fl.map("booth", x=("learning_rate", rates), start=(start := np.array([0.0, 1.0])), **BOOTH)
    rates[:], start[:] = 0, 0
    np.testing.assert_array_equal(m.x.values, RATES)
    assert m.run_at(RATES[3]).start.tolist() == [0, 1]


# One dimension --------------------------------------------------------------------------------------------------------


def test_without_y_a_map_has_one_dimension(line):
    assert line.values.shape == line.known.shape == RATES.shape
    assert list(line.axes) == ["learning_rate"]
    for rate, loss in zip(RATES, line.values, strict=True):
        run = fl.descend("booth", learning_rate=rate, **BOOTH)
        assert run.loss == pytest.approx(loss, rel=1e-9) or not np.isfinite(loss) or loss > 1e6


def test_a_line_is_a_row_of_the_plane(booth, line):
    np.testing.assert_array_equal(
        fl.map("booth", x=("learning_rate", RATES), momentum=0.45, **BOOTH).values, booth.values[2]
    )
    assert line.run_at(RATES[2]).loss == line.run_at(learning_rate=RATES[2]).loss == line.values[2]


def test_everything_that_a_plane_has(line, tmp_path):
    assert fl.load_map(line.save(tmp_path / "line.fallmap")).sha256 == line.sha256
    assert line.to_pandas().columns.tolist() == ["learning_rate", "final_loss", "outcome", "diverged_at"]
    assert line.to_xarray().final_loss.dims == ("learning_rate",)
    for measure in line.measures:
        assert "Curve of" in line.plot(measure).alt
    assert line.zoom(x=(0.01, 0.02), size=5).values.shape == (5,)
    assert "12 cells" in repr(line)
    assert line.theory()["start"].shape == (1,)


def test_a_line_resumes_in_its_file(tmp_path):
    def compute(**options):
        return fl.map("booth", x=("start.x", -1, 1), size=700, steps=5, out=tmp_path / "line.fallmap", **options)

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(progress=stop)
    whole = fl.map("booth", x=("start.x", -1, 1), size=700, steps=5)
    assert fl.load_map(tmp_path / "line.fallmap").resume().sha256 == compute().sha256 == whole.sha256
    assert fl.map("booth", x=("start.x", -1, 1), size=700, steps=5, workers=1).sha256 == whole.sha256


def test_a_second_value_on_a_line_is_refused(line):
    for call in (lambda: line.run_at(0.01, 0.5), lambda: line.zoom(y=(0, 1)), lambda: line.cell(0.01, 0.5)):
        with pytest.raises(UsageError, match="this map has one axis, learning_rate"):
            call()
    with pytest.raises(SettingError, match="size of a map of one axis must be one number; got 8x4"):
        fl.map("booth", x=("momentum", 0, 0.9), size=(8, 4), **BOOTH)


# Batch and steps ------------------------------------------------------------------------------------------------------


def test_batch_is_an_axis(networks):
    train, _ = networks
    axes = {"x": ("learning_rate", np.geomspace(1e-4, 1e-2, 4)), "y": ("batch", [8, 32, 128])}
    m = fl.map(train, measures=["final_loss", {"steps": lambda run: run.steps}], steps=20, **axes)
    for row, batch in enumerate((8, 32, 128)):
        np.testing.assert_array_equal(fl.map(train, x=axes["x"], batch=batch, steps=20).values, m.values[row])
    assert m.run_at(1e-3, 32).loss == m.cell(1e-3, 32)["final_loss"]
    assert (m["steps"] == 20).all()


def test_steps_are_an_axis(tmp_path):
    axes = {"x": ("steps", 0, 30), "y": ("learning_rate", 0.01, 0.1)}
    m = fl.map("booth", **axes, size=30, out=tmp_path / "m.fallmap")
    np.testing.assert_array_equal(m.values[7], fl.map("booth", **axes, size=30, workers=1).values[7])
    run = m.run_at(30, m.y.values[7])
    np.testing.assert_array_equal(m.values[7], run.losses)  # the loss after every number of steps
    assert fl.load_map(tmp_path / "m.fallmap").zoom(x=(5, 9), out=tmp_path / "part.fallmap").spec.steps == 9
    assert fl.load_map(tmp_path / "part.fallmap").run_at(7, m.y.values[7]).steps == 7


@pytest.mark.parametrize(
    ("axis", "sentence"),
    [
        ({"x": ("batch", [8, 1000])}, "batch must be at most the number of samples, 300; got 1000"),
        ({"x": ("batch", [0.5, 8])}, "batch must be a whole number at least 1; got 0.5"),
        ({"x": ("batch", [0, 8])}, "batch must be a whole number at least 1; got 0"),
        ({"x": ("steps", [5, 6]), "schedule": "cosine"}, "steps cannot be an axis with the schedule cosine"),
    ],
)
def test_batches_and_steps_have_their_ranges(networks, axis, sentence):
    with pytest.raises(UsageError, match=sentence):
        fl.map(networks[0], **axis)


# Values ---------------------------------------------------------------------------------------------------------------


def test_values_cannot_be_changed_by_accident(booth):
    before = booth.sha256
    for array in (booth.values, booth["outcome"], booth.known, booth.x.values, booth.axes["momentum"]):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    assert booth.sha256 == before


def test_outcomes_compare_with_their_names(booth):
    diverged = booth["outcome"] == "diverged"
    np.testing.assert_array_equal(diverged, np.asarray(booth["outcome"]) == 4)
    assert 0 < diverged.sum() < diverged.size
    np.testing.assert_array_equal(booth["outcome"] != "diverged", ~diverged)
    np.testing.assert_array_equal("diverged" == booth["outcome"], diverged)  # noqa: SIM300
    np.testing.assert_array_equal(np.isin(booth["outcome"], ["diverged"]), diverged)
    np.testing.assert_array_equal(booth["outcome"].names == "diverged", diverged)
    assert [v == "diverged" for v in booth["outcome"][0]] == diverged[0].tolist()
    assert (booth["outcome"][diverged] == "diverged").all()
    assert booth.cell(RATES[-1], 0)["outcome"] == booth.run_at(RATES[-1], 0).outcome.kind == "diverged"
    assert (pickle.loads(pickle.dumps(booth["outcome"])) == "diverged").sum() == diverged.sum()


@pytest.mark.parametrize("name", ["exploded", "Diverged", "divergd", ["diverged", "no"]])
def test_a_name_that_is_no_outcome_is_an_error_and_not_false(booth, name):
    with pytest.raises(UnknownNameError, match="outcome must be one of"):
        booth["outcome"] == name  # noqa: B015
    with pytest.raises(UnknownNameError, match="outcome must be one of"):
        np.isin(booth["outcome"], name)


def test_outcomes_have_no_order(booth):
    with pytest.raises(UsageError, match="outcomes have no order"):
        booth["outcome"] < "diverged"  # noqa: B015
    assert np.bincount(booth["outcome"].ravel()).sum() == booth.values.size


# Cells ----------------------------------------------------------------------------------------------------------------


def test_the_best_cell_and_its_run(booth):
    best = booth.best()
    assert best["final_loss"] == np.nanmin(booth.values)
    run = booth.run_at(best)
    assert run.loss == best["final_loss"]
    assert run.method.settings == {name: best[name] for name in ("learning_rate", "momentum")}
    assert booth.run_at(momentum=best["momentum"], learning_rate=best["learning_rate"]).loss == run.loss


def test_the_best_is_never_a_run_that_failed():
    slope = fl.map(lambda x, y: -(x**3) - y, x=("learning_rate", 1e-3, 1), size=9, start=(1, 1), steps=50,
                   measures=["final_loss", "diverged_at"])  # fmt: skip
    assert (slope["diverged_at"] >= 0).any()
    best = slope.best()
    assert best["diverged_at"] == -1
    assert best["final_loss"] == slope.values[slope["diverged_at"] < 0].min()


def test_which_values_are_better_is_asked_where_nobody_knows(booth):
    with pytest.raises(UsageError, match=r'write best\(\'outcome\', better="low"\)'):
        booth.best("outcome")
    with pytest.raises(UnknownNameError, match="measure of this map must be one of"):
        booth.best("accuracy")
    with pytest.raises(UnknownNameError, match="better must be one of high, low"):
        booth.best(better="lower")
    with pytest.raises(UsageError, match="no cell of this map has a value of final_loss"):
        fl.map("booth", x=("learning_rate", [1.0, 2.0]), **BOOTH).best()


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ({"learning_rate": 0.01}, "momentum is missing"),
        ({"learning_rate": 0.01, "momentum": 0.5, "beta1": 1}, "an axis of this map must be one of"),
        ({"x": 0.01, "learning_rate": 0.01}, "learning_rate is named twice"),
        ({"learning_rate": 5, "momentum": 0.5}, "learning_rate must be in 0.001..0.3 on this map; got 5"),
    ],
)
def test_a_cell_that_is_not_named_well_is_refused(booth, axes, sentence):
    for method in (booth.run_at, booth.cell):
        with pytest.raises(UsageError, match=sentence):
            method(**axes)


def test_zooming_one_axis_keeps_the_others_values(booth):
    np.testing.assert_array_equal(booth.zoom(y=(0.4, 0.5), size=(3, 3)).x.values, RATES)


# Tables and files -----------------------------------------------------------------------------------------------------


def test_a_table_has_a_row_for_each_cell(booth, tmp_path):
    table = booth.to_pandas()
    assert table.shape == (60, 4)
    assert table.groupby("outcome", observed=True).size()["diverged"] == (booth["outcome"] == "diverged").sum()
    np.testing.assert_array_equal(table["final_loss"], booth.values.ravel())
    rows = [line.split(",") for line in booth.to_csv(tmp_path / "booth.csv").read_text().splitlines()]
    assert rows[0] == table.columns.tolist()
    assert [float(row[2]) for row in rows[1:]] == table["final_loss"].tolist()  # to the bit


def test_without_pandas_there_is_a_sentence(booth, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pandas is not installed"):
        booth.to_pandas()


def test_save_writes_what_the_ending_says(booth, tmp_path):
    path = booth.save(tmp_path / "booth.fallmap")
    again = fl.load_map(path)
    assert (again.sha256, repr(again)) == (booth.sha256, repr(booth))
    assert booth.save(tmp_path / "booth.png").stat().st_size > 5000
    with pytest.raises(OutputError, match="exists and stays as it is"):
        booth.save(path)
    assert fl.load_map(booth.save(path, overwrite=True)).sha256 == booth.sha256
    with pytest.raises(UnknownNameError, match="ending of the exported file"):
        booth.save(tmp_path / "booth.xls")
    with pytest.raises(UsageError, match="a map file is saved of a complete map; 0 of 60 cells are known"):
        type(booth)(booth.spec).save(tmp_path / "empty.fallmap")


def test_overwrite_replaces_another_map_and_nothing_else(tmp_path):
    path = tmp_path / "m.fallmap"
    first = fl.map("booth", x=("start.x", -1, 1), size=8, out=path)
    with pytest.raises(UsageError, match=r"holds another map.*overwrite=True replaces it"):
        fl.map("booth", x=("start.x", -1, 2), size=8, out=path)
    assert fl.load_map(path).sha256 == first.sha256
    second = fl.map("booth", x=("start.x", -1, 2), size=8, out=path, overwrite=True)
    assert fl.load_map(path).sha256 == second.sha256 != first.sha256


# Measures of one's own ------------------------------------------------------------------------------------------------

PLANE = {"x": ("learning_rate", 1e-4, 1e-2, "log"), "y": ("momentum", 0, 0.9), "size": 6, "optimizer": "momentum"}


def test_a_function_of_a_run_is_a_measure(networks):
    train, test = networks
    m = fl.map(train, measures={"test accuracy": lambda run: test.accuracy(run.end)}, steps=20, **PLANE)
    assert m["test accuracy"].shape == (6, 6)
    assert m["test accuracy"][2, 3] == test.accuracy(m.run_at(m.x.values[3], m.y.values[2]).end)
    assert m.run_at(m.best("test accuracy", better="high")).steps == 20


def test_a_function_over_ends_is_batched_and_says_the_same(networks):
    train, test = networks
    calls = []
    batched = fl.measure(lambda w: calls.append(len(w)) or test.accuracy(w), over="ends", better="high")
    m = fl.map(train, measures={"batched": batched, "run": lambda run: test.accuracy(run.end)}, steps=20, **PLANE)
    np.testing.assert_array_equal(m["batched"], m["run"])
    assert calls == [36]
    assert m.best("batched")["batched"] == m["batched"].max()


def test_it_stands_beside_built_in_measures_and_changes_none(networks):
    train, _ = networks
    plain = fl.map(train, measures=["final_loss", "accuracy"], steps=20, starts=3, **PLANE)
    own = fl.measure(train.accuracy, over="ends", over_starts="mean")
    both = fl.map(train, measures=["final_loss", "accuracy", {"own": own}], steps=20, starts=3, **PLANE)
    for name in plain.measures:
        np.testing.assert_array_equal(plain[name], both[name])
    np.testing.assert_allclose(both["own"], both["accuracy"], rtol=1e-12)  # of each start, then over starts


def test_a_run_that_a_measure_sees_is_the_cells_run():
    seen = []
    m = fl.map(
        "booth", x=("learning_rate", [0.01, 0.5]), measures={"n": lambda r: seen.append(r) or r.losses[1]}, **BOOTH
    )
    for run, rate in zip(seen, (0.01, 0.5), strict=True):
        whole = m.run_at(rate)
        for field in ("path", "losses", "gradient_norms"):
            np.testing.assert_array_equal(getattr(run, field), getattr(whole, field))
        assert (run.outcome.kind, repr(run), run.loss) == (whole.outcome.kind, repr(whole), whole.loss)


def test_over_ends_is_not_asked_about_runs_that_overflowed():
    own = fl.measure(lambda w: np.isfinite(w).all(axis=-1), over="ends")
    m = fl.map("booth", x=("learning_rate", [0.01, 1e9]), measures=["final_loss", {"own": own}], steps=300)
    assert m["own"][0] == 1
    assert np.isnan(m["own"][1])
    assert np.isinf(m["final_loss"][1])


def test_large_networks_have_measures_over_ends_too():
    net = fl.NetworkObjective(fl.Network.of("2-70-70-3"), fl.generate("three-gaussians"))
    own = {"own": fl.measure(net.loss, over="ends"), "path": lambda run: run.losses[-1]}
    m = fl.map(net, x=("learning_rate", [1e-5, 1e-4]), steps=3, measures=["final_loss", own])
    np.testing.assert_allclose(m["own"], m["final_loss"], rtol=1e-12)
    np.testing.assert_allclose(m["path"], m["final_loss"], rtol=1e-12)


@pytest.mark.parametrize(
    ("measures", "error", "sentence"),
    [
        ({"own": lambda run: "high"}, OwnCodeError, "must return a number for a run; it returned"),
        ({"own": lambda run: run.path}, OwnCodeError, "must return a number for a run"),
        ({"own": lambda run: None}, OwnCodeError, "must return a number for a run; it returned None"),
        ({"own": lambda run: run.missing}, OwnCodeError, "the measure 'own' raises AttributeError on line"),
        ({"own": fl.measure(lambda w: w, over="ends")}, OwnCodeError, r"one number for each run, shape \(3,\)"),
        ({"own": fl.measure(lambda w: w.sum(), over="ends")}, OwnCodeError, r"it returned shape \(\)"),
        ({"own": fl.measure(lambda w: 1 / 0, over="ends")}, OwnCodeError, "raises ZeroDivisionError"),
        ({"final_loss": lambda run: 1}, UsageError, "final_loss is a measure of fallline"),
        ({"start.x": lambda run: 1}, UsageError, "start.x is an axis of this map"),
        ({"own": "final_loss"}, UsageError, "a dictionary of measures has functions as values"),
        ({"own": 3}, UsageError, "a measure of your own is a function; got 3"),
        ({"": lambda run: 1}, SettingError, "named by text"),
        ({}, UsageError, "at least one measure"),
        ([], UsageError, "at least one measure"),
        (lambda run: 1, UsageError, 'needs a name: measures={"my measure": function}'),
        ([lambda run: 1], UsageError, "needs a name"),
        (["final_loss", {"a": lambda r: 1}, {"a": lambda r: 2}], UsageError, "each measure may be asked for once"),
        (7, SettingError, "measures are names"),
    ],
)
def test_what_is_no_measure_is_refused_in_words(measures, error, sentence):
    with pytest.raises(error, match=sentence):
        fl.map("booth", x=("start.x", -1, 1), size=3, steps=3, measures=measures)


def test_worker_processes_cannot_call_it():
    with pytest.raises(UsageError, match="'own' is a function of your own, which worker processes cannot call"):
        fl.map("booth", x=("start.x", -1, 1), size=3, measures={"own": lambda run: 1}, workers=1)


# Files of functions of one's own --------------------------------------------------------------------------------------


def tilted(x, y):
    return x**2 + 3 * y**2 + 0.1 * x


def length(run):
    return np.abs(np.diff(run.path, axis=0)).sum()


OWN = {"x": ("start.x", -1, 1), "y": ("start.y", -1, 1), "size": 6, "start": (0.5, 0.5), "steps": 8}


@pytest.fixture
def own_file(tmp_path):
    """The map file of an own landscape with an own measure."""
    path = tmp_path / "own.fallmap"
    fl.map(tilted, measures=["final_loss", {"length": length}], out=path, **OWN)
    return path


def test_a_file_of_own_functions_opens_anywhere(own_file):
    program = (
        "import sys, fallline as fl; m = fl.load_map(sys.argv[1]); print(m.sha256); m.save('m.csv'); m.save('m.png');"
        "m.plot('length').save('length.png'); print(m.best('length', better='low')['length'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(own_file)], capture_output=True, text=True, check=True, cwd=own_file.parent
    )
    sha, shortest = done.stdout.split()
    m = fl.load_map(own_file)
    assert (sha, float(shortest)) == (m.sha256, m["length"].min())
    with pytest.raises(UsageError, match="a map file knows by name only"):
        m.run_at(0, 0)


def test_with_its_functions_it_goes_on(own_file):
    m = fl.load_map(own_file, objective=tilted, measures={"length": length})
    assert m.run_at(1, 1).start.tolist() == [1, 1]
    deeper = m.zoom(x=(0, 0.5), y=(0, 0.5), size=3)
    assert deeper["length"][0, 0] == length(deeper.run_at(0, 0))


def test_an_unfinished_file_is_resumed_with_its_functions(tmp_path):
    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    path, measures = tmp_path / "own.fallmap", {"length": length}
    with pytest.raises(KeyboardInterrupt):
        fl.map(tilted, measures=measures, out=path, progress=stop, **OWN | {"size": 40})
    assert not fl.load_map(path).complete
    with pytest.raises(UsageError, match="a map file knows by name only"):
        fl.load_map(path).resume()
    m = fl.load_map(path, objective=tilted, measures=measures).resume()
    assert m.sha256 == fl.load_map(path).sha256 == fl.map(tilted, measures=measures, **OWN | {"size": 40}).sha256


@pytest.mark.parametrize(
    ("functions", "sentence"),
    [
        ({"objective": lambda x, y: x**2 + 3 * y**2}, "another function there|is tilted there"),
        ({"measures": {"length": lambda run: 1}}, r"measures\[1\] is another function there"),
        ({"measures": {"length": fl.measure(length, over="ends")}}, "over is runs there and ends here"),
        ({"measures": {"width": length}}, "'width' is no measure of your own in this map; it has length"),
    ],
)
def test_other_functions_are_refused(own_file, functions, sentence):
    with pytest.raises(UsageError, match=sentence):
        fl.load_map(own_file, **functions)


def test_which_values_are_better_is_kept_in_the_file(tmp_path):
    error = fl.measure(lambda w: np.linalg.norm(w - [1, 3], axis=-1), over="ends", better="low", log=False)
    m = fl.map("booth", x=("learning_rate", RATES), steps=9, measures={"error": error}, out=tmp_path / "m.fallmap")
    assert fl.load_map(m.path).best() == m.best()
    assert fl.load_map(m.path).spec.measures[0].measure.log is False
    again = fl.measure(error.function, over="ends")
    assert fl.load_map(m.path, measures={"error": again}).best() == m.best()
    with pytest.raises(UsageError, match="better is low there and high here"):
        fl.load_map(m.path, measures={"error": fl.measure(error.function, over="ends", better="high")})


def test_a_file_without_it_is_read_as_before(tmp_path):
    m = fl.map("booth", x=("learning_rate", RATES), steps=9, measures={"way": length}, out=tmp_path / "m.fallmap")
    described = m.spec.describe()[0]["measures"][0]
    assert described.keys() == {"own", "sha256", "over", "starts"}  # as files of earlier versions have it
    with pytest.raises(UsageError, match="better"):
        fl.load_map(m.path).best()


def test_a_measure_on_other_data_is_another_measure(networks, tmp_path):
    train, test = networks
    plan = {"x": ("learning_rate", 1e-4, 1e-2), "size": 3, "steps": 3, "out": tmp_path / "m.fallmap"}
    fl.map(train, measures={"test": fl.measure(test.accuracy, over="ends")}, **plan)
    fl.map(train, measures={"test": fl.measure(test.accuracy, over="ends")}, **plan)
    with pytest.raises(UsageError, match=r"measures\[0\] is another function there"):
        fl.map(train, measures={"test": fl.measure(train.accuracy, over="ends")}, **plan)


def test_the_last_gradient_norm_is_a_measure(booth):
    m = fl.map("booth", x=("learning_rate", RATES), measures="gradient_norm", **BOOTH)
    for rate, norm in list(zip(RATES, m.values, strict=True))[:4]:
        assert m.run_at(rate).gradient_norms[-1] == pytest.approx(norm, rel=1e-12)


# Measures of ends -----------------------------------------------------------------------------------------------------


def test_the_distance_is_from_the_first_to_the_last_parameters(networks):
    for problem, axes in (
        ("booth", {"x": ("learning_rate", RATES)}),
        (networks[0], {"x": ("learning_rate", RATES), "seed": 3}),
    ):
        m = fl.map(problem, measures=["distance", "final_loss", "outcome"], steps=30, **axes)
        for rate, distance in zip(RATES, m["distance"], strict=True):
            run = m.run_at(rate)
            assert distance == pytest.approx(np.linalg.norm(run.end - run.start), rel=1e-12) or np.isinf(distance)
    assert np.isinf(fl.map("booth", x=("learning_rate", [1e200, 1e250]), measures="distance", steps=9).values).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_distance_goes_with_every_start(dtype):
    options = {"x": ("learning_rate", [0.01, 0.05]), "starts": 3, "steps": 20, "dtype": dtype}
    m = fl.map("booth", measures=["distance"], **options)
    ways = [np.linalg.norm(run.end - run.start) for run in (m.run_at(0.05, start=k) for k in range(3))]
    assert m.values[1] == pytest.approx(np.median(ways), rel=1e-6)


def test_the_minimum_is_the_one_that_the_run_has_reached():
    axes = {"x": ("start.x", -5, 5), "y": ("start.y", -5, 5), "size": 11}
    m = fl.map("himmelblau", measures=["minimum", "final_loss"], steps=300, learning_rate=0.01, **axes)
    minima = fl.landscape("himmelblau").minima
    assert set(m["minimum"].ravel()) == {0, 1, 2, 3}
    for x in m.x.values:
        end = m.run_at(x, 2.0).end
        assert np.linalg.norm(end - minima[int(m.cell(x, 2.0)["minimum"])]) < 0.1
    early = fl.map("himmelblau", measures="minimum", steps=0, learning_rate=0.01, **axes)
    assert (early.values == -1).sum() == 120  # the start at (3, 2) is a minimum
    assert early["minimum"][7, 8] == 0
    assert m.run_at(m.best("final_loss")).loss < 1e-9
    picture = m.plot("minimum")
    assert "(3, 2)" in picture.alt
    assert len({tuple(colour) for colour in picture.image.cmap.colors}) == 4
    assert "at no minimum" in early.plot().alt


def test_over_starts_it_is_the_most_frequent_minimum():
    m = fl.map("himmelblau", x=("learning_rate", [1e-6, 0.01]), starts=40, steps=200, measures="minimum")
    ends = np.array([m.run_at(0.01, start=k).end for k in range(40)])
    nearest = np.linalg.norm(ends[:, None] - np.array(fl.landscape("himmelblau").minima), axis=-1).argmin(axis=-1)
    assert m.values.tolist() == [-1, np.bincount(nearest).argmax()]


def test_minima_of_ones_own_landscape_are_kept_in_its_file(tmp_path):
    wells = fl.landscape(lambda x: (x * x - 1) ** 2, start=(0.1,), minima=[(-1,), (1,)])
    m = fl.map(wells, x=("start.x", [-2, -1, 0.5, 2]), steps=200, measures="minimum", out=tmp_path / "wells.fallmap")
    assert m.values.tolist() == [0, 0, 1, 1]
    again = fl.load_map(m.path)
    assert again == m
    assert "(−1) 50 %, (1) 50 %" in again.plot().alt
    other = fl.landscape(lambda x: (x * x - 1) ** 2, start=(0.1,), minima=[(1,), (-1,)])
    with pytest.raises(UsageError, match="minima is"):
        fl.load_map(m.path, objective=other)


def test_measures_of_ends_of_a_large_network():
    wide = fl.NetworkObjective(fl.Network.of("2-1700-1", loss="squared_error"), ([[0, 1], [1, 0]], [0.0, 1.0]))
    m = fl.map(wide, x=("learning_rate", [1e-6, 1e-5]), measures=["distance"], steps=3)
    run = m.run_at(1e-5)
    assert m.values[1] == pytest.approx(np.linalg.norm(run.end - run.start), rel=1e-9)


@pytest.mark.parametrize("problem", ["network", "own"])
def test_a_minimum_must_be_known(networks, problem):
    chosen = networks[0] if problem == "network" else tilted
    with pytest.raises(UsageError, match="minimum needs a landscape whose minima are known"):
        fl.map(chosen, x=("learning_rate", RATES), measures="minimum")


def test_a_map_shows_how_far_it_has_come(capsys, tmp_path):
    seen = []
    m = fl.map(
        "booth", x=("start.x", -1, 1), size=700, steps=5, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[0] == (0, 700)
    assert seen[-1] == (700, 700)
    assert fl.map("booth", x=("start.x", -1, 1), size=700, steps=5, progress=True) == m
    assert "map" in capsys.readouterr().err
    assert fl.map("booth", x=("start.x", -1, 1), size=700, steps=5, progress=False) == m
    assert not capsys.readouterr().err
    with pytest.raises(UsageError, match="progress must be True, False, or a function"):
        fl.map("booth", x=("start.x", -1, 1), size=7, steps=5, progress=3)
