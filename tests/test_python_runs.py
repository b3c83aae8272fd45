"""Runs from Python, as a user asks for them: weights, more steps, early stops, schedules, tables, moving pictures."""

from __future__ import annotations

import pickle
import stat
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import objectives

import fallline as fl
from fallline.errors import DataError, FalllineError, OwnCodeError, SettingError, ShapeError, UsageError
from fallline.experiment.description.fingerprints import fingerprint
from fallline.measures.statistics import gradient_norm
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES


def warm_cosine(t, rise=5, steps=100):
    return np.where(t <= rise, t / rise, (1 + np.cos(np.pi * (t - rise) / (steps - rise))) / 2)


def warm_root(t, rise=5):
    return np.minimum(t / rise, 1) / t**0.5


@pytest.fixture(scope="module")
def net():
    return fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians"))


@pytest.fixture(scope="module")
def run(net):
    return fl.descend(net, "adam", start=fl.notebook_start(net), learning_rate=0.05, steps=60)


# A run as a container ------------------------------------------------------------------------------------------------


def test_weights_by_layer_have_a_leading_axis_of_steps(run, net):
    assert [(layer.W.shape, layer.b.shape) for layer in run.weights] == [
        ((61, 2, 3), (61, 3)), ((61, 3, 2), (61, 2)), ((61, 2, 3), (61, 3)),
    ]  # fmt: skip
    assert (run.weights[0].W[50] == net.network.unpack(run.path[50])[0].W).all()


def test_a_run_holds_its_moments(run):
    middle = run[50]
    assert (middle.step, middle.loss) == (50, run.losses[50])
    assert (middle.weights[2].b == run.weights[2].b[50]).all()
    assert [moment.step for moment in run] == list(range(len(run)))
    assert (run[-1].w == run.end).all()
    with pytest.raises(IndexError, match="step 61 is out of range for a run of 60 steps"):
        run[61]


@pytest.mark.parametrize("batch", [None, 7])
def test_gradients_are_those_whose_norms_were_recorded(net, batch):
    run = fl.descend(net, learning_rate=1e-3, steps=20, batch=batch)
    assert run.gradients.shape == run.path.shape
    np.testing.assert_allclose(gradient_norm(run.gradients), run.gradient_norms, rtol=1e-12)
    np.testing.assert_allclose(run.gradients[-1], net.loss_and_gradient(run.end)[1], rtol=1e-12)


def test_parameter_norms(run):
    assert run.parameter_norms[3] == pytest.approx(float(np.sqrt((run.path[3] ** 2).sum())))


def test_a_landscape_has_no_weights_and_no_accuracy():
    run = fl.descend("booth", steps=3)
    for ask in (lambda: run.weights, lambda: run[1].weights, run.accuracy):
        with pytest.raises(UsageError, match="needs a run of a network on data; booth has no layers"):
            ask()


def test_the_arrays_of_a_run_cannot_be_written_to(run):
    for array in (run.path, run.losses, run.gradient_norms, run.end, run[3].w, run.gradients):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# Accuracy on other data ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaves():
    state = np.random.RandomState(1)
    X = np.concatenate([state.randn(20, 2) + at for at in ((0, 0), (5, 0), (0, 5))])
    y = np.repeat(["ash", "elm", "oak"], 20)
    return fl.descend(fl.NetworkObjective(fl.Network.of("2-4-3"), (X, y)), "adam", learning_rate=0.1, steps=300), X, y


def test_accuracy_on_other_data_is_a_count_of_right_answers(leaves):
    run, X, y = leaves
    right = np.array(run.objective.data.classes)[run.objective.predict(run.end, X).argmax(axis=-1)] == y
    assert run.accuracy() == run.accuracy(X, y) == right.mean() > 0.8
    assert run.accuracy(X[::7], y[::7]) == right[::7].mean()


def test_a_class_keeps_its_meaning_where_others_are_missing(leaves):
    run, X, y = leaves
    oaks = y == "oak"
    assert run.accuracy(X[oaks], y[oaks]) > 0.8
    assert run.accuracy(X[oaks], ["ash"] * int(oaks.sum())) < 0.2


def test_accuracy_at_each_step(leaves):
    run, X, y = leaves
    curve = run.accuracy(X, y, step=slice(None))
    assert curve.shape == (301,)
    assert curve[40] == run.accuracy(X, y, step=40)


