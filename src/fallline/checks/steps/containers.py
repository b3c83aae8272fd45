"""How weights and gradients are handed to an optimizer: arrays, lists, dictionaries, layers, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["Container", "Parameter", "shared"]


class Parameter(np.ndarray):
    """An array with its gradient in `grad`, and itself in `data`."""

    grad: Any

    @property
    def data(self) -> Any:  # NumPy's own is a buffer; libraries of networks have the array here
        return self.view(np.ndarray)

    @data.setter
    def data(self, value: Any) -> None:
        self[...] = value


PARTS = {
    "dictionary": ("W1", "b1"), "d-dictionary": ("W1", "b1"), "layer": ("weights", "biases"), "layer of weights": ("weights",),
}  # fmt: skip
"""The names of the arrays in containers of several."""


@dataclass(frozen=True)
class Container:
    """How weights and gradients are handed over: an array, a list of one, a dictionary, a layer, a list of parameters.

    Parameters
    ----------
    kind
        "array", "list", "dictionary", "d-dictionary" (gradients have the names of the weights with d before them), "layer",
        "layer of weights" (for a step that says nothing of biases), "parameters".
    part
        Of several arrays the one whose steps are compared. The others get other numbers, so that one that is taken for
        another shows.
    """

    kind: str
    part: int = 0

    @property
    def is_layer(self) -> bool:
        return self.kind.startswith("layer")

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its arrays."""
        return PARTS.get(self.kind, ("w",))

    def weights(self, w: Any) -> Any:
        if self.kind == "array":
            return w
        if self.kind == "list":
            return [w]
        if self.kind == "parameters":
            return [w.view(Parameter)]
        values = shared(w, self.part, self.parts)
        if self.is_layer:
            return SimpleNamespace(**values, dweights=None, dbiases=None)
        return values

    def gradients(self, g: Any) -> Any:
        """The gradients, with the names of the weights, or with d before them."""
        if self.kind == "array":
            return g
        if self.kind == "list":
            return [g]
        before = "" if self.kind == "dictionary" else "d"
        return {f"{before}{name}": value for name, value in shared(g, self.part, self.parts).items()}

    def states(self, value: Any) -> Any:
        """A state variable before the first step, the same for each array."""
        if self.kind in ("array", "list"):
            return self.gradients(value)
        before = "" if self.kind == "dictionary" else "d"
        return {f"{before}{name}": value.copy() for name in self.parts}

    def array(self, weights: Any) -> Any:
        if self.kind == "array":
            return weights
        if self.kind == "list":
            return weights[0]
        if self.kind == "parameters":
            return weights[0].view(np.ndarray)
        name = self.parts[self.part]
        return getattr(weights, name) if self.is_layer else weights[name]


def shared(values: Any, part: int, names: Sequence[str]) -> dict[str, Any]:
    """An array for each name: the values for that part, and for the others the same in reverse order with the other sign.

    An optimizer works entry by entry, and its steps change sign with weights and gradients, so the others walk rightly, too.

    >>> shared(np.array([1.0, 2.0]), 0, ("W1", "W2"))
    {'W1': array([1., 2.]), 'W2': array([-2., -1.])}
    """
    mirrored = -np.flip(values)
    return {name: values if k == part else mirrored.copy() for k, name in enumerate(names)}
