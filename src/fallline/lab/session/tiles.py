"""The tiles of the map that a page wants."""

from __future__ import annotations

import threading
from collections.abc import Generator
from functools import partial
from typing import Any

from fallline.lab.session.answers import Json
from fallline.lab.session.fields import places
from fallline.lab.session.shown import Shown
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.tile_training import sketches_of
from fallline.lab.work.tiling import TileWork

__all__ = ["film", "queue_tiles", "tiles"]


def tiles(page: Shown, content: Json) -> None:
    """The tiles that the page wants now, in this order. Tiles that it wanted before and no longer wants are dropped."""
    wanted = places(content.get("tiles"))
    if page.is_old(content):
        return
    page.desk.drop(lambda job: isinstance(job.key, TilePlace) and job.key not in wanted)
    queue_tiles(page, wanted, rank=3)


def film(page: Shown, content: Json) -> None:
    """The losses of the tiles' runs after each step."""
    from fallline.lab.work.film import film_of_tile

    wanted = places(content.get("tiles"))
    if page.is_old(content):
        return
    (_, resolved), number = page.current(), page.state_id

    def work_on(place: TilePlace) -> Generator[None, None, None]:
        arrays = yield from film_of_tile(resolved, place)
        page.answer("film", {"state_id": number, "z": place.z, "i": place.i, "j": place.j}, arrays)

    for place in wanted:
        page.job(content, ("film", place), lambda place=place: work_on(place), rank=2)  # type: ignore[misc]  # a loop's lambda


def queue_tiles(page: Shown, wanted: list[TilePlace], rank: int, after: threading.Event | None = None) -> None:
    """Queue the tiles that are not queued yet. After a change of state, send nothing before `after` is set, and train
    the cells of sketches first.
    """
    (_, resolved), number = page.current(), page.state_id

    def is_wanted(key: Any) -> bool:
        return page.state_id == number and page.desk.holds(key)

    kept = page.keep() if after is not None else None
    missing = [
        TileWork(resolved, place, {"state_id": number}, page.answer, is_wanted, after, kept)
        for place in wanted
        if not page.desk.holds(place)
    ]
    for apart in sketches_of(resolved.spec) if after is not None else ():
        for tile in missing:
            page.job({"id": number}, tile.sketch_key(apart), partial(tile.sketch, apart), rank=rank)
    for tile in missing:
        page.job({"id": number}, tile.place, tile.whole, rank=rank)
