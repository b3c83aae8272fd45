"""The film of the map: the loss of every run after each step, with the bits of the map and of single runs."""

from __future__ import annotations

import numpy as np
import pytest

from fallline.lab.controls.measure import describe_measure
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state, read_state
from fallline.lab.work.film import MOST_FRAMES, film_of_tile
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.runs import train_run
from fallline.lab.work.tile_training import compute_tile

WHOLE = TilePlace(0, 0, 0)


def filmed(place=WHOLE, **changes):
    resolved = resolve_state(read_state({"steps": 6, **changes}), {})
    work = film_of_tile(resolved, place)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return resolved, end.value


@pytest.mark.parametrize("changes", [{}, {"dtype": "float64"}, {"start": None, "starts": 3}, {"batch": 16}])
def test_the_last_picture_is_the_map(changes):
    place = TilePlace(1, 1, 0)
    resolved, film = filmed(place, **changes)
    tile = compute_tile(resolved, place)["final_loss"].astype(np.float32)
    last = film["values"][-1]
    finite = np.isfinite(tile)
    np.testing.assert_array_equal(last[finite], tile[finite])
    assert np.isnan(last[~finite]).all()


@pytest.mark.parametrize("measure", ["test_loss", "test_accuracy"])
def test_the_map_of_a_test_measure_is_played_as_it_is_shown(measure):
    state = default_state().json
    data, plane = state["data"] | {"test_share": 0.3}, state["map"] | {"measure": measure}
    resolved, film = filmed(data=data, map=plane)
    tile = compute_tile(resolved, WHOLE)[measure].astype(np.float32)
    np.testing.assert_array_equal(film["values"][-1], np.where(np.isfinite(tile), tile, np.nan))
    assert describe_measure(resolved)["played"]
    assert not describe_measure(resolve_state(read_state({"map": plane | {"measure": "outcome"}}), {}))["played"]


def test_every_step_is_that_of_the_run():
    resolved, film = filmed()
    tile = compute_tile(resolved, TilePlace(0, 0, 0))
    run = train_run(resolved, float(tile["x"][40]), float(tile["y"][10]))
    np.testing.assert_array_equal(film["values"][:, 10, 40], run.losses.astype(np.float32))


def test_a_long_run_is_shown_at_evenly_spaced_steps():
    _, film = filmed(steps=1000, objective={"kind": "landscape", "name": "booth"}, start=None)
    steps = film["steps"]
    assert (len(steps), steps[0], steps[-1]) == (MOST_FRAMES, 0, 1000)
    assert set(np.diff(steps)) == {4, 5}
