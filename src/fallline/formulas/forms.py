"""A formula as a landscape, or as an expression of SymPy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fallline.formulas.grammar import (
    COORDINATES,
    FUNCTIONS,
    Tree,
    apply,
    names_in,
    parse,
    parse_formula,
    value_at,
)
from fallline.readings.reverse import gradient_of
from fallline.textbook.landscapes import Landscape

__all__ = ["formula_landscape", "formula_of", "symbolic"]


@lru_cache(maxsize=64)
def formula_landscape(
    text: str, window: tuple[tuple[float, float], tuple[float, float]] = ((-2.0, 2.0), (-2.0, 2.0))
) -> Landscape:
    """Return the landscape of a formula. The same text gives the same object, so that it is compiled once.

    >>> bowl = formula_landscape("x^2 + 3*y^2")
    >>> bowl(1.0, 2.0), bowl.gradient(1.0, 2.0)
    (13.0, [2.0, 12.0])
    """
    tree = parse_formula(text)
    free = [name for name in COORDINATES if name not in names_in(tree)]

    def formula(x: Any, y: Any) -> Any:
        value = value_at(tree, {"x": x, "y": y})
        for name in free:  # a function of both coordinates, even if it does not depend on one
            value = value + 0 * {"x": x, "y": y}[name]
        return value

    formula.formula = text  # type: ignore[attr-defined]  # files and studies store this text
    (x0, x1), (y0, y1) = window
    start = (x0 + 0.2 * (x1 - x0), y0 + 0.75 * (y1 - y0))
    return Landscape("own formula", formula, gradient_of(formula), start, window)


def formula_of(record: Landscape) -> str | None:
    """Return the text of a landscape that was made from a formula; None for another landscape.

    >>> formula_of(formula_landscape("x^2 + 3*y^2"))
    'x^2 + 3*y^2'
    """
    text = getattr(record.function, "formula", None)
    return text if isinstance(text, str) else None


def symbolic(text: str, coordinates: tuple[str, ...] = COORDINATES) -> Any:
    """The SymPy expression of a formula, which may be the same everywhere.

    >>> symbolic("200*(y - x^2)")
    -200*x**2 + 200*y
    """
    import sympy

    def read(tree: Tree) -> Any:
        if isinstance(tree, float):
            return sympy.nsimplify(tree)
        if isinstance(tree, str):
            return sympy.Symbol(tree)
        operands = [read(inner) for inner in tree.operands]
        if tree.sign in FUNCTIONS:
            name = tree.sign.capitalize() if tree.sign in ("abs", "max", "min") else tree.sign
            return getattr(sympy, name)(*operands)
        return apply(tree.sign, *operands)

    return read(parse(text, coordinates))
