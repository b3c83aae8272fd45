"""Products of the Hessian with a vector, compiled: every lane is one network, as in training.

A kernel trains. So the product is written as a step of training: the parameters are (w, v) side by side, and the step replaces
them by two terms whose sum is H v. The graph of H v is the tangent of the gradient's graph along v; see
`fallline.readings.reverse.tangents`. A weight's gradient is a sum of products a b over samples, so its tangent has the terms a' b and
a b': each is added to a sum of its own in one operation, and in loops where the network is large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import method
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
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
from fallline.readings.reverse.choices import Choices
from fallline.readings.reverse.tangents import tangent_terms, tangents
from fallline.runs.checkpoints import finished
from fallline.runs.execution import EVERY_CORE, Execution, cores
from fallline.runs.kernels import kernel_of
from fallline.runs.packing import Outputs, pack
from fallline.runs.pieces import pieces, run
from fallline.runs.programs import penalty_of_one
from fallline.runs.training import Training
from fallline.shapes import Shaped
from fallline.textbook import network as pages
from fallline.textbook.layer_factors import parts_of_layers
from fallline.textbook.network import Network

__all__ = ["Curved", "HessianRecipe", "hessian_products"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class HessianRecipe:
    """What the program of a Hessian's products is made from."""

    page: Network | LandscapeObjective
    penalised: bool = False

    def program(self) -> Program:
        """The program whose step replaces (w, v) by two terms of H v."""
        if isinstance(self.page, Network):
            return _network_program(self.page, self.penalised)
        return _landscape_program(self.page)


@dataclass(frozen=True)
class Curved:
    """What kernels of Hessians are made from and called with, for one objective.

    Attributes
    ----------
    recipe
        That of the program.
    l2
        Strength of the penalty of each run, (runs,), or of all.
    samples
        The number of samples; none for a landscape.
    """

    objective: NetworkObjective | LandscapeObjective
    recipe: HessianRecipe
    l2: Floats
    samples: tuple[int, ...]

    @classmethod
    def of(
        cls, objective: NetworkObjective | LandscapeObjective, l2: Floats | float | None = None, dtype: str = "float64"
    ) -> Curved:
        """Those of an objective; its own penalty if `l2` is None."""
        if isinstance(objective, LandscapeObjective):
            return cls(objective, HessianRecipe(objective), np.asarray(0.0, dtype), ())
        strength = np.asarray(objective.network.l2 if l2 is None else l2, dtype)
        recipe = HessianRecipe(objective.network.with_(l2=0.0), bool((strength != 0).any()))
        return cls(objective, recipe, strength, (len(objective.data),))

    def training(self, rows: Shaped[Floats, "runs numbers"], steps: int, dtype: str = "float64") -> Training:
        """Runs whose numbers are these rows, in the form that kernels take."""
        wide: Objective
        if isinstance(self.objective, NetworkObjective):
            wide = _WideNetwork(self.objective.network, self.objective.data)
        else:
            wide = object.__new__(_WideLandscape)
            wide.__dict__.update(self.objective.__dict__)
        wide.__dict__["numbers"] = rows.shape[1]
        return Training(wide, method("gradient_descent", learning_rate=1.0), steps, rows, dtype=dtype)


class _WideNetwork(NetworkObjective):
    """A network whose runs have more numbers than its parameters: a direction, too."""

    @property
    def dimension(self) -> int:
        return int(self.__dict__["numbers"])


class _WideLandscape(LandscapeObjective):
    @property
    def dimension(self) -> int:
        return int(self.__dict__["numbers"])


