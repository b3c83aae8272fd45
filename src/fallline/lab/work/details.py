"""What a page shows of a run on request: gradients at each step, and confusion matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.problems import NetworkObjective, has_test_samples, on_test_samples
from fallline.runs.confusion import confusion_on, has_classes
from fallline.runs.run import Run
from fallline.runs.snapshot import network_of

__all__ = ["DETAILS", "MOST_CLASSES", "confusion", "confusion_at", "gradients", "has_confusion", "layer_norms"]

Arrays = dict[str, NDArray[Any]]

MOST_CLASSES = 12
"""Networks with more classes are shown without their confusion matrices."""


def gradients(run: Run) -> Arrays:
    """The gradient at each step, (steps + 1, P), and its Euclidean norm in each layer, (steps + 1, layers)."""
    net = network_of(run.objective, "gradients")
    return {"gradients": run.gradients.astype(np.float32), "layer_norms": layer_norms(net, run.gradients)}


def layer_norms(net: NetworkObjective, gradient: NDArray[Any]) -> NDArray[np.float64]:
    """Norm of a gradient (..., P) in each layer, weights and biases together, (..., layers).

    >>> from fallline.textbook.network import Network
    >>> net = NetworkObjective(Network.of("1-1-1", loss="squared_error"), ([[1.0]], [2.0]))
    >>> layer_norms(net, np.array([3.0, 4.0, 0.0, 0.0])).tolist()  # W1, b1, W2, b2
    [5.0, 0.0]
    """
    squares = [
        np.square(W).sum(axis=(-2, -1)) + (0 if b is None else np.square(b).sum(axis=-1))
        for W, b in net.network.unpack(gradient.astype(np.float64))
    ]
    return np.asarray(np.sqrt(np.stack(squares, axis=-1)))


def has_confusion(net: NetworkObjective) -> bool:
    """Whether a network is shown with its confusion matrix."""
    return has_classes(net) and net.network.sizes[-1] <= MOST_CLASSES


def confusion(run: Run) -> Arrays:
    """Samples counted by class (rows) and predicted class (columns) at each step, (steps + 1, classes, classes).

    "confusion" counts those for the training, "test_confusion" those for the test, if there are some.

    Raises
    ------
    UsageError
        The targets are not classes, or there are more than `MOST_CLASSES`.
    """
    net = network_of(run.objective, "confusion")
    if not has_confusion(net):
        raise UsageError(
            f"the lab's confusion matrix needs one class for each sample, of at most {MOST_CLASSES} classes."
        )
    return confusion_at(net, np.asarray(run.path))


def confusion_at(net: NetworkObjective, points: NDArray[Any]) -> Arrays:
    """The confusion matrices at points (..., P); none if the targets are not classes."""
    if not has_confusion(net):
        return {}
    sets = {"confusion": net} | ({"test_confusion": on_test_samples(net)} if has_test_samples(net) else {})
    return {name: confusion_on(samples, points).astype(np.uint32) for name, samples in sets.items()}


DETAILS: dict[str, Callable[[Run], Arrays]] = {"gradients": gradients, "confusion": confusion}
"""By the name with which a page asks."""
