"""After a change of one control: the state is valid or the refusal names a key, and whatever else changed is told."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.data.csv_file import CsvFile
from fallline.experiment.experiment import AllSettings, settings_of_optimizer, settings_of_schedule
from fallline.experiment.part import PartError
from fallline.experiment.reconcile import reconcile
from fallline.experiment.sources import Files
from fallline.formulas import EXAMPLES
from fallline.lab.changed import changed_state
from fallline.lab.controls.axes import describe_axes
from fallline.lab.controls.groups import describe_controls
from fallline.lab.presets import PRESETS
from fallline.lab.resolved_state import resolve_state
from fallline.lab.session.session import Session
from fallline.lab.state import default_state, read_state
from fallline.lab.work.pool import Pool

CSV = CsvFile("small.csv", "a,b,c,kind\n" + "\n".join(f"{k % 7},{k % 5},{k % 3},{'yes' if k % 3 else 'no'}" for k in range(20)))  # fmt: skip
VALUES = CsvFile("values.csv", "a,b\n" + "\n".join(f"{k % 7},{k / 3}" for k in range(20)))
TABLES = {table.digest: table for table in (CSV, VALUES)}
FIRST = [default_state(), *(read_state(preset["state"]) for preset in PRESETS)]


def values(field, resolved):
    """Values that a reader can give a control."""
    match field["kind"]:
        case "choice":
            options = st.sampled_from([option["value"] for option in field["options"]] or [""])
        case "toggle":
            options = st.booleans()
        case "number":
            slider = field["slider"] or {"low": 0, "high": 50}
            options = (
                st.integers(int(slider["low"]), max(int(slider["low"]), int(slider["high"])))
                if field["whole"]
                else st.floats(slider["low"], slider["high"], allow_subnormal=False)
            )
        case "axis":
            axes = [{k: axis[k] for k in ("name", "scale")} | {"low": axis["range"][0], "high": axis["range"][1]}
                    for axis in describe_axes(resolved)]  # fmt: skip
            options = st.sampled_from(axes)
        case "units":
            options = st.lists(st.integers(1, 5), min_size=2, max_size=5)
        case "activations":
            options = st.lists(st.sampled_from(["relu", "tanh"]), max_size=3)
        case "points":
            points = st.tuples(
                st.floats(-3, 3, allow_subnormal=False), st.floats(-3, 3, allow_subnormal=False), st.integers(0, 2)
            )
            options = st.lists(points.map(list), min_size=2, max_size=6)
        case "features":
            options = st.lists(st.sampled_from([option["value"] for option in field["options"]]), max_size=4)
        case "table":
            options = st.sampled_from([*TABLES])
        case "text":
            options = st.sampled_from(EXAMPLES)
        case "vector":
            options = st.just([0.25] * resolved.objective.dimension)
    return options | st.none() if field.get("nullable") else options


def proposed_by_page(state, key, value):
    """What the page sends after a change: see changes.js."""
    if key in ("objective.kind", "data.kind"):
        return state.json | {key.partition(".")[0]: {"kind": value}}
    if key == "data.name":
        return state.json | {"data": {"kind": "generated", "name": value}}
    if key.startswith("map.") and isinstance(value, dict):
        return state.json | {"map": state["map"] | {key[4:]: value}}
    part, _, rest = key.partition(".")
    return state.json | {part: state[part] | {rest: value} if rest else value}


def change_of(state, data):
    """A change of one control of the page: its key, and what the page proposes."""
    resolved = resolve_state(state, TABLES)
    table = TABLES.get(getattr(state.data, "digest", ""))
    fields = [field for group in describe_controls(resolved, table, state)["groups"] for field in group["fields"]]
    field = data.draw(st.sampled_from(fields), label="control")
    return field["key"], proposed_by_page(state, field["key"], data.draw(values(field, resolved), label="value"))


def some_state(data):
    """A valid state, some changes away from one of the first ones."""
    state = data.draw(st.sampled_from(FIRST), label="first state")
    if data.draw(st.booleans(), label="pins at the corners"):
        x, y = state.map.x, state.map.y
        state = read_state(state.json | {"pins": [{"x": x.low, "y": y.low}, {"x": x.high, "y": y.high}]})
    for _ in range(data.draw(st.integers(0, 3), label="changes before")):
        key, proposed = change_of(state, data)
        try:
            after, _ = changed_state(proposed, key, state, TABLES)
            resolve_state(after, TABLES)
        except PartError:
            continue
        state = after
    return state


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield ".".join(path), value


def differences(a, b):
    a, b = dict(leaves(a)), dict(leaves(b))
    return {key: (a.get(key), b.get(key)) for key in a.keys() | b.keys() if a.get(key, ...) != b.get(key, ...)}


CHOSEN = {"data.kind": "data", "data.name": "data", "objective.kind": "objective"}
"""The part that a choice begins afresh."""


def unexplained(before, after, changed, told):
    """Keys that differ besides the changed one, that no note is about, and that are no defaults of the choice."""
    begun = (changed, CHOSEN.get(changed, changed), *told)
    keys = [
        key for key in differences(before.json, after.json) if not any(f"{key}.".startswith(f"{k}.") for k in begun)
    ]
    for part, chooser, declared in (
        ("settings", "optimizer", settings_of_optimizer), ("schedule_settings", "schedule", settings_of_schedule),
    ):  # fmt: skip
        if chooser == changed:
            new, old = declared(getattr(after, chooser)), declared(getattr(before, chooser))
            defaults = {name: s.default for name, s in new.items() if name not in old}
            defaults |= {name: s.default for name, s in old.items() if name not in new}
            values = getattr(before, part) | getattr(after, part)
            keys = [key for key in keys if not (key.startswith(f"{part}.") and values[key.partition(".")[2]] == defaults.get(key.partition(".")[2]))]  # fmt: skip
    return keys


@settings(max_examples=150)
@given(st.data())
def test_a_change_gives_a_state_and_tells_what_else_changed(data):
    before = some_state(data)
    key, value = change_of(before, data)
    try:
        proposed = read_state(before.json | value, forgiving=True)
        after, notes = reconcile(before, proposed, key, Files(kept=TABLES))
        resolve_state(after, TABLES)
    except PartError as error:
        assert error.where, error  # noqa: PT017  # either outcome is right
        return
    assert read_state(after.json) == after
    assert unexplained(before, after, key, [note.key for note in notes]) == []
    assert all(re.match(r"[A-Z0-9].*\.$", note.sentence) for note in notes)
    read, again = after.json, differences(proposed.json, after.json)
    assert not any(k == key or k.startswith(f"{key}.") for k in again) or any(n.key.startswith(key) for n in notes), (
        read
    )


def test_a_change_of_nothing_tells_nothing():
    for state in FIRST:
        for key in ("steps", "map.measure", "view", "pins"):
            after, notes = changed_state(state.json, key, state, TABLES)
            assert after == state
            assert notes == ()


class TestSentences:
    def told(self, key, parts, before=None):
        return changed_state(parts, key, before, TABLES)[1]

    def test_pins_outside_a_new_range(self):
        pins = [{"x": x, "y": 0.5} for x in (2e-5, 2e-4, 2e-3, 5e-3)]
        before = read_state({"pins": pins})
        plane = before["map"] | {"x": before["map"]["x"] | {"high": 1e-3}}
        assert self.told("map.x.high", {"map": plane}, before) == (
            "2 of 4 pins lie outside the new range and were removed.",
        )

    def test_an_axis_that_the_optimizer_lacks(self):
        told = self.told("optimizer", {"optimizer": "gradient_descent"}, read_state({"pins": [{"x": 1e-3, "y": 0.5}]}))
        assert told[-2:] == (
            "The y axis is now initial scale: gradient descent has no momentum.",
            "The pin was removed: the map has other axes.",
        )

    def test_a_value_that_the_optimizer_lacks(self):
        before = read_state({"settings": {"momentum": 0.7}})
        assert self.told("optimizer", {"optimizer": "adam"}, before)[0] == "Momentum 0.7 is gone: Adam has none."

    def test_a_table_of_values(self):
        part = {"kind": "table", "digest": VALUES.digest, "target": "b"}
        told = self.told("data.digest", {"data": part})
        assert told[:3] == (
            "The network has 1 input and 1 output, as the data have.",
            "The loss is now squared error: the targets are values.",
            "The start is now drawn from the seed and the initial weights: 1-3-2-1 on values has 17 parameters, and the old "
            "start 26.",
        )

    def test_the_loss_stays_while_the_steps_change(self):
        fractal = next(state for state in FIRST if state["objective"].get("loss") == "squared_error")
        after, notes = changed_state({"steps": 60}, "steps", fractal, {})
        assert (after.objective, notes) == (fractal.objective, ())


class Validations:
    """How often a state was validated: every validation reads the settings of the optimizer once."""

    def __init__(self):
        self.count = 0

    def __enter__(self):
        sys.setprofile(self.look)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)

    def look(self, frame, event, value):
        if event == "call" and frame.f_code is AllSettings.read.__code__:
            self.count += frame.f_locals["self"].chooser == "optimizer"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("steps", {"steps": 31}), ("seed", {"seed": 5}), ("optimizer", {"optimizer": "adam"}),
        ("data.name", {"data": {"kind": "generated", "name": "moons"}}),
        ("objective.kind", {"objective": {"kind": "landscape"}}), (None, {"steps": 32}),
    ],
)  # fmt: skip
def test_a_change_is_validated_once(key, change):
    pool, answers = Pool(), []
    session = Session(lambda content, buffers: answers.append(content), pool)
    session.receive({"kind": "hello", "id": 1, "state": None})
    state = session.state.json | change
    with Validations() as validations:
        session.receive({"kind": "state", "id": 2, "state": state, "accepted": 1} | ({"changed": key} if key else {}))
    session.close()
    pool.close()
    assert answers[-1]["kind"] == "state", answers[-1]
    assert isinstance(answers[-1]["notes"], list)
    assert validations.count == 1
