"""An adapter: one way to call the checked function with weights and samples, and to read its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.calls import SideEffects, call, name_of
from fallline.checks.calling.gradient_reader import GradientReader, ReturnedGradient
from fallline.checks.calling.layouts import Layout
from fallline.checks.calling.names import Quantity
from fallline.textbook import network as pages
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["CONTAINERS", "Adapter"]

CONTAINERS = ("layers", "vector", "dictionary", "list")
"""The forms in which a function can take all parameters in one argument."""


@dataclass(frozen=True)
class Adapter:
    """One way to call the function.

    Parameters
    ----------
    names
        Its parameters in order, each with the quantity that it gets.
    container
        The form of all parameters in one argument, one of `CONTAINERS`.
    layout
        The layout of matrices.
    targets
        "rows" (as T is), "numbers" (class numbers) or "flat" (one value for each sample).
    """

    function: Callable[..., Any]
    network: Network
    names: tuple[tuple[str, Quantity], ...]
    container: str
    layout: Layout
    targets: str

    def __str__(self) -> str:
        inside = ", ".join(
            f"{name}={self._container if q.kind == 'parameters' else q}" if str(q) != name else name
            for name, q in self.names
        )
        extra = {"numbers": "; targets as class numbers", "flat": "; one target for each sample"}.get(self.targets, "")
        return f"{name_of(self.function)}({inside}); {self.layout}{extra}"

    @property
    def _container(self) -> str:
        first, last = ("W1, b1", "b" if self.network.bias else "W") if self.network.bias else ("W1", "W")
        inner = f"{first}, ... {last}{self.network.depth}"
        return {"layers": "((W1, b1), ...)", "vector": "one flat vector", "dictionary": "{'W1': ..., 'b1': ...}",
                "list": f"[{inner}]"}[self.container]  # fmt: skip

    def arguments(self, w: Any, X: Any, T: Any) -> list[Any]:
        """The arguments at weights w (P,), inputs X and targets T, in the function's order."""
        parameters = self.network.unpack(w)
        Z, kept = pages.forward(self.network, parameters, X)
        layout = self.layout
        containers = {
            "layers": self._layers,
            "vector": self._vector,
            "dictionary": self._dictionary,
            "list": self._list,
        }
        values: dict[str, Callable[[int], Any]] = {
            "X": lambda l: layout.samples(X),
            "T": lambda l: self._targets(T),
            "Y": lambda l: layout.samples(self.network.loss.output(Z)),
            "Z": lambda l: layout.samples(kept[l - 1].Z),
            "A": lambda l: layout.samples(kept[l].A if l < self.network.depth else Z),
            "W": lambda l: layout.weight(parameters[l - 1].W),
            "b": lambda l: layout.bias(parameters[l - 1].b),
            "parameters": lambda l: containers[self.container](parameters),
            "m": lambda l: len(X),
            "l2": lambda l: self.network.l2,
            "network": lambda l: self.network,
        }
        return [_contiguous(values[q.kind](q.layer or 0)) for _, q in self.names]

    def gradient(self, w: Any, X: Any, T: Any, effects: SideEffects) -> ReturnedGradient:
        """Call the function there and read the gradient that it returns."""
        result = call(self.function, self.arguments(w, X, T), {}, [name for name, _ in self.names], effects)
        return GradientReader(self.function, self.network, self.layout).read(result, len(X))

    def _targets(self, T: Any) -> Any:
        if self.targets == "numbers":
            return T.argmax(axis=-1)
        return T[:, 0] if self.targets == "flat" else self.layout.samples(T)

    def _layers(self, parameters: Parameters) -> Any:
        return tuple(Layer(self.layout.weight(W), None if b is None else self.layout.bias(b)) for W, b in parameters)

    def _list(self, parameters: Parameters) -> list[Any]:
        return [part for layer in self._layers(parameters) for part in layer if part is not None]

    def _vector(self, parameters: Parameters) -> Any:
        return np.concatenate([np.ravel(part) for part in self._list(parameters)])

    def _dictionary(self, parameters: Parameters) -> dict[str, Any]:
        by_name = {}
        for l, (W, b) in enumerate(self._layers(parameters), start=1):
            by_name[f"W{l}"] = W
            if b is not None:
                by_name[f"b{l}"] = b
        return by_name


def _contiguous(value: Any) -> Any:
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value
