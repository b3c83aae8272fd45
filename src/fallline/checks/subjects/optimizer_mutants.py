"""Mutants of an optimizer's page: one operation changed, a sign turned or an operand left out.

They are made from the page's own source, so a new optimizer needs no list of faults.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.textbook import operations
from fallline.textbook.optimizers import Optimizer

__all__ = ["Mutant", "mutants"]

_TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    """The source of an expression before and after the change, and the changed optimizer."""

    before: str
    after: str
    optimizer: Optimizer


def mutants(optimizer: Optimizer) -> Iterator[Mutant]:
    """Every mutant of the optimizer.

    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> [mutant.after for mutant in mutants(OPTIMIZERS["gradient_descent"])][:3]
    ['w', 'learning_rate * g', 'w + learning_rate * g']
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(optimizer.step)))
    for k, node in enumerate(_operations(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            changed = _Replacer(_operations(mutant)[k], change).visit(mutant)
            yield Mutant(ast.unparse(node), ast.unparse(change), _optimizer(optimizer, changed))


def _operations(tree: ast.AST) -> list[ast.BinOp]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.BitOr)]


def _changes(node: ast.BinOp) -> list[ast.expr]:
    changes: list[ast.expr] = [node.left, node.right]
    turned = _TURNED.get(type(node.op))
    if turned is not None:
        changes.append(ast.BinOp(node.left, turned(), node.right))
    if isinstance(node.op, ast.Add) and isinstance(node.left, ast.Call):  # sqrt(v) + e coded as sqrt(v + e)
        inside = copy.deepcopy(node.left)
        inside.args[0] = ast.BinOp(inside.args[0], ast.Add(), node.right)
        changes.append(inside)
    return changes


def _optimizer(original: Optimizer, tree: ast.Module) -> Optimizer:
    """The optimizer whose step is the function of that tree."""
    module = inspect.getmodule(original.step)
    namespace: dict[str, Any] = {**vars(operations), "np": np, **(vars(module) if module else {})}
    code = compile(
        ast.fix_missing_locations(tree), "<an optimizer's page, changed>", "exec", dont_inherit=True,
        flags=__future__.annotations.compiler_flag,
    )  # fmt: skip
    exec(code, namespace)  # noqa: S102  # the page's own source, with one operation changed
    return Optimizer(original.name, namespace[original.step.__name__], original.state, original.init_state)


class _Replacer(ast.NodeTransformer):
    def __init__(self, target: ast.AST, change: ast.expr) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        return copy.deepcopy(self.change) if node is self.target else self.generic_visit(node)
