"""Batch sharpness and gradient noise: how minibatches of one size differ from each other in curvature and in slope.

Gradients are compiled as training is: a step of a kernel whose optimizer puts the gradient in the place of the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import SettingError, UsageError
from fallline.experiment.method import Method
from fallline.experiment.minibatches import checked_batch
from fallline.problems import NetworkObjective, Objective
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.lanes import paused
from fallline.runs.second_order import hessian_products
from fallline.runs.sharpness import points_along
from fallline.runs.training import Training
from fallline.runs.tridiagonal import dot
from fallline.shapes import Shaped
from fallline.textbook.optimizer import Entries, Optimizer, State, Step
from fallline.textbook.schedules import SCHEDULES

__all__ = ["BatchSharpness", "GradientNoise", "batch_sharpness_along", "batch_sharpness_at", "gradient_noise_at"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BatchSharpness:
    """The curvature g_B' H_B g_B of minibatches B along their own gradients. NaN where the loss is not finite.

    Attributes
    ----------
    mean_of_ratios
        E[g_B' H_B g_B / ||g_B||^2], the expected Rayleigh quotient. It is what the code of Andreyev and Beneventano (2024,
        arXiv:2412.20553) takes as the batch sharpness.
    ratio_of_means
        E[g_B' H_B g_B] / E[||g_B||^2], to which minibatches with large gradients count more.
    """

    mean_of_ratios: Floats
    ratio_of_means: Floats


@dataclass(frozen=True, eq=False)
class GradientNoise:
    """How far the gradients of minibatches are from that of all samples. NaN where the loss is not finite.

    Attributes
    ----------
    trace
        Trace of the covariance of a minibatch's gradient, as a step takes it: E||g_B - E g_B||^2.
    scale
        The simple noise scale tr(S) / ||G||^2 of McCandlish et al. (2018, arXiv:1812.06162), in samples: S is the covariance of
        the gradients of single samples, and G their mean. A minibatch of that size has as much noise as gradient.
    """

    trace: Shaped[Floats, " runs"]
    scale: Shaped[Floats, " runs"]


def batch_sharpness_at(
    objective: Objective,
    w: Shaped[Floats, "runs P"],
    batch: int,
    *,
    count: int = 64,
    seed: int = 0,
    execution: Execution = EVERY_CORE,
) -> BatchSharpness:
    """The batch sharpness of minibatches of that size at each point, (runs,), as means over `count` minibatches.

    Gradients and Hessians are those of a step on the minibatch: of the sum or the mean over its samples, as the network has it,
    with its penalty. So the learning rate times the batch sharpness is what a bound of stability is about.

    Parameters
    ----------
    batch
        Number of samples in a minibatch. With all samples there is one minibatch.
    count
        How many minibatches are drawn, by keyed shuffles as in training.
    seed
        Key of the shuffles.

    Examples
    --------
    >>> import fallline as fl
    >>> problem = fl.objective("2-3-2-3", fl.generate("three-gaussians"))
    >>> found = batch_sharpness_at(problem, fl.draw_starts(problem, 2), 30)
    >>> found.mean_of_ratios.round(3).tolist(), found.ratio_of_means.round(3).tolist()
    ([3.443, 31.465], [3.437, 31.269])
    """
    net = _network(objective)
    products, squares = [], []
    with np.errstate(all="ignore"):
        for rows in _minibatches(net, batch, count, seed):
            part = _on_rows(net, rows)
            g = _gradients(part, w, execution)
            products.append(dot(g.T, hessian_products(part, w, g, execution=execution).T))
            squares.append(dot(g.T, g.T))
        ratios = [p / s for p, s in zip(products, squares, strict=True)]
        return BatchSharpness(_sum(ratios) / len(ratios), _sum(products) / _sum(squares))


def batch_sharpness_along(
    training: Training, at: Sequence[int], *, count: int = 64, seed: int = 0, execution: Execution = EVERY_CORE
) -> BatchSharpness:
    """The batch sharpness of runs before each of these steps, (runs, len(at)), for minibatches as large as their own.

    Parameters
    ----------
    at
        Steps, rising, from 0 on.
    count, seed
        As for `batch_sharpness_at`. The minibatches that are measured are the same at every step.
    """
    if "l2" in training.method.values:
        raise UsageError("the batch sharpness along a run takes the penalty of the network: give l2 to the network.")
    net = _network(training.objective)
    batch = len(net.data) if training.rows is None else training.rows.shape[1]
    found = [
        batch_sharpness_at(net, w, batch, count=count, seed=seed, execution=execution)
        for _, w, _ in points_along(training, at, execution=execution)
    ]
    return BatchSharpness(
        np.stack([one.mean_of_ratios for one in found], axis=1), np.stack([one.ratio_of_means for one in found], axis=1)
    )


def gradient_noise_at(
    objective: Objective,
    w: Shaped[Floats, "runs P"],
    batch: int,
    *,
    replacement: bool = False,
    execution: Execution = EVERY_CORE,
) -> GradientNoise:
    """The gradient noise of minibatches of that size at each point, exactly: from the gradients of all single samples.

    With S the covariance of the gradients of single samples of n, that of a minibatch's mean has the trace
    (n - B) / (B (n - 1)) tr(S), and tr(S) / B with replacement; a sum over the minibatch has B^2 times as much.

    Parameters
    ----------
    batch
        Number of samples B in a minibatch.
    replacement
        Whether minibatches are drawn with replacement. fallline's shuffles are not.

    Examples
    --------
    >>> import fallline as fl
    >>> problem = fl.objective("2-3-2-3", fl.generate("three-gaussians"))
    >>> noise = gradient_noise_at(problem, fl.draw_starts(problem, 2), 30)
    >>> noise.trace.round(3).tolist(), noise.scale.round(3).tolist()
    ([18.06, 158.067], [1.318, 5.356])
    """
    net = _network(objective)
    batch = checked_batch(batch, net) or 0
    n = len(net.data)
    each = [_gradients(_on_rows(net, np.array([k])), w, execution).T for k in range(n)]
    share = 1 / batch if replacement else (n - batch) / (batch * max(1, n - 1))
    own = batch if net.network.reduction == "sum" else 1
    full = _gradients(net, w, execution).T / (n if net.network.reduction == "sum" else 1)
    with np.errstate(all="ignore"):
        mean = _sum(each) / n
        spread = _sum([dot(g - mean, g - mean) for g in each]) / n
        return GradientNoise(own * own * share * spread, spread / dot(full, full))


def _gradient(w: Entries, g: Entries, state: State, t: Any, *, learning_rate: Any) -> Step:
    """The gradient takes the place of the parameters."""
    return g, ()


_GRADIENT = Method(Optimizer("gradient", _gradient), SCHEDULES["constant"], {"learning_rate": 1.0})


def _gradients(net: NetworkObjective, w: Floats, execution: Execution) -> Shaped[Floats, "runs P"]:
    """The gradient of each run."""
    after = paused(Training(net, _GRADIENT, 400, w), 1, execution=execution)
    return np.asarray(after.values[:, : net.dimension], dtype=np.float64)


def _network(objective: Objective) -> NetworkObjective:
    if not isinstance(objective, NetworkObjective):
        raise UsageError(f"minibatches need a network on data; {objective.name} has no samples.")
    return objective


def _minibatches(net: NetworkObjective, batch: int, count: int, seed: int) -> Iterable[NDArray[np.int64]]:
    size, samples = checked_batch(batch, net) or 0, len(net.data)
    if count < 1:
        raise SettingError(f"count must be a whole number from 1 on; got {count}.")
    return [np.arange(samples)] if size == samples else random.batches(seed, samples, size, count)


def _on_rows(net: NetworkObjective, rows: NDArray[np.int64]) -> NetworkObjective:
    """The network on some of its samples alone."""
    return NetworkObjective(net.network, replace(net.data, X=net.data.X[rows], T=net.data.T[rows], test=None))


def _sum(parts: Sequence[Floats]) -> Floats:
    """The sum in one order. NumPy's depends on the shape."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
