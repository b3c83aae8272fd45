"""What a test of laws will take on this machine: each law is rehearsed with some of its runs.

The law's own code runs, with all of its kernels. Of the runs of each training, short rows spread evenly over all are trained, and
stand for those beside them; the rest of the time is that of these rows. So the findings of a rehearsal mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.laws.catalogue import LAWS
from fallline.laws.law import Law
from fallline.laws.reproduce import Result, Show, reproduce
from fallline.laws.trial import Trial
from fallline.maps.probe import ROW, peak_memory, takes, time_text
from fallline.runs.execution import cores
from fallline.runs.kernels import compiling
from fallline.runs.spent import NOTHING, Spent
from fallline.runs.training import Training

__all__ = ["LawEstimate", "LawsEstimate", "Rehearsal", "estimate_laws"]

Q = TypeVar("Q", bound=Any)

SHARE = 8
"""One in so many runs of a training is trained, but at least a row for each thread."""

ROWS = 4
"""At most so many rows are trained because there are so many threads."""

PART = 4
"""The maps of a rehearsal have one in so many rows. Rows stay whole, since neighbours are trained side by side and end together."""

CHEAP = 1e9
"""Maps of fewer floating-point operations are computed whole: what they take is not the runs."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""The step of the sequence of the rows' places, which fills an interval evenly."""

FEW = 2
"""Starts of a law that trains without its trial: so many are tested, then some more, and the rest takes as long as those."""


@dataclass
class _Account:
    """What a rehearsal has left out, and the runs that it has counted."""

    saved: Spent = NOTHING
    runs: int = 0
    probed: int = 0


