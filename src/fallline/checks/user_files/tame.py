"""Statements that may run after a file has failed: they define, import, or compute a value, and touch nothing else.

A file that has failed was perhaps meant to end there: `sys.exit` may stand before `delete_everything()`. So what follows is
not run as it stands. Imports and definitions are, and assignments of values that definitions need.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping
from types import FunctionType, ModuleType
from typing import Any

from fallline.checks.user_files.names import DEFINITIONS, changed_names

__all__ = ["is_main_guard", "is_tame"]

_MODULES = frozenset(("cmath", "collections", "dataclasses", "fractions", "functools", "itertools", "jax", "jaxlib", "math",
                      "numpy", "random", "torch", "typing", "warnings"))  # fmt: skip
"""Modules whose functions compute, or set how other functions of theirs compute."""

_BUILTINS = frozenset(("abs", "bool", "complex", "dict", "enumerate", "exit", "float", "frozenset", "int", "len", "list", "map",
                       "max", "min", "pow", "print", "quit", "range", "round", "set", "slice", "sorted", "str", "sum", "tuple",
                       "zip"))  # fmt: skip


def is_main_guard(statement: ast.stmt) -> bool:
    """Whether the statement is `if __name__ == "__main__":`.

    >>> is_main_guard(ast.parse("if __name__ == '__main__': train()").body[0])
    True
    """
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def is_tame(statement: ast.stmt, values: Mapping[str, Any], needed: Container[str]) -> bool:
    """Whether the statement may run where the file itself was not run.

    Parameters
    ----------
    values
        The names that have a value.
    needed
        The names whose values definitions need: they may be computed by any call.
    """
    if isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Pass, ast.Raise)):
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return any(name in needed for name in changed_names(statement)) or _calls_are_tame(statement, values)
    if isinstance(statement, ast.Expr):
        return _calls_are_tame(statement, values)
    if isinstance(statement, ast.If | ast.Try | ast.With):
        inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
        for handler in statement.handlers if isinstance(statement, ast.Try) else ():
            inner += handler.body
        conditions = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.expr | ast.withitem)]
        return all(is_tame(s, values, needed) for s in inner) and all(_calls_are_tame(c, values) for c in conditions)
    return False


def _calls_are_tame(node: ast.AST, values: Mapping[str, Any]) -> bool:
    return all(_is_tame_call(n, values) for n in ast.walk(node) if isinstance(n, ast.Call))


def _is_tame_call(call: ast.Call, values: Mapping[str, Any]) -> bool:
    """Whether the call is of a function that computes. A method of a function of the file may register something there."""
    function: ast.expr = call.func
    if isinstance(function, ast.Name) and function.id not in values:
        return function.id in _BUILTINS
    if isinstance(function, ast.Attribute) and function.attr.startswith(("save", "tofile", "dump")):
        return False
    root: ast.AST = function
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    if not isinstance(root, ast.Name):
        return isinstance(root, ast.Constant)  # a method of a text or a number
    value = values.get(root.id)
    if isinstance(value, ModuleType) and value.__name__ == "sys":
        return ast.unparse(function) in ("sys.exit", "sys.path.append", "sys.path.insert", "sys.setrecursionlimit")
    home = (
        value.__name__
        if isinstance(value, ModuleType)
        else getattr(value, "__module__", None) or type(value).__module__
    )
    registers = isinstance(value, FunctionType | type) and function is not root
    return registers or str(home).partition(".")[0] in _MODULES