@pytest.mark.parametrize("y", [["fir"], ["ash", "fir"]])
def test_an_unknown_class_is_refused(leaves, y):
    with pytest.raises(DataError, match="y has the class 'fir'; the classes of data are ash, elm, oak"):
        leaves[0].accuracy(np.zeros((len(y), 2)), y)


def test_whole_numbers_are_classes_by_their_value(net):
    run = fl.descend(net, "adam", learning_rate=0.05, steps=60)
    data = net.data
    twos = data.labels == 2
    assert run.accuracy(data.X[twos], np.full(int(twos.sum()), 2)) == pytest.approx(
        float((net.predict(run.end).argmax(axis=-1)[twos] == 2).mean())
    )


def test_accuracy_is_nan_after_a_loss_that_is_not_finite():
    data = fl.generate("three-gaussians")
    values = fl.NetworkObjective(fl.Network.of("2-4-3", loss="logistic"), data)
    run = fl.descend(values, fl.optimizer(lambda w, g, state, t, *, learning_rate: (w * np.inf, ())), steps=5)
    assert np.isnan(run.accuracy())
    assert np.isnan(run.accuracy(data.X, data.labels))


# More steps ----------------------------------------------------------------------------------------------------------


def same_run(one: fl.Run, other: fl.Run) -> None:
    for name in ("path", "losses", "gradient_norms"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), name
    assert repr(one.outcome) == repr(other.outcome)  # evidence may hold NaN
    assert one.steps == other.steps
    assert [np.asarray(s).tobytes() for s in one.state] == [np.asarray(s).tobytes() for s in other.state]


@given(
    problem=objectives(loss="cross_entropy"),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    schedule=st.sampled_from([*sorted(SCHEDULES), warm_root, [0.5, 0.1, 0.2] * 20, [("warmup", 3), ("cosine", 5), "constant"]]),
    rate=st.sampled_from([1e-3, 0.1, 1e3]),
    first=st.integers(0, 12),
    more=st.integers(0, 12),
    again=st.integers(0, 5),
    batch=st.sampled_from([None, 1, 2]),
    dtype=st.sampled_from(["float64", "float32"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_an_extended_run_is_the_uninterrupted_run(problem, optimizer, schedule, rate, first, more, again, batch, dtype):
    batch = None if batch is None else min(batch, len(problem.data))
    plan: Any = {"name": schedule, "steps": 9} if schedule == "cosine" else schedule
    options = {"learning_rate": rate, "schedule": plan, "batch": batch, "dtype": dtype, "seed": 3}
    whole = fl.descend(problem, optimizer, steps=first + more + again, **options)
    parts = fl.descend(problem, optimizer, steps=first, **options).extend(more).extend(again)
    same_run(parts, whole)


def test_a_descent_from_the_end_of_adam_is_not_its_extension():
    options = {"learning_rate": 0.1, "steps": 50}
    run = fl.descend("rosenbrock", "adam", **options)
    anew = fl.descend("rosenbrock", "adam", start=run.end, **options)
    assert not (run.extend(50).end == anew.end).all()


def test_a_run_as_start_is_refused_and_says_what_to_do(run):
    with pytest.raises(UsageError, match=r"run\.extend\(500\) goes on with the optimizer's state"):
        fl.descend(run.objective, start=run)


def test_a_cells_run_says_that_it_cannot_be_extended():
    m = fl.map("booth", x="learning_rate=0.01..0.1", y="momentum=0..0.9", optimizer="momentum", size=2, steps=5)
    with pytest.raises(UsageError, match="does not keep"):
        m.run_at(0.01, 0.0).extend(3)


def test_a_diverged_run_stays_diverged():
    run = fl.descend("rosenbrock", learning_rate=1.0, steps=50)
    same_run(run.extend(20), fl.descend("rosenbrock", learning_rate=1.0, steps=70))


# Early stops ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [None, 32])
def test_until_a_loss_is_the_run_of_so_many_steps(net, batch):
    options = {"start": fl.notebook_start(net), "learning_rate": 0.05, "batch": batch}
    run = fl.descend(net, "adam", until=150, steps=100, **options)
    assert 0 < run.steps < 100
    same_run(run, fl.descend(net, "adam", steps=run.steps, **options))
    assert run.stopped.startswith(f"Stopped after {run.steps} step")
    assert "the loss came to" in run.stopped
    same_run(run.extend(10), fl.descend(net, "adam", steps=run.steps + 10, **options))


def test_until_a_function_of_step_loss_and_parameters():
    run = fl.descend("booth", learning_rate=0.05, until=lambda step, loss, w: w[0] > 0.9)
    assert run.end[0] > 0.9 >= run.path[-2, 0]
    assert run.stopped == f"Stopped after {run.steps} steps by `until`."


def test_until_holds_at_the_start_or_never():
    assert fl.descend("booth", until=1e9).steps == 0
    never = fl.descend("booth", until=-1.0, steps=7)
    assert (never.steps, never.stopped) == (7, "")


def test_a_callback_sees_every_step_and_may_stop():
    seen = []

    def callback(step, loss, w):
        seen.append((step, loss, w))
        if step == 4:
            raise StopIteration

    run = fl.descend("booth", callback=callback)
    assert [step for step, _, _ in seen] == [0, 1, 2, 3, 4]
    assert [loss for _, loss, _ in seen] == run.losses.tolist()
    assert (np.array([w for _, _, w in seen]) == run.path).all()
    assert run.stopped == "Stopped after 4 steps by the callback."


def test_a_callback_cannot_change_the_run():
    def callback(step, loss, w):
        w[0] = 7

    with pytest.raises(ValueError, match="read-only"):
        fl.descend("booth", callback=callback)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"until": "0.1"}, "until must be a loss, or a function"),
        ({"until": True}, "until must be a loss, or a function"),
        ({"callback": 3}, "callback must be a function"),
        ({"progress": 3}, "progress must be True, False, or a function"),
    ],
)
def test_arguments_of_another_kind_are_refused(options, words):
    with pytest.raises(UsageError, match=words):
        fl.descend("booth", **options)


