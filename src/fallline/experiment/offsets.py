"""Numbers that are added to the first parameters of runs: one for all parameters, or one for each layer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError
from fallline.experiment.setting_names import OFFSET, is_offset, layer_offset
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS
from fallline.textbook.layer_factors import parts_of_layers

__all__ = ["offset_settings", "offset_starts", "offsets_of_parts", "refuse_idle_offset"]


def offset_settings(settings: Mapping[str, Any]) -> dict[str, float]:
    """Those of the settings that are added to the start, checked: "initial_offset" and "initial_offset.1".

    >>> offset_settings({"momentum": 0.9, "initial_offset.1": 2})
    {'initial_offset.1': 2.0}
    """
    return {name: float(SETTINGS[OFFSET].check(value)) for name, value in settings.items() if is_offset(name)}


def offsets_of_parts(objective: Objective, names: Collection[str]) -> Iterator[tuple[str, int, int]]:
    """Which of the named numbers is added to which parameters: (name, first place, place after the last).

    The number of a layer stands in the place of the one for all parameters.

    >>> from fallline.problems import objective
    >>> list(offsets_of_parts(objective("booth"), ["initial_offset"]))
    [('initial_offset', 0, 2)]
    """
    if not isinstance(objective, NetworkObjective):
        parts = [(OFFSET, 0, objective.dimension)]
    else:
        layers = [(layer_offset(layer), first, end) for layer, _, first, end in parts_of_layers(objective.network)]
        parts = [(name if name in names else OFFSET, first, end) for name, first, end in layers]
    return (part for part in parts if part[0] in names)


def offset_starts(
    starts: NDArray[np.float64], objective: Objective, offsets: Mapping[str, float | NDArray[np.float64]]
) -> NDArray[np.float64]:
    """First parameters (cells or 1, starts, P) plus the offsets, which are numbers or arrays (cells,).

    An offset of 0 leaves every bit as it is, that of a negative zero too.

    >>> from fallline.problems import objective
    >>> offset_starts(np.zeros((1, 1, 2)), objective("booth"), {"initial_offset": np.array([0.5, 1.0])}).tolist()
    [[[0.5, 0.5]], [[1.0, 1.0]]]
    """
    cells = max([len(starts), *(len(value) for value in offsets.values() if isinstance(value, np.ndarray))])
    moved = np.broadcast_to(starts, (cells, *starts.shape[1:])).copy()
    for name, first, end in offsets_of_parts(objective, offsets):
        offset = np.reshape(offsets[name], (-1, 1, 1))
        part = moved[:, :, first:end]
        moved[:, :, first:end] = np.where(offset == 0, part, part + offset)
    return moved


def refuse_idle_offset(names: Collection[str], objective: Objective) -> None:
    """Refuse an offset of all parameters, by the flat names of what was given, where each layer has one of its own.

    Raises
    ------
    SettingError
        The offset has no effect.
    """
    if OFFSET in names and all(name != OFFSET for name, _, _ in offsets_of_parts(objective, names)):
        raise SettingError(f"{OFFSET} must be left out where every layer has an initial offset of its own.")
