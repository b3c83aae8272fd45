"""The runs that were trained for a page, so that scrubbing through their steps trains nothing again."""

from __future__ import annotations

import contextlib
from collections import OrderedDict

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.runs import train_run
from fallline.runs.run import Run

__all__ = ["TrainedRuns"]

MOST_RUNS, MOST_PATHS = 8, 32 * 2**20
"""The most runs that are kept, and the most bytes of their paths."""


class TrainedRuns:
    """A bounded store of runs, by state and place."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, float, float], Run] = OrderedDict()

    def at(self, resolved: ResolvedState, x: float, y: float) -> Run:
        """Return the run at exactly (x, y), trained now if it is not kept."""
        key = (resolved.state.computing, x, y)
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = train_run(resolved, x, y)
        with contextlib.suppress(KeyError):  # another thread may remove runs at the same time
            while len(self._runs) > 1 and (len(self._runs) > MOST_RUNS or self._bytes() > MOST_PATHS):
                self._runs.popitem(last=False)
        return run

    def _bytes(self) -> int:
        # The gradients of a run, once a page has asked for them, are as large as its path.
        return sum(int(run.path.nbytes) * (1 + ("gradients" in vars(run))) for run in list(self._runs.values()))
