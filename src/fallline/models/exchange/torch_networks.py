"""Networks as PyTorch's `nn.Sequential`, and back. PyTorch is loaded when one of these functions is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError, UsageError
from fallline.models.exchange.chain import Chain, Step, numbers_of
from fallline.shapes import Shaped
from fallline.textbook.activations import ACTIVATIONS, LEAK
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["from_torch", "load_torch", "to_torch"]

Floats = NDArray[Any]


def to_torch(network: Network, parameters: Shaped[Floats, " P"], *, output: bool = False) -> Any:
    """Return a network as PyTorch's `nn.Sequential` of linear layers and activations.

    PyTorch keeps weights as (n_out, n_in): they are transposed. A scale of a layer is multiplied into its weights.

    Parameters
    ----------
    network, parameters
        The network and its flat parameter vector; the module has its precision, float32 or float64.
    output
        Whether the module ends in the softmax or sigmoid of the loss. By default it ends in the logits Z, which PyTorch's
        `CrossEntropyLoss` and `BCEWithLogitsLoss` take.

    Raises
    ------
    UsageError
        An activation is the user's own; or PyTorch is not installed.
    ShapeError
        The vector has another length.

    Examples
    --------
    >>> import torch
    >>> module = to_torch(Network.of("2-1", loss="squared_error"), np.array([1.0, 2.0, 0.5]))
    >>> module(torch.tensor([[3.0, 4.0]], dtype=torch.float64)).tolist()
    [[11.5]]
    """
    if not isinstance(network, Network):
        raise UsageError(f"network must be a Network, such as Network.of('2-3-2'); got {type(network).__name__}.")
    torch = load_torch()
    nn = torch.nn
    makers = {
        "gelu": nn.GELU, "identity": nn.Identity, "leaky_relu": lambda: nn.LeakyReLU(LEAK), "logistic": nn.Sigmoid, "relu": nn.ReLU,
        "silu": nn.SiLU, "softplus": nn.Softplus, "tanh": nn.Tanh,
    }  # fmt: skip
    own = [f.name for f in network.activations if f.name not in makers or ACTIVATIONS[f.name] != f]
    if own:
        raise UsageError(
            f"PyTorch has no module for a function of your own: the network has the activation {own[0]!r}."
        )
    w = numbers_of(parameters)
    if w.ndim != 1:
        raise ShapeError(f"parameters must be the vector of one network, (P,); got the shape {w.shape}.")
    modules: list[Any] = []
    for l, (W, b) in enumerate(network.unpack(w), start=1):
        linear = nn.utils.skip_init(nn.Linear, *W.shape, bias=b is not None, dtype=torch.from_numpy(w[:0].copy()).dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.ascontiguousarray((network.scales[l - 1] * W).T)))
            if b is not None:
                linear.bias.copy_(torch.from_numpy(b.copy()))
        modules.append(linear)
        if l <= network.hidden:
            modules.append(makers[network.activations[l - 1].name]())
    if output and network.loss.targets != "values":
        modules.append(nn.Softmax(dim=-1) if network.loss.targets == "classes" else nn.Sigmoid())
    return nn.Sequential(*modules)


def from_torch(module: Any, *, loss: str | Loss | None = None) -> tuple[Network, Shaped[Floats, " P"]]:
    """Return the network and the parameters of PyTorch's `nn.Sequential`, in its precision.

    Linear layers and the activations of `ACTIVATIONS` are taken, in nested `Sequential`, too. A softmax or sigmoid at the end tells
    the loss; without one it ends in logits, and `loss` says what they mean. Dropout and a flattening before the first layer do
    nothing to a prediction, and are left out.

    Parameters
    ----------
    module
        An `nn.Sequential`, or a single `nn.Linear`.
    loss
        The loss of logits: "cross_entropy", "logistic", "half_squared_error", "squared_error".

    Raises
    ------
    UsageError
        A module has no counterpart, or the loss is not told.

    Examples
    --------
    >>> from torch import nn
    >>> network, parameters = from_torch(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.Softmax(dim=1)))
    >>> network, parameters.shape
    (Network.of('2-3-2', activation='tanh', loss='cross_entropy', reduction='mean'), (17,))
    """
    torch = load_torch()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"module must be an nn.Sequential of PyTorch; got {type(module).__name__}.")
    chain = Chain("the module", loss)
    for place, part in _parts(module, torch.nn):
        chain.add(_step(place, part, torch))
    return chain.network()


def load_torch() -> Any:
    """Return PyTorch, loaded on demand."""
    try:
        import torch
    except ImportError:
        raise UsageError("PyTorch is not installed: pip install torch.") from None
    return torch


def _parts(module: Any, nn: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each module with its place, those of a nested `Sequential` in their order."""
    if type(module) is nn.Sequential:
        for name, part in module.named_children():
            yield from _parts(part, nn, f"{place}.{name}" if place else name)
    else:
        yield place or "0", module


def _step(place: str, part: Any, torch: Any) -> Step:
    """What a module is."""
    nn, kind = torch.nn, type(part)
    words = f"module {place}, {kind.__name__},"
    if kind is nn.Linear:
        weight = part.weight.detach().cpu()
        if weight.dtype not in (torch.float32, torch.float64):
            raise UsageError(
                f"{words} must be of float32 or float64; it is of {str(weight.dtype).removeprefix('torch.')}."
            )
        bias = None if part.bias is None else part.bias.detach().cpu().numpy()
        return Step(words, "linear", W=weight.numpy().T, b=bias)
    if kind in (nn.Dropout, nn.Flatten):
        return Step(words, "nothing")
    if kind in (nn.Softmax, nn.LogSoftmax):
        if part.dim not in (-1, 1):
            raise UsageError(f"{words} must be over the last axis, dim=-1; it has dim={part.dim}.")
        return Step(words, "softmax")
    plain = {nn.Identity: "identity", nn.Sigmoid: "logistic", nn.ReLU: "relu", nn.SiLU: "silu", nn.Tanh: "tanh"}
    if kind in plain:
        return Step(words, plain[kind])
    for known, name, setting, value in (
        (nn.GELU, "gelu", "approximate", "none"), (nn.LeakyReLU, "leaky_relu", "negative_slope", LEAK), (nn.Softplus, "softplus", "beta", 1.0),
    ):  # fmt: skip
        if kind is known:
            if getattr(part, setting) != value:
                raise UsageError(
                    f"{words} has no counterpart unless {setting}={value!r}; got {getattr(part, setting)!r}."
                )
            if kind is nn.Softplus and part.threshold < 20:
                raise UsageError(f"{words} has no counterpart unless threshold is at least 20; got {part.threshold!r}.")
            return Step(words, name)
    raise UsageError(
        f"{words} has no counterpart in fallline: it takes Linear, {', '.join(sorted(k.__name__ for k in plain))}, GELU, LeakyReLU, Softplus and Softmax."
    )
