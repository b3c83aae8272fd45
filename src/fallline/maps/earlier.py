"""A map of fewer steps, from whose kept states more steps go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.description.absent import AbsentFunction
from fallline.experiment.estimate import refuse_large_map, refuse_large_values
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import STATES
from fallline.maps.file import MapFile
from fallline.maps.provenance import other_arithmetic
from fallline.maps.tiles import Tile
from fallline.maps.values import MapValues
from fallline.runs import engine
from fallline.runs.checkpoints import Checkpoints, checkpoint_step
from fallline.settings import SETTINGS

__all__ = ["Earlier", "check_kept", "earlier_of", "longer", "refuse_own_file", "states_of"]


@dataclass(frozen=True, eq=False)
class Earlier:
    """The states of all cells of a map before step `step`: (rows, columns, starts * numbers)."""

    step: int
    starts: int
    values: NDArray[Any]

    def of(self, tile: Tile) -> Checkpoints:
        """The states of a tile's runs."""
        i, j = tile.indices()
        return Checkpoints(self.step, self.values[j, i].reshape(len(i) * self.starts, -1))


def longer(spec: MapSpec, steps: int) -> MapSpec:
    """The spec of the same map with so many more steps. The settings of its schedule stay as they are.

    Raises
    ------
    UsageError
        Steps are an axis of the map.
    SettingError
        The schedule is a list of rates, and too short.
    """
    if "steps" in spec.axes:
        raise UsageError("steps are an axis of this map: compute it with more values on that axis.")
    total = int(SETTINGS["steps"].check(spec.steps + int(SETTINGS["steps"].check(steps))))
    spec.method.check_steps(total)
    result = replace(spec, steps=total)
    refuse_large_map(result)
    refuse_large_values(result)
    return result


def earlier_of(m: MapValues) -> Earlier:
    """The states that a map kept, in memory or in its file.

    Raises
    ------
    UsageError
        It kept none, or none that can be used here.
    """
    spec = m.spec
    remedy = "To train all steps again, say anew=True (on the command line, --anew)."
    if not spec.kept:
        raise UsageError(f'this map kept no states from which its runs could go on; keep="state" keeps them. {remedy}')
    check_kept(spec)
    if not m.complete:
        raise UsageError("this map is not complete: resume it first.")
    if m.path is not None:
        with MapFile.open(m.path) as file:
            other = other_arithmetic(file.provenance(), spec)
        if other is not None:
            raise UsageError(f"the states in {m.path} are of no use here: {other}. {remedy}")
    return Earlier(checkpoint_step(spec.steps), spec.starts, states_of(m))


def check_kept(spec: MapSpec) -> None:
    """Refuse a map of which states are kept that compiled code does not make, or not in this version."""
    if not spec.kept:
        return
    for record in spec.optimizers:
        if isinstance(record.step, AbsentFunction):
            record.step()  # raises the error that says how to give the function
    if engine.name_of(spec.objective) != "machine":
        raise UsageError(
            f'keep="state" needs a landscape or a network of up to {engine.LARGEST} parameters, which compiled code trains; '
            f"{spec.objective.name} has {spec.objective.dimension}. Leave keep out."
        )
    if spec.kept != spec.numbers_of_state:
        raise UsageError(
            "another version of fallline made this map, and kept other states of its runs. Compute it again."
        )


def refuse_own_file(m: MapValues, out: str | Path | None) -> None:
    """Refuse to write a longer map into the file of the map from which it goes on."""
    if out is not None and m.path is not None and Path(out).resolve() == m.path.resolve():
        raise UsageError(f"the longer map needs a file of its own; {out} holds the map from which it goes on.")


def states_of(m: MapValues) -> NDArray[Any]:
    """The states of a map's runs, (rows, columns, starts * numbers): from memory, or from the map's file."""
    if m.path is None:
        return m.states
    states = np.full((*m.spec.shape, m.spec.starts * m.spec.kept), np.nan, m.spec.dtype)
    with MapFile.open(m.path) as file:
        for tile, values in file.tiles(m.spec):
            i, j = tile.indices()
            states[j, i] = values[STATES]
    return states
