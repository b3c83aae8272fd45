"""Patterns of arguments: structures with a quantity in each place, such as {'W1': W1, 'b1': b1} or one flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from fallline.checks.calling.point import Form, Point, Quantity
from fallline.textbook.network import Layer

__all__ = ["Constant", "Items", "Keys", "Neurons", "Pattern", "Scene", "Vector", "Zeros", "fill", "quantities_in"]


class Scene(Protocol):
    """What an argument is made in: the point, the form, and values that the user's other functions make there."""

    point: Point
    form: Form

    def made(self, pattern: Any) -> Any:
        """The value of a pattern that needs the user's code."""


@dataclass(frozen=True)
class Constant:
    """A value that does not depend on weights and samples, such as a learning rate."""

    value: Any

    def __str__(self) -> str:
        return getattr(self.value, "__name__", repr(self.value))


@dataclass(frozen=True)
class Items:
    """A tuple of patterns, a list, or a `Layer`, which is a tuple whose items have the names W and b too."""

    items: tuple[Any, ...]
    form: Literal["tuple", "list", "layer"] = "tuple"

    def __str__(self) -> str:
        opening, closing = "[]" if self.form == "list" else "()"
        return opening + _shortened([str(item) for item in self.items]) + closing


@dataclass(frozen=True)
class Keys:
    """A dictionary of patterns, or an object with them as attributes."""

    items: tuple[tuple[Any, Any], ...]
    attributes: bool = False

    def __str__(self) -> str:
        if self.attributes:
            return "an object with " + _shortened([f".{key}={value}" for key, value in self.items])
        return "{" + _shortened([f"{key!r}: {value}" for key, value in self.items]) + "}"


@dataclass(frozen=True)
class Neurons:
    """A layer as a list of its units, each a dictionary or an object with a list of its weights, and with its bias.

    Parameters
    ----------
    weights, bias
        The names in a unit; `bias` is "" where the bias is one of the weights.
    """

    layer: int
    weights: str
    bias: str = ""
    attributes: bool = False

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The blocks in it."""
        W = Quantity("W", self.layer)
        return (W, Quantity("b", self.layer)) if self.bias else (W,)

    def filled(self, scene: Scene) -> list[Any]:
        """The units with plain numbers. Raises ValueError for a layout whose rows are not units."""
        if not scene.form.layout.weights_transposed:
            raise ValueError("the weights of a unit are a row")
        W = np.asarray(scene.point.value(Quantity("W", self.layer), scene.form)).tolist()
        units = [{self.weights: row} for row in W]
        if self.bias:
            biases = np.ravel(scene.point.value(Quantity("b", self.layer), scene.form)).tolist()
            units = [{**unit, self.bias: b} for unit, b in zip(units, biases, strict=True)]
        return [SimpleNamespace(**unit) for unit in units] if self.attributes else list(units)

    def __str__(self) -> str:
        bias = f", {self.bias!r}: ..." if self.bias else ""
        return f"[{{{self.weights!r}: a row of W{self.layer}{bias}}}, ...]"


@dataclass(frozen=True)
class Vector:
    """One flat vector of the quantities, one after another; "F" takes the columns of matrices first."""

    parts: tuple[Quantity, ...]
    order: Literal["C", "F"] = "C"

    def __str__(self) -> str:
        return f"one flat vector of {_shortened([str(p) for p in self.parts])}{' by columns' * (self.order == 'F')}"


@dataclass(frozen=True)
class Zeros:
    """The pattern with 0 in each place, as the first velocity of momentum has it."""

    pattern: Any

    def __str__(self) -> str:
        return "zeros"


Pattern: TypeAlias = Any
"""A `Quantity`, one of the patterns above, or a value that the user's code makes (`Made`, `Template`)."""


def fill(pattern: Pattern, scene: Scene) -> Any:
    """The structure with its values, in new arrays."""
    match pattern:
        case Quantity():
            return in_library(scene.point.value(pattern, scene.form), scene.form, parameter=pattern.kind in "Wb")
        case Constant(value):
            return value
        case Items(items, kind):
            values = [fill(item, scene) for item in items]
            return values if kind == "list" else Layer(*values) if kind == "layer" else tuple(values)
        case Keys(items, attributes):
            filled = {key: fill(item, scene) for key, item in items}
            return SimpleNamespace(**filled) if attributes else filled
        case Vector(parts, order):
            raveled = [np.ravel(scene.point.value(part, scene.form), order) for part in parts]
            return in_library(np.concatenate(raveled), scene.form, parameter=True)
        case Neurons():
            return pattern.filled(scene)
        case Zeros(inner):
            return _zeros(fill(inner, scene))
        case _:
            return scene.made(pattern)


def _zeros(value: Any) -> Any:
    """The structure with zeros for its numbers."""
    if isinstance(value, dict):
        return {key: _zeros(inner) for key, inner in value.items()}
    if isinstance(value, Layer):
        return Layer(*map(_zeros, value))
    if isinstance(value, list | tuple):
        return type(value)(map(_zeros, value))
    return value if value is None else 0 * value


def in_library(value: Any, form: Form, *, parameter: bool = False) -> Any:
    """A new array of the form's library; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    if form.library.startswith("torch"):
        import torch

        return torch.tensor(np.array(value), requires_grad=parameter and form.library == "torch with gradients")
    if form.library == "matrix":
        copy = np.array(value)
        return copy.view(np.matrix) if value.ndim == 2 else copy  # np.matrix() itself would warn that it is old
    if form.library == "jax":
        import jax.numpy as jnp

        return jnp.asarray(value)
    return np.array(value, order="C")


def quantities_in(pattern: Pattern) -> list[Quantity]:
    """The quantities inside a pattern, in order."""
    match pattern:
        case Quantity():
            return [pattern]
        case Items(items):
            return [q for item in items for q in quantities_in(item)]
        case Keys(items):
            return [q for _, item in items for q in quantities_in(item)]
        case Vector(parts):
            return list(parts)
    return list(getattr(pattern, "quantities", ()))


def _shortened(texts: Sequence[str]) -> str:
    return ", ".join(texts if len(texts) <= 4 else [*texts[:2], "...", texts[-1]])
