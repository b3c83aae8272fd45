"""Loss and gradient of a page's problem, traced: for the flow of gradients, for curvature, and for equations with numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.lab.resolved_state import ResolvedState
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems.traced import entries, traced_landscape
from fallline.readings.graph import Graph
from fallline.readings.graph.traced import tracing
from fallline.readings.portable import Program, Trace, of_graph
from fallline.runs.evidence import LARGE
from fallline.textbook import network as pages

__all__ = ["describe_gradient", "loss_and_gradient", "penalty"]

Json = dict[str, Any]


def describe_gradient(resolved: ResolvedState) -> Json | None:
    """What gives loss and gradient at any parameters; None for a problem so large that its program would be, too.

    Returns
    -------
    program
        See `loss_and_gradient`.
    penalty
        See `penalty`; None for a landscape.
    factor
        What the loss of a sample is multiplied by in the sum over all samples.
    """
    objective = resolved.objective
    if objective.dimension > LARGE:
        return None
    net = objective if isinstance(objective, NetworkObjective) else None
    return {
        "program": loss_and_gradient(objective).as_data(),
        "penalty": None if net is None else penalty(net).as_data(),
        "factor": 1.0 if net is None else net.factor(len(net.data)),
    }


def loss_and_gradient(objective: Objective) -> Program:
    """The loss and its gradient: of a landscape at `w`, (points, P); of a network with parameters `w`, (P,), for each sample.

    - `x`, `t`, `factor`: a network's samples and their targets, and what their losses are multiplied by
    - "loss", "gradient"

    >>> from fallline.problems import objective
    >>> [(output.name, len(output.nodes)) for output in loss_and_gradient(objective("booth")).outputs]
    [('loss', 1), ('gradient', 2)]
    """
    trace = Trace(exact=False)
    w = trace.columns("w", np.float64, objective.dimension, each=isinstance(objective, LandscapeObjective))
    if isinstance(objective, LandscapeObjective):
        values = of_graph(traced_landscape(objective), {"w": w})
        return trace.program({"loss": values[:1], "gradient": values[1:]})
    assert isinstance(objective, NetworkObjective)
    network, graph = objective.network, Graph()
    targets = network.loss.columns(network.sizes[-1])
    given = {"x": graph.inputs("x", (1, network.sizes[0])), "t": graph.inputs("t", (1, targets))}
    with tracing(f"the network {network.text}"):
        parameters = network.unpack(graph.inputs("w", network.parameter_count))
        value, gradient = pages.loss_and_gradient(
            network, parameters, given["x"], given["t"], graph.inputs("factor", 1)[0]
        )
    nodes = [*entries(value, graph), *entries(network.pack(gradient), graph)]
    samples = {name: trace.columns(name, np.float64, array.size) for name, array in given.items()}
    values = of_graph(nodes, {"w": w, "factor": trace.columns("factor", np.float64, 1, each=False)} | samples)
    return trace.program({"loss": values[:1], "gradient": values[1:]})


def penalty(net: NetworkObjective) -> Program:
    """The L2 penalty of parameters `w`, (P,), and its slope, with the factor `l2`: "loss", "gradient".

    >>> import fallline as fl
    >>> net = fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians"))
    >>> [(output.name, len(output.nodes)) for output in penalty(net).outputs]
    [('loss', 1), ('gradient', 21)]
    """
    trace, graph, network = Trace(exact=False), Graph(), net.network
    with tracing("the penalty"):
        value, slope = pages.penalty(
            network, network.unpack(graph.inputs("w", net.dimension)), graph.inputs("l2", 1)[0]
        )
    nodes = [*entries(value, graph), *entries(network.pack(slope), graph)]
    given = {"w": trace.columns("w", np.float64, net.dimension), "l2": trace.columns("l2", np.float64, 1)}
    values = of_graph(nodes, given)
    return trace.program({"loss": values[:1], "gradient": values[1:]})
