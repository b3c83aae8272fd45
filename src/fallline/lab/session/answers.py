"""Messages to a page: answers with arrays, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import FalllineError
from fallline.experiment.part import PartError

__all__ = ["Arrays", "Json", "Send", "message", "refusal"]

Json = dict[str, Any]
Arrays = Mapping[str, NDArray[Any]]
Send = Callable[[Json, list[bytes]], None]
"""Sends the JSON content of a message and its binary buffers."""


def message(content: Json, arrays: Arrays | None = None) -> tuple[Json, list[bytes]]:
    """Return a message's content with its arrays described, and their bytes in little-endian order.

    >>> message({"kind": "run"}, {"losses": np.zeros(2, np.float32)})
    ({'kind': 'run', 'arrays': [{'name': 'losses', 'dtype': 'float32', 'shape': [2]}]}, [b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'])
    """
    if not arrays:
        return content, []
    plain = {name: np.ascontiguousarray(v, dtype=v.dtype.newbyteorder("<")) for name, v in arrays.items()}
    described = [{"name": name, "dtype": v.dtype.name, "shape": list(v.shape)} for name, v in plain.items()]
    return content | {"arrays": described}, [v.tobytes() for v in plain.values()]


def refusal(error: BaseException) -> Json:
    """Return the sentence of an error, and the key of the state that it is about, if there is one."""
    if isinstance(error, FalllineError):
        sentence = str(error)
    elif isinstance(error, MemoryError):
        sentence = "this needs more memory than there is; take fewer steps, starts or samples."
    elif isinstance(error, RecursionError):
        sentence = "a message must not be nested as deep as this one."
    else:
        sentence = f"internal error, {type(error).__name__}: {error}. This is a fault of fallline."
    return {"sentence": sentence, "where": error.where if isinstance(error, PartError) else None}
