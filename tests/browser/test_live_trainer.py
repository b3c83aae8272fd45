"""Training in a live page: the bits are those of Python, whatever is trained, on any number of workers, with both modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.pyramid import TilePlace, tile_spec
from fallline.maps.cell_training import training_of
from fallline.measures.measure import MEASURES, lacking
from live_page import LivePage, differing, native, state_of


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[LivePage]:
    opened = LivePage(chromium)
    yield opened
    opened.page.close()


def some_cells(count: int) -> tuple[Any, Any]:
    """Columns and rows of cells of a tile, in no order."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 64, count), rng.integers(0, 64, count)


def same_tile(live: LivePage, resolved: ResolvedState, place: TilePlace, cells: int = 150) -> None:
    """Asserts that cells of a tile have the processor's bits."""
    spec = tile_spec(resolved, place)
    i, j = some_cells(cells)
    found = live.train(
        x=spec.x.describe(), y=spec.y.describe(), i=i.tolist(), j=j.tolist(), history=True, parameters=True, path=True
    )
    hits = not lacking(MEASURES["accuracy"], spec.objective)
    assert differing(found, native(training_of(spec, i, j), spec.target, hits=hits)) == {}


SEED_AXIS = ("map.x", {"name": "seed", "low": 0, "high": 100, "scale": "linear"})
LANDSCAPE = (("objective.kind", "landscape"),)
STATES = {
    "the seed study": (),
    "adam in float64": (("optimizer", "adam"), ("dtype", "float64")),
    "minibatches": (("batch", 50),),
    "a seed axis": (("start", None), SEED_AXIS),
    "several starts": (("start", None), ("starts", 3)),
    "a landscape": LANDSCAPE,
    "random starts on a landscape": (*LANDSCAPE, ("starts", 2)),
}


@pytest.mark.parametrize("name", STATES)
def test_a_tile_has_the_processors_bits(live, name):
    resolved = state_of(*STATES[name])
    for relaxed in (True, False):
        assert live.open(resolved, relaxed=relaxed) == ("relaxed" if relaxed else "plain")
        same_tile(live, resolved, TilePlace(0, 0, 0) if relaxed else TilePlace(5, 9, 17))
