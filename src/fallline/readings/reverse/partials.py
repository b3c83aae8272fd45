"""A table of the partial derivatives of each smooth operation.

Operations that return one of their operands (`select`, `maximum`, `minimum`, `absolute`) are in `reverse.choices`.
`floor` and conditions have the derivative 0; a `constant` (the shift of a log-sum-exp) is not differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fallline.readings.graph import Node

__all__ = ["PARTIALS"]


def _square(x: Node) -> Node:
    return x * x


def _power_rule(node: Node, g: Node) -> tuple[Node, Node | None]:
    x, y = node.args
    return g * y * x ** (y - 1), None if y.op == "number" else g * node * node.graph.make("log", x)


PARTIALS: dict[str, Callable[[Node, Node], tuple[Node | None, ...]]] = {
    "add": lambda n, g: (g, g),
    "subtract": lambda n, g: (g, -g),
    "multiply": lambda n, g: (g * n.args[1], g * n.args[0]),
    "divide": lambda n, g: (g / n.args[1], -(g * n / n.args[1])),
    "negative": lambda n, g: (-g,),
    "fma": lambda n, g: (g * n.args[1], g * n.args[0], g),
    "power": _power_rule,
    "exp": lambda n, g: (g * n,),
    "log": lambda n, g: (g / n.args[0],),
    "log1p": lambda n, g: (g / (1 + n.args[0]),),
    "tanh": lambda n, g: (g * (1 - _square(n)),),
    "sqrt": lambda n, g: (g / (2 * n),),
    "sin": lambda n, g: (g * n.graph.make("cos", n.args[0]),),
    "cos": lambda n, g: (-(g * n.graph.make("sin", n.args[0])),),
    "erf": lambda n, g: (g * (2 / math.sqrt(math.pi) * n.graph.make("exp", -_square(n.args[0]))),),
}
"""Each operation's partial derivatives times the slope g that arrives at its node. Other operations have none."""
