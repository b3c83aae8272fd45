"""Work ahead of a change in the lab: runs that go on after pauses have the bits of runs trained at once, and a kernel is ready."""

import json
import time
from dataclasses import replace

import pytest
from tests.test_lab_session import Talk

from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state, read_state
from fallline.lab.work import tile_training
from fallline.lab.work.paused_runs import PausedRuns, pauses
from fallline.lab.work.pool import Pool
from fallline.lab.work.pyramid import TilePlace, cells_of_sketch
from fallline.lab.work.runs_by_start import RunsByStart
from fallline.lab.work.tile_training import TileTraining, compute_tile
from fallline.runs import engine, kernels

DATA = {"kind": "generated", "name": "moons", "samples": 12}
NETWORK = {"kind": "network", "units": [2, 2, 2], "activations": ["tanh"]}
SMALL = {"objective": NETWORK, "data": DATA, "start": None, "settings": {"learning_rate": 0.1, "momentum": 0.9}}
WHOLE = TilePlace(0, 0, 0)


@pytest.fixture
def talk():
    pool = Pool()
    talk = Talk(pool, default_state().json | SMALL)
    yield talk
    talk.session.close()
    pool.close()


def resolved(**changes):
    return resolve_state(read_state(default_state().json | SMALL | changes), {})


def trained(state, paused):
    """A tile trained as a page that drags the steps has it: a sketch, then the whole."""
    training = TileTraining(state, WHOLE, paused)
    training.sketch(2)
    work = training.whole()
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def at_once(state):
    tile_training._kept.tiles.clear()
    return compute_tile(state, WHOLE)


def rest(talk):
    """Wait until nothing is under way for the page."""
    end = time.monotonic() + 30
    while not talk.session.page.desk.pool.idle:
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(
    "more",
    [{}, {"batch": 5}, {"map": default_state().json["map"] | {"measure": "convergence"}}],
    ids=["", "batch", "convergence"],
)
def test_runs_that_go_on_have_the_bits_of_runs_trained_at_once(more):
    paused = PausedRuns(resolved(steps=30, **more))
    for steps in (30, 90, 61, 9, 90, 200):
        state = resolved(steps=steps, **more)
        assert paused.serves(state)
        tile = trained(state, paused)
        for name, values in at_once(state).items():
            assert tile[name].tobytes() == values.tobytes(), (steps, name)


def test_runs_that_go_on_train_only_the_rest(monkeypatch):
    state = resolved(steps=200)
    paused = PausedRuns(state)
    cells = cells_of_sketch(1)
    before = paused.cells(state.spec, WHOLE, *cells, lambda done, of: None)
    assert max(step for _, step in paused._rows) == max(pauses(150)) > 130
    monkeypatch.setattr("fallline.runs.lanes.paused", None)  # nothing is left to train before the last pause
    again = paused.cells(state.spec, WHOLE, *cells, lambda done, of: None)
    assert again["final_loss"].tobytes() == before["final_loss"].tobytes()


@pytest.mark.parametrize("measure", ["final_loss", "outcome", "accuracy", "diverged_at"])
def test_runs_kept_by_their_start_have_the_bits_of_runs_trained_at_once(measure):
    plane = default_state().json["map"] | {"measure": measure}
    kept = RunsByStart(resolved(map=plane))
    for starts in (1, 4, 3, 7, 2):
        state = resolved(starts=starts, map=plane, steps=8)
        kept = kept if kept.serves(state) else RunsByStart(state)
        tile = trained(state, kept)
        for name, values in at_once(state).items():
            assert tile[name].tobytes() == values.tobytes(), (starts, name)


def test_only_new_starts_are_trained(monkeypatch):
    state = resolved(starts=6)
    kept = RunsByStart(state)
    for _ in kept.ahead(state.spec, WHOLE, lambda done, of: None):
        break  # two starts of a sketch
    trained_runs = []
    train = engine.train
    monkeypatch.setattr(
        engine, "train", lambda training, *a, **k: trained_runs.append(training.runs) or train(training, *a, **k)
    )
    cells = cells_of_sketch(2)
    kept.cells(state.spec, WHOLE, *cells, lambda done, of: None)
    kept.cells(replace(state.spec, starts=3), WHOLE, *cells, lambda done, of: None)
    assert trained_runs == [4 * 32 * 32]


def test_a_single_start_of_a_landscape_is_no_start_of_several():
    hill = {"objective": {"kind": "landscape", "name": "rosenbrock"}, "start": None}
    single = resolve_state(read_state(default_state().json | hill), {})
    assert not RunsByStart(single).serves(single)
    several = resolve_state(read_state(default_state().json | hill | {"starts": 2}), {})
    assert RunsByStart(several).serves(several)


