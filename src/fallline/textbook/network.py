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

from typing import NamedTuple

from fallline.shapes import Shaped
from fallline.textbook.architecture import Layer, Network, Parameters, Reduction
from fallline.textbook.naming import let
from fallline.textbook.operations import Array, rows

__all__ = ["Layer", "Network", "Parameters", "Reduction", "backward", "forward", "loss_and_gradient", "penalty"]


class Kept(NamedTuple):
    """What `backward` needs of a layer: its input A and pre-activation Z."""

    A: Shaped[Array, "... batch n_in"]
    Z: Shaped[Array, "*runs batch n_out"]


def forward(
    network: Network, parameters: Parameters, X: Shaped[Array, "... batch n_in"]
) -> tuple[Shaped[Array, "*runs batch n_out"], tuple[Kept, ...]]:
    """Zl = sl (A(l-1) Wl) + bl, Al = fl(Zl), from A0 = X to the logits Z_L.

    Returns the logits and, for each layer, what `backward` needs.

    >>> import numpy as np
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


def backward(
    network: Network, parameters: Parameters, kept: tuple[Kept, ...], D: Shaped[Array, "*runs batch n_out"]
) -> Parameters:
    """dWl = sl A(l-1)^T Dl, dbl = sum of Dl over samples, D(l-1) = sl (Dl Wl^T) * f'(l-1)(Z(l-1)), for l = L down to 1.

    Starts from D = dLoss/dZ of the last layer. The gradient has the shapes of the parameters.
    Source: Rumelhart, Hinton & Williams 1986.

    >>> import numpy as np
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
    network: Network,
    parameters: Parameters,
    X: Shaped[Array, "... batch n_in"],
    T: Shaped[Array, "... batch n_out"],
    factor: float = 1,
) -> tuple[Shaped[Array, "*runs"], Parameters]:
    """L = factor sum_i loss(z_i, t_i) over the samples i, and its gradient; factor 1 gives the sum, 1/batch the mean.

    Both are sums over samples, so those of a data set are the sums of those of its parts. The penalty is not included.

    >>> import numpy as np
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


def penalty(network: Network, parameters: Parameters, l2: float) -> tuple[Shaped[Array, "*runs"], Parameters]:
    """L2 = l2/2 sum W^2 over all weights, not biases, and its gradient dL2/dW = l2 W; not divided by the samples.

    >>> import numpy as np
    >>> network = Network.of("1-1")
    >>> value, (layer,) = penalty(network, network.unpack(np.array([2.0, 1.0])), 0.5)
    >>> float(value), layer.W.item(), layer.b.item()
    (1.0, 1.0, 0.0)
    """
    value = sum(l2 / 2 * (W**2).sum(axis=(-2, -1)) for W, _ in parameters)
    return value, tuple(Layer(l2 * W, None if b is None else 0 * b) for W, b in parameters)
