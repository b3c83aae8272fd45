"""The objective and the optimizer of a call such as descend(network, (X, y), "adam") or descend("booth", "adam")."""

from __future__ import annotations

from typing import Any

from fallline.errors import UsageError, shown
from fallline.problems import Data, Objective, Problem, objective_at
from fallline.textbook.network import Network
from fallline.textbook.optimizers import Optimizer

__all__ = ["problem_and_optimizer"]


def problem_and_optimizer(
    what: Problem,
    data: Data | Optimizer | None,
    optimizer: str | Optimizer | None,
    start: Any,
    l2: float | None,
    target: Any = None,
) -> tuple[Objective, str | Optimizer]:
    """Return the objective and the optimizer. Without a network, the second argument is the optimizer.

    Raises
    ------
    UsageError
        If a network has no data, or something else has.

    Examples
    --------
    >>> problem_and_optimizer("booth", "adam", None, None, None)
    (LandscapeObjective(landscape=landscape('booth')), 'adam')
    >>> net = Network.of("1-1", loss="squared_error")
    >>> problem_and_optimizer(net, ([[0.0], [1.0]], [0.5, 1.5]), "adam", None, None)[0].name
    '1-1 on data'
    """
    network = isinstance(what, Network) or (isinstance(what, str) and what[:1].isdigit())
    if isinstance(data, Optimizer) or (isinstance(data, str) and not network):
        if optimizer is not None:
            raise UsageError(f"optimizer must be given once; got {shown(data)} and {shown(optimizer)}.")
        data, optimizer = None, data
    return objective_at(what, start, data, target=target, l2=l2), "gradient_descent" if optimizer is None else optimizer