@dataclass(frozen=True)
class Rehearsal(Trial):
    """A trial that trains some of the runs of each training, and keeps an account of the others."""

    account: _Account = field(default_factory=_Account)

    def of_runs(self, training: Training, quantity: Callable[[Training], Q]) -> Q:
        """What `quantity` gives of some of these runs, repeated for those beside them."""
        count = training.runs
        which = _rows(count, max(count // SHARE, ROW * min(ROWS, self.execution.threads or cores())))
        self.account.runs += count
        self.account.probed += len(which)
        if len(which) == count:
            return quantity(training)
        mask = np.zeros(count, dtype=np.bool_)
        mask[which] = True
        found = self._timed(lambda: quantity(training.some(mask)), count / len(which) - 1)
        nearest = np.minimum(np.searchsorted(which, np.arange(count)), len(which) - 1)
        repeated = {k: v[nearest] for k, v in found.items()} if isinstance(found, dict) else found[nearest]
        return repeated  # type: ignore[return-value]

    def of_maps(self, spec: MapSpec, maps: int, quantity: Callable[[MapSpec], Q]) -> Q:
        """What `quantity` gives of smaller maps."""
        part = 1 if maps * spec.work < CHEAP else PART
        rough = spec.over(spec.x, replace(spec.y, count=-(-spec.y.count // part)))
        self.account.runs += maps * spec.cells * spec.starts
        self.account.probed += maps * rough.cells * spec.starts
        return self._timed(lambda: quantity(rough), spec.cells / rough.cells - 1)

    def _timed(self, work: Callable[[], Q], more: float) -> Q:
        """The result of some work, of which `more` times as much is left out: all but its compiling."""
        begin, compiled = Spent.now(), compiling()
        result = work()
        self.account.saved += more * (Spent.now() - begin - (compiling() - compiled))
        return result


@dataclass(frozen=True)
class LawEstimate:
    """What the test of a law will take.

    Attributes
    ----------
    law
        Its name.
    runs
        The runs that it trains; 0 if it does not say, because it trains without its trial.
    seconds, processor_seconds
        As for `LawsEstimate`.
    """

    law: str
    runs: int
    seconds: float
    processor_seconds: float

    def __str__(self) -> str:
        runs = f" {self.runs:,} runs," if self.runs else ""
        return f"{self.law}:{runs} {time_text(self.seconds)} ({time_text(self.processor_seconds)} of processor time)"


@dataclass(frozen=True)
class LawsEstimate:
    """What a test of laws will take.

    Attributes
    ----------
    laws
        Each law.
    runs
        The runs of all laws.
    seconds, processor_seconds
        Time on this machine, as busy as it is now; and that of the processor, of all threads together.
    memory
        Bytes of memory.
    probed
        The runs that were trained for the estimate.
    """

    laws: tuple[LawEstimate, ...]
    runs: int
    seconds: float
    processor_seconds: float
    memory: int
    probed: int

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain data, for JSON."""
        return vars(self) | {"laws": [vars(law) for law in self.laws]}

    def __str__(self) -> str:
        count = len(self.laws)
        head = (
            f"{count} {'law' if count == 1 else 'laws'} with {self.runs:,} runs: "
            f"{takes(Spent(self.seconds, self.processor_seconds), self.memory)}. "
            f"From {self.probed:,} runs, spread over those of each law."
        )
        return "\n".join([head, *(f"  {law}" for law in self.laws)])


def estimate_laws(
    laws: Sequence[Law],
    trial: Trial,
    *,
    region: int = 0,
    besides: Callable[[Sequence[Result]], Spent] = lambda results: NOTHING,
    show: Show = lambda done, total: None,
) -> LawsEstimate:
    """Estimate what `reproduce` will take, by a rehearsal of each law.

    Parameters
    ----------
    region
        As for `reproduce`.
    besides
        From the results of the rehearsals, the time that other work takes.
    show
        Called with (work done, total work).

    Examples
    --------
    >>> from fallline.laws import LAWS
    >>> found = estimate_laws([LAWS["effective-rate"]], Trial(200))
    >>> found.runs, found.probed < 200
    (800, True)
    """
    estimates, results, probed = [], [], 0
    for done, law in enumerate(laws):
        show(done, len(laws))
        result, account, spent = _rehearsed(law, trial, region)
        estimates.append(LawEstimate(law.name, account.runs, spent.seconds, spent.processor_seconds))
        results.append(result)
        probed += account.probed
    show(len(laws), len(laws))
    spent = besides(results)
    return LawsEstimate(
        tuple(estimates), sum(e.runs for e in estimates), spent.seconds + sum(e.seconds for e in estimates),
        spent.processor_seconds + sum(e.processor_seconds for e in estimates), peak_memory(), probed,
    )  # fmt: skip


def _rehearsed(law: Law, trial: Trial, region: int) -> tuple[Result, _Account, Spent]:
    """What a rehearsal of a law gave, and the time that its test takes."""
    if LAWS.get(law.name) is law:
        return _once(law, trial, region)
    few = min(FEW, trial.starts)
    result, account, first = _once(law, replace(trial, starts=few), region)
    if account.runs:
        return _once(law, trial, region)
    more = min(trial.starts, max(2 * FEW, trial.starts // SHARE))
    if more == few:
        return result, account, first
    result, account, second = _once(law, replace(trial, starts=more), region)
    return result, account, second + (trial.starts - more) / (more - few) * (second - first)


def _once(law: Law, trial: Trial, region: int) -> tuple[Result, _Account, Spent]:
    rehearsal = Rehearsal(trial.starts, trial.seed, trial.execution)
    begin = Spent.now()
    (result,) = reproduce([law], rehearsal, region=region)
    return result, rehearsal.account, Spent.now() - begin + rehearsal.account.saved


def _rows(count: int, least: int) -> NDArray[np.int64]:
    """Numbers of at least so many of `count` runs, in rows of neighbours that are spread evenly; all if there are few."""
    if count < 2 * least:
        return np.arange(count)
    k = np.arange(-(-least // ROW)) + 0.5
    first = np.floor(k * GOLDEN % 1 * (count - ROW + 1)).astype(np.int64)
    return np.unique(first[:, None] + np.arange(ROW))
