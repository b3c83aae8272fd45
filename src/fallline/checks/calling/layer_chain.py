"""Layers as classes, each with forward and backward, put together as a network where the file itself does not do it.

Nothing is guessed: a class is taken for a layer only if its forward pass computes what such a layer computes, and if what
its backward pass leaves behind has one reading.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import SideEffects, call_on
from fallline.textbook.network import Network, Parameters

__all__ = ["LayerChain", "chain_of", "is_plain", "layer_classes"]

SAMPLES, INPUTS, OUTPUTS = 7, 3, 5
"""Sizes of the trial in which the roles of arrays are found: all different, so that shapes tell them apart."""


@dataclass(frozen=True)
class _Part:
    """A class with forward and backward, and where the results of both are: "" stands for the returned value."""

    kind: type
    output: str
    inputs_gradient: str
    place: int = 0

    def forward(self, instance: Any, A: Any) -> Any:
        return self._result(instance, "forward", A, self.output)

    def backward(self, instance: Any, D: Any) -> Any:
        return self._result(instance, "backward", D, self.inputs_gradient)

    def _result(self, instance: Any, method: str, argument: Any, name: str) -> Any:
        result = _called(getattr(instance, method), argument)
        if name:
            result = getattr(instance, name)
        elif method == "backward" and isinstance(result, tuple | list):
            result = result[self.place]
        return np.asarray(result, dtype=float)


@dataclass(frozen=True)
class _Dense(_Part):
    """A layer with weights: the attributes of its parameters and of their gradients."""

    weights: str = ""
    bias: str = ""
    weights_gradient: str = ""
    bias_gradient: str = ""

    def made(self, W: Any, b: Any) -> Any:
        """An instance with these weights."""
        instance = _called(self.kind, *W.shape)
        setattr(instance, self.weights, W.copy())
        if self.bias:
            setattr(instance, self.bias, b.reshape(np.shape(getattr(instance, self.bias))).copy())
        return instance


class LayerChain:
    """The gradient of a network that is made of the user's layers; the delta of the output layer is the textbook's.

    Parameters
    ----------
    network
        Its sizes, activation and loss.
    dense, activation
        The user's layers; None for the activation of a network without hidden layers.
    """

    def __init__(self, network: Network, dense: _Dense, activation: _Part | None) -> None:
        self.network, self.dense, self.activation = network, dense, activation
        names = [part.kind.__name__ for part in (dense, activation) if part is not None]
        self.__name__ = f"The chain of {' and '.join(names)}"

    @property
    def called(self) -> str:
        """How the layers were called, in words."""
        layers = [self.dense, *([self.activation, self.dense] * self.network.hidden)]
        names = ", ".join(part.kind.__name__ for part in layers if part is not None)
        kept = " and ".join(filter(None, (self.dense.weights_gradient, self.dense.bias_gradient)))
        return f"forward of {names}, and backward in reverse order; the gradients are in {kept}"

    note = (
        "The file has no function that gives the gradient of a network, so its layers were put together. backward of the last one "
        "was given the right delta of the output layer; the file's own loss was not checked."
    )

    def __call__(self, parameters: Parameters, X: Any, T: Any) -> list[tuple[Any, ...]]:
        network = self.network
        made = [self.dense.made(W, b) for W, b in parameters]
        active = [None if self.activation is None else _called(self.activation.kind) for _ in made[1:]]
        A = X
        for k, layer in enumerate(made):
            A = self.dense.forward(layer, A)
            if k < len(active) and self.activation is not None:
                A = self.activation.forward(active[k], A)
        D = network.loss.delta(A, T) / (len(X) if network.reduction == "mean" else 1)
        gradient: list[tuple[Any, ...]] = []
        for k in range(len(made) - 1, -1, -1):
            if k < len(active) and self.activation is not None:
                D = self.activation.backward(active[k], D)
            D = self.dense.backward(made[k], D)
            names = [self.dense.weights_gradient, *([self.dense.bias_gradient] if self.dense.bias_gradient else [])]
            values = [np.array(getattr(made[k], name), dtype=float) for name in names]
            gradient.insert(0, (values[0], *(v.reshape(-1) for v in values[1:])))
        return gradient


def chain_of(module: ModuleType, network: Network) -> LayerChain | None:
    """The chain of the module's layers; None if its classes are not understood, or leave a choice."""
    classes = [
        kind
        for kind in layer_classes(module)
        if all(_takes_one(getattr(kind, name)) for name in ("forward", "backward"))
    ]
    dense = [part for kind in classes if (part := _dense(kind, network.bias)) is not None]
    if len(dense) != 1 or len({a.name for a in network.activations}) > 1 or set(network.scales) != {1.0} or network.l2:
        return None
    if not network.hidden:
        return LayerChain(network, dense[0], None)
    value = network.activations[0].function
    active = [found for kind in classes if (found := _activation(kind, value)) is not None]
    return LayerChain(network, dense[0], active[0]) if len(active) == 1 else None


