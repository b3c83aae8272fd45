"""The functions of a file that may be the gradient, the likeliest first: by name, arguments, result and call graph."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ENOUGH", "Candidate", "candidates", "function_names", "hidden_inside", "unlikely_candidates"]

_USUAL = frozenset(("gradient", "grad", "grad_f", "backward", "backprop", "loss_and_gradient", "compute_gradient", "gradients",
                    "backpropagation", "backward_propagation", "back_prop"))  # fmt: skip
_WORD = re.compile(r"grad|backward|back_?prop|bprop|bwd|nabla|jacobian", re.IGNORECASE)
_RULE_WORD = re.compile(r"deriv|prime|slope|delta|step|update|partial", re.IGNORECASE)
"""Further words in the names of an activation's slope, a loss's delta, an optimizer's step."""

_RESULT = re.compile(
    r"d_?[WwBbVvXx]\d*|d_[a-z]\w*|d[A-Z]\w*|d(weights|bias|theta)\w*|(grad|nabla|g)_?([WwBbVv]|theta|Theta)\w*|dj_d[wb]"
    r"|\w*(grads?|gradients?)"
)
"""Names of gradients."""

_NOT = re.compile(
    r"numeric|check|test|approx|finite|plot|main|demo|print|init|update|predict|accuracy|load|save|clip|zero_grad|epoch|batch"
    r"|descent|ascent|optimi|train|fit|step",
    re.IGNORECASE,
)
_PART = re.compile(
    r"relu|sigmoid|tanh|softmax|logistic|dropout|affine|linear|layer|conv|batchnorm|activation|_bwd|_vjp", re.IGNORECASE
)
"""Words in the names of parts of a gradient: one layer, one activation."""

ENOUGH = 3
"""The score from which a function counts as a candidate."""


@dataclass(frozen=True)
class Candidate:
    """A function that may be the gradient: its name, with its classes before it, its line, and how likely it is."""

    name: str
    line: int
    score: int


@dataclass(frozen=True)
class _Definition:
    name: str
    line: int
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None
    calls: frozenset[str]

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


def candidates(
    statements: Iterable[ast.stmt], value_of: Callable[[str], Any], *, network: bool = True, within: str = "",
) -> list[Candidate]:  # fmt: skip
    """The functions and methods that may be the gradient, the likeliest first.

    Parameters
    ----------
    statements
        Of the file.
    value_of
        The object of that name, None if it has none: a name can also be bound by `grad = jax.grad(loss)`.
    network
        Whether it is the gradient of a network; else the slope, delta, step or partial derivatives of something smaller.
    within
        A class: only its methods are candidates.
    """
    definitions = [
        d for d in _definitions(statements) if callable(value_of(d.name)) and d.name.startswith(within and f"{within}.")
    ]
    named = {d.name: _score(d, network) for d in definitions}
    callers = [d for d in definitions if named[d.name] >= ENOUGH]
    parts = {d.name for d in definitions if any(d is not caller and d.last in caller.calls for caller in callers)}
    likely = [
        Candidate(d.name, d.line, named[d.name]) for d in definitions if named[d.name] >= ENOUGH + 3 * (d.name in parts)
    ]
    if not likely and network:
        likely = _unlikely(definitions)
    public = [d for d in definitions if not d.last.startswith("_")]
    if not likely and len(public) == 1:
        likely = [Candidate(public[0].name, public[0].line, 0)]
    return sorted(likely, key=lambda c: (c.name in parts, -c.score, c.line))


def unlikely_candidates(statements: Iterable[ast.stmt], value_of: Callable[[str], Any]) -> list[Candidate]:
    """Functions and methods that compute gradients of a network under other names, such as train_step or fit."""
    return _unlikely([d for d in _definitions(statements) if callable(value_of(d.name))])


def _unlikely(definitions: Sequence[_Definition]) -> list[Candidate]:
    return [Candidate(d.name, d.line, 1) for d in definitions if _of_body(d.node) > 0 or _transposes(d.node)]


def function_names(statements: Iterable[ast.stmt]) -> list[str]:
    """The names of the functions and methods that a file defines."""
    return [d.name for d in _definitions(statements)]


def hidden_inside(statements: Iterable[ast.stmt], name: str = "") -> tuple[str, str, int] | None:
    """A function of that name (without one: of a usual name) inside another: its name, the other's, its line; None if there is none."""
    for statement in statements:
        for outer in ast.walk(statement):
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                for inner in ast.walk(outer):
                    if (
                        inner is not outer
                        and isinstance(inner, ast.FunctionDef)
                        and inner.name in ({name} if name else _USUAL)
                    ):
                        return inner.name, outer.name, inner.lineno
    return None


def _score(definition: _Definition, network: bool) -> int:
    name = definition.last
    score = 6 if name in _USUAL else 4 if _WORD.search(name) or (not network and _RULE_WORD.search(name)) else 0
    if network:
        score -= 6 * bool(_NOT.search(name)) + 4 * bool(_PART.search(name))
        score += _of_body(definition.node)
        score -= 3 * (_first_parameter(definition.node) == "ctx")  # one operation of PyTorch
    if name.startswith("_"):
        score -= 1
    return score


def _of_body(node: ast.AST | None) -> int:
    """3 if the function returns gradients, 2 if it multiplies matrices to compute them."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    inside = list(ast.walk(node))
    returned = [part for r in inside if isinstance(r, ast.Return) and r.value is not None for part in ast.walk(r.value)]
    returns = any(_RESULT.fullmatch(_text(part)) for part in returned)
    assigns = any(
        isinstance(n, ast.Name | ast.Attribute) and isinstance(n.ctx, ast.Store) and _RESULT.fullmatch(_text(n))
        for n in inside
    )
    multiplies = any(
        (isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult))
        or (isinstance(n, ast.Attribute) and n.attr in ("T", "dot", "matmul", "outer", "einsum", "mT"))
        for n in inside
    )  # fmt: skip
    return 3 * returns + 2 * (multiplies and (assigns or returns))


def _transposes(node: ast.AST | None) -> bool:
    """Whether a matrix is transposed in it, as on the way back."""
    return node is not None and any(
        isinstance(n, ast.Attribute) and n.attr in ("T", "mT", "transpose") for n in ast.walk(node)
    )


def _first_parameter(node: ast.AST | None) -> str:
    arguments = node.args.args if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
    return arguments[0].arg if arguments else ""


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _definitions(statements: Iterable[ast.stmt], prefix: str = "") -> Iterator[_Definition]:
    """The functions and methods that can be reached from outside, and names bound to a call or a lambda."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if not (statement.name.startswith("__") and statement.name.endswith("__")):
                yield _Definition(prefix + statement.name, statement.lineno, statement, _calls(statement))
        elif isinstance(statement, ast.ClassDef):
            yield from _definitions(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call | ast.Lambda) and not prefix:
            node = statement.value if isinstance(statement.value, ast.Lambda) else None
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield _Definition(target.id, statement.lineno, node, _calls(statement))
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _definitions(_blocks(statement), prefix)


def _blocks(statement: ast.If | ast.Try | ast.With) -> Sequence[ast.stmt]:
    nodes = [statement, *(statement.handlers if isinstance(statement, ast.Try) else ())]
    return [child for node in nodes for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def _calls(node: ast.AST) -> frozenset[str]:
    """The names that are called in the node, or passed on, as in `grad = jax.grad(loss)`."""
    called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    names = {f.id for f in called if isinstance(f, ast.Name)}
    return frozenset(names | {f.attr for f in called if isinstance(f, ast.Attribute)})
