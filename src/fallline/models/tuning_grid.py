"""The grid over which settings are tuned: the learning rate, and a second setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fallline.errors import SettingError, UnknownNameError, UsageError, shown
from fallline.models.neighbourhood import centre_of
from fallline.models.settings import DECLARED, FitSettings
from fallline.settings import Setting

__all__ = ["Grid", "TuneLike", "grid_of", "higher", "lower"]

Grid = Mapping[str, tuple[float, ...]]
"""The values that are tried, ascending, by setting."""

TuneLike = bool | Mapping[str, Sequence[float]]
"""What `tune=` takes: True for the default grid, or values by setting."""

RATES = tuple(2.0**k for k in range(-3, 6))
"""Learning rates, as multiples of that of a fit without tuning."""

PENALTIES = (1.0, 10.0, 100.0)
"""L2 penalties, as multiples of the user's, or of WEAK."""

WEAK = 1e-4
"""The lowest L2 penalty that is tried, unless the user has one: it hardly changes a fit."""

KEPT = (0.0, 0.5, 0.8, 0.9, 0.95)
"""Values of momentum."""

MORE = 3
"""How many learning rates are added where the best one was the lowest or highest tried."""


def grid_of(tune: TuneLike, settings: FitSettings, samples: int) -> dict[str, tuple[float, ...]]:
    """Return the grid for some settings and so many samples: learning rate and momentum if there is one, else L2 penalty.

    Raises
    ------
    UsageError
        The grid is neither True nor one or two lists of values.
    UnknownNameError
        A setting is not a number that the optimizer has.
    SettingError
        A value is out of range.

    Examples
    --------
    >>> grid = grid_of(True, FitSettings(), 1000)
    >>> list(grid), grid["l2"]
    (['learning_rate', 'l2'], (0.0001, 0.001, 0.01))
    >>> grid_of({"l2": [0.1, 0.01]}, FitSettings(), 1000)
    {'l2': (0.01, 0.1)}
    """
    centre = centre_of(settings, samples)
    declared: dict[str, Setting] = {**settings.how.optimizer.declared, "l2": DECLARED["l2"]}
    if tune is True:
        rates = (
            {"learning_rate": tuple(centre["learning_rate"] * f for f in RATES)} if "learning_rate" in centre else {}
        )
        if "momentum" in centre:
            return {**rates, "momentum": KEPT}
        return {**rates, "l2": tuple((settings.l2 or WEAK) * f for f in PENALTIES)}
    if not isinstance(tune, Mapping) or not 1 <= len(tune) <= 2:
        raise UsageError(
            f'tune must be True, or the values of one or two settings, {{"learning_rate": [0.01, 0.1]}}; got {shown(tune)}.'
        )
    grid = {}
    for name, values in tune.items():
        if name not in declared:
            raise UnknownNameError("setting that can be tuned", name, declared)
        listed = [values] if np.ndim(values) == 0 else list(values)
        if not listed:
            raise SettingError(f"tune must have at least one value of {name}; got {shown(values)}.")
        grid[name] = tuple(sorted({float(declared[name].check(value)) for value in listed}))
    return grid


def higher(values: Sequence[float]) -> tuple[float, ...]:
    """Return the next values above a geometric range; none if it has one value or no ratio.

    >>> higher((1.0, 2.0, 4.0))
    (8.0, 16.0, 32.0)
    """
    if len(values) < 2 or values[-2] <= 0:
        return ()
    return tuple(values[-1] * (values[-1] / values[-2]) ** k for k in range(1, MORE + 1))


def lower(values: Sequence[float]) -> tuple[float, ...]:
    """Return the next values below a geometric range, ascending; none if it has one value or no ratio.

    >>> lower((1.0, 2.0, 4.0))
    (0.125, 0.25, 0.5)
    """
    if len(values) < 2 or values[0] <= 0:
        return ()
    return tuple(values[0] * (values[0] / values[1]) ** k for k in range(MORE, 0, -1))
