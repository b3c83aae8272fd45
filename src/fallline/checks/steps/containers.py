"""How weights and gradients are handed to an optimizer: arrays, lists, dictionaries, layers, parameters."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["Container", "Parameter"]


class Parameter(np.ndarray):
    """An array with its gradient in `grad`, and itself in `data`."""

    grad: Any

    @property
    def data(self) -> Any:  # NumPy's own is a buffer; libraries of networks have the array here
        return self.view(np.ndarray)

    @data.setter
    def data(self, value: Any) -> None:
        self[...] = value


class Container:
    """How weights and gradients are handed over: an array, a list of one, a dictionary, a layer, a list of parameters."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def weights(self, w: Any) -> Any:
        if self.kind == "array":
            return w
        if self.kind == "list":
            return [w]
        if self.kind == "parameters":
            return [w.view(Parameter)]
        if self.kind == "layer":
            return SimpleNamespace(weights=w, biases=w.copy(), dweights=None, dbiases=None)
        return {"W1": w, "b1": w.copy()}

    def gradients(self, g: Any) -> Any:
        """The gradients, with the names of the weights, or with d before them."""
        if self.kind == "array":
            return g
        if self.kind == "list":
            return [g]
        before = "d" if self.kind == "d-dictionary" else ""
        return {f"{before}W1": g, f"{before}b1": g.copy()}

    def array(self, weights: Any) -> Any:
        if self.kind == "array":
            return weights
        if self.kind == "list":
            return weights[0]
        if self.kind == "parameters":
            return weights[0].view(np.ndarray)
        return weights.weights if self.kind == "layer" else weights["W1"]

    def zeros(self, w: Any) -> Any:
        """A state variable before the first step."""
        return self.gradients(np.zeros_like(w)) if self.kind != "layer" else None
