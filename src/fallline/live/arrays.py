"""Arrays in the JSON of a page: the bytes as base64, in little-endian order."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_json_array", "as_json_arrays"]

Json = dict[str, Any]


def as_json_array(values: NDArray[Any] | bytes) -> Json:
    """An array, or bytes, as JSON.

    >>> as_json_array(np.array([[1, 2]], np.uint8))
    {'dtype': 'uint8', 'shape': [1, 2], 'base64': 'AQI='}
    """
    array = np.frombuffer(values, np.uint8) if isinstance(values, bytes) else np.ascontiguousarray(values)
    plain = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "base64": base64.b64encode(plain.tobytes()).decode(),
    }


def as_json_arrays(arrays: Mapping[str, NDArray[Any]]) -> Json:
    """Several arrays by their names."""
    return {name: as_json_array(values) for name, values in arrays.items()}
