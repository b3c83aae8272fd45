"""The state that a change of one control leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.experiment.reconcile import reconcile
from fallline.experiment.sources import Files
from fallline.lab.state import State, default_state, read_state

__all__ = ["changed_state"]


def changed_state(
    value: Any, changed: str, before: State | None, tables: Mapping[str, CsvFile]
) -> tuple[State, tuple[str, ...]]:
    """Return the state after a change, and a sentence for each further change that this required.

    Parameters
    ----------
    value
        The state with the new value, as JSON. Keys that are left out are those of the state before.
    changed
        The dotted key of the control. Its value is checked, and never changed.
    before
        The state before the change; the default state unless given.
    tables
        The CSV files that the state may name.

    Examples
    --------
    >>> state, notes = changed_state({"optimizer": "gradient_descent"}, "optimizer", None, {})
    >>> state["settings"], state["map"]["y"]["name"]
    ({'learning_rate': 0.001, 'initial_scale': 1.0}, 'initial_scale')
    >>> notes[-1]
    'The y axis is now initial scale: gradient descent has no momentum.'
    """
    before = before or default_state()
    proposed = read_state(before.json | value if isinstance(value, dict) else value, forgiving=True)
    state, notes = reconcile(before, proposed, changed, Files(kept=tables))
    return state, tuple(note.sentence for note in notes)
