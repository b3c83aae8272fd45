"""A landscape from a formula typed as text. The text is parsed into a tree of our own and never run as code.

What may stand in it: numbers, x, y, pi, e, `+ - * / ^ ( )` and the functions below. What may not, a sentence says.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.number_text import read_number
from fallline.readings.constants import INEXACT, constant
from fallline.readings.reverse import gradient_of
from fallline.textbook.landscapes import Landscape

__all__ = [
    "EXAMPLES",
    "LONGEST",
    "formula_landscape",
    "formula_of",
    "names_in",
    "parse_formula",
    "python_text",
    "symbolic",
]

LONGEST = 400
"""Characters of a formula, at most."""

LARGEST = 200
"""Operations of a formula, at most."""

DEEPEST = 24
"""Brackets and operations inside one another, at most."""

HIGHEST = 20
"""The highest power. Powers of powers may not come to more than four times this degree."""

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
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_TYPED = str.maketrans({"−": "-", "×": "*", "·": "*", "π": "pi", "²": "^2", "³": "^3", "⁴": "^4"})


@dataclass(frozen=True)
class Operation:
    """An operation and its operands: numbers, names of coordinates, or operations."""

    sign: str
    operands: tuple[Tree, ...]


Tree = Operation | float | str


def parse_formula(text: str) -> Tree:
    """The tree of a formula that depends on its coordinates; constants are worked out.

    >>> parse_formula("2*3*x")
    Operation(sign='*', operands=(6.0, 'x'))
    >>> parse_formula("__import__('os')")
    Traceback (most recent call last):
    fallline.errors.UsageError: a formula may use abs, cos, exp, log, max, min, sin, sqrt, tanh; got "__import__".
    """
    tree = _parse(text, COORDINATES)
    if isinstance(tree, float):
        raise UsageError(f"a formula must depend on x or y; {text.strip()!r} is the same everywhere.")
    return tree


def _parse(text: str, coordinates: tuple[str, ...]) -> Tree:
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"a formula must be written in x and y, such as {EXAMPLES[0]}; got {text!r}.")
    if len(text) > LONGEST:
        raise UsageError(f"a formula may have at most {LONGEST} characters; this one has {len(text):,}.")
    plain = text.translate(_TYPED).replace("^", "**").strip()
    if plain.count("(") > 60:
        raise UsageError("a formula may have at most 60 brackets.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "1if" and its like: what follows refuses them in words
            body = ast.parse(plain, mode="eval").body
    except SyntaxError as error:
        place = (error.offset or 1) - 1
        near = plain[max(0, place - 1) : place + 8].strip() or plain[-8:]
        raise UsageError(f"the formula cannot be read near {near!r}: write products with *, as in 2*x.") from None
    except (ValueError, RecursionError, MemoryError):
        raise UsageError(
            "the formula cannot be read: it is nested too deep, or holds a character of no meaning."
        ) from None
    return _Reader(plain, coordinates).read(body, 0)


class _Reader:
    """One walk over Python's own syntax tree, by a closed list of nodes."""

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
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                operands = (self.read(left, depth + 1), self.read(right, depth + 1))
                if isinstance(op, ast.Pow):
                    return _power(*operands)
                return _folded(_SIGNS[type(op)], operands)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in FUNCTIONS:
                    raise UsageError(f'a formula may use {", ".join(sorted(FUNCTIONS))}; got "{name[:40]}".')
                if len(args) != FUNCTIONS[name][1]:
                    raise UsageError(f"{name} takes {FUNCTIONS[name][1]} argument(s); got {len(args)}.")
                return _folded(name, tuple(self.read(a, depth + 1) for a in args))
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
    """The highest product of exponents inside one another."""
    if not isinstance(tree, Operation):
        return 1
    if tree.sign == "**":
        assert isinstance(tree.operands[1], float)
        return _degree(tree.operands[0]) * max(1.0, abs(tree.operands[1]))
    return max(_degree(o) for o in tree.operands)


def _folded(sign: str, operands: tuple[Tree, ...]) -> Tree:
    """The operation, or its value where it has only numbers."""
    numbers = [o for o in operands if isinstance(o, float)]
    if len(numbers) < len(operands):
        return Operation(sign, operands)
    try:
        with np.errstate(all="ignore"):
            op = "power" if sign == "**" else sign
            value = constant(op, *numbers) if op in INEXACT else float(_apply(sign, *operands))
    except (ZeroDivisionError, OverflowError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{python_text(Operation(sign, operands))} in the formula has no finite value.")
    return value


def _apply(sign: str, *values: Any) -> Any:
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


def _value(tree: Tree, at: dict[str, Any]) -> Any:
    if isinstance(tree, Operation):
        return _apply(tree.sign, *(_value(o, at) for o in tree.operands))
    return at[tree] if isinstance(tree, str) else tree


@lru_cache(maxsize=64)
def formula_landscape(
    text: str, window: tuple[tuple[float, float], tuple[float, float]] = ((-2.0, 2.0), (-2.0, 2.0))
) -> Landscape:
    """The landscape of a formula; the same text gives the same object, so that it is compiled once.

    >>> bowl = formula_landscape("x^2 + 3*y^2")
    >>> bowl(1.0, 2.0), bowl.gradient(1.0, 2.0)
    (13.0, [2.0, 12.0])
    """
    tree = parse_formula(text)
    free = [name for name in COORDINATES if name not in names_in(tree)]

    def formula(x: Any, y: Any) -> Any:
        value = _value(tree, {"x": x, "y": y})
        for name in free:  # a function of both coordinates, even where it is flat along one
            value = value + 0 * {"x": x, "y": y}[name]
        return value

    formula.formula = text  # type: ignore[attr-defined]  # so that files and studies can hold it
    (x0, x1), (y0, y1) = window
    start = (x0 + 0.2 * (x1 - x0), y0 + 0.75 * (y1 - y0))
    return Landscape("own formula", formula, gradient_of(formula), start, window)


def formula_of(record: Landscape) -> str | None:
    """The text of a landscape that was made from one; else None.

    >>> formula_of(formula_landscape("x^2 + 3*y^2"))
    'x^2 + 3*y^2'
    """
    text = getattr(record.function, "formula", None)
    return text if isinstance(text, str) else None


def python_text(tree: Tree) -> str:
    """The formula as Python that makes the same graph, to the bit.

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
    signs = {sign: kind for kind, sign in _SIGNS.items()}
    if tree.sign in signs:
        return ast.BinOp(inner[0], signs[tree.sign](), inner[1])
    return _call(numpy.get(tree.sign, tree.sign), *inner)


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("np"), name), list(arguments), [])


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
        return _apply(tree.sign, *operands)

    return read(_parse(text, coordinates))


def names_in(tree: Tree) -> set[str]:
    """The coordinates that a formula uses."""
    if isinstance(tree, Operation):
        return set().union(*(names_in(o) for o in tree.operands))
    return {tree} if isinstance(tree, str) else set()
