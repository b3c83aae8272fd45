"""A network's weights to and from other programs: PyTorch's modules, and NumPy's `.npz` files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import DataError, ShapeError, UsageError, shown
from fallline.files import replacing
from fallline.textbook.activations import Activation

__all__ = ["Exchange"]

_MODULES: dict[str, Callable[[Any], Any]] = {
    "relu": lambda nn: nn.ReLU(),
    "leaky_relu": lambda nn: nn.LeakyReLU(0.01),
    "tanh": lambda nn: nn.Tanh(),
    "logistic": lambda nn: nn.Sigmoid(),
    "identity": lambda nn: nn.Identity(),
    "softplus": lambda nn: nn.Softplus(threshold=50),  # at its default of 20 the module is linear from there on
    "gelu": lambda nn: nn.GELU(),
    "silu": lambda nn: nn.SiLU(),
}
"""By the name of an activation, what makes the module of PyTorch that computes the same."""


class _Layers(Protocol):
    """What the methods need to know of a network."""

    @property
    def activations(self) -> tuple[Activation, ...]: ...
    @property
    def scales(self) -> tuple[float, ...]: ...
    @property
    def bias(self) -> bool: ...
    @property
    def depth(self) -> int: ...
    @property
    def hidden(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def parameter_count(self) -> int: ...
    @property
    def shapes(self) -> tuple[tuple[tuple[int, int], tuple[int] | None], ...]: ...

    def unpack(self, vector: Any) -> tuple[Any, ...]:
        """The layers of a flat vector."""


class Exchange:
    """The methods of `Network` that bring weights to and from other programs."""

    def to_torch(self: _Layers, w: ArrayLike) -> Any:
        """Return the network with parameters w, (P,), as a `torch.nn.Sequential` of linear layers and activations.

        Its output are the logits, as those of `forward`; the loss is not part of it. A layer's `weight` is W transposed,
        (n_out, n_in), times the layer's scale. Its type is that of w, float64 unless w is float32.

        Raises
        ------
        UsageError
            PyTorch is not installed, or an activation is a function of your own.
        """
        torch = _torch()
        vector = np.asarray(w)
        if vector.ndim != 1:
            raise ShapeError(f"w must be one parameter vector, shape ({self.parameter_count},); got {vector.shape}.")
        vector = vector if vector.dtype == np.float32 else vector.astype(np.float64)
        modules: list[Any] = []
        for l, (W, b) in enumerate(self.unpack(vector)):
            linear = torch.nn.Linear(*W.shape, bias=b is not None, dtype=torch.from_numpy(vector).dtype)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(self.scales[l] * W.T))
                if b is not None:
                    linear.bias.copy_(torch.from_numpy(b.copy()))
            modules.append(linear)
            if l < self.hidden:
                name = str(self.activations[l].name)
                if name not in _MODULES or "activation(" not in repr(self.activations[l]):
                    raise UsageError(
                        f"activation {name} has no module of PyTorch; the ones that have are {', '.join(sorted(_MODULES))}."
                    )
                modules.append(_MODULES[name](torch.nn))
        return torch.nn.Sequential(*modules)

    def from_torch(self: _Layers, module: Any) -> NDArray[np.float64]:
        """Return the parameter vector, (P,), of a module of PyTorch with the same layers, or of its `state_dict()`.

        Raises
        ------
        ShapeError
            The layers are others than the network's.

        Examples
        --------
        >>> from fallline.textbook.network import Network
        >>> Network.of("2-1").from_torch({"0.weight": [[1.0, 2.0]], "0.bias": [3.0]}).tolist()
        [1.0, 2.0, 3.0]
        """
        state = module.state_dict() if hasattr(module, "state_dict") else module
        if not isinstance(state, Mapping):
            raise UsageError(f"from_torch takes a module of PyTorch or its state_dict(); got {shown(module)}.")
        layers: dict[str, dict[str, Any]] = {}
        for key, tensor in state.items():
            prefix, _, part = str(key).rpartition(".")
            value = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)
            layers.setdefault(prefix, {})[part] = value.astype(np.float64)
        names = ["weight", "bias"] if self.bias else ["weight"]
        if [sorted(layer) for layer in layers.values()] != [sorted(names)] * self.depth:
            raise ShapeError(
                f"the module must have {self.depth} linear layers with {' and '.join(names)}, as {self.text} has; "
                f"got {', '.join(map(str, state))}."
            )
        parameters = [
            (layer["weight"].T / self.scales[l], layer.get("bias")) for l, layer in enumerate(layers.values())
        ]
        return _packed(self, parameters, list(layers))

    def save(self: _Layers, path: str | Path, w: ArrayLike, *, overwrite: bool = False) -> Path:
        """Write parameters w, (..., P), as a `.npz` file with an array for each W and b: "W1", "b1", "W2", ...

        Examples
        --------
        >>> import tempfile
        >>> from fallline.textbook.network import Network
        >>> net, file = Network.of("2-3-2"), Path(tempfile.mkdtemp()) / "weights.npz"
        >>> path = net.save(file, np.arange(17.0))
        >>> np.load(file)["b1"].tolist(), net.load(file)[-1].item()
        ([6.0, 7.0, 8.0], 16.0)
        """
        target = Path(path)
        if target.suffix != ".npz":
            raise UsageError(f"weights are written to a .npz file; got {target.name}.")
        arrays: dict[str, Any] = {"network": np.array(repr(self))}
        for l, (W, b) in enumerate(self.unpack(np.asarray(w)), start=1):
            arrays[f"W{l}"] = W
            if b is not None:
                arrays[f"b{l}"] = b
        with replacing(target, overwrite=overwrite) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, **arrays)
        return target

    def load(self: _Layers, path: str | Path) -> NDArray[Any]:
        """Return the parameters, (..., P), in a `.npz` file with the arrays "W1", "b1", "W2", ...

        Raises
        ------
        DataError
            It is no such file, or lacks an array.
        ShapeError
            An array has another shape than in this network.

        Examples
        --------
        >>> import tempfile
        >>> from fallline.textbook.network import Network
        >>> net, path = Network.of("2-1"), Path(tempfile.mkdtemp()) / "weights.npz"
        >>> net.load(net.save(path, [1.0, 2.0, 3.0])).tolist()
        [1.0, 2.0, 3.0]
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(f"{path} cannot be read as a .npz file: {error}.") from None
        wanted = [f"{letter}{l}" for l in range(1, self.depth + 1) for letter in ("W", "b")[: 1 + self.bias]]
        if set(wanted) != arrays.keys() - {"network"}:
            held = ", ".join(sorted(arrays.keys() - {"network"}))
            raise DataError(f"{path} must hold {', '.join(wanted)}, as {self.text} has; it holds {held or 'nothing'}.")
        parameters = [(arrays[f"W{l}"], arrays.get(f"b{l}")) for l in range(1, self.depth + 1)]
        return _packed(self, parameters, [f"layer {l}" for l in range(1, self.depth + 1)])


def _packed(network: _Layers, parameters: Iterable[tuple[Any, Any]], names: list[str]) -> NDArray[Any]:
    """The flat vector of these layers, after a look at their shapes."""
    parts = []
    for (W, b), (shape, b_shape), name in zip(parameters, network.shapes, names, strict=True):
        if W.shape[-2:] != shape or (b is not None and b.shape[-1:] != b_shape):
            raise ShapeError(
                f"{name} must have W of shape {shape}, (n_in, n_out); got {W.shape[-2:]}. The network is {network.text}."
            )
        parts.append(W.reshape(*W.shape[:-2], -1))
        parts += [] if b is None else [b]
    return np.concatenate(parts, axis=-1)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise UsageError("to_torch needs PyTorch: pip install torch.") from None
    return torch
