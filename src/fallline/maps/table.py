"""A map as a table: one row for each cell that is known, its values on the axes first, then its measures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.choice_axis import ChoiceAxis
from fallline.maps.values import MapValues
from fallline.measures.outcome import OUTCOMES
from fallline.measures.outcome_array import OutcomeArray
from fallline.runs.tables import pandas

__all__ = ["columns_of", "to_pandas"]


def columns_of(m: MapValues) -> dict[str, NDArray[Any]]:
    """The columns by name, row 0 of the map first. Outcomes are names; shares of diverged starts have their interval."""
    known = np.atleast_2d(m.known)
    x, y = np.broadcast_arrays(m.x.values[None, :], m.y.values[:, None])
    columns = {axis.name: values[known] for axis, values in ((m.x, x), (m.y, y)) if axis.exists}
    for name in m.measures:
        values = m[name]
        columns[name] = (values.names if isinstance(values, OutcomeArray) else values)[m.known]
    if "diverged" in m.measures and m.spec.starts > 1:
        low, high = m.interval()
        columns |= {"diverged_low": low[m.known], "diverged_high": high[m.known]}
    return columns


def to_pandas(m: MapValues) -> Any:
    """A `pandas.DataFrame` of the columns; outcomes and choices are categories."""
    frames = pandas(" `to_csv` writes the same table without it.")
    columns: dict[str, Any] = dict(columns_of(m))
    for name, axis in m.spec.axes.items():
        if isinstance(axis, ChoiceAxis):
            columns[name] = frames.Categorical(columns[name], categories=axis.values.tolist())
    if "outcome" in m.measures:
        columns["outcome"] = frames.Categorical(columns["outcome"], categories=list(OUTCOMES))
    return frames.DataFrame(columns)
