"""Usage: what the source of a function says about its parameters and its result.

`W1 = params["W1"]`, `params.b1`, `(W1, b1), (W2, b2) = params` and `return grads, cost` name what no signature says.
Where a parameter is handed on to another function of the same file, that function's source is read too.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import Any

__all__ = ["Usage", "mentions", "names_read", "parameter_names", "returned_names", "takes_one_sample", "usage_of"]

DEEP = 3
"""How far a parameter is followed into other functions."""

Names = str | tuple["Names", ...]
"""A name, or nested names as in the target of an assignment."""


@dataclass
class Usage:
    """How a parameter is used.

    Parameters
    ----------
    keys
        The texts in square brackets behind it, at any depth, in order of appearance.
    chains
        Texts in two brackets, one after another: ("hidden", "w") of params["hidden"]["w"].
    prefixes
        Texts to which a layer's number is added in the brackets: params['W' + str(l)].
    attributes
        The names behind its dot.
    unpacked
        The names that it is unpacked into.
    indices
        The names that its numbered entries are assigned to.
    calls
        Whether it is called as a function.
    """

    keys: dict[str, None] = field(default_factory=dict)
    chains: dict[tuple[str, str], None] = field(default_factory=dict)
    prefixes: dict[str, None] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)
    unpacked: list[tuple[Names, ...]] = field(default_factory=list)
    indices: dict[int, str] = field(default_factory=dict)
    calls: bool = False

    def add(self, other: Usage) -> None:
        """Add another usage of the same value to this one."""
        self.keys |= other.keys
        self.chains |= other.chains
        self.prefixes |= other.prefixes
        self.attributes |= other.attributes
        self.unpacked += other.unpacked
        self.indices |= other.indices


def tree_of(function: Callable[..., Any]) -> ast.Module:
    """The syntax tree of the function's source; empty if it cannot be read."""
    inner = inspect.unwrap(getattr(function, "func", function))
    code = getattr(inner, "__code__", None)
    return ast.Module([], []) if code is None else _tree(code)


@lru_cache(maxsize=512)  # reading the source takes longer than most calls of the function
def _tree(code: CodeType) -> ast.Module:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError):  # no source, or a lambda inside an expression
        return ast.Module([], [])


def parameter_names(function: Callable[..., Any]) -> tuple[list[str], dict[str, Any]] | None:
    """Names of the required parameters, and the defaults of the others; None if the signature says nothing, as *args does."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if all(p.name == "self" for p in named) and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    required = [p.name for p in named if p.default is p.empty]
    return required, {p.name: p.default for p in parameters if p.default is not p.empty}


def returned_names(function: Callable[..., Any]) -> tuple[Names, ...]:
    """The names in the function's last `return a, (b, c)`; "" for what is no name. Empty if it returns something else."""
    returns = [
        node for node in _own_nodes(tree_of(function)) if isinstance(node, ast.Return) and node.value is not None
    ]
    if not returns:
        return ()
    last = max(returns, key=lambda node: node.lineno).value
    return _once(_names(last)) if isinstance(last, ast.Tuple | ast.List) else ()


def takes_one_sample(function: Callable[..., Any]) -> bool:
    """Whether the source speaks of one sample: names in small letters, and neither an axis nor a number of samples."""
    names = parameter_names(function)
    if names is None or any(name in ("X", "Y", "T", "m") for name in names[0]):
        return False
    for node in ast.walk(tree_of(function)):
        if isinstance(node, ast.keyword) and node.arg in ("axis", "keepdims"):
            return False
        if isinstance(node, ast.Name) and node.id in ("m", "batch_size", "n_samples"):
            return False
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return False
    return True


def mentions(function: Callable[..., Any], *names: str) -> bool:
    """Whether the source has one of the names, alone or behind a dot."""
    return any(getattr(node, "attr", getattr(node, "id", "")) in names for node in ast.walk(tree_of(function)))


def _once(names: Names) -> Any:
    """The names with "" for those that stand there twice."""
    if isinstance(names, str):
        return names
    return tuple("" if names.count(n) > 1 and isinstance(n, str) else _once(n) for n in names)


def names_read(function: Callable[..., Any], functions: Mapping[str, Any], depth: int = DEEP) -> dict[str, None]:
    """The names that the function reads, and those of the functions that it calls, in order of appearance."""
    names = {node.id: None for node in ast.walk(tree_of(function)) if isinstance(node, ast.Name)}
    if depth:
        for name in list(names):
            inner = functions.get(name)
            if inspect.isfunction(inner) and inner is not function:
                names |= names_read(inner, functions, depth - 1)
    return names


