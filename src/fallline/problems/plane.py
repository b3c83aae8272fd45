"""Whether the answers of a network can be drawn over a plane: that of its data's two raw inputs."""

from __future__ import annotations

from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Objective

__all__ = ["has_plane"]


def has_plane(objective: Objective) -> bool:
    """Whether the objective is a network whose data have two inputs, or features of two.

    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> has_plane(NetworkObjective(Network.of("3-2"), generate("xor").with_features("x1", "x2", "x1 x2")))
    True
    """
    return isinstance(objective, NetworkObjective) and objective.data.raw.X.shape[1] == 2
