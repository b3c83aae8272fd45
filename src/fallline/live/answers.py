"""What a page without Python draws of a network or a landscape, traced: answers, hidden units, heights."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.lab.work.frames import regions, scale_of
from fallline.lab.work.input_plane import InputPlane
from fallline.lab.work.units import finite, shades
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.problems.traced import entries, traced_landscape
from fallline.readings.graph import Graph
from fallline.readings.graph.traced import tracing
from fallline.readings.portable import Program, Trace, of_graph
from fallline.runs.confusion import class_of, has_classes
from fallline.textbook import network as pages
from fallline.textbook.network import Network

__all__ = ["at_samples", "finite_layers", "height", "over_plane", "unit_shades"]


class _Units:
    """The graph of a network's forward pass for one sample: nodes of its logits, its answers, and its hidden units."""

    def __init__(self, network: Network) -> None:
        graph = Graph()
        w, X = graph.inputs("w", network.parameter_count), graph.inputs("x", (1, network.sizes[0]))
        with tracing(f"the network {network.text}"):
            Z, kept = pages.forward(network, network.unpack(w), X)
            answers = network.loss.output(Z)
            slopes = [
                np.broadcast_to(activation.slope(layer.Z), layer.Z.shape)
                for activation, layer in zip(network.activations, kept[:-1], strict=True)
            ]
        self.logits, self.answers = entries(Z, graph), entries(answers, graph)
        self.layers = [entries(layer.Z, graph) for layer in kept]
        """The pre-activations of each layer."""
        self.activations = [node for layer in kept[1:] for node in entries(layer.A, graph)]
        self.slopes = [node for layer in slopes for node in entries(layer, graph)]


def over_plane(net: NetworkObjective, plane: InputPlane) -> Program:
    """What a network with parameters `w` answers at (`u`, `v`) of a plane of its inputs.

    - "regions": as `lab.work.frames` has them
    - "answers": (outputs, points)
    - "units": the activations of the hidden units, (units, points), if there are some

    >>> import fallline as fl
    >>> from fallline.lab.work.input_plane import input_plane
    >>> net = fl.NetworkObjective(fl.Network.of("2-4-3"), fl.generate("three-gaussians"))
    >>> [(output.name, len(output.nodes)) for output in over_plane(net, input_plane(net.data)).outputs]
    [('regions', 1), ('answers', 3), ('units', 4)]
    """
    trace, units = Trace(exact=False), _Units(net.network)
    w = trace.columns("w", np.float64, net.dimension, each=False)
    X = net.data.inputs_at(plane.at(trace.column("u", np.float64), trace.column("v", np.float64)))
    answers = of_graph(units.answers, {"w": w, "x": X})
    results = {"regions": regions(answers, scale_of(net)), "answers": answers}
    if units.activations:
        results["units"] = finite(of_graph(units.activations, {"w": w, "x": X}))
    return trace.program(results)


def at_samples(net: NetworkObjective) -> Program:
    """What a network with parameters `w` makes of samples `x`, (samples, n_in).

    - "class": the class that it decides on, if its samples have classes
    - "flat": whether the slope of each hidden unit is 0, (units, samples); a unit is dead if it is 0 for every sample

    >>> import fallline as fl
    >>> net = fl.NetworkObjective(fl.Network.of("2-4-3"), fl.generate("three-gaussians"))
    >>> [(output.name, len(output.nodes)) for output in at_samples(net).outputs]
    [('class', 1), ('flat', 4)]
    """
    trace, units = Trace(exact=False), _Units(net.network)
    w = trace.columns("w", np.float64, net.dimension, each=False)
    X = trace.columns("x", np.float64, net.network.sizes[0])
    results: dict[str, Any] = {}
    if has_classes(net):
        results["class"] = class_of(of_graph(units.logits, {"w": w, "x": X}))
    if units.slopes:
        results["flat"] = of_graph(units.slopes, {"w": w, "x": X}) == 0
    return trace.program(results)


def finite_layers(net: NetworkObjective, dtype: str) -> Program:
    """Whether all pre-activations of each layer of a network with parameters `w` are finite for samples `x`, in a type: "finite".

    >>> import fallline as fl
    >>> net = fl.NetworkObjective(fl.Network.of("2-4-3"), fl.generate("three-gaussians"))
    >>> [(output.name, len(output.nodes)) for output in finite_layers(net, "float32").outputs]
    [('finite', 2)]
    """
    trace, units = Trace(exact=False), _Units(net.network)
    w = trace.columns("w", dtype, net.dimension, each=False)
    X = trace.columns("x", dtype, net.network.sizes[0])
    layers = [np.isfinite(of_graph(layer, {"w": w, "x": X})) for layer in units.layers]
    return trace.program({"finite": np.stack([np.where(layer, 1, 0).min(axis=0) for layer in layers])})


def unit_shades() -> Program:
    """The shades of a unit's plane from its `values` and their largest `size`: "shades"."""
    trace = Trace()
    return trace.program({"shades": shades(trace.column("values", np.float64), trace.number("size", float))})


def height(objective: LandscapeObjective) -> Program:
    """The height of a landscape of two coordinates at (`x`, `y`): "height".

    >>> from fallline.problems import objective
    >>> [node.op for node in height(objective("booth")).nodes][-2:]
    ['multiply', 'fma']
    """
    trace = Trace(exact=False)
    w = np.stack([trace.column(name, np.float64) for name in ("x", "y")])
    value, *_ = traced_landscape(objective)
    return trace.program({"height": of_graph([value], {"w": w})[0]})
