"""The expression graph of a landscape and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.problems.landscape import LandscapeObjective
from fallline.readings.graph import Graph, Node, as_quantity
from fallline.readings.graph.traced import tracing

__all__ = ["entries", "traced_landscape"]


def entries(values: Any, graph: Graph) -> list[Node]:
    """The entries of an array of nodes and numbers, as nodes."""
    return [
        as_quantity(x) if isinstance(x, Node) else graph.number(float(x))
        for x in np.asarray(values, dtype=object).ravel()
    ]


def traced_landscape(objective: LandscapeObjective) -> list[Node]:
    """The landscape's value and its partial derivatives as nodes of one graph."""
    graph = Graph()
    w = [graph.scalar("w", k) for k in range(objective.dimension)]
    with tracing(f"the landscape {objective.name}"):
        value = objective.landscape.function(*w)
        gradient = objective.partials(*w)
    return [entries(part, graph)[0] for part in (value, *gradient)]
