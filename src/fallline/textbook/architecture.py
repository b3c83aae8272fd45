"""The architecture of a feed-forward network: its layers, its activations, its loss, and the order of its parameters."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeGuard

import numpy as np

from fallline.errors import SettingError, ShapeError, shown
from fallline.number_text import read_whole
from fallline.settings import SETTINGS
from fallline.shapes import Shaped
from fallline.textbook.activations import Activation, activation
from fallline.textbook.exchange import Exchange
from fallline.textbook.losses import Loss
from fallline.textbook.losses import loss as loss_of
from fallline.textbook.operations import Array
from fallline.textbook.other_names import loss_for
from fallline.textbook.parametrizations import PARAMETRIZATIONS, Parametrization
from fallline.textbook.parametrizations import parametrization as parametrization_of

__all__ = ["Layer", "Network", "Parameters", "Reduction"]

Reduction = Literal["sum", "mean"]

MOST_LAYERS = 200
"""The most layers of weights: equations and drawings have a line or a column for each."""

MOST_PARAMETERS = 10**8
"""The most weights and biases of a network: a vector of them takes 0.8 GB."""


class Layer(NamedTuple):
    """Weights W and bias b, or None where the network has no biases.

    >>> Layer(np.zeros((2, 3)), None).W.shape
    (2, 3)
    """

    W: Shaped[Array, "*runs n_in n_out"]
    b: Shaped[Array, "*runs n_out"]  # or None, which `Array` allows; `| None` makes type checkers refuse `layer.b[0]`


Parameters = tuple[Layer, ...]


@dataclass(frozen=True, repr=False)
class Network(Exchange):
    """A feed-forward network and its loss.

    Parameters
    ----------
    sizes
        Units of each layer, inputs first: (2, 3, 2, 3), or the text "2-3-2-3" through `Network.of`.
    activations
        One for each hidden layer. The output layer has none: the loss reads its pre-activation.
    loss
        The function to minimise; see `fallline.textbook.losses`.
    reduction
        "sum" or "mean" of the loss over the samples.
    bias
        True if layers have biases.
    scales
        A factor on each layer's weights inside the pre-activation; 1 by default.
    l2
        Strength of the L2 penalty: l2/2 times the sum of all squared weights (not biases) is added to the loss.
    parametrization, base_width
        How first weights and learning rates depend on the width of the hidden layers, and the width at which they do not; see
        `fallline.textbook.parametrizations`.

    Examples
    --------
    >>> net = Network.of("2-3-3", activation="tanh")
    >>> net.with_(l2=0.1)
    Network.of('2-3-3', activation='tanh', loss='cross_entropy', l2=0.1)
    >>> net.unpack(np.arange(net.parameter_count))[1].b.tolist(), net.label(20)
    ([18, 19, 20], 'b2[2]')
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    reduction: Reduction = "sum"
    bias: bool = True
    scales: tuple[float, ...] = ()
    l2: float = 0.0
    parametrization: Parametrization = PARAMETRIZATIONS["standard"]
    base_width: int = 1

    @classmethod
    def of(
        cls,
        sizes: str | Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        loss: str | Loss = "cross_entropy",
        reduction: Reduction = "sum",
        bias: bool = True,
        scales: Sequence[float] = (),
        l2: float = 0.0,
        parametrization: str | Parametrization = "standard",
        base_width: int = 1,
    ) -> Network:
        """Make a network from names: sizes as text or numbers, one activation for all hidden layers or one for each."""
        units = _sizes(sizes)
        record = loss_of(loss_for(loss, reduction, units[-1] if units else 0))
        return cls(
            units, _activations(activation, len(units) - 2), record, reduction, bias, _listed(scales, "scales"), l2,
            parametrization_of(parametrization), base_width,
        )  # fmt: skip

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(n < 1 for n in self.sizes):
            raise SettingError(
                f"sizes must be at least two positive whole numbers such as 2-3-2-3; got {shown(self.sizes)}."
            )
        if self.depth > MOST_LAYERS:
            raise SettingError(f"sizes must be of at most {MOST_LAYERS} layers of weights; got {self.depth}.")
        if len(self.activations) != self.hidden:
            raise SettingError(
                f"activations must be one for each hidden layer, {self.hidden} here; got {len(self.activations)}."
            )
        if self.reduction not in ("sum", "mean"):
            raise SettingError(f"reduction must be 'sum' or 'mean'; got {shown(self.reduction)}.")
        if not isinstance(self.bias, bool):
            raise SettingError(f"bias must be True or False; got {shown(self.bias)}.")
        SETTINGS["l2"].check(self.l2)
        SETTINGS["base_width"].check(self.base_width)
        if not self.scales:
            object.__setattr__(self, "scales", (1,) * self.depth)
        if len(self.scales) != self.depth:
            raise SettingError(f"scales must be one for each layer, {self.depth} here; got {len(self.scales)}.")
        if not all(_is_number(scale) for scale in self.scales):
            raise SettingError(f"scales must be finite numbers; got {shown(self.scales)}.")
        if self.parameter_count > MOST_PARAMETERS:
            raise SettingError(
                f"sizes must give at most {MOST_PARAMETERS:,} parameters; got {self.parameter_count:,}. Take smaller layers."
            )

    @property
    def depth(self) -> int:
        """The number of layers of weights."""
        return len(self.sizes) - 1

    @property
    def hidden(self) -> int:
        """The number of hidden layers."""
        return len(self.sizes) - 2

    @property
    def text(self) -> str:
        """The sizes as text: "2-3-2-3"."""
        return "-".join(str(n) for n in self.sizes)

    @property
    def shapes(self) -> tuple[tuple[tuple[int, int], tuple[int] | None], ...]:
        """The shapes of W and b of each layer."""
        return tuple(
            ((n, m), (m,) if self.bias else None) for n, m in zip(self.sizes[:-1], self.sizes[1:], strict=True)
        )

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return sum(n * m + (m if self.bias else 0) for n, m in zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def layer_of(self) -> tuple[int, ...]:
        """The layer, from 1, of each entry of the flat parameter vector."""
        counts = [n * m + (m if b else 0) for (n, m), b in self.shapes]
        return tuple(layer for layer, count in enumerate(counts, start=1) for _ in range(count))

    def with_(self, **changes: object) -> Network:
        """Return a copy of the network with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the fields' own checks run in __post_init__

    def unpack(self, vector: Shaped[Array, "*runs P"]) -> Parameters:
        """Return the parameters inside a flat vector (..., P), in the order W1 (row by row), b1, W2, b2, ..."""
        if isinstance(vector, list | tuple):
            vector = np.asarray(vector, dtype=np.float64)
        if vector.shape[-1] != self.parameter_count:
            raise ShapeError(
                f"the parameter vector of a {self.text} network must end in {self.parameter_count} entries; "
                f"got shape {vector.shape}."
            )
        layers, at = [], 0
        for (n, m), b_shape in self.shapes:
            W = vector[..., at : at + n * m].reshape(*vector.shape[:-1], n, m)
            at += n * m
            b = vector[..., at : at + m] if b_shape else None
            at += m if b_shape else 0
            layers.append(Layer(W, b))
        return tuple(layers)

    def pack(self, parameters: Parameters) -> Shaped[Array, "*runs P"]:
        """Return the flat vector (..., P) of the parameters: the inverse of `unpack`.

        Raises
        ------
        ShapeError
            If a layer does not have W (..., n_in, n_out) and b (..., n_out). PyTorch keeps (n_out, n_in): give `weight.T`.

        Examples
        --------
        >>> Network.of("2-1").pack(((np.array([[1.0], [2.0]]), np.array([3.0])),)).tolist()
        [1.0, 2.0, 3.0]
        """
        self._check_layers(parameters)
        parts = []
        for W, b in parameters:
            parts.append(W.reshape(*W.shape[:-2], W.shape[-2] * W.shape[-1]))
            if b is not None:
                parts.append(b)
        return np.concatenate(parts, axis=-1)

    def _check_layers(self, parameters: Parameters) -> None:
        if len(parameters) != self.depth:
            raise ShapeError(f"a {self.text} network has {self.depth} layers of weights; got {len(parameters)}.")
        for layer, ((W, b), (W_shape, b_shape)) in enumerate(zip(parameters, self.shapes, strict=True), start=1):
            if W.shape[-2:] != W_shape:
                turned = W.shape[-2:] == W_shape[::-1]
                raise ShapeError(
                    f"W{layer} of a {self.text} network must have the shape {W_shape}, (n_in, n_out); got {W.shape}."
                    + (" PyTorch keeps weights as (n_out, n_in): give W.T." if turned else "")
                )
            if (b is None) != (b_shape is None):
                raise ShapeError(f"b{layer} of a {self.text} network must be {'an array' if b_shape else 'None'}.")
            if b is not None and b.shape[-1:] != b_shape:
                raise ShapeError(f"b{layer} of a {self.text} network must have the shape {b_shape}; got {b.shape}.")

    def label(self, index: int) -> str:
        """Return the name of the parameter at that index of the flat vector: "W1[0,2]", "b2[1]"."""
        position = index
        for layer, ((n, m), b_shape) in enumerate(self.shapes, start=1):
            if index < n * m:
                return f"W{layer}[{index // m},{index % m}]"
            index -= n * m
            if b_shape:
                if index < m:
                    return f"b{layer}[{index}]"
                index -= m
        raise ShapeError(
            f"parameter index {position} is out of range for a {self.text} network with {self.parameter_count} parameters."
        )

    def __repr__(self) -> str:
        """As `Network.of` reads it; what has its default is left out."""
        names = [_name_of(f) for f in self.activations]
        words = [repr(self.text)]
        if names:
            words.append(f"activation={names[0] if len(set(names)) == 1 else '[' + ', '.join(names) + ']'}")
        words.append(f"loss={_name_of(self.loss)}")
        standard = PARAMETRIZATIONS["standard"]
        defaults = {
            "reduction": "sum", "bias": True, "scales": (1,) * self.depth, "l2": 0.0, "parametrization": standard, "base_width": 1,
        }  # fmt: skip
        for name, default in defaults.items():
            value = getattr(self, name)
            if value != default:
                words.append(f"{name}={_name_of(value)}")
        return f"Network.of({', '.join(words)})"


def _name_of(value: Any) -> str:
    """A record of the textbook by its name alone, anything else as itself."""
    text = repr(value)
    return repr(value.name) if text.startswith(("activation(", "loss(", "parametrization(")) else text


def _sizes(sizes: str | Sequence[int]) -> tuple[int, ...]:
    try:
        if isinstance(sizes, str):
            return tuple(read_whole(n, "sizes") for n in sizes.split("-"))
        return tuple(operator.index(n) for n in sizes)
    except (TypeError, SettingError):
        raise SettingError(
            f"sizes must be positive whole numbers joined by '-', such as 2-3-2-3; got {shown(sizes)}."
        ) from None


def _activations(names: str | Activation | Sequence[str | Activation], hidden: int) -> tuple[Activation, ...]:
    if isinstance(names, str | Activation):
        return (activation(names),) * hidden
    return tuple(activation(name) for name in _listed(names, "activation"))


def _listed(values: Any, name: str) -> tuple[Any, ...]:
    if isinstance(values, Mapping) or not isinstance(values, Iterable) or callable(values):
        raise SettingError(f"{name} must be a list, one for each layer; got {shown(values)}.")
    return tuple(values)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool | int):
        return not isinstance(value, bool) and abs(value) <= int(sys.float_info.max)
    return isinstance(value, float | np.floating) and bool(np.isfinite(value))
