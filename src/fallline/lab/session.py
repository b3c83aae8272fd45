"""One page's conversation, whoever carries the messages: JSON contents, and binary buffers beside them.

Each message has a kind and an id. What is wrong is answered by `refused` with a sentence; a session never ends because of
a message. Answers carry the `state_id` that they belong to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fallline
from fallline.errors import FalllineError, UnknownNameError, UsageError
from fallline.lab.controls import columns_of, describe_axes, describe_controls, describe_measure, describe_outcomes
from fallline.lab.plan import Plan, Table, build_plan
from fallline.lab.presets import PRESETS, themes
from fallline.lab.pyramid import Place, is_slow, read_place
from fallline.lab.repair import repaired
from fallline.lab.runs import describe_run, frames, train_run
from fallline.lab.state import MOST_STEPS, State, StateError, default_state, is_unicode, read_state
from fallline.lab.tiling import TileWork
from fallline.lab.work import Dropped, Pool
from fallline.runs.descent import Run

__all__ = ["MESSAGES", "Send", "Session"]

Json = dict[str, Any]
Arrays = Mapping[str, NDArray[Any]]
Send = Callable[[Json, list[bytes]], None]

MOST_TILES = 512
"""Tiles in one wish."""

MOST_TABLE = 1_000_000
"""Characters of a CSV file."""

MOST_TABLES = 4
MOST_RUNS, MOST_PATHS = 8, 32 * 2**20
POINTED = 4
"""The number of the run under the pointer, after those of the pins."""


class Session:
    """The conversation with one page.

    Parameters
    ----------
    send
        Called with each answer, from any thread.
    pool
        Who computes.
    first
        The state of a page that brings none.

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
        self, send: Send, pool: Pool, first: State | None = None, tables: Mapping[str, Table] | None = None
    ) -> None:
        self._send, self._desk = send, pool.desk()
        self._first = first or default_state()
        self.tables: OrderedDict[str, Table] = OrderedDict(tables or {})
        self.state: State | None = None
        self.plan: Plan | None = None
        self.state_id = 0
        self._runs: OrderedDict[tuple[str, float, float], Run] = OrderedDict()

    def receive(self, content: Any) -> None:
        """Answer a message; never raises."""
        kind = content.get("kind") if isinstance(content, dict) else None
        number = content.get("id") if isinstance(content, dict) else None
        try:
            if not isinstance(content, dict) or not isinstance(kind, str) or kind not in MESSAGES:
                raise UnknownNameError("kind of a message", repr(kind)[:40], MESSAGES)
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**53:
                raise UsageError("a message must have an id, a whole number.")
            MESSAGES[kind](self, content)
        except Exception as error:
            self._refuse(error, number if isinstance(number, int) else None)

    def close(self) -> None:
        """The page has gone: nothing is computed for it any more."""
        self._desk.close()

    # Messages ---------------------------------------------------------------------------------------------------------

    def hello(self, content: Json) -> None:
        """The first message of a page, with its state if it has one."""
        given = content.get("state")
        state = self._first if given is None else read_state(given)
        self._take(state, content["id"])
        self._answer("welcome", {
            **self._told(), **self._described(self._current(), state), "version": fallline.__version__, "themes": themes(),
            "outcomes": describe_outcomes(), "presets": PRESETS, "defaults": default_state().json, "id": content["id"],
            "limits": {"tiles": MOST_TILES, "table": MOST_TABLE, "steps": MOST_STEPS},
        })  # fmt: skip

    def new_state(self, content: Json) -> None:
        """A new state, with the tiles wished for at once."""
        changed = content.get("changed")
        given = content.get("state")
        if changed is not None and not isinstance(changed, str):
            raise UsageError(f"changed must be the key of a control; got {repr(changed)[:40]}.")
        state = read_state(given) if changed is None else repaired(given, changed, self.state, self.tables)
        places = self._places(content.get("tiles", []))
        before, seen = self.state, self.state_id
        self._take(state, content["id"])
        told = threading.Event()
        self._wish(places, rank=0, after=told)  # threads train while the state is described
        try:
            # Where only numbers changed, the page has its controls and axes but for their ranges, which follow the
            # curvature at the start. It asks for them when it rests: the picture comes first.
            same = before is not None and content.get("accepted") == seen and _shape(state) == _shape(before)
            described = {} if same else self._described(self._current(), state)
            self._answer("state", {**self._told(), **described, "id": content["id"]})
        finally:
            told.set()

    def ranges(self, content: Json) -> None:
        """Controls and axes with the ranges of this state; no controls for a page that knows them, by their digest."""
        if self._is_old(content):
            return
        plan, state, number = self._current(), self.state, self.state_id
        assert state is not None

        def work() -> Generator[None, None, None]:
            described = self._described(plan, state, content.get("knows"))
            self._answer("ranges", {"state_id": number, "id": content["id"], **described})
            yield

        self._job(content, "ranges", work, rank=1)

    def tiles(self, content: Json) -> None:
        """The tiles that the page wishes for now, in this order; older wishes that are not among them are dropped."""
        places = self._places(content.get("tiles"))
        if self._is_old(content):
            return
        self._desk.drop(lambda job: isinstance(job.key, Place) and job.key not in places)
        self._wish(places, rank=3)

    def run(self, content: Json) -> None:
        """One run at exactly (x, y)."""
        pin, x, y = self._pin(content)
        if self._is_old(content):
            return
        plan, number = self._current(), self.state_id

        def work() -> Generator[None, None, None]:
            found = self._trained(plan, x, y)
            told, arrays = describe_run(plan, found)
            self._answer("run", {"state_id": number, "pin": pin, "x": x, "y": y, **told}, arrays)
            yield

        self._job(content, ("run", pin), work, rank=2 if pin == POINTED else 1)

    def frames(self, content: Json) -> None:
        """What a network answers over the plane, from one step of a run to another."""
        pin, x, y = self._pin(content)
        if self._is_old(content):
            return
        plan, number = self._current(), self.state_id
        first, last = (_whole(content, key, 0, plan.spec.steps) for key in ("from", "to"))

        def work() -> Generator[None, None, None]:
            told, arrays = frames(plan, self._trained(plan, x, y), first, last)
            self._answer("frames", {"state_id": number, "pin": pin, "x": x, "y": y, "from": first, **told}, arrays)
            yield

        self._job(content, ("frames", pin), work, rank=2)

    def theory(self, content: Json) -> None:
        """The curves of theory over the map."""
        from fallline.lab.scenes import theory_curves

        if self._is_old(content):
            return
        plan, number = self._current(), self.state_id

        def work() -> Generator[None, None, None]:
            self._answer("theory", {"state_id": number, "curves": theory_curves(plan)})
            yield

        self._job(content, "theory", work, lane="words")

    def data(self, content: Json) -> None:
        """The samples."""
        from fallline.lab.scenes import samples

        if self._is_old(content):
            return
        plan = self._current()
        self._answer("data", *samples(plan))

    def landscape(self, content: Json) -> None:
        """Contours and heights of a landscape over a window."""
        from fallline.lab.scenes import landscape_scene

        if self._is_old(content):
            return
        plan, window, number = self._current(), _window(content.get("window")), self.state_id
        if plan.network is not None:
            raise UsageError("contours need a landscape; a network's loss has too many coordinates.")

        def work() -> Generator[None, None, None]:
            told, arrays = landscape_scene(plan, window)
            self._answer("landscape", {"state_id": number, **told}, arrays)
            yield

        self._job(content, "landscape", work, lane="words")

    def equations(self, content: Json) -> None:
        """The equations of the objective and the optimizer, with the numbers of a run on request."""
        from fallline.lab.written import written

        if self._is_old(content):
            return
        plan, number, form = self._current(), self.state_id, content.get("form", "matrix")
        numbers = bool(content.get("numbers")) and content.get("pin") is not None
        at = (
            (_number(content, "x"), _number(content, "y"), _whole(content, "step", 0, plan.spec.steps))
            if numbers
            else None
        )

        def work() -> Generator[None, None, None]:
            run = None if at is None else self._trained(plan, at[0], at[1])
            step = 0 if at is None else at[2]
            blocks: list[dict[str, str]] = []
            for blocks in written(plan, form, run, step):  # noqa: B007  # grows; the last holds all
                yield
            self._answer("equations", {"state_id": number, "blocks": blocks, "form": form})

        self._job(content, "equations", work, lane="words")

    def csv(self, content: Json) -> None:
        """A CSV file that the page read."""
        name, text = content.get("name"), content.get("text")
        if not isinstance(name, str) or not isinstance(text, str) or not name or len(name) > 200:
            raise UsageError("a table must have a name and a text.")
        if not is_unicode(name) or not is_unicode(text):
            raise UsageError("a table must be a text in Unicode; this one holds half of a surrogate pair.")
        if len(text) > MOST_TABLE:
            raise UsageError(
                f"a table may have at most {MOST_TABLE:,} characters in the lab; {name} has {len(text):,}."
            )
        table = Table(name.replace("\\", "/").rpartition("/")[2], text.removeprefix("\ufeff"))
        columns = columns_of(table)
        rows = table.text.count("\n")
        self.tables[table.digest] = table
        self.tables.move_to_end(table.digest)
        while len(self.tables) > MOST_TABLES:
            self.tables.popitem(last=False)
        sentence = f"{table.name}: {len(columns)} columns; {columns[-1]} is to be learned."
        self._answer("csv", {"id": content["id"], "digest": table.digest, "columns": columns, "rows": rows,
                             "target": columns[-1], "sentence": sentence})  # fmt: skip

    def export(self, content: Json) -> None:
        """A picture, file or text that holds what the page shows."""
        from fallline.lab.exports import export

        what, state = content.get("what"), content.get("state")
        full = read_state(state) if state is not None else self.state or self._first
        plan = build_plan(full, self.tables)
        size = _whole(content, "size", 1, 2**40) if content.get("size") is not None else None
        pin = _whole(content, "pin", 0, POINTED) if content.get("pin") is not None else None
        theme = content.get("theme", "light")

        def work() -> Generator[None, None, None]:
            told, body = yield from export(str(what), full, plan, self.tables, pin=pin, size=size, theme=str(theme))
            self._send(
                {"kind": "export", "id": content["id"], "state_id": self.state_id, **told},
                [] if body is None else [body],
            )

        self._job(content, "export", work, lane="words")

    def cancel(self, content: Json) -> None:
        """Let go of all work."""
        self._desk.drop(lambda job: True)

    # Parts ------------------------------------------------------------------------------------------------------------

    def _take(self, state: State, number: int) -> None:
        plan = build_plan(state, self.tables)
        self._desk.drop(lambda job: job.key != "export")
        self.state, self.plan, self.state_id = state, plan, number

    def _described(self, plan: Plan, state: State, knows: Any = None) -> Json:
        """Controls and axes; no controls for a page that knows them, by the digest that came with them."""
        controls = describe_controls(plan, self.tables.get(state["data"].get("digest", "")), state)
        digest = hashlib.sha256(json.dumps(controls).encode()).hexdigest()[:16]
        return {"axes": describe_axes(plan), "controls": None if digest == knows else controls, "digest": digest}

    def _told(self) -> Json:
        plan, state = self._current(), self.state
        assert state is not None
        objective = plan.objective
        seconds = plan.spec.work / 4e10
        return {
            "state": state.json,
            "measure": describe_measure(plan),
            "objective": {
                "kind": state["objective"]["kind"], "name": objective.name, "title": _title(objective.name),
                "dimension": objective.dimension, "labels": list(objective.labels)[:64],
            },
            "estimate": {"seconds": seconds, "words": f"{plan.spec.cells:,} runs a tile, about {seconds:.2g} s"},
        }  # fmt: skip

    def _wish(self, places: list[Place], rank: int, after: threading.Event | None = None) -> None:
        """Jobs for the tiles that are not under way; for a new state, `after` it was told, with sketches of slow ones first."""
        plan, number = self._current(), self.state_id

        def wanted(key: Any) -> bool:
            return self.state_id == number and self._desk.holds(key)

        tiles = [
            TileWork(plan, place, {"state_id": number}, self._answer, wanted, after)
            for place in places
            if not self._desk.holds(place)
        ]
        for tile in tiles if after is not None and is_slow(plan) else ():
            self._job({"id": number}, tile.keys["sketch"], tile.sketch, rank=rank)
        for tile in tiles:
            self._job({"id": number}, tile.keys["whole"], tile.whole, rank=rank)

    def _job(
        self,
        content: Json,
        key: Any,
        work: Callable[[], Generator[None, None, None]],
        lane: Any = "runs",
        rank: int = 0,
    ) -> None:
        def guarded() -> Generator[None, None, None]:
            try:
                yield from work()
            except (GeneratorExit, Dropped):
                raise
            except BaseException as error:
                self._refuse(error, content.get("id"))

        self._desk.put(key, guarded, lane, rank)

    def _answer(self, kind: str, told: Json, arrays: Arrays | None = None) -> None:
        content = {"kind": kind, "state_id": self.state_id, **told}
        buffers = []
        if arrays:
            content["arrays"] = []
            for name, values in arrays.items():
                plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
                content["arrays"].append({"name": name, "dtype": plain.dtype.name, "shape": list(plain.shape)})
                buffers.append(plain.tobytes())
        self._send(content, buffers)

    def _refuse(self, error: BaseException, number: int | None) -> None:
        if isinstance(error, FalllineError):
            sentence = str(error)
        elif isinstance(error, MemoryError):
            sentence = "this needs more memory than there is; take fewer steps, starts or samples."
        elif isinstance(error, RecursionError):
            sentence = "a message must not be nested as deep as this one."
        else:
            sentence = f"internal error, {type(error).__name__}: {error}. This is a fault of fallline."
        where = error.where if isinstance(error, StateError) else None
        self._send(
            {"kind": "refused", "id": number, "state_id": self.state_id, "sentence": sentence, "where": where}, []
        )

    def _current(self) -> Plan:
        if self.plan is None:
            raise UsageError("the first message of a page is hello.")
        return self.plan

    def _is_old(self, content: Json) -> bool:
        return bool(content.get("state_id", self.state_id) != self.state_id)

    def _trained(self, plan: Plan, x: float, y: float) -> Run:
        key = (plan.state.text, x, y)
        found = self._runs.get(key)
        if found is None:
            found = self._runs[key] = train_run(plan, x, y)
        with contextlib.suppress(KeyError):  # the other lane keeps runs too
            while len(self._runs) > 1 and (len(self._runs) > MOST_RUNS or _bytes(self._runs) > MOST_PATHS):
                self._runs.popitem(last=False)
        return found

    def _pin(self, content: Json) -> tuple[int, float, float]:
        return _whole(content, "pin", 0, POINTED), _number(content, "x"), _number(content, "y")

    def _places(self, given: Any) -> list[Place]:
        if not isinstance(given, list) or len(given) > MOST_TILES:
            got = (
                f"{len(given):,}, which are {4096 * len(given):,} runs" if isinstance(given, list) else repr(given)[:40]
            )
            raise UsageError(f"tiles must be a list of at most {MOST_TILES}; got {got}.")
        return [read_place(one) for one in given]


