"""The names in statements: what they bind or change, and what the functions of a file use."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["bound_names", "changed_names", "global_names", "loaded_names", "used_by_definitions"]

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def bound_names(statement: ast.stmt) -> set[str]:
    """The names that a definition, an import or an assignment gives a new object.

    >>> sorted(bound_names(ast.parse("a = b = c[0] = 1").body[0])), bound_names(ast.parse("a += 1").body[0])
    (['a', 'b'], set())
    """
    if isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
        return changed_names(statement)
    targets = statement.targets if isinstance(statement, ast.Assign) else ()
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def changed_names(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, or whose object it may change.

    >>> sorted(changed_names(ast.parse("W[0] = a = f(x)").body[0])), changed_names(ast.parse("net.load()").body[0])
    (['W', 'a'], {'net'})
    """
    if isinstance(statement, DEFINITIONS):
        return {statement.name}
    names = set()
    for node in _outside_definitions(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            names |= _root(node)
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
        ):
            names |= _root(node.value.func)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, DEFINITIONS):
            names.add(node.name)
    return names


def loaded_names(node: ast.AST) -> set[str]:
    """The names whose values the node uses, at whatever depth."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def used_by_definitions(statements: Iterable[ast.stmt], more: Iterable[str] = ()) -> set[str]:
    """The names that the functions and classes of the statements use, and those that their values are computed from.

    `more` are names that are needed as well.
    """
    nodes = [node for statement in statements for node in ast.walk(statement)]
    used = set(more)
    for node in nodes:
        if isinstance(node, (*DEFINITIONS, ast.Lambda)):
            used |= loaded_names(node)
        if isinstance(node, DEFINITIONS):
            used.add(node.name)  # what is assigned to it later, `gradient = jit(gradient)`, is needed too
    assignments = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)]
    size = -1
    while size != len(used):
        size = len(used)
        for assignment in assignments:
            if assignment.value is not None and changed_names(assignment) & used:
                used |= loaded_names(assignment.value)
    return used


def global_names(function: Any, module: ModuleType) -> set[str]:
    """The global names that a function or a class of the module uses, itself or through others of the module."""
    names: set[str] = set()
    waiting, seen = [function], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for code in _codes(value, module.__name__):
            new = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - names
            names |= new
            waiting += [vars(module)[name] for name in new if name in vars(module)]
    return names


def _codes(value: Any, module: str) -> Iterator[CodeType]:
    """The code of a function, of the methods of a class or an instance, and of what a partial or a decorator holds."""
    for inner in (value, getattr(value, "func", None), getattr(value, "__wrapped__", None)):
        function = getattr(inner, "__func__", inner)
        if isinstance(function, FunctionType):
            yield from _nested(function.__code__)
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__ == module:
        for member in vars(kind).values():
            function = getattr(member, "__func__", member)
            if isinstance(function, FunctionType):
                yield from _nested(function.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _root(node: ast.expr) -> set[str]:
    """The name at the beginning of `name.a[0].b`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _outside_definitions(node: ast.AST) -> Iterator[ast.AST]:
    """The node and those in it, but not the bodies of functions and classes."""
    yield node
    if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_definitions(child)
