"""After a change of one value, the rest of an experiment is adjusted to it, with a note for each adjustment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.experiment.rules.change import Change, E, Note
from fallline.experiment.rules.network import fit_activations, fit_features, fit_loss, fit_table, fit_units
from fallline.experiment.rules.plane import fit_axes, fit_batch, fit_measure, fit_pins, swap_axes
from fallline.experiment.rules.settings import tell_lost_settings
from fallline.experiment.rules.start import fit_start, fresh_start
from fallline.experiment.sources import Files

__all__ = ["Note", "reconcile"]

RULES: tuple[Callable[[Change[Any]], None], ...] = (
    tell_lost_settings, fit_table, fit_features, fit_units, fit_loss, fit_activations, fit_start, fresh_start, fit_batch, fit_measure, swap_axes,
    fit_axes, fit_pins,
)  # fmt: skip
"""The rules, each after those on which it depends."""


def reconcile(before: E, proposed: E, changed: str, files: Files) -> tuple[E, tuple[Note, ...]]:
    """Return a valid experiment for a change of one key, and a note for each further change that this required.

    Parameters
    ----------
    before
        The experiment before the change.
    proposed
        The same with the new value under the key. Its parts need not fit together.
    changed
        The dotted key. Its own value is never changed: if it is wrong, the experiment stays wrong.
    files
        The CSV files that the experiment may name.

    Raises
    ------
    PartError
        If the objective cannot be made.

    Examples
    --------
    >>> from fallline.experiment.experiment import Experiment
    >>> before = Experiment()
    >>> proposed = Experiment(optimizer="gradient_descent")
    >>> after, notes = reconcile(before, proposed, "optimizer", Files())
    >>> notes[-1].sentence
    'The y axis is now initial scale: gradient descent has no momentum.'
    """
    change = Change(before, proposed, changed, files)
    for rule in RULES:
        rule(change)
    return change.now, tuple(change.notes)