MESSAGES: dict[str, Callable[[Session, Json], None]] = {
    "hello": Session.hello, "state": Session.new_state, "tiles": Session.tiles, "theory": Session.theory, "run": Session.run,
    "frames": Session.frames, "landscape": Session.landscape, "data": Session.data, "equations": Session.equations,
    "csv": Session.csv, "export": Session.export, "cancel": Session.cancel, "ranges": Session.ranges,
}  # fmt: skip
"""Every kind of message that a page may send."""


def _shape(state: State) -> tuple[Any, ...]:
    """What decides which controls and axes there are; all else is numbers in them."""
    d = state.json
    names = [(d["map"][which]["name"], d["map"][which]["scale"]) for which in ("x", "y")]
    data = {k: v for k, v in d["data"].items() if k in ("kind", "name", "digest", "target")}
    return (
        d["objective"], data, d["optimizer"], d["schedule"], names, d["map"]["measure"], d["dtype"], d["start"] is None,
    )  # fmt: skip


def _bytes(runs: Mapping[Any, Run]) -> int:
    return sum(int(run.path.nbytes) for run in list(runs.values()))


def _number(content: Json, key: str) -> float:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300 or math.isnan(value):
        raise UsageError(f"{key} must be a finite number; got {repr(value)[:40]}.")
    return float(value)


def _whole(content: Json, key: str, low: int, high: int) -> int:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{key} must be a whole number from {low} to {high:,}; got {repr(value)[:40]}.")
    return value


def _window(value: Any) -> list[float] | None:
    if value is None:
        return None
    good = isinstance(value, list) and len(value) == 4
    if not good or not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e12 for v in value):
        raise UsageError(f"window must be [x0, x1, y0, y1]; got {repr(value)[:60]}.")
    return [float(v) for v in value]


def _title(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}".replace("_", " ")
