"""Damaged inputs: each is read, or refused in a sentence, quickly. `tests/long/fuzz.py` tries many more."""

from __future__ import annotations

import pytest

import damaged
from fallline.runs.descent import descend
from fallline.textbook.network import Network

COUNTS = {
    "study": 300,
    "formula": 500,
    "network": 500,
    "message": 300,
    "table": 300,
    "csv": 700,
    "parquet": 200,
    "frame": 100,
    "model": 300,
}


@pytest.mark.parametrize("kind", sorted(damaged.KINDS))
def test_damaged_input_is_a_result_or_a_sentence(kind):
    """Whatever else is raised names the number of the input: `damaged.make(kind, number)` gives it back."""
    if kind in ("parquet", "frame"):
        pytest.importorskip("pyarrow" if kind == "parquet" else "pandas")
    ends = {"result": 0, "refused": 0}
    for number in range(COUNTS[kind]):
        value = damaged.make(kind, number)
        try:
            ends[damaged.probe(kind, value)] += 1
        except BaseException as error:
            error.add_note(f"{kind} {number}: {str(value)[:2000]}")
            raise
    assert min(ends.values()) > COUNTS[kind] / 50, ends  # the inputs are neither all good nor all hopeless


# Inputs that once ended in an internal error, or would have.
MESSAGES = [
    {"data": 0}, {"data": {"kind": []}}, {"objective": {"kind": []}}, {"objective": {"kind": {}}}, {"objective": []},
    {"objective": {"kind": "landscape", "name": []}}, {"map": {"x": 3}}, {"map": {"x": {"name": [], "low": 0}}}, {"map": "x"},
    {"settings": []}, {"settings": {"learning_rate": 10**400}}, {"start": ["tanh", {}]}, {"start": [1e400]}, {"steps": 10**400},
    {"data": {"kind": "table", "digest": "\ud800", "target": "k"}}, {"seed": 2**64}, {"batch": []}, {"pins": [[]]},
    {"data": {"kind": "generated", "name": ["moons"]}}, {"look": None}, {"view": {"x": None}}, {"starts": {}},
    {"objective": {"kind": "network", "units": [2, []], "activations": []}}, {"objective": {"kind": "formula", "text": "\ud800"}},
]  # fmt: skip


@pytest.mark.parametrize("changed", [None, "objective.kind", "data.kind", "map.x", "seed", "optimizer"])
@pytest.mark.parametrize("part", MESSAGES, ids=repr)
def test_a_state_that_is_none_is_refused_in_a_sentence(part, changed):
    with pytest.raises(damaged.FalllineError):
        damaged.read_message({"kind": "state", "id": 1, "state": part, "changed": changed, "tiles": []})


def test_half_of_a_surrogate_pair_in_a_table_is_refused():
    with pytest.raises(damaged.FalllineError):
        damaged.read_message({"kind": "csv", "id": 1, "name": "t.csv", "text": "a,k\n1,\ud800\n2,b\n"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"title = {'1' * 5000}", "whole number of thousands of digits"),
        (
            f"title = 'x'\n[landscape]\nname = 'booth'\n[[descents]]\nsteps = {10**20}",
            "line 5.*steps must be a whole number",
        ),
        (
            "title = 'x'\n[landscape]\nname = 'booth'\n[[descents]]\nsteps = 1e20",
            "line 5.*steps must be a whole number",
        ),
        (
            "title = 'x'\n[landscape]\nname = 'booth'\n[[descents]]\nstart = [nan, 0]",
            "must be a finite number; got nan",
        ),
        (f"title = 'x'\n[landscape]\nname = 'booth'\n[[descents]]\nstart = [{10**400}, 0]", "must be a finite number"),
        ("title = 'x'\n[network]\nsizes = '2-2'\n[data]\nname = 'moons'\nsamples = 10000000000", "at most 1,000,000"),
        ("title = 'x'\na = " + "[" * 3000 + "]" * 3000, "nested too deep"),
    ],
)
def test_a_study_beyond_all_bounds_is_refused(text, sentence):
    with pytest.raises(damaged.FalllineError, match=sentence):
        damaged.read_study(text)


@pytest.mark.parametrize(
    ("sizes", "words", "sentence"),
    [
        ("100000-100000", {}, "at most 100,000,000 parameters"),
        ("-".join(["1"] * 1000), {}, "at most 200 layers"),
        ([2, 2.5], {}, "sizes must be positive whole numbers"),
        ({"a": 1}, {}, "sizes must be"),
        ("2-3-2", {"activation": 3}, "activation must be a list"),
        ("2-3-2", {"activation": [[]]}, "activation must be one of"),
        ("2-3-2", {"loss": {}}, "loss must be one of"),
        ("2-3-2", {"scales": ["x", 1]}, "scales must be finite numbers"),
        ("2-3-2", {"l2": float("inf")}, "l2 must be a number at least 0; got inf"),
        ("2-3-2", {"l2": []}, "l2 must be a number at least 0"),
        ("2-3-2", {"bias": "no"}, "bias must be True or False"),
        ("2-3-2", {"reduction": []}, "reduction must be 'sum' or 'mean'"),
    ],
)
def test_a_network_that_is_none_is_refused(sizes, words, sentence):
    with pytest.raises(damaged.FalllineError, match=sentence):
        Network.of(sizes, **words)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"schedule": {"decay": 0.5}}, 'schedule must be a name or {"name": ..., setting: ...}'),
        ({"schedule": 3}, "a schedule must be a name, a function of t, or a list of rates"),
        ({"steps": 10**20}, r"steps must be a whole number in \[0, 1000000000\]"),
        ({"steps": 10**9}, "would take 44.7 GB of memory"),
        ({"optimizer": []}, "optimizer must be one of"),
    ],
)
def test_a_run_that_cannot_be_is_refused(options, sentence):
    with pytest.raises(damaged.FalllineError, match=sentence):
        descend("booth", **options)
