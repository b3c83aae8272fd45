"""Objectives: what a run descends. A landscape, or a network on data, as one function of a flat parameter vector."""

from fallline.problems.landscape import LandscapeObjective
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Objective
from fallline.problems.points import as_vector, gradients, objective, objective_at, points_at_once

__all__ = [
    "LandscapeObjective", "NetworkObjective", "Objective", "as_vector", "gradients", "objective", "objective_at",
    "points_at_once",
]  # fmt: skip