def usage_of(function: Callable[..., Any], parameter: str, functions: Mapping[str, Any], depth: int = DEEP) -> Usage:
    """How the function, and those of `functions` that it hands the parameter on to, use it."""
    usage = Usage()
    parts = _parts(tree_of(function), parameter)
    for node in ast.walk(tree_of(function)):
        if isinstance(node, ast.Subscript) and _root(node.value) == parameter:
            _add_key(node.slice, usage)
            _add_chain(node, usage)
        elif isinstance(node, ast.Subscript) and _root(node.value) in parts:
            _add_key(node.slice, usage)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _root(node.func.value) == parameter
        ):
            if node.func.attr == "get" and node.args:
                _add_key(node.args[0], usage)
        elif isinstance(node, ast.Attribute) and _is(node.value, parameter):
            usage.attributes[node.attr] = None
        elif isinstance(node, ast.Assign):
            _add_assignment(node, parameter, usage)
        elif isinstance(node, ast.For) and _is(node.iter, parameter) and isinstance(node.target, ast.Tuple):
            usage.unpacked.append((_names(node.target),))
        if isinstance(node, ast.Call):
            usage.calls |= _is(node.func, parameter)
            if depth:
                for inner, name in _handed_on(node, parameter, functions):
                    usage.add(usage_of(inner, name, functions, depth - 1))
    return usage


def _parts(tree: ast.Module, parameter: str) -> set[str]:
    """The names of parts of the parameter: layer in `for layer in network` and in `layer = network[i]`, and parts of these."""
    parts: set[str] = set()
    bindings: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            bindings.append((node.target, node.iter))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            bindings += [(target, node.value) for target in node.targets]
    for _ in range(DEEP):
        for target, value in bindings:
            whole = value.args[0] if isinstance(value, ast.Call) and value.args else value
            if _root(whole) in {parameter, *parts} and not (
                isinstance(value, ast.Call) and _root(value.func) == "range"
            ):
                last = target.elts[-1] if isinstance(target, ast.Tuple) and isinstance(value, ast.Call) else target
                parts |= {last.id} - {parameter} if isinstance(last, ast.Name) else set()
    return parts


def _handed_on(
    call: ast.Call, parameter: str, functions: Mapping[str, Any]
) -> Iterator[tuple[Callable[..., Any], str]]:
    """The functions that this call hands the parameter to, with the name that it has there."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    inner = functions.get(name)
    if not inspect.isfunction(inner):
        return
    names = list(inspect.signature(inner).parameters)
    for argument, there in zip(call.args, names, strict=False):
        if _is(argument, parameter):
            yield inner, there
    for keyword in call.keywords:
        if keyword.arg in names and _is(keyword.value, parameter):
            yield inner, str(keyword.arg)


def _add_key(key: ast.expr, usage: Usage) -> None:
    match key:
        case ast.Constant(str() as text):
            usage.keys[text] = None
        case ast.BinOp(ast.Constant(str() as text), ast.Add(), _) | ast.JoinedStr([ast.Constant(str() as text), *_]):
            usage.prefixes[text] = None
        case ast.BinOp(ast.Constant(str() as text), ast.Mod(), _):
            usage.prefixes[text.split("%")[0]] = None


def _add_chain(node: ast.Subscript, usage: Usage) -> None:
    match node:
        case ast.Subscript(ast.Subscript(_, ast.Constant(str() as outer)), ast.Constant(str() as inner)):
            usage.chains[outer, inner] = None


def _add_assignment(node: ast.Assign, parameter: str, usage: Usage) -> None:
    for target in node.targets:
        if isinstance(target, ast.Tuple | ast.List) and _is(node.value, parameter):
            usage.unpacked.append(_names(target))
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for part, value in zip(target.elts, node.value.elts, strict=False):
                _add_index(part, value, parameter, usage)
        else:
            _add_index(target, node.value, parameter, usage)


def _add_index(target: ast.expr, value: ast.expr, parameter: str, usage: Usage) -> None:
    match target, value:
        case ast.Name(name), ast.Subscript(ast.Name(array), ast.Constant(int() as index)) if array == parameter:
            usage.indices[index] = name


def _names(node: ast.expr) -> Any:
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_names(e) for e in node.elts)
    return _name(node)


_KEEPING = ("T", "mT", "copy", "reshape", "ravel", "flatten", "astype", "tolist", "squeeze", "transpose")
"""Attributes and methods after which an array still is what its name says."""


def _name(node: ast.expr) -> str:
    """The name of what an expression holds; "" if it is a formula."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(inner, attribute):
            return _name(inner) if attribute in _KEEPING else attribute
        case ast.Call(ast.Attribute(inner, attribute)) if attribute in _KEEPING:
            return _name(inner)
        case ast.Subscript(inner, ast.Constant(str() as key)):
            return key
        case ast.Subscript(inner) | ast.UnaryOp(_, inner) | ast.BinOp(inner, ast.Div(), _):
            return _name(inner)
    return ""


def _own_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of the function itself, without those of functions inside it."""
    stack: list[ast.AST] = list(tree.body[0].body) if tree.body and hasattr(tree.body[0], "body") else list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            stack += list(ast.iter_child_nodes(node))


def _root(node: ast.expr) -> str:
    """The name at the root of a chain of brackets: params of params[0]['W']."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
