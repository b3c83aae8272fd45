"""The content of one page: its state, its tables, its runs, and the jobs that compute for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.errors import UsageError
from fallline.lab.resolved_state import ResolvedState, resolve_state
from fallline.lab.session.answers import Arrays, Json, Send, message, refusal
from fallline.lab.state import State
from fallline.lab.work.kept_runs import KEPT, KeptRuns
from fallline.lab.work.pool import Desk, Dropped, Lane
from fallline.lab.work.trained import TrainedRuns

__all__ = ["Shown", "Work"]

Work = Callable[[], Generator[None, None, None]]


@dataclass(eq=False)
class Shown:
    """The content of one page, which the handlers of messages read and change.

    Attributes
    ----------
    send
        Sends a message to the page, from any thread.
    desk
        The jobs of the page.
    first
        The state of a page that brings none.
    tables
        The CSV files that the page may name, by digest; the newest is last.
    state, resolved, state_id
        The accepted state, with its objects, and the id of the message that brought it.
    runs
        Runs that were trained for the page.
    kept
        Runs of the map that are kept while the reader changes one control; None while they are of no use.
    """

    send: Send
    desk: Desk
    first: State
    tables: dict[str, CsvFile]
    state: State | None = None
    resolved: ResolvedState | None = None
    state_id: int = 0
    runs: TrainedRuns = field(default_factory=TrainedRuns)
    kept: KeptRuns | None = None

    def take(self, state: State, number: int) -> None:
        """Show another state. Work for the old one is dropped, except an export."""
        resolved = resolve_state(state, self.tables)
        self.desk.drop(lambda job: job.key != "export")
        self.state, self.resolved, self.state_id = state, resolved, number

    def keep(self, changed: str | None = None) -> KeptRuns | None:
        """The kept runs that serve the current state. If there are none, those of another state are freed, and runs are kept
        from now on if the reader has begun to change a control for which that is of use.
        """
        (_, resolved), kept = self.current(), self.kept
        other = changed in KEPT and not isinstance(kept, KEPT[changed])
        if kept is None or other or not kept.serves(resolved):
            kept = KEPT[changed](resolved) if changed in KEPT else None
            kept = kept if kept is not None and kept.serves(resolved) else None
            self.kept = kept
        return kept

    def current(self) -> tuple[State, ResolvedState]:
        """The state, and the same with its objects."""
        if self.state is None or self.resolved is None:
            raise UsageError("the first message of a page is hello.")
        return self.state, self.resolved

    def is_old(self, content: Mapping[str, Any]) -> bool:
        """Whether a message is about an older state."""
        return bool(content.get("state_id", self.state_id) != self.state_id)

    def answer(self, kind: str, facts: Json, arrays: Arrays | None = None) -> None:
        """Send an answer; it belongs to the current state unless it names another `state_id`."""
        self.send(*message({"kind": kind, "state_id": self.state_id, **facts}, arrays))

    def refuse(self, error: BaseException, number: Any) -> None:
        """Answer the message of that id with the sentence of an error."""
        self.send({"kind": "refused", "id": number, "state_id": self.state_id, **refusal(error)}, [])

    def job(self, content: Json, key: Any, work: Work, lane: Lane = "runs", rank: int = 0) -> None:
        """Add a job. An error in it is answered as the refusal of the message."""

        def guarded() -> Generator[None, None, None]:
            try:
                yield from work()
            except (GeneratorExit, Dropped):
                raise
            except BaseException as error:
                self.refuse(error, content.get("id"))

        self.desk.put(key, guarded, lane, rank)
