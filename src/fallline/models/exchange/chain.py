"""A chain of linear layers and activations, as another library has it, becomes a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError, UsageError
from fallline.shapes import Shaped
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import Loss
from fallline.textbook.losses import loss as loss_of
from fallline.textbook.network import Layer, Network

__all__ = ["Chain", "Step", "numbers_of"]

Floats = NDArray[Any]

ENDS = {"softmax": "cross_entropy", "logistic": "logistic"}
"""What may stand after the last layer, and the loss whose output it is."""


def numbers_of(parameters: Any) -> Floats:
    """Return parameters as an array of float32, if they are, or else float64.

    >>> numbers_of([1, 2]).dtype.name
    'float64'
    """
    try:
        w = np.asarray(parameters)
        w = w if w.dtype == np.float32 else w.astype(np.float64)
    except (TypeError, ValueError):
        raise ShapeError("parameters must be the flat vector of a network, an array of numbers.") from None
    if not np.isfinite(w).all():
        raise UsageError("parameters must be finite numbers.")
    return w


@dataclass(frozen=True)
class Step:
    """A part of the chain.

    Attributes
    ----------
    words
        What a sentence calls it.
    kind
        "linear", "softmax", "nothing", or the name of an activation.
    W, b
        Of a linear layer, (n_in, n_out) and (n_out,); b is None for a layer without biases.
    """

    words: str
    kind: str
    W: Floats | None = None
    b: Floats | None = None


class Chain:
    """The steps so far: layers, and the activations between them.

    >>> chain = Chain("it", "squared_error")
    >>> for step in (Step("0", "linear", np.ones((2, 3)), np.zeros(3)), Step("1", "tanh"), Step("2", "linear", np.ones((3, 1)))):
    ...     chain.add(step)
    >>> network, parameters = chain.network()
    >>> network, parameters.shape
    (Network.of('2-3-1', activation='tanh', loss='squared_error', reduction='mean'), (13,))
    """

    def __init__(self, words: str, loss: str | Loss | None) -> None:
        self.words, self.loss = words, loss
        self.layers: list[Layer] = []
        self.after: list[str] = []

    def add(self, step: Step) -> None:
        """Add a step.

        Raises
        ------
        UsageError
            It stands where a network has none.
        ShapeError
            A layer has other inputs than the one before it has outputs.
        """
        if step.kind == "nothing":
            return
        if step.W is not None:
            if self.layers and len(self.after) < len(self.layers):
                self.after.append("identity")  # two layers in a row
            if self.layers and self.layers[-1].W.shape[1] != len(step.W):
                raise ShapeError(f"{step.words} takes {len(step.W)} inputs; the layer before it has {self.layers[-1].W.shape[1]} outputs.")  # fmt: skip
            self.layers.append(Layer(step.W, step.b))
        elif not self.layers or len(self.after) == len(self.layers):
            raise UsageError(f"{step.words} has no counterpart: an activation stands after a linear layer.")
        elif step.kind != "identity" or len(self.after) < len(self.layers):
            self.after.append(step.kind)

    def network(self) -> tuple[Network, Shaped[Floats, " P"]]:
        """Return the network and its parameters.

        Raises
        ------
        UsageError
            There is no layer, or the loss is not told, or something stands in the wrong place.
        """
        if not self.layers:
            raise UsageError(f"{self.words} has no linear layer.")
        between = self.after[: len(self.layers) - 1]
        if "softmax" in between:
            raise UsageError(f"{self.words} has a softmax before its last layer, which has no counterpart.")
        end = self.after[-1] if len(self.after) == len(self.layers) else "identity"
        loss = self._loss(end)
        bias = any(layer.b is not None for layer in self.layers)
        layers = tuple(
            Layer(
                np.array(W), np.zeros(W.shape[1], W.dtype) if bias and b is None else None if b is None else np.array(b)
            )
            for W, b in self.layers
        )
        sizes = (len(layers[0].W), *(layer.W.shape[1] for layer in layers))
        network = Network(sizes, tuple(ACTIVATIONS[name] for name in between), loss, "mean", bias)
        parameters = network.pack(layers)
        if not np.isfinite(parameters).all():
            raise UsageError(f"{self.words} must hold finite numbers.")
        return network, parameters

    def _loss(self, end: str) -> Loss:
        if end not in (*ENDS, "identity"):
            raise UsageError(
                f"{self.words} ends in {end}, which has no counterpart: a network ends in a linear layer, a softmax or a sigmoid."
            )
        if self.loss is None:
            if end == "identity":
                raise UsageError(
                    f"{self.words} ends in a linear layer: say what its outputs mean, by loss='cross_entropy' (logits of classes), "
                    "'logistic' (logits of labels) or 'half_squared_error' (values)."
                )
            return loss_of(ENDS[end])
        loss = loss_of(self.loss)
        if end != "identity" and loss.name != ENDS[end]:
            raise UsageError(
                f"{self.words} ends in {end}, the output of the loss {ENDS[end]!r}; loss is {loss.name!r}."
            )
        return loss
