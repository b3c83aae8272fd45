"""The formula of a derivative, as a study states it: from text to SymPy."""

from __future__ import annotations

import ast
import operator
from typing import Any

from fallline.errors import SettingError, StudyError
from fallline.number_text import read_number

__all__ = ["derivative_formula"]


def derivative_formula(text: str, names: tuple[str, ...]) -> Any:
    """A SymPy expression from a text of numbers, coordinates, + - * / ** and brackets; nothing is evaluated as code.

    >>> derivative_formula("200*(y - x**2)", ("x", "y"))
    -200*x**2 + 200*y
    """

    import sympy

    binary = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }

    def walk(node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            read_number(ast.get_source_segment(text, node) or "", "a number in a formula")
            return sympy.nsimplify(node.value)
        if isinstance(node, ast.Name) and node.id in names:
            return sympy.Symbol(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -walk(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in binary:
            if isinstance(node.op, ast.Pow) and not (
                isinstance(node.right, ast.Constant) and node.right.value in range(13)
            ):
                raise StudyError("an exponent must be a whole number from 0 to 12")
            return binary[type(node.op)](walk(node.left), walk(node.right))
        raise SettingError(f"a formula may hold numbers, {', '.join(names)}, + - * / ** and brackets; got {text!r}.")

    try:
        body = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SettingError(f"a formula must read like 200*(y - x**2); got {text!r}.") from None
    return walk(body)
