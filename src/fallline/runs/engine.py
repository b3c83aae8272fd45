"""Which engine trains a set of runs: compiled lanes where they can, NumPy otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import UsageError
from fallline.limits import check_memory
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.readings.machine import ARITHMETIC_VERSION
from fallline.runs import batched
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["ARITHMETIC_VERSION", "LARGEST", "history", "name_of", "train"]

LARGEST = 5000
"""Networks of more parameters than this train with NumPy: as straight-line code they would take minutes to compile."""


def name_of(objective: Objective) -> str:
    """ "machine": the same to the bit everywhere; "numpy": exact to rounding alone."""
    lanes = isinstance(objective, NetworkObjective | LandscapeObjective) and objective.dimension <= LARGEST
    return "machine" if lanes else "numpy"


def train(
    objective: Objective,
    optimizer: Optimizer,
    *,
    steps: int,
    settings: Mapping[str, ArrayLike],
    starts: NDArray[Any],
    cells: int,
    schedule: Schedule,
    schedule_settings: Mapping[str, ArrayLike],
    rows: NDArray[np.int64] | None = None,
    measures: Sequence[str] = ("final_loss",),
    target: float | None = None,
    dtype: str = "float64",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    device: str = "cpu",
) -> dict[str, NDArray[Any]]:
    """Train `cells` runs with the engine that suits them; the arguments are those of `batched.train`.

    `progress` is called now and then with (cells done, cells) by the engine that has pieces; it may end the work by raising.
    """
    if name_of(objective) == "machine":
        from fallline.runs import lanes  # late: it loads LLVM

        got = lanes.train(
            objective, optimizer, steps=steps, starts=starts, schedule_=schedule, rows=rows, measures=measures,
            settings={**settings, **{f"schedule.{k}": v for k, v in schedule_settings.items()}},
            dtype=dtype, target=-np.inf if target is None else target, threads=threads,
            progress=progress, device=device,
        )  # fmt: skip
    elif device != "cpu":
        raise UsageError(
            f"a device trains landscapes, and networks of up to {LARGEST} parameters; {objective.name} has "
            f"{objective.dimension}."
        )
    else:
        got = batched.train(
            objective, optimizer, steps=steps, settings=settings, starts=starts, schedule=schedule,
            schedule_settings=schedule_settings, rows=rows, measures=measures, target=target, dtype=dtype,
        )  # fmt: skip
    return {name: np.broadcast_to(got[name], (cells,)) for name in measures}


def history(
    objective: Objective,
    optimizer: Optimizer,
    *,
    steps: int,
    settings: Mapping[str, float],
    starts: NDArray[Any],
    schedule: Schedule,
    schedule_settings: Mapping[str, float],
    rows: NDArray[np.int64] | None = None,
    dtype: str = "float64",
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Losses, (steps + 1,), and parameters, (steps + 1, P), of one run; NaN after a loss that is not finite."""
    check_memory(8.0 * (steps + 1) * (objective.dimension + 4), f"the path of {steps:,} steps", "Take fewer steps.")
    if name_of(objective) == "numpy":
        return batched.history(
            objective, optimizer, steps=steps, settings=settings, starts=starts, schedule=schedule,
            schedule_settings=schedule_settings, rows=rows, dtype=dtype,
        )  # fmt: skip
    from fallline.runs import lanes

    got = lanes.train(
        objective, optimizer, steps=steps, starts=starts, schedule_=schedule, rows=rows, dtype=dtype, threads=1,
        settings={**settings, **{f"schedule.{k}": v for k, v in schedule_settings.items()}}, measures=("history", "path"),
    )  # fmt: skip
    return got["history"][0], got["path"][0]
