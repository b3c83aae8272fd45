"""A page's conversation: states, tiles, runs, scenes, repairs; the work behind it; the widget."""

import contextlib
import json
import queue
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallline as fl
from fallline.data.generated import GENERATED
from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.axis_text import axis
from fallline.experiment.part import PartError
from fallline.formulas import EXAMPLES, formula_landscape, parse_formula, python_text
from fallline.lab.changed import changed_state
from fallline.lab.presets import PRESETS
from fallline.lab.resolved_state import resolve_state
from fallline.lab.session.session import Session
from fallline.lab.state import canonical_state, default_state, read_state
from fallline.lab.work import tiling, trained
from fallline.lab.work.pool import Pool
from fallline.lab.work.pyramid import TilePlace, tile_spec
from fallline.lab.work.tile_training import TileTraining, compute_tile
from fallline.maps.cells import at_cells
from fallline.problems.deaths import deaths

CSV = "a,b,kind\n" + "\n".join(f"{k % 7},{k % 5},{'yes' if k % 3 else 'no'}" for k in range(20)) + "\n"


def changed(*arguments):
    """The state after a change, without its notes."""
    return changed_state(*arguments)[0]


class Talk:
    """A session and what it answers."""

    def __init__(self, pool, state=None):
        self.answers = queue.Queue()
        self.session = Session(lambda content, buffers: self.answers.put((content, buffers)), pool)
        self.number = 0
        self.welcome = self.ask("hello", "welcome", state=state)[0]

    def say(self, kind, **more):
        self.number += 1
        self.session.receive({"kind": kind, "id": self.number, **more})

    def ask(self, kind, wanted=None, **more):
        self.say(kind, **more)
        return self.until(wanted or kind)

    def until(self, *kinds):
        while True:
            content, buffers = self.answers.get(timeout=20)
            json.dumps(content, allow_nan=False)
            if content["kind"] in kinds:
                return content, {
                    about["name"]: np.frombuffer(raw, about["dtype"]).reshape(about["shape"])
                    for about, raw in zip(content.get("arrays", []), buffers, strict=False)
                }

    def whole_tile(self):
        """The next tile that is not a sketch."""
        while "sketch" in (answer := self.until("tile"))[0]:
            pass
        return answer


@pytest.fixture(scope="module")
def pool():
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def talk(pool):
    talk = Talk(pool)
    yield talk
    talk.session.close()


def test_a_state_goes_out_as_it_came_in(talk):
    state = talk.welcome["state"]
    assert state == talk.welcome["defaults"] == default_state().json
    answer, _ = talk.ask("state", state=state, tiles=[[0, 0, 0]], accepted=talk.number)
    assert answer["state"] == state
    assert "controls" not in answer  # as before
    tile, arrays = talk.whole_tile()
    assert tile["state_id"] == answer["state_id"] == answer["id"]
    again = compute_tile(resolve_state(default_state(), {}), TilePlace(0, 0, 0))
    assert arrays["final_loss"].tobytes() == again["final_loss"].tobytes()