def hessian_products(
    objective: NetworkObjective | LandscapeObjective,
    w: Shaped[Floats, "runs P"],
    v: Shaped[Floats, "runs P"],
    *,
    l2: Floats | float | None = None,
    dtype: str = "float64",
    execution: Execution = EVERY_CORE,
) -> Shaped[Floats, "runs P"]:
    """H v of each run: its Hessian at w times v.

    A product's bits depend on its own w and v alone. It is NaN where the loss at w is not finite.

    Parameters
    ----------
    l2
        Strength of the penalty of each run, (runs,), or of all; that of the network if None.

    Examples
    --------
    >>> from fallline.problems import objective
    >>> hessian_products(objective("quadratic"), np.ones((1, 2)), np.array([[1.0, 2.0]])).tolist()
    [[1.0, 20.0]]
    """
    P, curved = objective.dimension, Curved.of(objective, l2, dtype)
    training = curved.training(np.concatenate([w, v], axis=1), 2, dtype)
    bits = 8 * np.dtype(dtype).itemsize
    kernel = kernel_of(curved.recipe, execution.plan, bits, batches=False, samples=curved.samples, steps=len(w))
    columns = {"l2": curved.l2, "target": np.asarray(-np.inf, dtype)}
    outputs = Outputs.of_pause(training)
    threads = execution.threads or cores()
    arguments = pack(training, columns, kernel.settings, outputs, None, 1)
    run(kernel, arguments, pieces(len(w), kernel.plan.lanes, threads), threads, execution.progress)
    assert outputs.checkpoints is not None
    terms = finished(outputs.checkpoints)
    return terms[:, :P] + terms[:, P : 2 * P]


def _network_program(network: Network, penalised: bool) -> Program:
    graph = Graph()
    P = network.parameter_count
    both = graph.inputs("w", 2 * P)
    w, v = both[:P], both[P:]
    X = graph.inputs("x", (1, network.sizes[0]))
    targets = network.loss.columns(network.sizes[-1])
    T = graph.inputs("t", (1, targets))
    factor: Any = 1 if network.reduction == "sum" else graph.scalar("factor")
    with tracing(f"the network {network.text}"):
        Z, kept = pages.forward(network, network.unpack(w), X)
        graph.groups.clear()  # the next line notes the same operations
        value, gradient = pages.loss_and_gradient(network, network.unpack(w), X, T, factor)
    # activations are functions of one number each, so their kinks need no derivative along the parameters
    units = [node for layer in kept[: network.hidden] for node in entries(layer.Z, graph)]
    choices = Choices(entries(Z, graph), apart=units)
    outputs = [*entries(value, graph), *entries(network.pack(gradient), graph)]
    inside = depends_on(outputs, lambda key: key[0] in ("w", "x", "t"))
    (loss_factor, loss), *split = (split_factor(entry, inside) for entry in outputs)
    factors, varying = zip(*split, strict=True)
    terms = tangent_terms(varying, entries(w, graph), entries(v, graph), choices)
    loss, *sums = share_reciprocals([loss, *(term for side in zip(*terms, strict=True) for term in side)])
    segments = []
    for first, page in ((0, None), (P, network if penalised else None)):
        for _, weights, start, stop in parts_of_layers(network):
            update = _product(factors[start], page if weights else None)
            segments.append(Segment(first + start, first + stop, update))
    samples = Samples(loss, loss_factor, tuple(sums), (network.sizes[0], targets))
    return Program(2 * P, 0, ("l2", "target"), samples, tuple(segments))


def _landscape_program(objective: LandscapeObjective) -> Program:
    value, *gradient = traced_landscape(objective)
    graph, P = value.graph, objective.dimension
    w, v = ([graph.input("w", k) for k in range(first, first + P)] for first in (0, P))
    products = tangents(gradient, w, v)
    segment = Segment(0, 2 * P, _product(graph.number(1), None))
    return Program(2 * P, 0, ("l2", "target"), Direct(value, (*[graph.number(0)] * P, *products)), (segment,))


def _product(factor: Node, penalised: Network | None) -> Update:
    """The update of a parameter: the sum over samples takes its place, with the penalty's part, which is linear in v."""
    graph = Graph()
    product: Any = Traced.of(transplant(factor, graph)) * graph.scalar("g")
    if penalised is not None:
        product = product + penalty_of_one(graph, penalised, weights=True)[1]
    (node,) = entries(product, graph)
    return Update(node, (node,), ())
