"""Functions that want tensors of PyTorch: called with them, their results are NumPy arrays."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["on_tensors", "wants_tensors"]


def wants_tensors(function: Callable[..., Any]) -> bool:
    """Whether the function's module has imported PyTorch."""
    torch = sys.modules.get("torch")
    names = getattr(function, "__globals__", {})
    return torch is not None and any(value is torch or _module(value) == "torch" for value in names.values())


def _module(value: Any) -> str:
    return str(getattr(value, "__module__", "")).partition(".")[0]


def on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with arrays handed over as tensors that share their memory."""
    import torch

    def tensor(value: Any) -> Any:
        number = isinstance(value, np.ndarray) and value.dtype.kind in "fi"
        return torch.from_numpy(np.ascontiguousarray(value)) if number else value

    def array(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return type(value)(array(v) for v in value) if type(value) in (tuple, list) else value
        return value.detach().numpy() if isinstance(value, torch.Tensor) else value

    @functools.wraps(function)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        return array(function(*map(tensor, arguments), **{name: tensor(value) for name, value in keywords.items()}))

    return wrapped
