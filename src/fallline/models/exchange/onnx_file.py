"""A model as an ONNX file: what is done to the columns, every network of the ensemble, the mean of their answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fallline.data.preparing import Preparation, Target
from fallline.errors import UsageError
from fallline.models.ensemble import Ensemble
from fallline.models.exchange.graph import Graph
from fallline.models.exchange.onnx_inputs import add_inputs, add_smooth_clipping, column_types
from fallline.models.fitting import Kind
from fallline.models.scaling import Scaling
from fallline.textbook.activations import ACTIVATIONS, LEAK

__all__ = ["onnx_file"]

Node = Callable[[Graph, str], str]


def _gelu(graph: Graph, z: str) -> str:
    """z Phi(z). Runtimes have the error function in float32 alone, so Phi is right to 1e-7."""
    scaled = graph.cast(graph.add("Mul", z, graph.constant(math.sqrt(0.5))), "float32")
    erf = graph.cast(graph.add("Erf", scaled), "float64")
    share = graph.add("Mul", graph.add("Add", erf, graph.constant(1.0)), graph.constant(0.5))
    return graph.add("Mul", z, share)


def _softplus(graph: Graph, z: str) -> str:
    """max(z, 0) + log(1 + exp(-|z|)): runtimes have ONNX's own Softplus in float32 alone."""
    e = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    return graph.add("Add", graph.add("Relu", z), graph.add("Log", graph.add("Add", e, graph.constant(1.0))))


NODES: dict[str, Node] = {
    "gelu": _gelu,
    "identity": lambda graph, z: z,
    "leaky_relu": lambda graph, z: graph.add("Max", z, graph.add("Mul", z, graph.constant(LEAK))),
    "logistic": lambda graph, z: graph.add("Sigmoid", z),
    "relu": lambda graph, z: graph.add("Relu", z),
    "silu": lambda graph, z: graph.add("Mul", z, graph.add("Sigmoid", z)),
    "softplus": _softplus,
    "tanh": lambda graph, z: graph.add("Tanh", z),
}
"""Each activation in ONNX's operations."""


def onnx_file(target: Target, preparation: Preparation, kind: Kind, ensemble: Ensemble) -> bytes:
    """Return the content of an ONNX file; see `Model.to_onnx`.

    Everything is computed in float64, for a model of float32, too.

    Raises
    ------
    UsageError
        The network has a function of the user's own; or the package onnx is not installed.
    """
    network = ensemble.network
    own = [f.name for f in network.activations if f.name not in NODES or ACTIVATIONS[f.name] != f]
    if own:
        raise UsageError(f"an ONNX file cannot hold a function of your own: the network has the activation {own[0]!r}.")
    graph = Graph()
    X = add_inputs(graph, preparation)
    answers = _answers(graph, ensemble, _scaled(graph, X, ensemble.scaling))
    # A missing or infinite cell makes every answer of its row NaN, even where a ReLU would lose it.
    whole = graph.add("Mul", graph.add("ReduceSum", X, graph.constant(np.array([1])), keepdims=1), graph.constant(0.0))
    columns = network.sizes[-1]
    name = "value" if kind == "values" else "probability"
    answers = graph.add("Add", answers, whole, output=name)
    outputs: dict[str, tuple[str, int | None]] = {name: ("float64", columns)}
    if kind == "classes":
        outputs = {"label": ("text", None), **outputs}
        _class(graph, answers, target.classes)
    elif kind == "labels":
        outputs = {"label": ("int64", columns), **outputs}
        _labels(graph, answers)
    texts = {"target": ", ".join(target.columns), "network": f"{ensemble.members} times {network.text}"}
    texts |= {"classes": ", ".join(target.classes)} if target.classes else {}
    return graph.file(column_types(preparation), outputs, texts)


def _scaled(graph: Graph, X: str, scaling: Scaling) -> str:
    """`Scaling` in ONNX's operations."""
    moved = graph.add("Sub", X, graph.constant(np.where(scaling.factor == 0, 0.0, scaling.centre)[None]))
    Z = graph.add("Mul", moved, graph.constant(scaling.factor[None]))
    return add_smooth_clipping(graph, Z) if scaling.clipped else Z


def _answers(graph: Graph, ensemble: Ensemble, A: str) -> str:
    """The mean of the members' answers, (rows, n_out): all members are one product of stacked matrices."""
    network = ensemble.network
    layers = network.unpack(ensemble.parameters.astype(np.float64))
    for l, (W, b) in enumerate(layers, start=1):
        A = graph.add("MatMul", A, graph.constant(network.scales[l - 1] * W))
        if b is not None:
            A = graph.add("Add", A, graph.constant(b[:, None]))
        if l <= network.hidden:
            A = NODES[network.activations[l - 1].name](graph, A)
    if network.loss.targets == "classes":
        A = graph.add("Softmax", A, axis=-1)
    elif network.loss.targets == "labels":
        A = graph.add("Sigmoid", A)
    mean = graph.add("ReduceMean", A, axes=[0], keepdims=0)
    spread = graph.add("Mul", mean, graph.constant(np.asarray(ensemble.spread, np.float64)[None]))
    return graph.add("Add", spread, graph.constant(np.asarray(ensemble.centre, np.float64)[None]))


def _class(graph: Graph, answers: str, classes: tuple[str, ...]) -> None:
    """The name of the likeliest class; "" where there is no answer."""
    likeliest = graph.add("ArgMax", answers, axis=1, keepdims=0)
    named = graph.add("Gather", graph.constant(np.array(classes)), likeliest)
    unknown = graph.add("IsNaN", graph.add("ReduceMax", answers, axes=[1], keepdims=0))
    graph.add("Where", unknown, graph.constant(np.array([""])), named, output="label")


def _labels(graph: Graph, answers: str) -> None:
    """1 where a label is likelier than not, else 0; -1 where there is no answer."""
    found = graph.cast(graph.add("Greater", answers, graph.constant(0.5)), "int64")
    graph.add("Where", graph.add("IsNaN", answers), graph.constant(np.array(-1)), found, output="label")
