"""Which engine trains a set of runs: compiled lanes where they can, NumPy otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.limits import check_memory
from fallline.measures.measure import MEASURES
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.readings.machine import ARITHMETIC_VERSION
from fallline.runs import batched
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["ARITHMETIC_VERSION", "LARGEST", "histories", "history", "name_of", "train"]

LARGEST = 5000
"""Networks of more parameters than this train with NumPy: as straight-line code they would take minutes to compile."""


def name_of(objective: Objective) -> str:
    """The engine for an objective. "machine": the same to the bit everywhere; "numpy": exact to rounding alone."""
    lanes = isinstance(objective, NetworkObjective | LandscapeObjective) and objective.dimension <= LARGEST
    return "machine" if lanes else "numpy"


def train(
    training: Training,
    measures: Sequence[str] = ("final_loss",),
    *,
    target: float | None = None,
    execution: Execution = EVERY_CORE,
    after: Checkpoints | None = None,
    keep: bool = False,
) -> dict[str, NDArray[Any]]:
    """Train runs with the engine that suits them: for each measure an array. `target` is the loss of "steps_to".

    Runs in lanes can go on `after` checkpoints, and `keep` them as the result "checkpoints"; see `lanes.train`.
    """
    sharp = [name for name in measures if name in MEASURES and MEASURES[name].reads_sharpness]
    if name_of(training.objective) == "machine":
        from fallline.runs import lanes  # late: it loads LLVM

        others = [name for name in measures if name not in sharp]
        if sharp and "parameters" not in others:
            others.append("parameters")
        results = lanes.train(training, others, target=target, execution=execution, after=after, keep=keep)
        if sharp:
            from fallline.runs.sharpness_measures import sharpness_measures

            quiet = replace(execution, plan=None, progress=None)
            results |= sharpness_measures(training, sharp, results["parameters"], quiet)
        return results
    if sharp:
        raise UsageError(
            f"{sharp[0]} is computed of landscapes, and of networks of up to {LARGEST} parameters; {training.objective.name} "
            f"has {training.objective.dimension}."
        )
    if execution.device != "cpu":
        raise UsageError(
            f"a device trains landscapes, and networks of up to {LARGEST} parameters; {training.objective.name} has "
            f"{training.objective.dimension}."
        )
    return batched.train(training, measures, target=target)


def histories(training: Training) -> tuple[NDArray[Any], NDArray[Any]]:
    """Losses, (runs, steps + 1), and parameters, (runs, steps + 1, P), of runs side by side; as `history` has them."""
    if name_of(training.objective) == "numpy":
        each = [batched.history(training.run(k)) for k in range(training.runs)]
        return np.stack([losses for losses, _ in each]), np.stack([path for _, path in each])
    from fallline.runs import lanes

    values = lanes.train(training, ("history", "path"))
    return values["history"], values["path"]


def history(training: Training) -> tuple[Shaped[NDArray[Any], " steps+1"], Shaped[NDArray[Any], "steps+1 P"]]:
    """Losses, (steps + 1,), and parameters, (steps + 1, P), of a single run; NaN after a loss that is not finite."""
    steps = training.steps
    check_memory(
        8.0 * (steps + 1) * (training.objective.dimension + 4), f"the path of {steps:,} steps", "Take fewer steps."
    )
    if name_of(training.objective) == "numpy":
        return batched.history(training)
    from fallline.runs import lanes

    values = lanes.train(training, ("history", "path"), execution=Execution(threads=1))
    return values["history"][0], values["path"][0]