def test_only_states_that_differ_in_steps_share_runs():
    paused = PausedRuns(resolved())
    assert paused.serves(resolved(steps=7, pins=[{"x": 0.001, "y": 0.5}]))
    assert not paused.serves(resolved(seed=1))
    assert not paused.serves(resolved(settings={"learning_rate": 0.1, "momentum": 0.9, "initial_scale": 2}))
    for other in (
        resolved(schedule="cosine"),
        resolved(starts=2),
    ):  # its rates depend on the steps; its cells on several runs
        assert not PausedRuns(other).serves(other)


def test_the_steps_of_a_page_go_on_from_runs_that_were_trained_ahead(talk):
    talk.say("ahead", key="steps", values=[10, 20], state_id=talk.number)
    rest(talk)
    assert max(step for _, step in talk.session.page.kept._rows) == max(pauses(375))
    state = talk.welcome["state"] | {"steps": 300}
    talk.say("state", state=state, changed="steps", tiles=[[0, 0, 0]])
    _, tile = talk.whole_tile()
    assert tile["final_loss"].tobytes() == at_once(resolve_state(read_state(state), {}))["final_loss"].tobytes()


def test_runs_ahead_end_with_their_state(talk):
    """What they leave is of no use to another state, and never reaches it."""
    talk.say("ahead", key="steps", values=[], state_id=talk.number)
    state = talk.welcome["state"] | {"seed": 9}
    talk.say("state", state=state, changed="seed", tiles=[[0, 0, 0]])
    _, tile = talk.whole_tile()
    assert talk.session.page.kept is None
    talk.say("state", state=state | {"steps": 40}, changed="steps", tiles=[[0, 0, 0]])
    _, longer = talk.whole_tile()
    for values, steps in ((tile, state["steps"]), (longer, 40)):
        right = at_once(resolve_state(read_state(state | {"steps": steps}), {}))
        assert values["final_loss"].tobytes() == right["final_loss"].tobytes()


def test_the_kernel_of_the_next_network_is_compiled_ahead(talk, monkeypatch):
    made = []
    build = kernels.build
    monkeypatch.setattr(kernels, "build", lambda *a, **k: made.append(a) or build(*a, **k))
    monkeypatch.setattr(kernels, "_cache", kernels.KernelCache())
    wider = [2, 3, 2]
    talk.say("ahead", key="objective.units", values=[wider, [2, 1, 2], [2, 0, 2]], state_id=talk.number)
    rest(talk)
    assert len(made) == 2  # a layer without units is refused, and nobody hears of it
    state = json.loads(json.dumps(talk.welcome["state"]))
    state["objective"]["units"] = wider
    talk.say("state", state=state, changed="objective.units", tiles=[[0, 0, 0]])
    assert talk.whole_tile()[1]["final_loss"].shape == (64, 64)
    assert len(made) == 2
    assert talk.answers.empty()


@pytest.mark.parametrize(("key", "values"), [(None, []), ("steps", None), ("steps", [1] * 9)])
def test_a_message_about_work_ahead_must_be_whole(talk, key, values):
    answer, _ = talk.ask("ahead", "refused", key=key, values=values)
    assert answer["sentence"].startswith("work ahead needs the key of a control")


def test_a_kernel_serves_many_sizes_of_a_batch(monkeypatch):
    """A slider of the batch does not wait for the compiler at each of its values."""
    monkeypatch.setattr(kernels, "_cache", kernels.KernelCache())
    values = {}
    data = DATA | {"samples": 60}
    for batch in (13, 2, 3, 4, 5, 10, 30, 59):
        state = resolved(batch=batch, data=data, steps=3)
        values[batch] = at_once(state)["final_loss"].tobytes()
    assert len(kernels._cache) <= 2
    monkeypatch.setattr(kernels, "_TOLERATED", 0.0)  # now each has the best
    monkeypatch.setattr(kernels, "_COMPILING", 0.0)
    for batch in (2, 4, 59):
        monkeypatch.setattr(kernels, "_cache", kernels.KernelCache())
        assert at_once(resolved(batch=batch, data=data, steps=3))["final_loss"].tobytes() == values[batch]


def test_one_kernel_serves_every_strength_of_the_penalty(monkeypatch):
    """A slider of the penalty does not wait for the compiler at each of its values."""
    made = []
    build = kernels.build
    monkeypatch.setattr(kernels, "build", lambda *a, **k: made.append(a) or build(*a, **k))
    monkeypatch.setattr(kernels, "_cache", kernels.KernelCache())
    for l2 in (0.5, 2.0, 0.1):
        compute_tile(resolved(objective=NETWORK | {"l2": l2}, steps=3), WHOLE)
    assert len(made) == 1
