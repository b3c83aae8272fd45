"""The gradient in the result of a checked function: pairs, a list, a vector or a dictionary, in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, name_of
from fallline.checks.calling.layouts import Layout
from fallline.checks.calling.names import quantities, returned_names, without_prefix
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["GradientReader", "ReturnedGradient"]


@dataclass
class ReturnedGradient:
    """A returned gradient in the order and shapes of the parameters.

    Parameters
    ----------
    gradient
        The gradient, shaped like the parameters.
    odd
        By block, a sentence for a shape that is wrong but whose numbers are understood.
    single
        Whether all of it is in single precision.
    """

    gradient: Parameters
    odd: dict[str, str] = field(default_factory=dict)
    single: bool = False


@dataclass(frozen=True)
class GradientReader:
    """Reads the function's result: by names if it has any, else by order and shapes."""

    function: Callable[..., Any]
    network: Network
    layout: Layout

    def read(self, result: Any, m: int) -> ReturnedGradient:
        """The gradient inside what the function returned."""
        if result is None:
            raise MisbehaviourError(f"{name_of(self.function)} returns nothing. Does it lack a `return`?")
        result = _without_loss(result)
        if isinstance(result, str) or not (isinstance(result, Mapping | Sequence) or hasattr(result, "__array__")):
            raise MisbehaviourError(
                f"{name_of(self.function)} returns an object of type {type(result).__name__}, not a gradient. Return "
                "arrays: in a list, a tuple or a dictionary, or one flat vector."
            )
        blocks = [("W", l) for l in range(1, self.network.depth + 1)]
        if self.network.bias:
            blocks = [(kind, l) for l in range(1, self.network.depth + 1) for kind in "Wb"]
        values = self._by_name(result) if isinstance(result, Mapping) else self._by_order(result, blocks, m)
        lacking = [f"d{kind}{l}" for kind, l in blocks if (kind, l) not in values]
        if lacking:
            raise MisbehaviourError(f"{name_of(self.function)} returns no {', '.join(lacking)}.")
        odd: dict[str, str] = {}
        singles, layers = [], []
        for l in range(1, self.network.depth + 1):
            parts = []
            for kind in "Wb":
                if (kind, l) in values:
                    value = _numbers(values[kind, l], f"d{kind}{l}", self.function)
                    singles.append(value.dtype == np.float32)
                    parts.append(self._shaped(kind, l, value, m, odd))
                else:
                    parts.append(None)
            layers.append(Layer(*parts))
        return ReturnedGradient(tuple(layers), odd, all(singles))

    def _by_name(self, result: Mapping[Any, Any]) -> dict[tuple[str, int], Any]:
        names = {str(key): without_prefix(str(key)) for key in result}
        known = quantities(list(names.values()), self.network)
        values: dict[tuple[str, int], Any] = {}
        for key, value in result.items():
            q = known[names[str(key)]]
            if q is not None and q.kind in "Wb" and q.layer is not None:
                values[q.kind, q.layer] = value
        return values

    def _by_order(self, result: Any, blocks: list[tuple[str, int]], m: int) -> dict[tuple[str, int], Any]:
        if not isinstance(result, Sequence):
            return self._from_vector(_numbers(result, "what is returned by", self.function), blocks)
        parts = list(result)
        pairs = all(isinstance(p, tuple | list) and len(p) == 2 for p in parts)
        if pairs and len(parts) == self.network.depth:
            flat = [(kind, l, p[k]) for l, p in enumerate(parts, 1) for k, kind in enumerate("Wb")]
            return {(kind, l): value for kind, l, value in flat if value is not None}
        if len(parts) != len(blocks):
            if parts and all(_plain(p) for p in parts):
                return self._from_vector(np.asarray(parts), blocks)
            if pairs and parts:
                raise MisbehaviourError(
                    f"{name_of(self.function)} returns {len(parts)} pair{'s' * (len(parts) > 1)} of arrays; the "
                    f"{self.network.text} network has {self.network.depth} layers."
                )
            raise MisbehaviourError(
                f"{name_of(self.function)} returns {len(parts)} arrays; the {self.network.text} network has "
                f"{len(blocks)} blocks of parameters ({', '.join(f'd{k}{l}' for k, l in blocks)})."
            )
        in_return = quantities(returned_names(self.function), self.network).values()
        order_by_name = [(q.kind, q.layer) for q in in_return if q is not None and q.layer is not None]
        orders = [order_by_name] if sorted(order_by_name, key=str) == sorted(blocks, key=str) else []
        weights, biases = [b for b in blocks if b[0] == "W"], [b for b in blocks if b[0] == "b"]
        backward = [b for l in range(self.network.depth, 0, -1) for b in blocks if b[1] == l]
        orders += [blocks, backward, weights + biases, weights[::-1] + biases[::-1]]
        shapes = [_shape(p) for p in parts]
        for order in orders:
            if all(_fits(s, self._shape(*b)) for s, b in zip(shapes, order, strict=True)):
                return dict(zip(order, parts, strict=True))
        return dict(zip(orders[0], parts, strict=True))

    def _from_vector(self, vector: Any, blocks: list[tuple[str, int]]) -> dict[tuple[str, int], Any]:
        vector = vector.ravel()
        if vector.size != self.network.parameter_count:
            raise MisbehaviourError(
                f"{name_of(self.function)} returns {vector.size} numbers; the {self.network.text} network has "
                f"{self.network.parameter_count} parameters."
            )
        values, at = {}, 0
        for block in blocks:
            shape = self._shape(*block)
            size = int(np.prod(shape))
            values[block] = vector[at : at + size].reshape(shape)
            at += size
        return values

    def _shape(self, kind: str, l: int) -> tuple[int, ...]:
        n, m = self.network.sizes[l - 1 : l + 1]
        if kind == "b":
            return (m,)
        return (m, n) if self.layout.weights_transposed else (n, m)

    def _shaped(self, kind: str, l: int, value: Any, m: int, odd: dict[str, str]) -> Any:
        """The block in the textbook's shape. A wrong shape that is understood is mended and noted in `odd`; others are refused."""
        name, shape = f"d{kind}{l}", self._shape(kind, l)
        if _fits(value.shape, shape):
            value = value.reshape(shape)
            return value.T if kind == "W" and self.layout.weights_transposed else value
        if kind == "W" and value.shape == shape[::-1]:
            odd[name] = (
                f"{name} comes back transposed, {value.shape} for {shape}: it must be shaped like W{l}; return its transpose"
            )
            return value if self.layout.weights_transposed else value.T
        if kind == "b":
            n = shape[0]
            if value.shape in ((m, n), (n, m)) and m != n:
                odd[name] = (
                    f"{name} is not summed over the samples: it has shape {value.shape}, one row for each sample; "
                    f"sum it to shape ({n},)"
                )
                return value.sum(axis=0 if value.shape == (m, n) else 1)
            if value.size == 1:
                odd[name] = f"{name} is a single number, summed over the units too; sum over the samples alone"
                return np.full(n, value.item())
            if value.size == m:
                raise MisbehaviourError(
                    f"{name} has one number for each of the {m} samples, shape {value.shape}: it is summed over the "
                    f"units, not over the samples. Sum over the other axis, to shape ({n},).",
                    "wrong",
                )
        raise MisbehaviourError(f"{name} has shape {value.shape}, but must be shaped like {kind}{l}, {shape}.", "wrong")


