"""The columns of a table become inputs of a network, as an ONNX graph: the same as `Preparation` does to a table that was read.

A column of numbers is an input of float64, whose missing cells are NaN; a column of texts is one of strings, whose missing cells
are "". Where missing cells were refused in training, they give NaN.
"""

from __future__ import annotations

import numpy as np

from fallline.data.preparing import Preparation
from fallline.data.preparing.inputs import CategoryInput, Indicator, NumberInput
from fallline.data.preparing.scaling import CLIP, Scale
from fallline.data.reading.cells import plain_number
from fallline.models.exchange.graph import Graph

__all__ = ["add_inputs", "add_smooth_clipping", "column_types"]


def column_types(preparation: Preparation) -> dict[str, str]:
    """Return the type of each column, "number" or "text".

    >>> from fallline.data.reading import read_table
    >>> column_types(Preparation.of(read_table("size,kind\\n1,oak\\n3,ash\\n")))
    {'size': 'number', 'kind': 'text'}
    """
    types = dict.fromkeys(preparation.columns, "number")
    for part in preparation.inputs:
        if isinstance(part, CategoryInput) and _numbers(part) is None:
            types[part.column] = "text"
    return types


def add_inputs(graph: Graph, preparation: Preparation) -> str:
    """Add what a preparation does, and return the name of the inputs of the network, (rows, inputs)."""
    types = column_types(preparation)
    parts = []
    for part in preparation.inputs:
        if isinstance(part, NumberInput):
            parts.append(_number(graph, part))
        elif isinstance(part, Indicator):
            parts.append(graph.cast(_missing(graph, part.column, types[part.column]), "float64"))
        elif types[part.column] == "text":
            parts.append(_texts(graph, part))
        else:
            parts.append(_levels(graph, part))
    return graph.add("Concat", *parts, axis=1)


def add_smooth_clipping(graph: Graph, z: str) -> str:
    """Add z / sqrt(1 + (z/3)^2): `smoothly_clipped`."""
    bound = graph.constant(1e100)
    z = graph.add("Min", graph.add("Max", z, graph.add("Neg", bound)), bound)
    third = graph.add("Div", z, graph.constant(CLIP))
    root = graph.add("Sqrt", graph.add("Add", graph.constant(1.0), graph.add("Mul", third, third)))
    return graph.add("Div", z, root)


def _number(graph: Graph, part: NumberInput) -> str:
    x = part.column
    if part.fill is not None:
        x = graph.add("Where", graph.add("IsNaN", x), graph.constant(np.array([[part.fill]])), x)
    return x if part.scale is None else _scaled(graph, x, part.scale)


def _scaled(graph: Graph, x: str, scale: Scale) -> str:
    first = scale.exponent // 2  # 2^1100 is no float, but its root is
    for power in (first, scale.exponent - first):
        x = graph.add("Mul", x, graph.constant(2.0**-power))
    x = graph.add("Div", graph.add("Sub", x, graph.constant(scale.centre)), graph.constant(scale.width))
    return add_smooth_clipping(graph, x) if scale.smooth else x


def _numbers(part: CategoryInput) -> list[float] | None:
    """The levels of a category of numbers; None if some are texts."""
    numbers = [plain_number(level) for level in part.levels]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else None


def _levels(graph: Graph, part: CategoryInput) -> str:
    """A category of numbers: a column of 0 and 1 for each level."""
    x, numbers = part.column, np.array([_numbers(part)])
    gone = graph.add("IsNaN", x)
    if part.fill is not None:
        x = graph.add("Where", gone, graph.constant(numbers[:, [part.levels.index(part.fill)]]), x)
    found = graph.cast(graph.add("Equal", x, graph.constant(numbers)), "float64")
    return found if part.fill is not None else _refused(graph, gone, found)


def _texts(graph: Graph, part: CategoryInput) -> str:
    """A category of texts: a column of 0 and 1 for each level."""
    x = part.column
    if part.fill is not None:
        # What stands for other texts must be no level.
        other = "other" + "".join(part.levels)
        x = graph.add("LabelEncoder", x, keys_strings=["", *part.levels], values_strings=[part.fill, *part.levels], default_string=other)  # fmt: skip
    found = _one_hot(graph, x, part.levels)
    return found if part.fill is not None else _refused(graph, _missing(graph, part.column, "text"), found)


def _one_hot(graph: Graph, x: str, texts: tuple[str, ...]) -> str:
    """A column of 0 and 1 for each of these texts; 0 in all for another text."""
    hot = graph.add("OneHotEncoder", x, cats_strings=list(texts), zeros=1)
    return graph.cast(graph.add("Reshape", hot, graph.constant(np.array([-1, len(texts)]))), "float64")


def _missing(graph: Graph, column: str, kind: str) -> str:
    """Which cells are missing, (rows, 1)."""
    if kind == "number":
        return graph.add("IsNaN", column)
    return graph.add("Equal", _one_hot(graph, column, ("",)), graph.constant(1.0))


def _refused(graph: Graph, gone: str, x: str) -> str:
    """NaN where a cell is missing, so that the answer is NaN and not one that is wrong."""
    return graph.add("Where", gone, graph.constant(np.nan), x)
