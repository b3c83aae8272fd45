"""The feed-forward network: forward, and backward derived by hand.

Notation, for layer l = 1..L with A0 = X (samples are rows):

    Zl = sl (A(l-1) Wl) + bl        pre-activation      (batch, n_l)
    Al = fl(Zl)                     activation; the last layer's is the identity, and the loss reads Z_L
    Dl = dLoss / dZl                                    (batch, n_l)
    dWl = sl A(l-1)^T Dl            (n_(l-1), n_l)
    dbl = sum of Dl over samples    (n_l,)
    D(l-1) = sl (Dl Wl^T) * f'(l-1)(Z(l-1))

The scale sl is 1 unless a parametrization such as the mean-field one asks for another.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeGuard

import numpy as np

from fallline.errors import SettingError, ShapeError, shown
from fallline.number_text import read_whole
from fallline.textbook.activations import Activation, activation
from fallline.textbook.losses import Loss
from fallline.textbook.losses import loss as loss_of
from fallline.textbook.operations import Array, let, rows

__all__ = ["Layer", "Network", "Parameters", "Reduction", "backward", "forward", "loss_and_gradient", "penalty"]

Reduction = Literal["sum", "mean"]

MOST_LAYERS = 200
"""The most layers of weights: equations and drawings have a line or a column for each."""

MOST_PARAMETERS = 10**8
"""The most weights and biases of a network: a vector of them takes 0.8 GB."""


class Layer(NamedTuple):
    """Weights W, (..., n_in, n_out), and bias b, (..., n_out), or None where the network has no biases.

    >>> Layer(np.zeros((2, 3)), None).W.shape
    (2, 3)
    """

    W: Array
    b: Array | None


Parameters = tuple[Layer, ...]


class Kept(NamedTuple):
    """What `backward` needs of a layer: its input A, (..., batch, n_in), and pre-activation Z, (..., batch, n_out)."""

    A: Array
    Z: Array


@dataclass(frozen=True)
class Network:
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

    Examples
    --------
    >>> Network.of("2-3-2-3")
    Network('2-3-2-3', activations=relu, loss=cross_entropy, reduction=sum, 26 parameters)
    """

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    reduction: Reduction = "sum"
    bias: bool = True
    scales: tuple[float, ...] = ()
    l2: float = 0.0

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
    ) -> Network:
        """Make a network from names: sizes as text or numbers, one activation for all hidden layers or one for each."""
        return cls(
            _sizes(sizes), _activations(activation, len(_sizes(sizes)) - 2), loss_of(loss), reduction, bias,
            _listed(scales, "scales"), l2,
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
        if not (_is_number(self.l2) and self.l2 >= 0):
            raise SettingError(f"l2 must be finite and at least 0; got {shown(self.l2)}.")
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

    def unpack(self, vector: Array) -> Parameters:
        """Return the parameters inside a flat vector (..., P), in the order W1 (row by row), b1, W2, b2, ..."""
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

    def pack(self, parameters: Parameters) -> Array:
        """Return the flat vector (..., P) of the parameters: the inverse of `unpack`."""
        parts = []
        for W, b in parameters:
            parts.append(W.reshape(*W.shape[:-2], W.shape[-2] * W.shape[-1]))
            if b is not None:
                parts.append(b)
        return np.concatenate(parts, axis=-1)

    def label(self, index: int) -> str:
        """Return the name of the parameter at that index of the flat vector: "W1[0,2]", "b2[1]"."""
        asked = index
        for layer, ((n, m), b_shape) in enumerate(self.shapes, start=1):
            if index < n * m:
                return f"W{layer}[{index // m},{index % m}]"
            index -= n * m
            if b_shape:
                if index < m:
                    return f"b{layer}[{index}]"
                index -= m
        raise ShapeError(
            f"parameter index {asked} is out of range for a {self.text} network with {self.parameter_count} parameters."
        )

    def __repr__(self) -> str:
        names = dict.fromkeys(f.name for f in self.activations)
        text = f" activations={names and '/'.join(names)}," if names else ""
        extra = "" if self.bias else ", no biases"
        return (
            f"Network({self.text!r},{text} loss={self.loss.name}, reduction={self.reduction}{extra}, "
            f"{self.parameter_count} parameters)"
        )


def forward(network: Network, parameters: Parameters, X: Array) -> tuple[Array, tuple[Kept, ...]]:
    """Zl = sl (A(l-1) Wl) + bl, Al = fl(Zl), from A0 = X, (..., batch, n_in), to the logits Z_L, (..., batch, n_out).

    Returns the logits and, for each layer, what `backward` needs.

    >>> network = Network.of("2-1-1", loss="squared_error")
    >>> parameters = network.unpack(np.array([1.0, -1.0, 0.5, 2.0, 0.0]))  # W1, b1, W2, b2
    >>> Z, kept = forward(network, parameters, np.array([[3.0, 1.0]]))
    >>> Z.tolist()  # 2 relu(3 - 1 + 0.5)
    [[5.0]]
    """
    A = X
    kept = []
    for l, (W, b) in enumerate(parameters, start=1):
        Z = network.scales[l - 1] * (A @ W)
        if b is not None:
            Z = Z + rows(b)
        Z = let("Z", l, Z)
        kept.append(Kept(A, Z))
        if l <= network.hidden:
            A = let("A", l, network.activations[l - 1](Z))
    return Z, tuple(kept)


def backward(network: Network, parameters: Parameters, kept: tuple[Kept, ...], D: Array) -> Parameters:
    """dWl = sl A(l-1)^T Dl, dbl = sum of Dl over samples, D(l-1) = sl (Dl Wl^T) * f'(l-1)(Z(l-1)), for l = L down to 1.

    Starts from D = dLoss/dZ of the last layer, (..., batch, n_out). The gradient has the shapes of the parameters.
    Source: Rumelhart, Hinton & Williams 1986.

    >>> network = Network.of("2-1-1", loss="squared_error")
    >>> parameters = network.unpack(np.array([1.0, -1.0, 0.5, 2.0, 0.0]))  # W1, b1, W2, b2
    >>> Z, kept = forward(network, parameters, np.array([[3.0, 1.0]]))
    >>> first, second = backward(network, parameters, kept, np.array([[1.0]]))  # of Z itself
    >>> first.W.tolist(), second.W.tolist()
    ([[6.0], [2.0]], [[2.5]])
    """
    gradient: list[Layer] = []
    for l in range(network.depth, 0, -1):
        A = kept[l - 1].A
        dW = let("dW", l, network.scales[l - 1] * (A.mT @ D))
        db = let("db", l, D.sum(axis=-2)) if network.bias else None
        gradient.insert(0, Layer(dW, db))
        if l > 1:
            dA = let("dA", l - 1, network.scales[l - 1] * (D @ parameters[l - 1].W.mT))
            D = let("D", l - 1, dA * network.activations[l - 2].slope(kept[l - 2].Z))
    return tuple(gradient)


def loss_and_gradient(
    network: Network, parameters: Parameters, X: Array, T: Array, factor: float = 1
) -> tuple[Array, Parameters]:
    """L = factor sum_i loss(z_i, t_i) over the samples i, and its gradient; factor 1 gives the sum, 1/batch the mean.

    Both are sums over samples, so those of a data set are the sums of those of its parts. The penalty is not included.

    >>> network = Network.of("1-1", loss="squared_error")
    >>> X, T = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    >>> value, (layer,) = loss_and_gradient(network, network.unpack(np.array([2.0, 1.0])), X, T)
    >>> float(value), layer.W.item(), layer.b.item()  # 3^2 + 4^2, 2 (3*1 + 4*2), 2 (3 + 4)
    (25.0, 22.0, 14.0)
    """
    Z, kept = forward(network, parameters, X)
    value = let("L", None, factor * network.loss.value(Z, T).sum(axis=-1))
    D = let("D", network.depth, factor * network.loss.delta(Z, T))
    return value, backward(network, parameters, kept, D)


def penalty(network: Network, parameters: Parameters, l2: float) -> tuple[Array, Parameters]:
    """L2 = l2/2 sum W^2 over all weights, not biases, and its gradient dL2/dW = l2 W; not divided by the samples.

    >>> network = Network.of("1-1")
    >>> value, (layer,) = penalty(network, network.unpack(np.array([2.0, 1.0])), 0.5)
    >>> float(value), layer.W.item(), layer.b.item()
    (1.0, 1.0, 0.0)
    """
    value = sum(l2 / 2 * (W**2).sum(axis=(-2, -1)) for W, _ in parameters)
    return value, tuple(Layer(l2 * W, None if b is None else 0 * b) for W, b in parameters)


def _sizes(sizes: str | Sequence[int]) -> tuple[int, ...]:
    try:
        if isinstance(sizes, str):
            return tuple(read_whole(n, "sizes") for n in sizes.split("-"))
        return tuple(operator.index(n) for n in sizes)
    except (TypeError, SettingError):
        raise SettingError(
            f"sizes must be positive whole numbers joined by '-', such as 2-3-2-3; got {shown(sizes)}."
        ) from None


def _activations(given: str | Activation | Sequence[str | Activation], hidden: int) -> tuple[Activation, ...]:
    if isinstance(given, str | Activation):
        return (activation(given),) * hidden
    return tuple(activation(name) for name in _listed(given, "activation"))


def _listed(given: Any, what: str) -> tuple[Any, ...]:
    if isinstance(given, Mapping) or not isinstance(given, Iterable) or callable(given):
        raise SettingError(f"{what} must be a list, one for each layer; got {shown(given)}.")
    return tuple(given)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool | int):
        return not isinstance(value, bool) and abs(value) <= int(sys.float_info.max)
    return isinstance(value, float | np.floating) and bool(np.isfinite(value))
