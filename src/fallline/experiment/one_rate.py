"""Measures that need one learning rate for a whole run, or runs that can pause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.experiment.method import Method
from fallline.experiment.setting_names import is_layer_rate
from fallline.measures.measure import Measure
from fallline.textbook.rates import length_of

__all__ = ["check_sharpness", "one_rate"]

_LAYERS = "sharpness_times_rate needs one learning rate for all layers. Take sharpness."


def check_sharpness(measures: Iterable[Measure], method: Method, axes: Iterable[str] = ()) -> None:
    """Refuse measures of the sharpness that a method, with settings on axes, does not have.

    Raises
    ------
    UsageError
        The learning rate changes during the run, or differs from layer to layer; or it is a list.
    """
    for m in measures:
        if m.name == "sharpness_times_rate":
            one_rate(method)
            if any(map(is_layer_rate, axes)):
                raise UsageError(_LAYERS)
        if m.name == "largest_sharpness" and length_of(method.schedule.factor) is not None:
            raise UsageError(
                f"{m.name} cannot be taken with a list of learning rates: name a schedule, or take sharpness."
            )


def one_rate(method: Method) -> Any:
    """The learning rate of a run, or of each of several, (runs,).

    Raises
    ------
    UsageError
        It changes during the run, or differs from layer to layer.
    """
    if method.schedule.name != "constant":
        raise UsageError(
            f"sharpness_times_rate needs a constant learning rate; the schedule is {method.schedule.name}. Take sharpness."
        )
    if method.learning_rates:
        raise UsageError(_LAYERS)
    return np.asarray(method.values["learning_rate"], dtype=np.float64)
