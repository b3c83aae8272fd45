"""Damaged inputs: each is read, or refused in a sentence, quickly. `tests/long/fuzz.py` tries many more."""

from __future__ import annotations

import pytest

import damaged

COUNTS = {"study": 300, "formula": 500, "network": 500, "message": 300, "table": 1000}


@pytest.mark.parametrize("kind", sorted(damaged.KINDS))
def test_damaged_input_is_a_result_or_a_sentence(kind):
    """Whatever else is raised names the number of the input: `damaged.make(kind, number)` gives it back."""
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
