"""Objectives: what a run descends. A landscape, or a network on data, as one function of a flat parameter vector."""

from fallline.problems.choice import Data, Problem, objective, objective_at
from fallline.problems.held_out import has_test_samples, on_test_samples
from fallline.problems.landscape import LandscapeObjective
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Objective
from fallline.problems.points import as_vector, gradients, has_plane, points_at_once

__all__ = [
    "Data",
    "LandscapeObjective",
    "NetworkObjective",
    "Objective",
    "Problem",
    "as_vector",
    "gradients",
    "has_plane",
    "has_test_samples",
    "objective",
    "objective_at",
    "on_test_samples",
    "points_at_once",
]  # fmt: skip
