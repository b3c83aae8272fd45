"""The quantities that names stand for: in a function's signature, in its `return` and in a dictionary."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fallline.textbook.network import Network

__all__ = ["Quantity", "parameter_names", "quantities", "quantity", "returned_names", "source_of", "without_prefix"]


class Quantity(NamedTuple):
    """A quantity of back-propagation: "W", "b", "Z", "A" of a layer; "X", "T", "Y"; "parameters"; "m"; "l2"; "network"."""

    kind: str
    layer: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}{self.layer or ''}"


_PLAIN: dict[str, str] = {
    **dict.fromkeys(("x", "data", "inputs", "input", "xtrain", "features", "xs", "xbatch", "a0", "h0"), "X"),
    **dict.fromkeys(("t", "targets", "target", "ytrue", "labels", "label", "onehot", "ts", "ytrain", "ttrain"), "T"),
    **dict.fromkeys(
        ("yhat", "ypred", "probs", "probabilities", "p", "output", "outputs", "o", "out", "prediction", "predictions"), "Y"
    ),
    **dict.fromkeys(("parameters", "params", "theta", "weights", "model", "vector", "thetas", "ws", "par"), "parameters"),
    **dict.fromkeys(("m", "batchsize", "samples", "nsamples"), "m"),
    **dict.fromkeys(("l2", "lam", "lambda", "lambd", "reg", "weightdecay", "regularization"), "l2"),
    **dict.fromkeys(("network", "net", "sizes"), "network"),
}  # fmt: skip
_LAYERED = re.compile(r"^(w|weights?|theta|b|bias|biases|h|a|z|hidden|act)(\d+)$")
_LETTER = {"w": "W", "weight": "W", "weights": "W", "theta": "W", "b": "b", "bias": "b", "biases": "b", "h": "A",
           "a": "A", "hidden": "A", "act": "A", "z": "Z"}  # fmt: skip


def quantity(name: str, network: Network, *, first: int = 1) -> Quantity | None:
    """The quantity that the name stands for in that network; None if it is unknown. `first` is the number of the first layer.

    >>> n = Network.of("2-3-2-3")
    >>> [str(quantity(name, n)) for name in ("data", "T", "H1", "V", "w2", "b_1", "v0")]
    ['X', 'T', 'A1', 'W3', 'W2', 'b1', 'b3']
    """
    plain = name.lower().replace("_", "")
    L = network.depth
    special = {"v": Quantity("W", L), "c": Quantity("b", L), "v0": Quantity("b", L)}
    if L == 1:
        special |= {"w": Quantity("W", 1), "b": Quantity("b", 1), "weight": Quantity("W", 1), "bias": Quantity("b", 1)}
    if network.hidden == 1:
        special |= {"h": Quantity("A", 1), "a": Quantity("A", 1), "hidden": Quantity("A", 1)}
    if plain in special:
        return special[plain]
    if plain in _PLAIN:
        return Quantity(_PLAIN[plain])
    match = _LAYERED.match(plain)
    if match:
        kind, layer = _LETTER[match[1]], int(match[2]) + 1 - first
        if kind == "A" and layer == L:
            return Quantity("Y")
        if 1 <= layer <= L:
            return Quantity(kind, layer)
    return {"w": Quantity("parameters"), "y": Quantity("T")}.get(plain)


def quantities(names: Sequence[str], network: Network) -> dict[str, Quantity | None]:
    """The quantity of each name, seen together: beside a T, Y is the output; with a W0, layers are counted from 0."""
    plain = [n.lower().replace("_", "") for n in names]
    first = 0 if "w0" in plain else 1
    by_name = {name: quantity(name, network, first=first) for name in names}
    targets = [name for name, q in by_name.items() if q == Quantity("T")]
    if len(targets) > 1:
        by_name |= {name: Quantity("Y") for name in targets if name.lower() == "y"}
    return by_name


def parameter_names(function: Callable[..., Any]) -> tuple[list[str], list[str]] | None:
    """Names of the required parameters and of the optional ones; None if the signature cannot be read or has *args."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return required, [p.name for p in parameters if p.default is not p.empty]


def source_of(function: Callable[..., Any]) -> str:
    """The function's source; "" if it cannot be read."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def returned_names(function: Callable[..., Any]) -> list[str]:
    """The names in the function's last `return a, b, c`; empty if it returns something else.

    Prefixes such as d, d_ and grad_ are removed: d_w1 becomes w1.
    """
    try:
        tree = ast.parse(source_of(function))
    except SyntaxError:
        return []
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if not returns or not isinstance(returns[-1].value, ast.Tuple | ast.List):
        return []
    elements = returns[-1].value.elts
    return [without_prefix(e.id) for e in elements if isinstance(e, ast.Name)] if elements else []


def without_prefix(name: str) -> str:
    """The name of the parameter from that of its gradient: d_w1, dW1, grad_W1 and W1_grad are all W1.

    >>> [without_prefix(n) for n in ("d_w1", "dW1", "grad_W1", "delta_b2", "W1", "gW3", "nabla_b", "d_v0")]
    ['w1', 'W1', 'W1', 'b2', 'W1', 'W3', 'b', 'v0']
    """
    plain = re.sub(r"^(grad_?|nabla_?|delta_?|partial_?|d_|d(?=[A-Za-z])|g_|g(?=[WVbc]))", "", name)
    return re.sub(r"_?(grad|gradient)$", "", plain)
