"""A page plays its map: the measures of the parameters after each step, with the bits of Python's film."""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.film import film_of_tile
from fallline.lab.work.pyramid import TilePlace
from fallline.live.figure import figure
from fallline.live.shown_map import show_map
from fallline.maps.film import is_playable
from fallline.measures.measure import MEASURES
from live_page import LivePage

FILM = """m.film(window.host, { tiles: [[0, 0, 0]] }).then(() => {
    const { content, buffers } = window.answers.pop();
    const text = (view) => btoa(Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), (v) => String.fromCharCode(v)).join(""));
    return Object.fromEntries(content.arrays.map(({ name }, k) => [name, text(buffers[k])]));
})"""


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[LivePage]:
    opened = LivePage(chromium)
    yield opened
    opened.page.close()


def filmed(resolved: ResolvedState) -> dict[str, Any]:
    """Python's film of the whole plane."""
    work: Generator[None, None, dict[str, Any]] = film_of_tile(resolved, TilePlace(0, 0, 0))
    while True:
        try:
            next(work)
        except StopIteration as done:
            return dict(done.value)


@pytest.mark.parametrize(("measure", "starts"), [("accuracy", 1), ("generalization_gap", 2)])
def test_a_film_has_the_bits_of_python(live: LivePage, measure: str, starts: int) -> None:
    network = fl.Network.of("2-2-3", activation="tanh", l2=0.01)
    problem = fl.NetworkObjective(network, fl.generate("three-gaussians", samples=4).split(0.3))
    m = fl.map(
        problem, x="learning_rate=1e-3..300:log", y="seed=0..3", size=(2, 4), steps=4, starts=starts, measures=[measure],
        dtype="float32",
    )  # fmt: skip
    live.open_host(figure(m))
    assert live.ask("described", "m.summary(window.host.figure, window.host.state).measure.played") is True
    found = {name: base64.b64decode(text) for name, text in live.ask("film", FILM).items()}
    for name, values in filmed(show_map(m.spec)).items():
        same = np.frombuffer(found[name], values.dtype)
        np.testing.assert_array_equal(same, values.ravel(), err_msg=name)


@pytest.mark.parametrize(
    ("axis", "measure", "played"),
    [("seed", "accuracy", "accuracy"), ("l2", "accuracy", "final_loss"), ("seed", "distance", "final_loss")],
)
def test_what_a_film_shows(live: LivePage, axis: str, measure: str, played: str) -> None:
    state = {"map": {"x": {"name": "learning_rate"}, "y": {"name": axis}, "measure": measure}}
    measures = {name: {"played": is_playable(m)} for name, m in MEASURES.items()}
    assert live.ask("described", "m.played(a, a.state)", {"measures": measures, "state": state}) == played
