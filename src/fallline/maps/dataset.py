"""A map as an `xarray.Dataset`, and the description of its variables that every form of it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.description.plain_data import canonical
from fallline.experiment.map_record import MapSpec
from fallline.maps.rows import blank
from fallline.maps.values import MapValues
from fallline.measures.outcome import OUTCOMES

__all__ = [
    "Variable",
    "attributes_of",
    "coordinates_of",
    "dimensions_of",
    "needing_xarray",
    "to_xarray",
    "variables_of",
]


@dataclass(frozen=True)
class Variable:
    """A variable of a map's dataset.

    Attributes
    ----------
    name, dtype
        Its name and type.
    meaning
        What it is; the attribute "long_name".
    fill
        What stands for a cell that is not known.
    """

    name: str
    dtype: np.dtype[Any]
    meaning: str
    fill: float | int


class Described(Protocol):
    """A map, in memory or in its file alone."""

    spec: MapSpec

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        ...

    @property
    def sha256(self) -> str:
        """The hash of all values."""
        ...


def needing_xarray() -> Any:
    """The module xarray.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise UsageError(
            "xarray is not installed: install fallline with the extra xarray, pip install 'fallline[xarray]'."
        ) from None
    return xarray


def dimensions_of(spec: MapSpec) -> tuple[str, ...]:
    """The names of the dimensions: (y, x) or (x)."""
    return tuple(reversed(spec.axes))


def variables_of(spec: MapSpec) -> list[Variable]:
    """A variable for each measure; those of the interval of "diverged" with several starts."""
    variables = [Variable(w.name, spec.dtype_of(w), w.measure.meaning, blank(spec, w)) for w in spec.measures]
    if "diverged" in spec.names and spec.starts > 1:
        variables += [
            Variable(f"diverged_{end}", np.dtype(np.float64), f"95 % interval, {end} end", np.nan)
            for end in ("low", "high")
        ]
    return variables


def coordinates_of(spec: MapSpec) -> dict[str, NDArray[Any]]:
    """The values of the axes. Names are Python's texts: Zarr has no type for NumPy's texts of a fixed length."""
    values = {name: axis.values for name, axis in spec.axes.items()}
    return {name: v.astype(object) if v.dtype.kind == "U" else v for name, v in values.items()}


def attributes_of(m: Described) -> dict[str, str]:
    """What made the map, and the hash of its values if it is complete."""
    attributes = {"title": repr(m), "spec": canonical(m.spec.describe()[0]), "spec_sha256": m.spec.sha256}
    if m.complete:
        attributes["sha256"] = m.sha256
    if "outcome" in m.spec.names:
        attributes["outcomes"] = ", ".join(f"{k}: {name}" for k, name in enumerate(OUTCOMES))
    return attributes


def to_xarray(m: MapValues) -> Any:
    """An `xarray.Dataset`: one variable for each measure, dims (y, x) or (x), with the spec as an attribute."""
    xarray = needing_xarray()
    values = {name: np.array(m[name]) for name in m.measures}
    if "diverged" in m.measures and m.spec.starts > 1:
        values["diverged_low"], values["diverged_high"] = m.interval()
    dims = dimensions_of(m.spec)
    variables = {v.name: (dims, values[v.name], {"long_name": v.meaning}) for v in variables_of(m.spec)}
    return xarray.Dataset(variables, coords=coordinates_of(m.spec), attrs=attributes_of(m))
