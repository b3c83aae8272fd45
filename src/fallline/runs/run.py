"""A run: every step of a descent, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.method import Method
from fallline.experiment.minibatches import minibatches
from fallline.measures.outcome import Outcome
from fallline.plotting import Plotted, draw
from fallline.problems import Objective
from fallline.runs.explain import explain
from fallline.runs.extension import extended
from fallline.runs.gradients import gradients_along
from fallline.runs.penalised import penalised
from fallline.runs.progress import Progress
from fallline.runs.recording import Callback, Recording, Until
from fallline.runs.run_of_network import OfNetwork
from fallline.runs.snapshot import Snapshot
from fallline.runs.tables import numbers_of_run, table_of_run
from fallline.runs.trajectory import State
from fallline.settings import SETTINGS

__all__ = ["Run"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Run(OfNetwork, Plotted):
    """A run with its whole path, and how it ended.

    `run[k]` is the run after k steps, `run[-1]` the run after the last; `for step in run` goes through all of them.

    Attributes
    ----------
    objective, method, steps
        What was run.
    path
        Parameters before each step and after the last, (steps + 1, P). NaN after a loss that is not finite.
    losses
        Loss at each of them, (steps + 1,).
    gradient_norms
        Euclidean norm of the gradient at each of them, (steps + 1,).
    outcome
        How it ended, in one word and one sentence.
    batch, seed, replacement, full_loss
        Samples in a minibatch, None for all; key of the draws, and whether with replacement; whether losses are of all samples.
    stopped
        Why it ended before its last step (`until`, a callback), as a sentence; else "".
    state
        The optimizer's state after the last step, from which `extend` goes on. None for a run of a map's cell.

    Notes
    -----
    With minibatches, losses (without `full_loss`) and norms are of the next step's batch, and the last are of all samples.
    All are on the scale of all samples: where the loss is a sum, that of b of n samples counts n/b times. Arrays are read-only.

    Examples
    --------
    >>> import fallline as fl
    >>> run = fl.descend("booth", learning_rate=0.05, steps=100)
    >>> run.end.round(3).tolist(), run.steps_to(1.0)
    ([1.0, 3.0], 17)
    >>> run[50]
    Snapshot(step 50, loss 0.000849965, gradient norm 0.0583083)
    """

    objective: Objective
    method: Method
    steps: int
    path: Floats
    losses: Floats
    gradient_norms: Floats
    outcome: Outcome
    batch: int | None = None
    seed: int = 0
    stopped: str = ""
    state: State | None = None
    replacement: bool = False
    full_loss: bool = False

    def __post_init__(self) -> None:
        for array in (self.path, self.losses, self.gradient_norms):
            array.flags.writeable = False

    @classmethod
    def of(
        cls, objective: Objective, method: Method, recording: Recording, batch: int | None, seed: int,
        replacement: bool = False, full_loss: bool = False,
    ) -> Run:  # fmt: skip
        """Make the run of a recording from the first step on, and judge it."""
        r, curves = recording, (recording.path, recording.losses, recording.gradient_norms)
        end, steps = explain(objective, method, *curves, batch is not None, full_loss=full_loss), len(r.losses) - 1
        return cls(objective, method, steps, *curves, end, batch, seed, r.stopped, r.state, replacement, full_loss)

    @property
    def start(self) -> Floats:
        """Parameters before the first step."""
        return np.asarray(self.path[0])

    @property
    def end(self) -> Floats:
        """Parameters after the last step. A descent from here begins with a new state of the optimizer; see `extend`."""
        return np.asarray(self.path[-1])

    @property
    def loss(self) -> float:
        """Loss after the last step."""
        return float(self.losses[-1])

    @property
    def best_loss(self) -> float:
        """Lowest loss of the run."""
        return float(np.nanmin(self.losses))

    @cached_property
    def gradients(self) -> Floats:
        """The gradient at each step, (steps + 1, P), of the same samples as `gradient_norms`; computed when first asked.

        Examples
        --------
        >>> import fallline as fl
        >>> fl.descend("booth", start=(0, 0), learning_rate=0.01, steps=2).gradients[0].tolist()
        [-34.0, -38.0]
        """
        rows = minibatches(self.objective, self.batch, self.steps, self.seed, self.replacement)
        l2 = self.method.values.get("l2")
        objective = self.objective if l2 is None else penalised(self.objective, l2)
        gradients = gradients_along(objective, self.path, rows)
        gradients.flags.writeable = False
        return gradients

    @property
    def parameter_norms(self) -> Floats:
        """Euclidean norm of the parameters at each step, (steps + 1,)."""
        return np.asarray(np.linalg.norm(self.path.astype(np.float64), axis=-1))

    def steps_to(self, target: float) -> int | None:
        """The first step after which the loss is at most `target`; None if the loss stays above it.

        Examples
        --------
        >>> import fallline as fl
        >>> run = fl.descend("booth", learning_rate=0.05, steps=100)
        >>> run.steps_to(1.0), run.steps_to(-1.0)
        (17, None)
        """
        reached = np.flatnonzero(self.losses <= target)
        return int(reached[0]) if len(reached) else None

    def extend(
        self,
        steps: int,
        *,
        until: Until | None = None,
        callback: Callback | None = None,
        progress: Progress = False,
    ) -> Run:
        """Go on for more steps, from the optimizer's state and with the same minibatches and schedule.

        The result is the run that `descend` makes of all steps at once, to the bit. The settings of the schedule stay as
        they are: `steps` of the schedule cosine is that of the first part, and its factor is 0 after it.

        Parameters
        ----------
        steps
            Number of further updates.
        until, callback, progress
            As for `descend`.

        Raises
        ------
        UsageError
            The run is that of a map's cell, which keeps no state.

        Examples
        --------
        >>> import fallline as fl
        >>> first = fl.descend("rosenbrock", "adam", learning_rate=0.1, steps=100)
        >>> whole = fl.descend("rosenbrock", "adam", learning_rate=0.1, steps=600)
        >>> bool((first.extend(500).path == whole.path).all())
        True
        """
        if self.state is None:
            raise UsageError(
                "extend needs the optimizer's state, which the run of a map's cell does not keep. Extend the map, "
                "m.extend(500), or descend from run.start."
            )
        draws = {"replacement": self.replacement, "full_loss": self.full_loss}
        recording = extended(
            self.objective, self.method, self._curves, self.state, int(SETTINGS["steps"].check(steps)), self.batch, self.seed,
            **draws, until=until, callback=callback, progress=progress,
        )  # fmt: skip
        return Run.of(self.objective, self.method, recording, self.batch, self.seed, **draws)

    @property
    def _curves(self) -> tuple[Floats, Floats, Floats]:
        return self.path, self.losses, self.gradient_norms

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data, for JSON. Numbers that are not finite become None.

        Examples
        --------
        >>> import fallline as fl
        >>> fl.descend("booth", learning_rate=0.05, steps=2).to_dict()["outcome"]
        'still descending'
        """
        return {
            "objective": self.objective.name,
            "optimizer": self.method.optimizer.name,
            "settings": self.method.keywords,
            "schedule": {"name": self.method.schedule.name} | self.method.schedule_settings,
            "steps": self.steps,
            "outcome": self.outcome.kind,
            "sentence": self.outcome.sentence,
        } | numbers_of_run(*self._curves)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each step: loss, gradient norm, and each parameter by its name.

        Examples
        --------
        >>> import fallline as fl
        >>> table = fl.descend("booth", learning_rate=0.05, steps=2).to_pandas()
        >>> table.columns.tolist(), table.index.tolist()
        (['loss', 'gradient_norm', 'x', 'y'], [0, 1, 2])
        """
        return table_of_run(self.objective.labels, *self._curves)

    def plot(self, **options: Any) -> Any:
        """The run as a picture: path over contours for a landscape of two coordinates, loss curve otherwise.

        Examples
        --------
        >>> import fallline as fl
        >>> fl.descend("booth", learning_rate=0.05, steps=100).plot(size=(4, 3)).alt[:17]
        'Contours of Booth'
        """
        return draw("run", self, **options)

    def animate(self, out: str | Path, **options: Any) -> Path:
        """Write the run as a moving picture, .gif, or .mp4 where ffmpeg is installed; see `fallline.views.animate_run`.

        Examples
        --------
        >>> import tempfile
        >>> import fallline as fl
        >>> run = fl.descend("booth", learning_rate=0.05, steps=20)
        >>> run.animate(f"{tempfile.mkdtemp()}/descent.gif", frames=3).name
        'descent.gif'
        """
        path: Path = draw("run animation", self, out=out, **options)
        return path

    def __len__(self) -> int:
        """The number of moments: steps + 1."""
        return len(self.losses)

    def __getitem__(self, step: int) -> Snapshot:
        if isinstance(step, slice):
            raise UsageError(
                "run[k] takes one step; for several, slice its arrays, as run.path[10:20] or run.losses[::5]."
            )
        size = len(self)
        if not -size <= step < size:
            raise IndexError(f"step {step} is out of range for a run of {self.steps} steps")
        k = int(step) % size
        return Snapshot(self.objective, k, self.path[k], float(self.losses[k]), float(self.gradient_norms[k]))

    def __iter__(self) -> Iterator[Snapshot]:
        return (self[step] for step in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Runs of equal objectives by equal methods are equal if every number of their paths is."""
        if not isinstance(other, Run):
            return NotImplemented
        described, others = ((r.objective, r.method, r.steps, r.outcome) for r in (self, other))
        return described == others and all(
            a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
            for a, b in ((self.path, other.path), (self.losses, other.losses))
        )

    def __hash__(self) -> int:
        return hash((self.objective, self.method, self.steps, self.loss))

    def __repr__(self) -> str:
        return (
            f"Run({self.objective.name}: {self.method}; {self.steps} steps, "
            f"loss {self.losses[0]:.6g} to {self.loss:.6g}, {self.outcome.kind})"
        )