def _without_loss(result: Any) -> Any:
    """The gradient of a pair (loss, gradient); anything else as it is."""
    if isinstance(result, tuple | list) and len(result) == 2 and np.ndim(result[0] if _plain(result[0]) else [0]) == 0:
        return result[1]
    return result


def _plain(x: Any) -> bool:
    return isinstance(x, int | float | np.number) or (isinstance(x, np.ndarray) and x.ndim == 0)


def _shape(part: Any) -> tuple[int, ...] | None:
    """Its shape; None if its rows differ in length."""
    try:
        shape: tuple[int, ...] = np.shape(part)
    except ValueError:
        return None
    return shape


def _fits(shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Whether the shape is the wanted one; a bias may also be one row or one column."""
    return shape == wanted or (len(wanted) == 1 and shape in ((1, *wanted), (*wanted, 1)))


def _numbers(value: Any, name: str, function: Callable[..., Any]) -> Any:
    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c" and not (array.imag == 0).all():
            raise MisbehaviourError(f"{name} of {name_of(function)} is complex; a gradient is real.", "wrong")
        if array.dtype.kind not in "fiub":
            array = (array.real if array.dtype.kind == "c" else array).astype(float)
        return array if array.dtype in (np.float32, np.float64) else array.astype(float)
    except (TypeError, ValueError):
        raise MisbehaviourError(
            f"{name} of {name_of(function)} is not an array of numbers; it is {type(value).__name__}."
        ) from None