def layer_classes(module: ModuleType) -> list[type]:
    """The classes of the module that have the methods forward and backward."""
    return [
        kind for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
        and all(callable(getattr(kind, name, None)) for name in ("forward", "backward"))
    ]  # fmt: skip


def is_plain(kind: type) -> bool:
    """Whether a class of layers is made without arguments, and its backward pass takes one, as those of activations do."""
    parameters = list(inspect.signature(kind).parameters.values())
    return all(p.default is not p.empty for p in parameters) and _takes_one(kind.backward)  # type: ignore[attr-defined]


def _takes_one(method: Any) -> bool:
    """Whether a method takes one argument beside self."""
    try:
        parameters = list(inspect.signature(method).parameters.values())[1:]
    except (TypeError, ValueError):
        return False
    return len([p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]) == 1


def _dense(kind: type, bias: bool) -> _Dense | None:
    """The class as a layer A W + b; None if it is not one."""
    try:
        instance = kind(INPUTS, OUTPUTS)
        W, b = _numbers(0, INPUTS, OUTPUTS), _numbers(1, OUTPUTS)
        X, D = _numbers(2, SAMPLES, INPUTS), _numbers(3, SAMPLES, OUTPUTS)
        weights = [n for n, v in _arrays(instance).items() if v.shape == W.shape]
        biases = [n for n, v in _arrays(instance).items() if v.size == OUTPUTS]
        if len(weights) != 1 or len(biases) != bias:
            return None
        part = _Dense(kind, "", "", 0, weights[0], biases[0] if bias else "")
        instance = part.made(W, b)
        right = X @ W + (b if bias else 0)
        output = _place(instance, "forward", X, lambda v: v.shape == D.shape and np.allclose(v, right))
        if output is None:
            return None
        before = {name: value.copy() for name, value in _arrays(instance).items()}
        inputs = _place(instance, "backward", D, lambda v: v.shape == X.shape, before)
        changed = _changed(instance, before)
        dW = [n for n, v in changed.items() if v.shape == W.shape and n != weights[0]]
        db = [n for n, v in changed.items() if v.size == OUTPUTS and n not in biases]
        if inputs is None or len(dW) != 1 or len(db) != bias:
            return None
        return _Dense(kind, output[0], inputs[0], inputs[1], weights[0], part.bias, dW[0], db[0] if bias else "")
    except (Exception, SystemExit):  # it is no such layer
        return None


def _activation(kind: type, value: Callable[[Any], Any]) -> _Part | None:
    """The class as the activation with that value; None if it is another."""
    try:
        instance = kind()
        Z, D = _numbers(4, SAMPLES, OUTPUTS), _numbers(5, SAMPLES, OUTPUTS)
        output = _place(instance, "forward", Z, lambda v: v.shape == Z.shape and np.allclose(v, value(Z)))
        if output is None:
            return None
        before = {name: array.copy() for name, array in _arrays(instance).items()}
        inputs = _place(instance, "backward", D, lambda v: v.shape == D.shape, before)
        return None if inputs is None else _Part(kind, output[0], inputs[0], inputs[1])
    except (Exception, SystemExit):  # it is no such layer
        return None


def _place(
    instance: Any, method: str, argument: Any, fits: Callable[[Any], Any], before: Mapping[str, Any] | None = None
) -> tuple[str, int] | None:
    """Where a method's result is: ("", place in the tuple) if it is returned, else its attribute; None if that is not clear."""
    result = getattr(instance, method)(argument.copy())
    if result is not None:
        parts = list(result) if isinstance(result, tuple | list) else [result]
        places = [k for k, part in enumerate(parts) if isinstance(part, np.ndarray) and fits(part)]
        return ("", places[0]) if len(places) == 1 else None
    arrays = _arrays(instance) if before is None else _changed(instance, before)
    names = [name for name, array in arrays.items() if fits(array)]
    return (names[0], 0) if len(names) == 1 else None


def _arrays(instance: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(instance).items() if isinstance(value, np.ndarray)}


def _changed(instance: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays that are new or have other values than before."""
    return {
        name: value for name, value in _arrays(instance).items()
        if name not in before or before[name].shape != value.shape or not np.array_equal(before[name], value)
    }  # fmt: skip


def _numbers(purpose: int, *shape: int) -> Any:
    return random.normal(purpose, "layer chain", int(np.prod(shape))).reshape(shape)


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of the user's code. Raises MisbehaviourError with its line."""
    return call_on(function, [a.copy() if isinstance(a, np.ndarray) else a for a in arguments], {}, SideEffects())
