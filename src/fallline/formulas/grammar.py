"""The grammar of formulas typed as text. A text is parsed into a tree and never executed.

A formula may contain numbers, x, y, pi, e, `+ - * / ^ ( )` and the functions in `FUNCTIONS`. Anything else raises
UsageError.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.formulas.unreadable import why_unreadable
from fallline.number_text import read_number
from fallline.readings.constants import INEXACT, constant

__all__ = [
    "COORDINATES", "EXAMPLES", "FUNCTIONS", "LONGEST", "SIGNS", "Operation", "Tree", "apply", "names_in", "parse", "parse_formula", "python_text",
    "value_at",
]  # fmt: skip

LONGEST = 400
"""The most characters of a formula."""

LARGEST = 200
"""The most operations of a formula."""

DEEPEST = 24
"""The deepest nesting of brackets and operations."""

HIGHEST = 20
"""The highest power. Nested powers may reach four times this degree."""

EXAMPLES = (
    "(1 - x)^2 + 100*(y - x^2)^2",
    "x^2 + 10*y^2",
    "sin(3*x) + cos(3*y) + (x^2 + y^2)/4",
    "log(1 + x^2 + 20*(y - sin(2*x))^2)",
    "max(abs(x), abs(y))",
)

FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "exp": (np.exp, 1), "log": (np.log, 1), "sqrt": (np.sqrt, 1), "sin": (np.sin, 1), "cos": (np.cos, 1),
    "tanh": (np.tanh, 1), "abs": (np.abs, 1), "max": (np.maximum, 2), "min": (np.minimum, 2),
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "e": math.e}
COORDINATES = ("x", "y")
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_PRODUCTS = "a formula has products with *, as in 2*x; got {!r}."
_TYPED = str.maketrans({"−": "-", "×": "*", "·": "*", "π": "pi", "²": "^2", "³": "^3", "⁴": "^4"})


@dataclass(frozen=True)
class Operation:
    """An operation and its operands: numbers, names of coordinates, or operations."""

    sign: str
    operands: tuple[Tree, ...]


Tree = Operation | float | str


def parse_formula(text: str) -> Tree:
    """Return the tree of a formula that depends on its coordinates. Constants are computed.

    >>> parse_formula("2*3*x")
    Operation(sign='*', operands=(6.0, 'x'))
    >>> parse_formula("__import__('os')")
    Traceback (most recent call last):
    fallline.errors.UsageError: a formula may use abs, cos, exp, log, max, min, sin, sqrt, tanh; got "__import__".
    """
    tree = parse(text, COORDINATES)
    if isinstance(tree, float):
        raise UsageError(f"a formula must depend on x or y; {text.strip()!r} is the same everywhere.")
    return tree


def parse(text: str, coordinates: tuple[str, ...]) -> Tree:
    """Return the tree of a formula in these coordinates. It may be a constant."""
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"a formula must be written in x and y, such as {EXAMPLES[0]}; got {text!r}.")
    if len(text) > LONGEST:
        raise UsageError(f"a formula may have at most {LONGEST} characters; this one has {len(text):,}.")
    typed = text.translate(_TYPED).strip()
    plain = typed.replace("^", "**")
    if plain.count("(") > 60:
        raise UsageError("a formula may have at most 60 brackets.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for "1if" and similar text, which raises UsageError below
            body = ast.parse(plain, mode="eval").body
    except SyntaxError:
        raise UsageError(f"the formula cannot be read: {why_unreadable(typed, tuple(FUNCTIONS))}.") from None
    except (ValueError, RecursionError, MemoryError):
        raise UsageError(
            "the formula cannot be read: it is nested too deep, or holds a character that has no meaning."
        ) from None
    return _Reader(plain, coordinates).read(body, 0)


class _Reader:
    """Reads Python's syntax tree of a formula, by a closed list of nodes."""

    def __init__(self, text: str, coordinates: tuple[str, ...]) -> None:
        self.text, self.coordinates, self.count = text, coordinates, 0

    def read(self, node: ast.AST, depth: int) -> Tree:
        self.count += 1
        if depth > DEEPEST or self.count > LARGEST:
            raise UsageError(
                f"a formula may hold {LARGEST} operations, {DEEPEST} inside one another, at most; this one holds more."
            )
        match node:
            case ast.Constant(value=bool() | str() | bytes() | complex() | None) | ast.Constant(value=ast.Constant()):
                raise UsageError(f"a formula holds numbers, x and y; got {node.value!r}.")
            case ast.Constant(value=int() | float()):
                return read_number(ast.get_source_segment(self.text, node) or "", "a number in a formula")
            case ast.Name(id=name):
                if name in CONSTANTS:
                    return CONSTANTS[name]
                if name in self.coordinates:
                    return name
                raise UsageError(
                    f"the coordinates of a formula are {' and '.join(self.coordinates)}; got {name[:40]!r}."
                )
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.read(inner, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return _folded("negative", (self.read(inner, depth + 1),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
                operands = (self.read(left, depth + 1), self.read(right, depth + 1))
                if isinstance(op, ast.Pow):
                    return _power(*operands)
                return _folded(SIGNS[type(op)], operands)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name in self.coordinates or name in CONSTANTS:
                    raise UsageError(_PRODUCTS.format(ast.unparse(node)[:40]))
                if name not in FUNCTIONS:
                    raise UsageError(f'a formula may use {", ".join(sorted(FUNCTIONS))}; got "{name[:40]}".')
                if len(args) != FUNCTIONS[name][1]:
                    raise UsageError(f"{name} takes {FUNCTIONS[name][1]} argument(s); got {len(args)}.")
                return _folded(name, tuple(self.read(a, depth + 1) for a in args))
            case ast.Call(func=ast.BinOp() | ast.Constant() | ast.Call()):
                raise UsageError(_PRODUCTS.format(ast.unparse(node)[:40]))
        raise UsageError(
            f"a formula holds numbers, x, y, + - * / ^, brackets and {', '.join(sorted(FUNCTIONS))}; "
            f"got {ast.unparse(node)[:40]!r}."
        )


def _power(base: Tree, exponent: Tree) -> Tree:
    if exponent == 0.5:
        return _folded("sqrt", (base,))
    if not isinstance(exponent, float) or exponent != int(exponent) or abs(exponent) > HIGHEST:
        shown = f"{exponent:g}" if isinstance(exponent, float) else "one that depends on x or y"
        raise UsageError(f"an exponent must be a whole number from -{HIGHEST} to {HIGHEST}, or 0.5; got {shown}.")
    if _degree(base) * abs(exponent) > 4 * HIGHEST:
        raise UsageError(f"powers of powers may come to degree {4 * HIGHEST} at most; write a lower exponent.")
    return _folded("**", (base, exponent))


def _degree(tree: Tree) -> float:
    """Return the highest product of nested exponents."""
    if not isinstance(tree, Operation):
        return 1
    if tree.sign == "**":
        assert isinstance(tree.operands[1], float)
        return _degree(tree.operands[0]) * max(1.0, abs(tree.operands[1]))
    return max(_degree(o) for o in tree.operands)


def _folded(sign: str, operands: tuple[Tree, ...]) -> Tree:
    """Return the operation, or its value if all operands are numbers."""
    numbers = [o for o in operands if isinstance(o, float)]
    if len(numbers) < len(operands):
        return Operation(sign, operands)
    try:
        with np.errstate(all="ignore"):
            op = "power" if sign == "**" else sign
            value = constant(op, *numbers) if op in INEXACT else float(apply(sign, *operands))
    except (ZeroDivisionError, OverflowError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{python_text(Operation(sign, operands))} in the formula has no finite value.")
    return value


def apply(sign: str, *values: Any) -> Any:
    """Return the operation's result; `sign` is one of `SIGNS`, "negative", or a name in `FUNCTIONS`."""
    match sign, values:
        case "+", (a, b):
            return a + b
        case "-", (a, b):
            return a - b
        case "*", (a, b):
            return a * b
        case "/", (a, b):
            return a / b
        case "**", (a, b):
            return a ** (int(b) if b == int(b) else b)
        case "negative", (a,):
            return -a
    return FUNCTIONS[sign][0](*values)


def value_at(tree: Tree, at: dict[str, Any]) -> Any:
    """Return the value of a formula; `at` holds the coordinates by name."""
    if isinstance(tree, Operation):
        return apply(tree.sign, *(value_at(o, at) for o in tree.operands))
    return at[tree] if isinstance(tree, str) else tree


def names_in(tree: Tree) -> set[str]:
    """Return the coordinates that a formula uses."""
    if isinstance(tree, Operation):
        return set().union(*(names_in(o) for o in tree.operands))
    return {tree} if isinstance(tree, str) else set()


def python_text(tree: Tree) -> str:
    """Return the formula as Python code that has the same graph, and so the same bits.

    >>> python_text(parse_formula("(1 - x)^2 + abs(y)"))
    '(1.0 - x) ** 2 + np.abs(y)'
    """
    return ast.unparse(ast.fix_missing_locations(ast.Expression(_python(tree))))


def _python(tree: Tree) -> ast.expr:
    if isinstance(tree, float):
        return ast.Constant(tree) if tree >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-tree))
    if isinstance(tree, str):
        return ast.Name(tree)
    inner = [_python(o) for o in tree.operands]
    numpy = {"max": "maximum", "min": "minimum"}
    if tree.sign == "negative":
        return ast.UnaryOp(ast.USub(), inner[0])
    if tree.sign == "**":
        assert isinstance(tree.operands[1], float)
        return ast.BinOp(inner[0], ast.Pow(), ast.Constant(int(tree.operands[1])))
    signs = {sign: kind for kind, sign in SIGNS.items()}
    if tree.sign in signs:
        return ast.BinOp(inner[0], signs[tree.sign](), inner[1])
    return _call(numpy.get(tree.sign, tree.sign), *inner)


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("np"), name), list(arguments), [])
