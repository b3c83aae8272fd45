"""Mutants of a page: one operation changed, a sign turned, an operand or a function left out, a constant changed.

They are made from the page's own source, so a new activation or optimizer needs no list of faults.
"""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.textbook import operations

__all__ = ["Mutant", "mutants"]

_TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_KEPT_CALLS = ("let", "zeros_like", "ones_like", "where", "positive", "maximum")
"""Functions that are not left out: a page without them is no page."""


@dataclass(frozen=True)
class Mutant:
    """The source of an expression before and after the change, and the changed page."""

    before: str
    after: str
    page: Callable[..., Any]

    def __str__(self) -> str:
        return f"`{self.after}` stands where `{self.before}` belongs"


@functools.lru_cache(maxsize=16)
def mutants(page: Callable[..., Any]) -> tuple[Mutant, ...]:
    """Every mutant of the page; none if its source cannot be read.

    >>> from fallline.textbook.optimizers import gradient_descent
    >>> [mutant.after for mutant in mutants(gradient_descent)][:3]
    ['w', 'learning_rate * g', 'w + learning_rate * g']
    """
    return tuple(_mutants(page))


def _mutants(page: Callable[..., Any]) -> Iterator[Mutant]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(page)))
    except (OSError, TypeError, SyntaxError):  # a page written at a prompt, or a lambda inside an expression
        return
    if not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return
    for k, node in enumerate(_changeable(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            changed = _Replacer(_changeable(mutant)[k], change).visit(mutant)
            yield Mutant(ast.unparse(node), ast.unparse(change), _compiled(page, changed))


def _changeable(tree: ast.Module) -> list[ast.expr]:
    """The operations first, then calls and constants, in the order in which the tree is walked."""
    nodes = [n for n in ast.walk(_body(tree)) if isinstance(n, ast.expr)]
    operations_of_page: list[ast.expr] = [
        n for n in nodes if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.BitOr)
    ]
    calls: list[ast.expr] = [
        n
        for n in nodes
        if isinstance(n, ast.Call)
        and len(n.args) == 1
        and isinstance(n.func, ast.Name)
        and n.func.id not in _KEPT_CALLS
    ]
    constants: list[ast.expr] = [n for n in nodes if isinstance(n, ast.Constant) and type(n.value) in (int, float)]
    return [*operations_of_page, *calls, *constants]


def _body(tree: ast.Module) -> ast.Module:
    """The statements of the page's function, without its signature."""
    (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef))
    return ast.Module(function.body, [])


def _changes(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [node.args[0]]
    if isinstance(node, ast.Constant):
        number: Any = node.value
        return [ast.Constant(value) for value in {0: [1], 1: [2, 0], 2: [1, 3]}.get(number, [1, 2 * number])]
    if not isinstance(node, ast.BinOp):
        return []
    changes: list[ast.expr] = [node.left, node.right]
    turned = _TURNED.get(type(node.op))
    if turned is not None:
        changes.append(ast.BinOp(node.left, turned(), node.right))
    if isinstance(node.op, ast.Add) and isinstance(node.left, ast.Call) and node.left.args:
        inside = copy.deepcopy(node.left)  # sqrt(v) + e coded as sqrt(v + e)
        inside.args[0] = ast.BinOp(inside.args[0], ast.Add(), node.right)
        changes.append(inside)
    return changes


def _compiled(page: Callable[..., Any], tree: ast.Module) -> Callable[..., Any]:
    """The function of that tree, with the names that the page sees."""
    module = inspect.getmodule(page)
    namespace: dict[str, Any] = {**vars(operations), "np": np, **(vars(module) if module else {})}
    code = compile(
        ast.fix_missing_locations(tree), "<a page, changed>", "exec", dont_inherit=True,
        flags=__future__.annotations.compiler_flag,
    )  # fmt: skip
    exec(code, namespace)  # noqa: S102  # the page's own source, with one expression changed
    (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef))
    return namespace[function.name]  # type: ignore[no-any-return]  # a namespace holds anything


class _Replacer(ast.NodeTransformer):
    def __init__(self, target: ast.AST, change: ast.expr) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        return copy.deepcopy(self.change) if node is self.target else self.generic_visit(node)
