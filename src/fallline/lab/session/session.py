"""The conversation with one page: a message comes in, its handler answers.

A message is JSON with a kind and an id; answers are JSON with binary buffers beside it. A fault in a message is answered by
`refused` with a sentence, and the session goes on. Each answer carries the `state_id` of the state that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.errors import UnknownNameError, UsageError
from fallline.lab.session import ahead, exports, runs, scenes, states, tables, tiles
from fallline.lab.session.answers import Json, Send
from fallline.lab.session.shown import Shown
from fallline.lab.state import State, default_state
from fallline.lab.work.pool import Pool

__all__ = ["MESSAGES", "Session"]


def cancel(page: Shown, content: Json) -> None:
    """Drop the work on an export, or all work."""
    what = content.get("what")
    page.desk.drop(lambda job: what is None or job.key == what)


MESSAGES: dict[str, Callable[[Shown, Json], None]] = {
    "hello": states.hello, "state": states.new_state, "ranges": states.ranges, "tiles": tiles.tiles, "film": tiles.film, "run": runs.run,
    "frames": runs.frames, "detail": runs.detail, "what_if": runs.what_if, "csv": tables.csv, "export": exports.export, "cancel": cancel,
    "ahead": ahead.ahead, **scenes.ANSWERS,
}  # fmt: skip
"""The handler of each kind of message that a page may send."""


class Session:
    """The conversation with one page.

    Parameters
    ----------
    send
        Called with each answer, from any thread.
    pool
        The threads that compute.
    first
        The state of a page that brings none.
    tables
        CSV files that the first state may name, by digest.

    Examples
    --------
    >>> import queue
    >>> answers = queue.Queue()
    >>> session = Session(lambda content, buffers: answers.put(content), Pool())
    >>> session.receive({"kind": "hello", "id": 1, "state": None})
    >>> answers.get(timeout=9)["outcomes"][0]["name"]
    'converged'
    >>> session.receive({"kind": "state", "id": 2, "state": {"steps": -1}})
    >>> answers.get(timeout=9)["sentence"]
    'steps must be a whole number in [0, 1000000000]; got -1.'
    >>> session.close()
    """

    def __init__(
        self, send: Send, pool: Pool, first: State | None = None, tables: Mapping[str, CsvFile] | None = None
    ) -> None:
        self.page = Shown(send, pool.desk(), first or default_state(), dict(tables or {}))

    @property
    def state(self) -> State | None:
        """The state that the page shows; None before its first message."""
        return self.page.state

    def receive(self, content: Any) -> None:
        """Answer a message; never raises."""
        kind = content.get("kind") if isinstance(content, dict) else None
        number = content.get("id") if isinstance(content, dict) else None
        try:
            if not isinstance(content, dict) or not isinstance(kind, str) or kind not in MESSAGES:
                raise UnknownNameError("kind of a message", repr(kind)[:40], MESSAGES)
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**53:
                raise UsageError("a message must have an id, a whole number.")
            MESSAGES[kind](self.page, content)
        except Exception as error:
            self.page.refuse(error, number if isinstance(number, int) else None)

    def close(self) -> None:
        """Stop computing for the page; it has gone."""
        self.page.desk.close()
