"""The state that a page begins with: the built-in one, that of a study, or of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallline.lab.plan import Table
from fallline.lab.state import State, default_state

if TYPE_CHECKING:
    from fallline.studies import Study

__all__ = ["beginning"]


def beginning(study: str | Path | Study | None, data: str | Path | None) -> tuple[State, dict[str, Table]]:
    """The first state and the tables that it names."""
    return default_state(), {}
