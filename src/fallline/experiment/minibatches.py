"""Minibatches of a run: their size, and the samples that each step sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import SettingError, shown
from fallline.limits import check_memory
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS

__all__ = ["checked_batch", "minibatches", "refuse_without_batch"]


def checked_batch(batch: int | None, objective: Objective) -> int | None:
    """The number of samples in a minibatch; None for all samples.

    Raises
    ------
    SettingError
        The objective has no samples, or fewer than `batch`.
    """
    if batch is None:
        return None
    if not isinstance(objective, NetworkObjective):
        raise SettingError(f"batch needs a network on data; {objective.name} has no samples.")
    batch, samples = int(SETTINGS["batch"].check(batch)), len(objective.data)
    if batch > samples:
        raise SettingError(f"batch must be at most the number of samples, {samples}; got {batch}.")
    return batch


def refuse_without_batch(batch: int | None, **flags: bool) -> None:
    """Refuse flags of minibatches if every step takes all samples.

    Raises
    ------
    SettingError
        A flag is true.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise SettingError(f"{name} must be true or false; got {shown(value)}.")
        if value and batch is None:
            raise SettingError(f"{name} is about minibatches; give batch, or leave {name} out.")


def minibatches(
    objective: Objective, batch: int | None, steps: int, seed: int, replacement: bool = False
) -> NDArray[np.int64] | None:
    """The samples that each step sees, (steps, batch), drawn with that seed by shuffles or with replacement; None for all."""
    if batch is None or not isinstance(objective, NetworkObjective):
        return None
    check_memory(32.0 * steps * batch, f"{steps:,} minibatches of {batch} samples", "Take fewer steps.")
    return random.batches(seed, len(objective.data), batch, steps, replacement=replacement)
