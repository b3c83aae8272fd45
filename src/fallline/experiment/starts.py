"""Random starts of runs: parameters from an initial distribution, keyed by seed and index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import SettingError, UsageError, shown
from fallline.limits import check_memory
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems import objective as as_objective
from fallline.settings import SETTINGS
from fallline.textbook.initial import Initial
from fallline.textbook.initial import initial as initial_of
from fallline.textbook.layer_factors import deviation

__all__ = ["classical_start", "draw_starts", "notebook_start", "notebook_uniform", "only_network", "refuse_initial"]

Floats = NDArray[np.float64]


def draw_starts(
    objective: Objective,
    count: int,
    seed: int = 0,
    *,
    initial: str | Initial = "normal",
    scale: float = 1.0,
    first: int = 0,
) -> Floats:
    """Random starts, shape (count, P). Start k depends on (seed, first + k) alone.

    Parameters
    ----------
    objective
        An objective, or what `fallline.objective` makes one of, as "rosenbrock".
    count
        Number of starts.
    seed, first
        Key of the random numbers, and the index of the first start.
    initial
        Distribution of a network's weights. The starts of a landscape are uniform in its window.
    scale
        A factor on all parameters.

    Examples
    --------

    >>> from fallline.problems import objective
    >>> draw_starts(objective("rosenbrock"), 2).shape
    (2, 2)
    """
    objective = as_objective(objective)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
        raise SettingError(f"count must be a whole number at least 0; got {shown(count)}.")
    scale = SETTINGS["initial_scale"].check(scale)
    if not 0 <= first < 2**53:
        raise SettingError(f"the index of a start must be a whole number from 0 to 2^53; got {first}.")
    check_memory(16.0 * count * objective.dimension, f"{count:,} starts of {objective.name}", "Take fewer starts.")
    index = np.arange(first, first + count)
    if isinstance(objective, NetworkObjective):
        return scale * _network_starts(objective, initial_of(initial), seed, index)
    u = random.uniform(seed, "start", objective.dimension, index)
    if isinstance(objective, LandscapeObjective):
        window = objective.landscape.window
        low, high = np.array([window[k % len(window)] for k in range(objective.dimension)]).T
        return np.asarray(scale * (low + (high - low) * u))
    return np.asarray(scale * (2 * u - 1))


def only_network(distribution: str | Initial | None, objective: Objective) -> str | Initial:
    """Return the distribution of a network's random starts, "normal" by default.

    Raises
    ------
    SettingError
        If one is given and the objective is no network.
    """
    if distribution is not None and not isinstance(objective, NetworkObjective):
        raise SettingError(
            f"initial is the distribution of a network's random starts; {objective.name} is not a network. Leave it out."
        )
    return "normal" if distribution is None else distribution


def refuse_initial(initial: str | Initial | None, start: Any) -> None:
    """Refuse a distribution of random starts beside a start.

    Raises
    ------
    SettingError
        Both are given.
    """
    if initial is not None and start is not None:
        raise SettingError("initial must be left out where a start is given; it is the distribution of random starts.")


def classical_start(objective: Objective) -> Floats | None:
    """The start that the literature takes on a landscape; None if the objective has none.

    >>> from fallline.problems import objective
    >>> classical_start(objective("rosenbrock")).tolist()
    [-1.2, 1.0]
    """
    if isinstance(objective, LandscapeObjective) and len(objective.landscape.start) == objective.dimension:
        return np.array(objective.landscape.start, dtype=np.float64)
    return None


def notebook_start(objective: NetworkObjective, seed: int = 8) -> Floats:
    """The notebook's start: `RandomState(seed).randn` for V, c, W2, b2, W1, b1, the output layer first.

    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))
    >>> problem.loss(notebook_start(problem)).round(2).item()
    232.49
    """
    if not isinstance(objective, NetworkObjective):
        raise UsageError(f"notebook_start needs a network on data; got {shown(objective)}.")
    drawn = random.notebook_normal(seed, objective.dimension)
    layers, at = [], 0
    for shape_W, shape_b in reversed(objective.network.shapes):
        size = math.prod(shape_W) + (shape_b[0] if shape_b else 0)
        layers.append(drawn[at : at + size])  # W row by row, then b
        at += size
    return np.concatenate(layers[::-1])


def notebook_uniform(seed: int, low: float, high: float, runs: int = 1, dimension: int = 2) -> Floats:
    """The notebook's starts on a landscape: `RandomState(seed).uniform(low, high, dimension)` for each run in turn.

    >>> notebook_uniform(10, -1, 1.5, runs=3)[2].round(6).tolist()
    [0.246268, -0.438008]
    """
    return low + (high - low) * random.notebook_uniform(seed, runs * dimension).reshape(runs, dimension)


def _network_starts(objective: NetworkObjective, record: Initial, seed: int, index: NDArray[Any]) -> Floats:
    network = objective.network
    order = list(enumerate(network.shapes, start=1))
    if record.order == "backward":
        order.reverse()
    parts: dict[int, list[Floats]] = {}
    for layer, (shape_W, shape_b) in order:
        W = deviation(network, layer, record) * _variates(record, seed, f"W{layer}", int(np.prod(shape_W)), index)
        parts[layer] = [W]
        if shape_b:
            b = _variates(record, seed, f"b{layer}", shape_b[0], index)
            parts[layer].append(b if record.biases else 0 * b)
    return np.concatenate([part for layer in sorted(parts) for part in parts[layer]], axis=-1)


def _variates(record: Initial, seed: int, purpose: str, count: int, index: NDArray[Any]) -> Floats:
    if record.variates == "normal":
        return random.normal(seed, f"start {purpose}", count, index)
    if record.variates == "uniform":
        return 2 * random.uniform(seed, f"start {purpose}", count, index) - 1
    return np.zeros((len(index), count))
