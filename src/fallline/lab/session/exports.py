"""Files that a page saves."""

from __future__ import annotations

import time
from collections.abc import Generator

from fallline.lab.resolved_state import resolve_state
from fallline.lab.session.answers import Json
from fallline.lab.session.fields import POINTED, whole
from fallline.lab.session.shown import Shown
from fallline.lab.state import read_state

__all__ = ["export"]

EVERY = 0.15
"""Seconds between two messages about progress."""


def export(page: Shown, content: Json) -> None:
    """A picture, file or text with the content of the page."""
    from fallline.lab.work.exports import export as exported

    what, value = content.get("what"), content.get("state")
    state = read_state(value) if value is not None else page.state or page.first
    resolved = resolve_state(state, page.tables)
    size = whole(content, "size", 1, 2**40) if content.get("size") is not None else None
    pin = whole(content, "pin", 0, POINTED) if content.get("pin") is not None else None
    theme = content.get("theme", "light")

    told = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > EVERY:
            told = time.monotonic()
            page.answer("exporting", {"id": content["id"], "done": done / max(1, total)})

    def work() -> Generator[None, None, None]:
        facts, body = yield from exported(
            str(what), state, resolved, page.tables, pin=pin, size=size, theme=str(theme), progress=progress
        )
        answer = {"kind": "export", "id": content["id"], "state_id": page.state_id, **facts}
        page.send(answer, [] if body is None else [body])

    page.job(content, "export", work, lane="words")
