"""The program of a kernel: the pages of an objective, an optimizer and a schedule, traced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fallline.experiment.setting_names import layer_rate, schedule_setting
from fallline.problems import LandscapeObjective
from fallline.problems.traced import entries, traced_landscape
from fallline.readings.graph import Graph, Node
from fallline.readings.graph.traced import Traced, tracing
from fallline.readings.machine.program import (
    Direct,
    Program,
    Samples,
    Segment,
    Update,
    depends_on,
    share_reciprocals,
    split_factor,
    transplant,
)
from fallline.textbook import network as pages
from fallline.textbook.layer_factors import parts_of_layers, rate_factor
from fallline.textbook.network import Layer, Network
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["Recipe", "penalty_of_one", "program_of"]

_PER_SAMPLE = ("w", "x", "t")


@dataclass(frozen=True)
class Recipe:
    """What a program is made from. Equal recipes give the same program.

    Attributes
    ----------
    page
        A network, to be trained on whatever data, or a landscape to be descended.
    optimizer, schedule
        The pages of its step.
    names
        Names of the numbers that a run reads: those of a method's values, and "target".
    hits
        Whether right answers are counted, for accuracy.
    answers
        Whether the answers themselves are wanted.
    full_loss
        Whether losses are those of all samples although steps see minibatches.
    """

    page: Network | LandscapeObjective
    optimizer: Optimizer
    schedule: Schedule
    names: tuple[str, ...]
    hits: bool = False
    answers: bool = False
    full_loss: bool = False


def program_of(recipe: Recipe) -> Program:
    """The program of a recipe."""
    step = _Step(recipe.optimizer, recipe.schedule, tuple(dict.fromkeys((*recipe.names, "target"))))
    if isinstance(recipe.page, Network):
        return replace(_network_program(recipe.page, step, recipe.hits, recipe.answers), full_loss=recipe.full_loss)
    return _landscape_program(recipe.page, step)


def _network_program(network: Network, step: _Step, hits: bool, answers: bool) -> Program:
    graph = Graph()
    w, X = graph.inputs("w", network.parameter_count), graph.inputs("x", (1, network.sizes[0]))
    targets = network.loss.columns(network.sizes[-1])
    T = graph.inputs("t", (1, targets))
    factor: Any = 1 if network.reduction == "sum" else graph.scalar("factor")
    with tracing(f"the network {network.text}"):
        value, gradient = pages.loss_and_gradient(network, network.unpack(w), X, T, factor)
        counted = _hits(network, network.unpack(w), X, T) if hits else None
        answered = network.loss.output(pages.forward(network, network.unpack(w), X)[0]) if answers else None
    outputs = share_reciprocals([*entries(value, graph), *entries(network.pack(gradient), graph)])
    inside = depends_on(outputs, lambda key: key[0] in _PER_SAMPLE)
    (loss_factor, loss), *split = (split_factor(entry, inside) for entry in outputs)
    segments = [
        Segment(start, stop, step.update(split[start][0], layer, weights, network))
        for layer, weights, start, stop in parts_of_layers(network)
    ]
    samples = Samples(
        loss, loss_factor, tuple(g for _, g in split), (network.sizes[0], targets),
        entries(counted, graph)[0] if counted is not None else None,
        tuple(share_reciprocals(entries(answered, graph))) if answered is not None else (),
    )  # fmt: skip
    return Program(network.parameter_count, len(step.optimizer.state), step.names, samples, tuple(segments))


def penalty_of_one(graph: Graph, network: Network, weights: bool) -> tuple[Node, Any]:
    """The penalty page on a layer of one weight and one bias: value and slope for one parameter, the graph's input "w"."""
    w, l2 = graph.scalar("w"), graph.scalar("setting", "l2")
    value, ((dW, db),) = pages.penalty(network, (Layer(w[None, None], w[None]),), l2)
    return entries(value, graph)[0], Traced.of(entries(dW if weights else db, graph)[0])


def _hits(network: Network, parameters: Any, X: Any, T: Any) -> Any:
    """1 where the answer is right: the target at the first of the largest logits, or all signs right for labels."""
    Z, _ = pages.forward(network, parameters, X)
    if network.loss.targets == "labels":
        right = np.where(Z > 0, T, 1 - T)
        return right.prod(axis=-1)
    best, picked = Z[..., 0], T[..., 0]
    for j in range(1, network.sizes[-1]):
        picked = np.where(Z[..., j] > best, T[..., j], picked)
        best = np.maximum(best, Z[..., j])
    return picked


def _landscape_program(objective: LandscapeObjective, step: _Step) -> Program:
    value, *gradient = traced_landscape(objective)
    update = step.update(value.graph.number(1), None, True, None)
    segment = Segment(0, objective.dimension, update)
    return Program(
        objective.dimension, len(step.optimizer.state), step.names, Direct(value, tuple(gradient)), (segment,)
    )


class _Step:
    """One parameter's step, traced from the optimizer's and the schedule's pages."""

    def __init__(self, optimizer: Optimizer, schedule: Schedule, names: tuple[str, ...]) -> None:
        self.optimizer, self.schedule, self.names = optimizer, schedule, names

    def update(self, factor: Node, layer: int | None, weights: bool, network: Network | None) -> Update:
        graph = Graph()
        w, t = graph.scalar("w"), graph.scalar("t")
        gradient: Any = Traced.of(transplant(factor, graph)) * graph.scalar("g")
        penalty = penalty_factor = None
        if network is not None and "l2" in self.names:
            extra, slope = penalty_of_one(graph, network, weights)
            gradient = gradient + slope
            if weights:
                penalty_factor, penalty = split_factor(extra, depends_on([extra], lambda key: key == ("w",)))
        settings = {name: graph.scalar("setting", name) for name in self.optimizer.settings}
        if layer is not None and layer_rate(layer) in self.names:
            settings["learning_rate"] = graph.scalar("setting", layer_rate(layer))
        if network is not None and layer is not None:
            own = rate_factor(network, layer, weights, self.optimizer)
            settings["learning_rate"] = settings["learning_rate"] if own == 1 else own * settings["learning_rate"]
        with tracing(f"the optimizer {self.optimizer.name}"):
            first = self.optimizer.init(w, **settings)
        if self.schedule.name != "constant":
            plan = {name: graph.scalar("setting", schedule_setting(name)) for name in self.schedule.settings}
            with tracing(f"the schedule {self.schedule.name}"):
                settings["learning_rate"] = settings["learning_rate"] * self.schedule.factor(t, **plan)
        with tracing(f"the optimizer {self.optimizer.name}"):
            states = tuple(graph.scalar("s", i) for i in range(len(self.optimizer.state)))
            new, states = self.optimizer.step(w, gradient, states, t, **settings)
        return Update(
            entries(gradient, graph)[0], tuple(entries(x, graph)[0] for x in (new, *states)),
            tuple(entries(x, graph)[0] for x in first), penalty, penalty_factor,
        )  # fmt: skip
