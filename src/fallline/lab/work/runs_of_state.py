"""What runs that are kept for one state, whatever the value of one control, have in common."""

from __future__ import annotations

import json
from typing import ClassVar

from fallline.experiment.choices import CHOICES
from fallline.lab.resolved_state import ResolvedState
from fallline.measures.measure import MEASURES

__all__ = ["MOST_WORK", "RunsOfState"]

MOST_WORK = 1.5e11
"""The most floating-point operations of runs that are trained ahead: some seconds on two cores."""


class RunsOfState:
    """Runs of one state, whatever the value of the control `control`. See `KeptRuns` for the methods."""

    control: ClassVar[str]

    def __init__(self, resolved: ResolvedState) -> None:
        self.key = self._text(resolved)

    def serves(self, resolved: ResolvedState) -> bool:
        """Whether the runs of this state are these, and can be kept."""
        return bool(self.key) and self._text(resolved) == self.key

    @classmethod
    def can_keep(cls, resolved: ResolvedState) -> bool:
        """Whether runs of this state with one value of the control serve other values: no axis of choices, no measure of one's own."""
        spec = resolved.spec
        return not any(name in CHOICES for name in spec.axes) and all(w.name in MEASURES for w in spec.measures)

    @classmethod
    def _text(cls, resolved: ResolvedState) -> str:
        """The text of all that decides the runs besides the control; empty if they cannot be kept."""
        if not cls.can_keep(resolved):
            return ""
        return json.dumps({**json.loads(resolved.state.computing), cls.control: 0})
