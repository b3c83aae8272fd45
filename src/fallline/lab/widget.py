"""The lab as a widget in Jupyter, VS Code, Colab and marimo: the same page over the same `Session`."""

from __future__ import annotations

import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallline.errors import UsageError
from fallline.lab.changed import changed_state
from fallline.lab.initial_state import initial_state
from fallline.lab.page_files import PAGE, bundled
from fallline.lab.session.session import Session
from fallline.lab.state import State, read_state
from fallline.lab.work.pool import Pool

try:
    import anywidget
except ImportError:
    raise UsageError("the lab in a notebook needs anywidget: pip install 'fallline[widget]'.") from None

if TYPE_CHECKING:
    from fallline.experiment.studies import Study

__all__ = ["Lab", "lab"]


@cache
def _pool() -> Pool:
    """The threads of this kernel."""
    return Pool()


class Lab(anywidget.AnyWidget):  # type: ignore[misc]  # an extra that may be absent
    """The lab in a notebook's cell. Messages go through the widget's own channel; there is no server.

    Attributes
    ----------
    state
        What the page shows; a `State` once the page has spoken.
    """

    _esm = bundled(PAGE, "widget.js")
    _css = (PAGE / "lab.css").read_text(encoding="utf-8")

    def __init__(self, first: State, tables: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(**options)
        here = weakref.ref(self)  # the session must not keep a widget alive that the notebook has dropped

        def send(content: dict[str, Any], buffers: list[bytes]) -> None:
            widget = here()
            if widget is not None:
                widget.send(content, buffers=buffers)

        self.session = Session(send, _pool(), first, tables)
        self.on_msg(self._receive)
        weakref.finalize(self, self.session.close)

    @property
    def state(self) -> State | None:
        """What the page shows."""
        return self.session.state

    @staticmethod
    def _receive(widget: Lab, content: Any, buffers: Any) -> None:
        widget.session.receive(content)

    def close(self) -> None:
        """Remove the widget and stop its work."""
        self.session.close()
        super().close()


def lab(
    study: str | Path | Study | None = None,
    *,
    data: str | Path | None = None,
    target: str | None = None,
    task: str | None = None,
    missing: str | None = None,
    **state: Any,
) -> Lab:
    """The lab as a widget; `fallline lab` opens the same page in the browser.

    Parameters
    ----------
    study
        A built-in study's name, or a TOML file; its first map is what the page begins with.
    data
        A CSV file to begin with.
    target, task, missing
        Of that table: the column to learn, by default the last; "classification" or "regression", guessed unless given; and
        "refuse" or "impute", what is done about missing cells.
    state
        Parts of the state, as `steps=40`, `optimizer="adam"` or `objective={"kind": "landscape", "name": "booth"}`.

    Examples
    --------
    >>> lab(steps=40).session.page.first["steps"]
    40
    """
    first, tables = initial_state(study, data, target=target, task=task, missing=missing)
    if state:
        changed = next(iter(state)) if len(state) == 1 else ""
        first = read_state(first.json | state) if "map" in state else changed_state(state, changed, first, tables)[0]
    return Lab(first, tables)
