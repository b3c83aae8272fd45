"""A model of a network that was trained elsewhere: what its columns and its answers are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing import Preparation, Target
from fallline.data.preparing.inputs import NumberInput
from fallline.errors import ShapeError, UsageError
from fallline.models.description import Summary
from fallline.models.ensemble import Ensemble
from fallline.models.exchange.chain import numbers_of
from fallline.models.file import Parts
from fallline.models.fitting import Kind
from fallline.models.scaling import Scaling
from fallline.shapes import Shaped
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Layer, Network

__all__ = ["parts_of"]

Floats = NDArray[Any]


def parts_of(
    network: Network,
    parameters: Shaped[Floats, "*runs P"],
    columns: Sequence[Any] | None = None,
    classes: Sequence[Any] | None = None,
    target: str | Sequence[str] = "target",
) -> Parts:
    """Return the parts of a model; see `Model.of`."""
    if not isinstance(network, Network):
        raise UsageError(f"network must be a Network, such as Network.of('2-3-2'); got {type(network).__name__}.")
    w = np.atleast_2d(numbers_of(parameters))
    if w.ndim != 2 or not len(w) or w.shape[1] != network.parameter_count:
        raise ShapeError(
            f"parameters of the network {network.text} must have the shape ({network.parameter_count},) or "
            f"(networks, {network.parameter_count}); got {np.shape(parameters)}."
        )
    if network.loss.name not in LOSSES:
        raise UsageError(f"a model needs a loss of fallline; the network has {network.loss.name!r}.")
    network, w = _plain(network, w)
    inputs = [f"x{k + 1}" for k in range(network.sizes[0])] if columns is None else [str(name) for name in columns]
    _differ(inputs, "columns", network.sizes[0], "inputs")
    names = None if classes is None else [str(name) for name in np.asarray(classes).tolist()]
    if network.loss.targets == "labels" and names and len(names) == 2 and network.sizes[-1] == 1:
        network, w = _two_outputs(network, w)
    outputs = network.sizes[-1]
    kind: Kind = network.loss.targets
    columns_learned = (target,) if isinstance(target, str) else tuple(target)
    if kind == "classes":
        names = names or [str(k) for k in range(outputs)]
        _differ(names, "classes", outputs, "outputs")
    elif names:
        raise UsageError(f"classes need the loss cross_entropy, or logistic with one output; the network has {network.loss.name}.")  # fmt: skip
    if kind != "classes" and outputs > 1 and isinstance(target, str):
        columns_learned = tuple(f"{target}{k + 1}" for k in range(outputs))
    _differ(columns_learned, "target", 1 if kind == "classes" else outputs, "outputs")
    both = [name for name in columns_learned if name in inputs]
    if both:
        raise UsageError(f"target must be no input column; got {both[0]!r}.")
    learned = Target(columns_learned, "regression" if kind == "values" else "classification", tuple(names or ()))
    same = Scaling(np.zeros(len(inputs)), np.ones(len(inputs)), False)
    ensemble = Ensemble(network, w, same, np.zeros(outputs), np.ones(outputs))
    summary = Summary(
        rows=0, test_rows=0, notes=[], settings="trained elsewhere", validation=[], test=[],
        outcome="The network was trained elsewhere; how good it is was not measured here.",
    )  # fmt: skip
    return Parts(learned, Preparation(tuple(NumberInput(name) for name in inputs)), kind, ensemble, summary)


def _differ(names: Sequence[str], what: str, count: int, of: str) -> None:
    if len(names) != count or len({*names}) != count:
        raise UsageError(f"{what} must be {count} different names, as the network has {count} {of}; got {list(names)}.")


def _plain(network: Network, w: Floats) -> tuple[Network, Floats]:
    """The same network with a bias in each layer, no scales and no penalty, which is what a model file holds."""
    layers = tuple(
        Layer(network.scales[l] * W, np.zeros((len(w), W.shape[-1]), w.dtype) if b is None else b)
        for l, (W, b) in enumerate(network.unpack(w))
    )
    plain = Network(network.sizes, network.activations, network.loss, "mean")
    return plain, plain.pack(layers).astype(w.dtype)


def _two_outputs(network: Network, w: Floats) -> tuple[Network, Floats]:
    """One logistic output as one of two classes: the softmax of (0, z) is (1 - logistic(z), logistic(z)).

    >>> two, w = _two_outputs(Network.of("1-1", loss="logistic"), np.array([[2.0, 1.0]]))
    >>> two.text, two.loss.name, w.tolist()
    ('1-2', 'cross_entropy', [[0.0, 2.0, 0.0, 1.0]])
    """
    *before, (W, b) = network.unpack(w)
    two = Network((*network.sizes[:-1], 2), network.activations, LOSSES["cross_entropy"], "mean")
    wide = Layer(*(np.concatenate([0 * part, part], axis=-1) for part in (W, b)))
    return two, two.pack((*before, wide))
