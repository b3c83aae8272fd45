"""Messages that bring a state, and the question for its ranges."""

from __future__ import annotations

import threading
from collections.abc import Generator

import fallline
from fallline.data.csv_file import CsvFile
from fallline.errors import UsageError
from fallline.lab.changed import changed_state
from fallline.lab.controls.measure import describe_outcomes
from fallline.lab.limits import MOST
from fallline.lab.presets import PRESETS, themes
from fallline.lab.session.answers import Json
from fallline.lab.session.described import described, same_controls, summary
from fallline.lab.session.fields import MOST_TILES, places
from fallline.lab.session.shown import Shown
from fallline.lab.session.tables import MOST_TABLE
from fallline.lab.session.tiles import queue_tiles
from fallline.lab.state import State, default_state, read_state
from fallline.views.pictures.moving import FPS, FRAMES, has_ffmpeg

__all__ = ["hello", "new_state", "ranges"]


def hello(page: Shown, content: Json) -> None:
    """The first message of a page, with its state if it has one."""
    value = content.get("state")
    page.take(page.first if value is None else read_state(value), content["id"])
    state, resolved = page.current()
    page.answer("welcome", {
        **summary(state, resolved), **described(state, resolved, _table(page, state)), "version": fallline.__version__,
        "themes": themes(), "outcomes": describe_outcomes(), "presets": PRESETS, "defaults": default_state().json,
        "film": {"frames": FRAMES, "fps": FPS, "ffmpeg": has_ffmpeg()}, "id": content["id"], "limits": {"tiles": MOST_TILES, "table": MOST_TABLE, "steps": MOST["steps"]},
    })  # fmt: skip


def new_state(page: Shown, content: Json) -> None:
    """A new state, with the tiles that the page wants at once.

    If the page says which key was changed, the rest is brought in line; the answer's `notes` name each such change.
    """
    changed, value = content.get("changed"), content.get("state")
    if changed is not None and not isinstance(changed, str):
        raise UsageError(f"changed must be the key of a control; got {repr(changed)[:40]}.")
    before, before_id = page.state, page.state_id
    state, notes = (read_state(value), ()) if changed is None else changed_state(value, changed, before, page.tables)
    wanted = places(content.get("tiles", []))
    page.take(state, content["id"])
    _, resolved = page.current()
    page.keep(changed)
    answered = threading.Event()
    queue_tiles(page, wanted, rank=0, after=answered)  # threads train while the state is described
    try:
        # If only numbers changed, the page has its controls and axes except for their ranges, which follow the
        # curvature at the start. The page asks for those when it rests: the picture comes first.
        same = before is not None and content.get("accepted") == before_id and same_controls(state, before)
        more = {} if same else described(state, resolved, _table(page, state))
        page.answer("state", {**summary(state, resolved), **more, "notes": [*notes], "id": content["id"]})
    finally:
        answered.set()


def ranges(page: Shown, content: Json) -> None:
    """Controls and axes with the ranges of this state; no controls for a page that knows them, by their digest."""
    if page.is_old(content):
        return
    (state, resolved), number = page.current(), page.state_id

    def work() -> Generator[None, None, None]:
        more = described(state, resolved, _table(page, state), content.get("knows"))
        page.answer("ranges", {"state_id": number, "id": content["id"], **more})
        yield

    page.job(content, "ranges", work, rank=1)


def _table(page: Shown, state: State) -> CsvFile | None:
    return page.tables.get(getattr(state.data, "digest", ""))
