"""The map in a file, with the user's own functions where they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fallline.errors import OutputError
from fallline.experiment.own_functions import with_functions
from fallline.maps.file import MapFile
from fallline.maps.map import Map
from fallline.measures.own import OwnMeasure
from fallline.problems import Objective
from fallline.textbook.initial import Initial
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["load_map"]


def load_map(
    path: str | Path,
    *,
    objective: str | Landscape | Callable[..., Any] | Objective | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    initial: Initial | None = None,
    measures: Mapping[str, Callable[[Any], Any] | OwnMeasure] | None = None,
) -> Map:
    """The map in a file, complete or not; every tile is checked.

    A map of a function of your own opens without the function: for its values, its pictures and exports. To resume it,
    to zoom, or to replay a run, give the function.

    Parameters
    ----------
    path
        The map file.
    objective, optimizer, schedule, initial, measures
        Functions and records of your own that the map was made with, as `map` took them. One on an axis of choices is given
        in the same way, an activation or a loss on an axis as that of the objective's network.

    Raises
    ------
    UsageError
        There is no such map file, or a function is not the one that the map was made with.
    OutputError
        The file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from fallline.maps.mapping import map
    >>> path = Path(tempfile.mkdtemp()) / "bowl.fallmap"
    >>> bowl = lambda x, y: x**2 + 3 * y**2
    >>> m = map(bowl, x=("start.x", -1, 1), y=("start.y", -1, 1), start=(0, 0), size=8, steps=5, out=path)
    >>> load_map(path).sha256 == m.sha256
    True
    >>> load_map(path, objective=bowl).run_at(1, 1).steps
    5
    """
    with MapFile.open(path) as file:
        spec = with_functions(
            file.spec(),
            objective=objective,
            optimizer_=optimizer,
            schedule_=schedule,
            initial_=initial,
            measures=measures,
        )
        result = Map(spec, Path(path))
        result.take(file)
        kept = file.provenance().get("sha256")
        if kept is None and file.format == 1:
            file.check_places(result.spec, quick=True)
    if kept is not None and (not result.complete or kept != result.sha256):
        raise OutputError(f"{path} is damaged: its values are not those that it was finished with.")
    return result