# Progress ------------------------------------------------------------------------------------------------------------


def test_progress_is_a_bar_on_standard_error(capsys):
    fl.descend("booth", steps=5, progress=True)
    fl.compare("booth", ["adam", "momentum"], starts=10, steps=5, progress=True)
    written = capsys.readouterr()
    assert written.out == ""
    assert "descend" in written.err
    assert "compare" in written.err
    assert "100%" in written.err


def test_progress_is_a_function_of_done_and_all():
    calls = []
    fl.descend("booth", steps=3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


# Schedules -----------------------------------------------------------------------------------------------------------


def test_a_learning_rate_may_be_a_function_of_the_step():
    run = fl.descend("quadratic", start=(1.0, 0.0), learning_rate=lambda t: 0.1 / t, steps=3)
    assert run.path[:, 0].tolist() == pytest.approx(np.cumprod([1, 0.9, 0.95, 1 - 0.1 / 3]).tolist())
    same = fl.descend("quadratic", start=(1.0, 0.0), learning_rate=0.1, schedule=lambda t: 1 / t, steps=3)
    assert same.path == pytest.approx(run.path)


def test_a_learning_rate_may_be_an_array():
    run = fl.descend("quadratic", start=(1.0, 0.0), learning_rate=np.array([0.1, 0.2, 0.5]), steps=3)
    assert run.path[:, 0].tolist() == pytest.approx([1, 0.9, 0.72, 0.36])
    with pytest.raises(SettingError, match="schedule rates has rates for 3 steps; the run takes 4"):
        run.extend(1)


def test_a_schedule_has_settings_of_its_own():
    assert fl.schedule(warm_cosine).settings == ("rise", "steps")
    run = fl.descend("booth", learning_rate=0.01, schedule={"name": warm_cosine, "rise": 3}, steps=20)
    assert run.method.schedule_settings == {"rise": 3, "steps": 20}  # the run's steps
    power = fl.Setting("power", "p", "power of the step", 1.0, low=0, high=2)
    record = fl.schedule(lambda t, power=0.5: t**-power, settings=[power])
    with pytest.raises(SettingError, match="power must be a number in"):
        fl.descend("booth", schedule={"name": record, "power": 3})


def test_maps_take_a_schedule_of_ones_own_and_its_settings_as_axes():
    options = {"optimizer": "adam", "steps": 30, "schedule": fl.schedule(warm_root), "dtype": "float64"}
    m = fl.map("booth", x="learning_rate=0.01..1:log", y="schedule.rise=1..20", size=(3, 2), **options)
    for j, rise in enumerate((1, 20)):
        for i, rate in enumerate(m.x.values):
            run = fl.descend("booth", "adam", learning_rate=rate, schedule={"name": warm_root, "rise": rise}, steps=30)
            assert m.values[j, i] == pytest.approx(run.loss, rel=1e-9)


@pytest.mark.parametrize(
    "schedule", [[0.5, 1.0, 0.25] * 10, [("warmup", 5), ("cosine", 15), warm_root], {"name": "cosine", "steps": 10}]
)
def test_maps_and_comparisons_take_arrays_and_sequences(schedule):
    m = fl.map("booth", x="learning_rate=0.01..0.1", y="momentum=0..0.9", optimizer="momentum", size=2, steps=30,
               schedule=schedule)  # fmt: skip
    run = fl.descend("booth", "momentum", learning_rate=0.1, momentum=0.9, steps=30, schedule=schedule)
    assert m.values[-1, -1] == pytest.approx(run.loss, rel=1e-9)
    compared = fl.compare("booth", [{"learning_rate": 0.05, "schedule": schedule}], starts=100, steps=30)
    plain = fl.descend(
        "booth", learning_rate=0.05, schedule=schedule, steps=30, start=fl.draw_starts(run.objective, 1)[0]
    )
    assert compared.losses[next(iter(compared.losses))][0] == pytest.approx(plain.losses, rel=1e-9)


def test_a_map_of_too_few_rates_is_refused():
    with pytest.raises(SettingError, match="schedule rates has rates for 3 steps; the run takes 9"):
        fl.map("booth", x="learning_rate=0..0.1", y="momentum=0..0.9", optimizer="momentum", size=2, steps=9,
               schedule=[1, 0.5, 0.1])  # fmt: skip


def test_a_long_list_of_rates_is_descended_but_not_compiled():
    rates = np.linspace(0.1, 0.01, 5000)
    assert fl.descend("booth", learning_rate=rates, steps=5000).loss < 1e-6
    assert fl.compare("booth", [{"learning_rate": rates}], starts=2, steps=5000).steps == 5000
    with pytest.raises(fl.FalllineError, match="5,000 rates is too long to compile"):
        fl.map("booth", x="learning_rate=0..0.1", y="momentum=0..0.9", optimizer="momentum", size=2, steps=5000,
               schedule=rates)  # fmt: skip


def test_a_schedule_of_ones_own_has_its_equation():
    assert "t" in str(fl.equations(fl.schedule(warm_root)))


def test_parts_of_a_sequence_count_their_own_steps():
    t = np.arange(1, 31)
    joined = fl.schedule([("warmup", 10), ("cosine", 15), ({"name": "exponential", "decay": 0.5}, 5)])
    expected = np.concatenate([t[:10] / 10, SCHEDULES["cosine"].factor(t[:15], steps=15), 0.5 ** np.arange(5)])
    assert [joined.factor(int(k)) for k in t] == pytest.approx(expected)
    assert joined.factor(t) == pytest.approx(expected)


def test_a_cosine_stays_at_0_after_its_end():
    run = fl.descend("booth", learning_rate=0.05, schedule="cosine", steps=10).extend(15)
    assert (run.path[11:] == run.path[10]).all()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: fl.schedule(0.1), UsageError, "schedule must be a name, a function of t, or a list of rates"),
        (lambda: fl.schedule([[1, 2], [3, 4]]), UsageError, "a schedule may be a list of rates"),
        (lambda: fl.schedule([]), UsageError, "got shape"),
        (lambda: fl.schedule([0.1, -1]), SettingError, "that of step 2 is -1"),
        (lambda: fl.schedule([0.1, float("nan")]), SettingError, "that of step 2 is nan"),
        (lambda: fl.schedule(["warmup", "cosine"]), UsageError, "part 1 of a sequence of schedules must say its steps"),
        (lambda: fl.schedule([("warmup", 3), "cosine"]), UsageError, "must say its steps: its factor depends on them"),
        (lambda: fl.schedule([("warmup", 3), {"decay": 0.5}]), FalllineError, "schedule must be"),
        (lambda: fl.schedule([("warmup", 0), ("cosine", 3)]), SettingError, "every must be"),
        (lambda: fl.schedule([([1, 2], 3), "constant"]), SettingError, "has 2 rates for its 3 steps"),
        (lambda: fl.schedule(lambda: 1), UsageError, "must take the step t as its first argument"),
        (lambda: fl.schedule(lambda t: np.random.rand()), OwnCodeError, "draws random numbers or keeps a memory"),
        (lambda: fl.schedule(lambda t: None), OwnCodeError, "returns nothing"),
        (lambda: fl.schedule(lambda t: [1, 2]), OwnCodeError, "must return one number for each step"),
        (lambda: fl.schedule(lambda t: -1.0), OwnCodeError, "must return a finite number at least 0"),
        (lambda: fl.schedule(lambda t: 1 / (t - 1)), OwnCodeError, "ZeroDivisionError"),
        (lambda: fl.schedule(lambda t: 1, name="constant"), UsageError, "is a schedule of the textbook"),
        (lambda: fl.schedule(lambda t, name=3: 1), UsageError, "must have another name"),
        (lambda: fl.descend("booth", learning_rate=[0.1] * 3), SettingError, "rates for 3 steps; the run takes 100"),
        (lambda: fl.descend("booth", learning_rate=[0.1] * 100, schedule="cosine"), SettingError, "would multiply it"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_map_says_which_line_of_a_schedule_it_cannot_follow():
    def steps(t):
        return 1.0 if t < 5 else 0.1

    assert fl.descend("booth", schedule=steps, learning_rate=0.01, steps=9).steps == 9
    with pytest.raises(fl.FalllineError, match="the schedule steps"):
        fl.map("booth", x="learning_rate=0..0.1", y="momentum=0..0.9", optimizer="momentum", size=2, schedule=steps)


def test_schedules_of_a_module_are_pickled_and_compare_equal():
    for made in (warm_root, [0.1, 0.2], [("warmup", 3), (warm_root, 4), "constant"]):
        record = fl.schedule(made)
        assert pickle.loads(pickle.dumps(record)) == record == fl.schedule(made)
        assert hash(record) == hash(fl.schedule(made))


def test_the_fingerprint_of_a_schedule_is_of_its_parts():
    def print_of(*parts: Any) -> str:
        return fingerprint(fl.schedule([*parts]).factor)

    assert print_of(0.1, 0.2) == print_of(0.1, 0.2) != print_of(0.1, 0.3)
    assert (
        print_of(("warmup", 3), warm_root)
        == print_of(("warmup", 3), warm_root)
        != print_of(("warmup", 3), (warm_cosine, 9))
    )
    assert fingerprint(fl.schedule(warm_root).factor) == fingerprint(warm_root)


# Tables --------------------------------------------------------------------------------------------------------------


def test_a_run_as_a_table(run):
    pytest.importorskip("pandas")
    table = run.to_pandas()
    assert list(table.columns[:3]) == ["loss", "gradient_norm", "W1[0,0]"]
    assert table.index.name == "step"
    assert (table["loss"] == run.losses).all()
    assert (table[list(run.objective.labels)].to_numpy() == run.path).all()


def test_a_comparison_as_a_table():
    pytest.importorskip("pandas")
    compared = fl.compare("booth", ["adam", "momentum"], starts=20, steps=30)
    table = compared.to_pandas()
    assert list(table.columns) == ["method", "start", "final_loss", "lowest_loss", "steps_to_target", "diverged"]
    assert len(table) == 40
    medians = table.groupby("method")["final_loss"].median()
    methods = compared.to_pandas("methods")
    for summary in compared.summaries:
        assert medians[summary.label] == pytest.approx(summary.final_loss.value)
        assert methods.loc[summary.label, "reached_low"] == summary.reached.low


def test_methods_of_a_comparison_by_name():
    compared = fl.compare("booth", ["adam", fl.OPTIMIZERS["momentum"], {"learning_rate": 0.1}], starts=5, steps=3)
    assert list(compared.losses) == [
        "adam",
        "momentum, learning rate 0.01, momentum 0.9",
        "gradient descent, learning rate 0.1",
    ]
    with pytest.raises(SettingError, match="two are called 'adam'"):
        fl.compare("booth", ["adam", "adam"], starts=5)
    with pytest.raises(SettingError, match="methods must be methods by label, or a list"):
        fl.compare("booth", "adam")
    with pytest.raises(ShapeError):
        fl.compare("booth", ["adam"], starts=np.zeros((2, 3)))


# Moving pictures -----------------------------------------------------------------------------------------------------


def frames_of(path):
    frames = []
    with pytest.importorskip("PIL.Image").open(path) as image:
        for k in range(image.n_frames):
            image.seek(k)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    return frames


def changed(a, b):
    """Rows and columns of the pixels that differ, as shares of the picture."""
    rows, columns = np.nonzero((a != b).any(axis=-1))
    return rows / a.shape[0], columns / a.shape[1]


def test_an_animation_of_a_landscape_moves_along_the_path(tmp_path):
    run = fl.descend("himmelblau", "momentum", learning_rate=0.005, start=(0, 0), steps=40)
    out = run.animate(tmp_path / "descent.gif", frames=5, dpi=60)
    frames = frames_of(out)
    assert len(frames) == 5
    rows, _ = changed(frames[0], frames[-1])
    assert (rows < 0.55).any()  # the path
    assert (rows > 0.65).any()  # the mark on the loss curve
    for frame in frames[1:]:  # title, axes and colour bar stand still
        rows, columns = changed(frames[0], frame)
        assert rows.min() > 0.06
        assert columns[rows < 0.5].max() < 0.86


def test_the_head_of_the_path_is_where_the_run_is(tmp_path):
    run = fl.descend("quadratic", learning_rate=0.05, start=(1.5, 1.5), steps=30)
    frames = frames_of(run.animate(tmp_path / "q.gif", frames=2, dpi=60))
    rows, columns = changed(*frames)
    above = rows < 0.55
    assert np.ptp(columns[above]) > 0.1  # from the start towards the minimum


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_an_animation_of_a_network_redraws_its_answers(tmp_path, loss):
    data = fl.generate("three-gaussians")
    y = data.T if loss == "cross_entropy" else data.X[:, :1]
    net = fl.NetworkObjective(fl.Network.of([2, 3, y.shape[1]], loss=loss), (data.X, y))
    run = fl.descend(net, "adam", learning_rate=0.1, steps=30)
    frames = frames_of(run.animate(tmp_path / "net.gif", frames=2, dpi=60, theme="dark"))
    assert len(frames) == 2
    assert (frames[0] != frames[1]).any(axis=-1).mean() > 0.05


def test_an_animation_of_another_network_is_its_curve_and_ends_at_divergence(tmp_path):
    X = np.random.RandomState(0).randn(20, 4)
    net = fl.NetworkObjective(fl.Network.of("4-3-1", loss="squared_error"), (X, X[:, 0]))
    run = fl.descend(net, learning_rate=1e3, steps=50)
    assert run.outcome.step < 10
    assert len(frames_of(run.animate(tmp_path / "a.gif", dpi=60))) == run.outcome.step + 1


def test_an_animation_stands_still_where_no_step_was_taken(tmp_path):
    assert len(frames_of(fl.descend("booth", steps=0).animate(tmp_path / "a.gif", dpi=60))) == 1


def test_an_animation_replaces_a_file_only_when_told(tmp_path):
    run, out = fl.descend("booth", steps=2), tmp_path / "a.gif"
    out.write_text("mine")
    with pytest.raises(fl.FalllineError, match="exists and stays as it is"):
        run.animate(out, dpi=60)
    assert out.read_text() == "mine"
    assert run.animate(out, dpi=60, overwrite=True).read_bytes()[:3] == b"GIF"
    with pytest.raises(fl.FalllineError, match=r"suffix of a moving picture must be one of \.gif, \.mp4"):
        run.animate(tmp_path / "a.avi")


def test_mp4_goes_through_the_users_ffmpeg_or_says_that_there_is_none(tmp_path):
    import matplotlib

    run = fl.descend("booth", steps=3)
    with (
        matplotlib.rc_context({"animation.ffmpeg_path": str(tmp_path / "nowhere")}),
        pytest.raises(UsageError, match="needs ffmpeg, which is not installed"),
    ):
        run.animate(tmp_path / "a.mp4")
    stand_in = tmp_path / "ffmpeg"  # counts the bytes of the frames
    stand_in.write_text(
        f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'w').write(str(len(sys.stdin.buffer.read())) + ' ' + sys.argv[sys.argv.index('-s') + 1])\n"
    )
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IEXEC)
    with matplotlib.rc_context({"animation.ffmpeg_path": str(stand_in)}):
        size, shape = run.animate(tmp_path / "a.mp4", fps=5, dpi=60).read_text().split()
    width, height = (int(side) for side in shape.split("x"))
    assert int(size) == (4 + 4) * 4 * width * height
    assert width % 2 == height % 2 == 0


# Progress in a notebook -----------------------------------------------------------------------------------------------


def test_a_notebook_gets_the_bar_of_tqdm(monkeypatch, capsys):
    tqdm = pytest.importorskip("tqdm.auto", reason="the bar of a notebook")
    bars = []

    class Bar(tqdm.tqdm):
        def close(self):
            bars.append((self.desc, self.n, self.total))
            super().close()

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    fl.compare("booth", ["adam", "momentum"], starts=100, steps=5, progress=True)
    assert set(bars) == {("compare", 200, 200)}


def test_a_notebook_without_tqdm_gets_the_bar_of_a_terminal(monkeypatch, capsys):
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    fl.compare("booth", ["adam"], starts=100, steps=5, progress=True)
    assert "compare" in capsys.readouterr().err
