"""Parameters that are given by layer or by name, as one flat vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fallline.errors import ShapeError, UnknownNameError, UsageError, shown
from fallline.textbook.network import Layer, Network

__all__ = ["vector_of"]


def vector_of(values: Any, labels: Sequence[str], network: Network | None, what: str = "start") -> Any:
    """Return parameters as one vector; what is neither given by layer nor by name is returned unchanged.

    Parameters
    ----------
    values
        For a network a list of layers, each (W, b) or {"W": ..., "b": ...}, or {"W1": ..., "b1": ..., "W2": ...}; for a
        landscape {"x": ..., "y": ...}. Weights W have the shape (n_in, n_out); PyTorch keeps them as (n_out, n_in).
    labels
        Names of a landscape's coordinates.
    network
        The network, or None for a landscape.
    what
        What messages call it.

    Raises
    ------
    ShapeError
        A layer does not have the shapes of the network.
    UnknownNameError
        A name of another parameter.

    Examples
    --------
    >>> network = Network.of("2-1", loss="squared_error")
    >>> vector_of({"W1": [[1.0], [2.0]], "b1": [3.0]}, (), network).tolist()
    [1.0, 2.0, 3.0]
    >>> vector_of([([[1.0], [2.0]], [3.0])], (), network).tolist()
    [1.0, 2.0, 3.0]
    """
    if network is None:
        return _by_name(values, labels, what) if isinstance(values, Mapping) else values
    if isinstance(values, Mapping):
        letters = ("W", "b") if network.bias else ("W",)
        names = [f"{letter}{layer}" for layer in range(1, network.depth + 1) for letter in letters]
        arrays = _complete(values, names, what)
        layers = [
            (arrays[f"W{layer}"], arrays[f"b{layer}"] if network.bias else None)
            for layer in range(1, network.depth + 1)
        ]
    elif isinstance(values, list | tuple) and len(values) and any(_is_layer(value) for value in values):
        layers = [_layer(value, k, network, what) for k, value in enumerate(values, start=1)]
    else:
        return values
    try:
        parameters = tuple(
            Layer(np.asarray(W, dtype=np.float64), None if b is None else np.asarray(b, dtype=np.float64))
            for W, b in layers
        )
    except (TypeError, ValueError):
        raise UsageError(
            f"{what} must hold the weights and biases of each layer as numbers; got {shown(values)}."
        ) from None
    vector = network.pack(parameters)
    if vector.ndim != 1:
        raise ShapeError(f"{what} must be one point; its layers have a leading axis, {vector.shape[:-1]}.")
    return vector


def _is_layer(value: Any) -> bool:
    return isinstance(value, Mapping | tuple | list) or np.ndim(value) > 0


def _layer(value: Any, number: int, network: Network, what: str) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        arrays = _complete(value, ("W", "b") if network.bias else ("W",), f"layer {number} of {what}")
        return arrays["W"], arrays.get("b")
    if isinstance(value, tuple | list) and len(value) == 2 and (value[1] is None or np.ndim(value[1]) == 1):
        if np.ndim(value[0]) >= 2:
            return value[0], value[1]
    elif not network.bias and np.ndim(value) == 2:
        return value, None
    raise ShapeError(
        f'{what} must be one vector, or a list of layers (W, b) or {{"W": ..., "b": ...}}; got {shown(value)}.'
    )


def _complete(values: Mapping[str, Any], names: Sequence[str], what: str) -> dict[str, Any]:
    for name in values:
        if name not in names and not (values[name] is None and str(name).startswith("b")):
            raise UnknownNameError(f"a parameter in {what}", name, names)
    missing = [name for name in names if name not in values]
    if missing:
        raise UsageError(f"{what} must name {', '.join(names[:8])}; {', '.join(missing[:8])} is missing.")
    return dict(values)


def _by_name(values: Mapping[str, Any], labels: Sequence[str], what: str) -> list[Any]:
    complete = _complete(values, labels, what)
    return [complete[label] for label in labels]