def test_a_slow_tile_is_sketched_first(talk, monkeypatch):
    """A sixteenth and a quarter of the runs are on the screen while the others are trained; what is known comes at once."""
    monkeypatch.setattr(tiling, "PATIENCE", 0.0)
    monkeypatch.setattr(tiling, "EVERY", 0.0)
    state = talk.welcome["state"] | {"steps": 100}
    talk.say("state", state=state, tiles=[[0, 0, 0]], accepted=talk.number)
    sketches = [talk.until("tile") for _ in range(2)]
    assert [told["sketch"] for told, _ in sketches] == [4, 2]
    done = []
    while (message := talk.until("tile", "progress"))[0]["kind"] == "progress":
        done.append(message[0]["done"])
    told, tile = message
    assert "sketch" not in told
    assert len(done) > 3
    assert done == sorted(done)
    assert done[-1] == 1
    for told, draft in sketches:
        apart = told["sketch"]
        assert draft["final_loss"].shape == (64, 64)
        for row, column in [(0, 0), (17, 42), (63, 63)]:
            cell = (row // apart * apart + 1, column // apart * apart + 1)
            assert draft["final_loss"][row, column] == tile["final_loss"][cell]
    alone = at_cells(
        tile_spec(resolve_state(read_state(state), {}), TilePlace(0, 0, 0)), *np.indices((64, 64)).reshape(2, -1)[::-1]
    )
    assert tile["final_loss"].tobytes() == alone["final_loss"].tobytes()  # trained at once
    talk.say("state", state=state, tiles=[[0, 0, 0]])  # known now
    assert "sketch" not in talk.until("tile")[0]
    talk.say("tiles", tiles=[[1, 0, 0]])  # a finer one: the coarse one is on the screen
    assert "sketch" not in talk.until("tile")[0]


def test_ranges_come_when_a_page_asks(talk):
    """Numbers alone changed: the picture comes first, and the ranges that follow from the curvature on request."""
    state = talk.welcome["state"]
    answer, _ = talk.ask("state", state=state | {"seed": 5}, accepted=talk.number)
    assert "axes" not in answer
    told, _ = talk.ask("ranges", knows=talk.welcome["digest"])
    assert told["state_id"] == answer["state_id"]
    assert [axis["name"] for axis in told["axes"]] == [axis["name"] for axis in talk.welcome["axes"]]
    assert told["controls"] is None  # it has them
    again, _ = talk.ask("ranges", knows="others")
    assert again["controls"] == talk.welcome["controls"]
    talk.say("ranges", state_id=answer["state_id"] - 1)  # of an older state: no answer
    talk.say("tiles", tiles=[])
    assert talk.answers.empty()


@pytest.mark.parametrize("change", [{"l2": 0.3}, {"units": [2, 5, 2, 3]}])
def test_controls_stay_where_the_penalty_or_a_width_changes(talk, change):
    state = talk.welcome["state"] | {"start": None}
    talk.ask("state", state=state, changed="start", accepted=talk.number)
    changed = state | {"objective": state["objective"] | change}
    answer, _ = talk.ask("state", state=changed, changed="objective.units", accepted=talk.number)
    assert "controls" not in answer
    plane = state["map"] | {"x": {"name": "start.W1[1,2]", "low": -1, "high": 1, "scale": "linear"}}
    talk.ask("state", state=changed | {"map": plane}, changed="map.x", accepted=talk.number)
    wider = changed["objective"] | {"units": [2, 6, 2, 3]}  # now the map's axis has another meaning
    answer, _ = talk.ask(
        "state", state=changed | {"map": plane, "objective": wider}, changed="objective.units", accepted=talk.number
    )
    assert answer["controls"]


@pytest.mark.parametrize(
    ("key", "change"),
    [("optimizer", {"optimizer": "adam"}), ("objective.kind", {"objective": {"kind": "landscape"}}), ("dtype", {"dtype": "float64"})],
)  # fmt: skip
def test_other_controls_come_with_the_state(talk, key, change):
    answer, _ = talk.ask("state", state=talk.welcome["state"] | change, changed=key, accepted=talk.number)
    assert answer["controls"]
    assert {axis["name"] for axis in answer["axes"]} >= {"learning_rate", "seed"}


def test_a_page_that_missed_the_last_answer_is_told_all(talk):
    talk.ask("state", state=talk.welcome["state"] | {"seed": 5}, accepted=talk.number)
    answer, _ = talk.ask("state", state=talk.welcome["state"] | {"seed": 6}, accepted=talk.number - 1)
    assert answer["controls"]
    assert answer["axes"]


def test_a_tile_in_work_is_let_go_when_the_state_changes(talk, monkeypatch):
    """What nobody wishes for any more ends within a piece of its work, not at its end."""
    looked, go_on, ended = threading.Event(), threading.Event(), []

    def slowly(training):
        try:
            for done in range(1000):
                looked.set()
                go_on.wait(5)
                training.progress(done, 1000)
            ended.append("whole")
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
        yield

    monkeypatch.setattr(TileTraining, "whole", slowly)
    talk.say("tiles", tiles=[[1, 0, 0]])
    assert looked.wait(5)
    talk.ask("state", state=talk.welcome["state"] | {"seed": 7})
    go_on.set()
    until = time.monotonic() + 5
    while not ended and time.monotonic() < until:
        time.sleep(0.01)
    assert ended == ["Dropped"]


def test_the_run_of_a_cell_is_the_cell(talk):
    _, tile = talk.ask("tiles", "tile", tiles=[[3, 6, 1]])
    told, run = talk.ask("run", pin=2, x=tile["x"][40], y=tile["y"][5])
    assert (told["pin"], told["x"], told["y"]) == (2, tile["x"][40], tile["y"][5])
    assert np.float32(run["losses"][-1]) == tile["final_loss"][5, 40]
    assert run["path"].shape == (31, 26)
    assert talk.welcome["outcomes"][tile["outcome"][5, 40]]["name"] in (told["outcome"]["name"], "converged")
    frames, arrays = talk.ask("frames", pin=2, x=told["x"], y=told["y"], **{"from": 0, "to": 30})
    assert arrays["regions"].shape == (31, 48, 48)
    assert frames["from"] == 0


def test_every_example_can_be_shown(pool):
    for preset in PRESETS:
        talk = Talk(pool, preset["state"])
        talk.say("tiles", tiles=[[0, 0, 0]])
        answer, _ = talk.until("tile", "refused")
        assert answer["kind"] == "tile", answer
        for pin in talk.welcome["state"]["pins"]:
            assert talk.ask("run", pin=0, **pin)[0]["steps"] == talk.welcome["state"]["steps"]
        scene = "data" if talk.welcome["objective"]["kind"] == "network" else "landscape"
        assert len(talk.ask(scene)[1]["points"]) > 10
        blocks = talk.ask("equations", form="matrix")[0]["blocks"]
        rows = [row for block in blocks for row in block["rows"]]
        assert all(row["left"]["svg"].startswith("<svg") and row["mathml"].startswith("<math") for row in rows)
        talk.session.close()


def test_numbers_stand_in_the_equations(pool):
    talk = Talk(pool, {"objective": {"kind": "landscape", "name": "booth"}, "start": None})
    told, arrays = talk.ask("run", pin=0, x=0.001, y=0.5)
    blocks, _ = talk.ask("equations", form="matrix", numbers=True, pin=0, x=0.001, y=0.5, step=3)
    text = "\n".join(row["plain"] for block in blocks["blocks"] for row in block["rows"])
    assert f"{arrays['losses'][3]:.4g}" in text
    assert told["labels"] == ["x", "y"]
    talk.session.close()


def test_answers_belong_to_the_state_that_was_asked(talk, monkeypatch):
    """A run that is under way when a newer state comes is never told as the newer one's."""
    begun, go_on = threading.Event(), threading.Event()
    train = trained.train_run

    def slowly(*arguments):
        begun.set()
        go_on.wait(5)
        return train(*arguments)

    monkeypatch.setattr(trained, "train_run", slowly)
    old = talk.number
    talk.say("run", pin=0, x=1e-3, y=0.25)
    assert begun.wait(5)
    talk.say("state", state=talk.welcome["state"] | {"steps": 20})
    newer = talk.number
    go_on.set()
    talk.say("run", pin=1, x=1e-3, y=0.5)
    seen = []
    while (told := talk.until("run")[0])["pin"] != 1:
        seen.append((told["state_id"], told["steps"]))
    assert set(seen) <= {(old, 30)}
    assert (told["state_id"], told["steps"]) == (newer, 20)


def test_theory_is_drawn_where_there_is_some(talk):
    curves = talk.ask("theory")[0]["curves"]
    assert [c["name"] for c in curves] == ["start", "end"]
    assert all(len(c["x"]) == len(c["y"]) == 64 for c in curves)


def test_a_table_from_the_page(talk):
    told, _ = talk.ask("csv", name="flowers.csv", text=CSV)
    assert told["columns"] == ["a", "b", "kind"]
    d = default_state().json | {"data": {"kind": "table", "digest": told["digest"], "target": "kind"}}
    state = talk.ask("state", state=d, changed="data.digest")[0]["state"]
    assert state["objective"]["units"] == [2, 3, 2, 2]
    assert talk.ask("data")[0]["names"] == ["no", "yes"]
    state = talk.ask("state", state=state | {"data": state["data"] | {"target": "a"}}, changed="data.target")[0][
        "state"
    ]
    assert state["objective"]["units"] == [3, 3, 2, 7]  # b, and kind as two columns of 0 and 1; seven whole numbers
    told, _ = talk.ask("csv", name="dated.csv", text="day,kind\n2024-01-05,no\n2024-01-06,yes\n")
    dated = state["data"] | {"digest": told["digest"], "target": "kind"}
    talk.say("state", state=state | {"data": dated}, changed="data.digest")
    assert "column 'day': it holds dates" in talk.until("refused")[0]["sentence"]
    talk.say("csv", name="bad.csv", text="a,b\n1\n")
    assert "line 2" in talk.until("refused")[0]["sentence"]


def test_what_is_wrong_says_where(talk):
    for wrong, where in [({"settings": {"learning_rate": -1}}, "settings.learning_rate"), ({"steps": "x"}, "steps"),
                         ({"objective": {"kind": "formula", "text": "2x"}}, "objective.text"), ({"start": [1.0]}, "start"),
                         ({"map": {"x": {"name": "momentum", "low": 0, "high": 3}}}, "map"),
                         ({"batch": 301}, "batch"), ({"objective": {"kind": "network", "loss": "logistic", "units": [3, 3]}}, "objective")]:  # fmt: skip
        talk.say("state", state=wrong)
        refused, _ = talk.until("refused")
        assert refused["where"].startswith(where), refused


class TestRepair:
    def test_another_optimizer(self):
        state = changed({"optimizer": "adam"}, "optimizer", None, {})
        assert set(state["settings"]) == {"learning_rate", "beta1", "beta2", "epsilon", "initial_scale"}
        assert state["map"]["y"]["name"] != "momentum"

    def test_another_objective(self):
        state = changed({"objective": {"kind": "landscape"}}, "objective.kind", None, {})
        assert (state["objective"]["name"], state["start"]) == ("rosenbrock", None)
        back = changed(state.json | {"objective": {"kind": "network"}}, "objective.kind", state, {})
        assert back["objective"]["units"] == [2, 3, 2, 3]

    @pytest.mark.parametrize("name", ["moons", "circles", "spirals", "xor", "gaussians"])
    def test_another_data_set(self, name):
        d = default_state().json
        state = changed(d | {"data": d["data"] | {"name": name}}, "data.name", default_state(), {})
        assert state["objective"]["units"][-1] == (3 if name == "gaussians" else 2)

    def test_another_layer(self):
        d = default_state().json
        state = changed(
            d | {"objective": d["objective"] | {"units": [2, 3, 3, 2, 3]}}, "objective.units", default_state(), {}
        )
        assert (state["objective"]["activations"], state["start"]) == (["relu"] * 3, None)

    def test_the_same_axis_twice_changes_places(self):
        d = default_state().json
        plane = d["map"] | {"x": d["map"]["y"]}
        state = changed(d | {"map": plane}, "map.x", default_state(), {})
        assert (state["map"]["x"]["name"], state["map"]["y"]["name"]) == ("momentum", "learning_rate")

    def test_what_the_user_typed_is_not_mended(self):
        with pytest.raises(PartError, match="momentum must be"):
            changed({"settings": {"momentum": 3}}, "settings.momentum", None, {})

    @given(st.sampled_from(["objective.kind", "data.kind", "optimizer", "schedule", "map.x", "seed"]), st.data())
    def test_every_choice_gives_a_state(self, key, data):
        kinds = {"objective.kind": ("objective", st.sampled_from([{"kind": "network"}, {"kind": "landscape"}, {"kind": "formula"}])),
                 "data.kind": ("data", st.sampled_from([{"kind": "generated"}, {"kind": "points"}])),
                 "optimizer": ("optimizer", st.sampled_from(sorted(fl.OPTIMIZERS))), "schedule": ("schedule", st.sampled_from(sorted(fl.SCHEDULES))),
                 "map.x": ("map", st.just({"x": {"name": "seed", "low": 0, "high": 9, "scale": "linear"}})), "seed": ("seed", st.integers(0, 9))}  # fmt: skip
        part, values = kinds[key]
        state = changed({part: data.draw(values)}, key, None, {})
        assert read_state(state.json) == state
        assert resolve_state(state, {}).spec.cells == 4096


class TestCells:
    """Cells of a division: the same bits in every piece of the plane, deep down too."""

    @given(st.integers(0, 40), st.data(), st.sampled_from(["linear", "log"]))
    def test_a_tile_is_the_middle_of_its_cells(self, level, data, scale):
        cells = 64 * 2**level
        first = data.draw(st.integers(0, cells - 64))
        tile = Axis("learning_rate", 1e-5, 1e-2, 64, scale, part=(first, cells))
        whole = Axis("learning_rate", 1e-5, 1e-2, 3, scale, part=(first + 7, cells))
        assert (tile.values[7:10] == whole.values).all()
        assert (np.diff(tile.values) >= 0).all()
        assert axis(str(tile)) == tile == Axis.from_description(tile.describe())

    def test_whole_numbers(self):
        assert Axis("seed", 0, 7, 64, part=(0, 64)).values.tolist()[::8] == [0, 1, 2, 3, 4, 4, 5, 6]


class TestFormula:
    @pytest.mark.parametrize(
        "text", [*EXAMPLES, "-x^2/-3 + y**-2", "2", "exp(1)*x*y", "x^2 − 3·y²", "min(x, 0) + sqrt(1+y^2)"]
    )
    def test_reads_as_it_is_written(self, text):
        if text == "2":
            with pytest.raises(UsageError, match="depend on x or y"):
                parse_formula(text)
            return
        space = {"np": np}
        exec(f"def f(x, y): return {python_text(parse_formula(text))}", space)
        landscape = formula_landscape(text)
        for x, y in ((0.3, -1.2), (1.5, 2.0)):
            assert landscape(x, y) == space["f"](x, y)
            h = 1e-6
            slope = (landscape(x + h, y) - landscape(x - h, y)) / (2 * h)
            assert landscape.gradient(x, y)[0] == pytest.approx(slope, abs=1e-6)

    @given(st.text("xy0123456789.+-*/^() ,absincoexplgt_[]{}'\"=:;@\\\n\0", max_size=60))
    def test_any_text_is_a_tree_or_a_sentence(self, text):
        with contextlib.suppress(UsageError):
            parse_formula(text)


class TestWork:
    def test_the_newest_wins_and_nobody_starves(self):
        pool, done = Pool(each=1), queue.Queue()
        gate = threading.Event()

        def long(name, pieces):
            def work():
                for _ in range(pieces):
                    gate.wait(5)
                    time.sleep(0.001)
                    yield
                done.put(name)

            return work

        greedy, modest = pool.desk(), pool.desk()
        for k in range(5):
            greedy.put(k, long(f"greedy {k}", 50))
        greedy.put(4, long("the newest", 50), rank=-1)
        modest.put("small", long("small", 3))
        gate.set()
        assert done.get(timeout=5) == "small"
        assert done.get(timeout=5) in ("the newest", "greedy 0")
        greedy.close()
        time.sleep(0.05)
        assert pool.idle
        assert done.qsize() <= 1
        pool.close()


def test_the_address_is_short_and_says_all():
    state = default_state().with_(steps=41)
    assert read_state(json.loads(canonical_state(state.json))) == state


class TestWidget:
    def test_speaks_the_same_language(self, monkeypatch):
        pytest.importorskip("anywidget")
        widget = fl.lab(steps=12)
        sent = queue.Queue()
        monkeypatch.setattr(type(widget), "send", lambda self, content, buffers=None: sent.put((content, buffers)))
        widget._handle_custom_msg({"kind": "hello", "id": 1, "state": None}, [])
        assert sent.get(timeout=9)[0]["state"]["steps"] == 12
        widget._handle_custom_msg({"kind": "tiles", "id": 2, "state_id": 1, "tiles": [[0, 0, 0]]}, [])
        content, buffers = sent.get(timeout=9)
        assert (content["kind"], len(buffers)) == ("tile", 5)
        assert widget.state["steps"] == 12
        widget.close()


@pytest.mark.parametrize("change", [*GENERATED, [2, 2, 2, 3], [2, 4, 4, 4, 3]])
def test_other_data_and_other_networks_begin_alive(change):
    before = default_state()
    given = json.loads(json.dumps(before.json))
    if isinstance(change, str):
        given["data"], key = {"kind": "generated", "name": change}, "data.name"
    else:
        given["objective"]["units"], key = change, "objective.units"
    state = changed(given, key, before, {})
    resolved = resolve_state(state, {})
    assert deaths(resolved.objective, resolved.start[None]) == []
    if state["start"] is None:
        assert state["initial"] == "he_normal"
    again = changed({**state.json, "steps": 31}, "steps", state, {})
    assert (again["seed"], again["initial"]) == (state["seed"], state["initial"])
    typed = changed({**state.json, "seed": 7}, "seed", state, {})
    assert typed["seed"] == 7
