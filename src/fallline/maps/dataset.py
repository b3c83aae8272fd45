"""A map as an `xarray.Dataset`."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.experiment.description.plain_data import canonical
from fallline.maps.values import MapValues
from fallline.measures.outcome import OUTCOMES

__all__ = ["to_xarray"]


def to_xarray(m: MapValues) -> Any:
    """An `xarray.Dataset`: one variable for each measure, dims (y, x) or (x), with the spec as an attribute."""
    try:
        import xarray
    except ImportError:
        raise UsageError(
            "xarray is not installed: install fallline with the extra xarray, pip install 'fallline[xarray]'."
        ) from None
    dims = tuple(reversed(m.axes))
    variables = {w.name: (dims, np.array(m[w.name]), {"long_name": w.measure.meaning}) for w in m.spec.measures}
    if "diverged" in m.measures and m.spec.starts > 1:
        low, high = m.interval()
        variables |= {
            "diverged_low": (dims, low, {"long_name": "95 % interval, low end"}),
            "diverged_high": (dims, high, {"long_name": "95 % interval, high end"}),
        }
    attributes = {"title": repr(m), "spec": canonical(m.spec.describe()[0]), "spec_sha256": m.spec.sha256}
    if m.complete:
        attributes["sha256"] = m.sha256
    if "outcome" in m.measures:
        attributes["outcomes"] = ", ".join(f"{k}: {name}" for k, name in enumerate(OUTCOMES))
    # Names are Python's texts: Zarr has no type for NumPy's texts of a fixed length.
    coordinates = {name: v.astype(object) if v.dtype.kind == "U" else v for name, v in m.axes.items()}
    return xarray.Dataset(variables, coords=coordinates, attrs=attributes)
