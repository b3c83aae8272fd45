"""The textbook's network page with one place changed: how a fault is coded without a second backward.

The page's own source is parsed. At each place where it computes something (the value of a `let`, the bias added in the
forward pass, the penalty's gradient) the expression `E` becomes `choose(symbol, layer, lambda: E, {fault: lambda: E'})`,
where E' is E with one subexpression replaced, as the fault says. So the page is compiled once with all its
alternatives, and each run picks some of them. With none picked it is the textbook's page, statement by statement.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from fallline.textbook import activations, losses, operations
from fallline.textbook import network as textbook

__all__ = ["MutablePage", "Place", "Rewriting", "page"]

Expression = Callable[[], Any]
Explorer = Callable[["Place", Mapping[str, Expression]], None]


class Place(NamedTuple):
    """A place of the page: what is computed there, and in which layer (None for all layers at once)."""

    symbol: str
    layer: int | None


@dataclass(frozen=True)
class Rewriting:
    """A change of the expression at a place.

    Parameters
    ----------
    name
        Of the alternative.
    symbol
        Of the place; see `SITES`.
    find
        Source of the subexpression that changes; "" for all of it. A page that lacks it is an error.
    put
        Source of what stands there instead; `it` is the subexpression itself. Any variable of the page may be used.
    """

    name: str
    symbol: str
    find: str
    put: str


@dataclass(frozen=True)
class Site:
    """Where the page computes the symbol: a function, an expression (None: the value of `let(symbol, ...)`), its layer."""

    function: str
    expression: str | None = None
    layer: str = "None"
    let: str = ""


SITES: dict[str, Site] = {
    "bias": Site("forward", "Z + rows(b)", "l"),
    "A": Site("forward", let="A"),
    "delta": Site("loss_and_gradient", let="D"),
    "dW": Site("backward", let="dW"),
    "db": Site("backward", let="db"),
    "dA": Site("backward", let="dA"),
    "D": Site("backward", let="D"),
    "penalty": Site("penalty", "Layer(l2 * W, None if b is None else 0 * b)"),
}
"""Every place that a fault can stand at, in the order in which the page computes them."""

_FUNCTIONS = ("forward", "backward", "loss_and_gradient", "penalty")


@dataclass
class _Choice:
    """What the next run picks, and who looks at the alternatives on the way."""

    chosen: dict[Place, str] = field(default_factory=dict)
    explore: Explorer | None = None


class MutablePage:
    """The page with its alternatives; `loss_and_gradient`, `forward`, `backward` and `penalty` as in the textbook.

    >>> from fallline.textbook.network import Network
    >>> import numpy as np
    >>> wrong = MutablePage([Rewriting("negated", "db", "", "-it")])
    >>> network = Network.of("1-1", loss="half_squared_error")
    >>> arguments = network, network.unpack(np.array([1.0, 0.0])), np.array([[2.0]]), np.array([[1.0]])
    >>> with wrong.choosing({Place("db", 1): "negated"}):
    ...     wrong.loss_and_gradient(*arguments)[1][0]
    Layer(W=array([[2.]]), b=array([-1.]))
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    loss_and_gradient: Callable[..., Any]
    penalty: Callable[..., Any]

    def __init__(self, rewritings: Iterable[Rewriting]) -> None:
        self._state = _Choice()
        self.sources: dict[str, str] = {}
        by_symbol: dict[str, list[Rewriting]] = {}
        for rewriting in rewritings:
            by_symbol.setdefault(rewriting.symbol, []).append(rewriting)
        self.names = {symbol: tuple(r.name for r in rs) for symbol, rs in by_symbol.items()}
        body: list[ast.stmt] = []
        for name in _FUNCTIONS:
            (function,) = ast.parse(inspect.getsource(getattr(textbook, name))).body
            assert isinstance(function, ast.FunctionDef)
            function.body = function.body[1:]  # the docstring
            for symbol, site in SITES.items():
                if site.function == name:
                    self._open(function, symbol, site, by_symbol.get(symbol, []))
            body.append(ast.fix_missing_locations(function))
        # The names that an alternative may use beyond those of the page: what people take by mistake from elsewhere.
        namespace: dict[str, Any] = {
            **vars(operations), **vars(textbook), "choose": self._choose, "ACTIVATIONS": activations.ACTIVATIONS,
            "LOSSES": losses.LOSSES, "rate": None, "samples": None,
        }  # fmt: skip
        code = compile(
            ast.Module(body, type_ignores=[]), "<textbook page with alternatives>", "exec",
            flags=__future__.annotations.compiler_flag, dont_inherit=True,
        )  # fmt: skip
        exec(code, namespace)  # noqa: S102  # the package's own source, with the catalogue's changes
        self.namespace = namespace
        for name in _FUNCTIONS:
            setattr(self, name, namespace[name])

    @contextmanager
    def choosing(self, chosen: Mapping[Place, str], explore: Explorer | None = None) -> Iterator[None]:
        """Within this context the page computes the chosen alternatives; `explore` sees all of them at each place."""
        before = self._state.chosen, self._state.explore
        self._state.chosen, self._state.explore = dict(chosen), explore
        try:
            yield
        finally:
            self._state.chosen, self._state.explore = before

    def _choose(self, symbol: str, layer: int | None, right: Expression, others: Mapping[str, Expression]) -> Any:
        place = Place(symbol, layer)
        if self._state.explore is not None:
            self._state.explore(place, {"": right, **others})
        name = self._state.chosen.get(place)
        return right() if name is None else others[name]()

    def _open(self, function: ast.FunctionDef, symbol: str, site: Site, rewritings: list[Rewriting]) -> None:
        opener = _Opener(symbol, site, rewritings, self.sources)
        opener.visit(function)
        if not opener.done:
            raise LookupError(f"the page's {site.function} has no place for {symbol!r}.")


class _Opener(ast.NodeTransformer):
    """Rewrites the one place of a site into a call of `choose`."""

    def __init__(self, symbol: str, site: Site, rewritings: list[Rewriting], sources: dict[str, str]) -> None:
        self.symbol, self.site, self.rewritings, self.done = symbol, site, rewritings, False
        self.sources = sources
        self.target = None if site.expression is None else ast.dump(_expression(site.expression))

    def visit(self, node: ast.AST) -> Any:
        if self.done:
            return node
        if self.target is not None and isinstance(node, ast.expr) and ast.dump(node) == self.target:
            return self._choice(_expression(self.site.layer), node)
        if self.target is None and _is_let(node, self.site.let):
            assert isinstance(node, ast.Call)
            node.args[2] = self._choice(node.args[1], node.args[2])
            return node
        return self.generic_visit(node)

    def _choice(self, layer: ast.expr, value: ast.expr) -> ast.expr:
        self.done = True
        self.sources[self.symbol] = ast.unparse(value)
        keys: list[ast.expr | None] = [ast.Constant(r.name) for r in self.rewritings]
        values: list[ast.expr] = [_lambda(_rewritten(value, r)) for r in self.rewritings]
        call = _expression("choose()")
        assert isinstance(call, ast.Call)
        call.args = [ast.Constant(self.symbol), copy.deepcopy(layer), _lambda(value), ast.Dict(keys, values)]
        return call


def _rewritten(value: ast.expr, rewriting: Rewriting) -> ast.expr:
    find = ast.dump(_expression(rewriting.find) if rewriting.find else value)
    replacer = _Replacer(find, _expression(rewriting.put))
    result: ast.expr = replacer.visit(copy.deepcopy(value))
    if not replacer.found:
        raise LookupError(f"{rewriting.name}: the page's {rewriting.symbol} has no {rewriting.find!r} to change.")
    return result


class _Replacer(ast.NodeTransformer):
    """Puts an expression where another stands; `it` inside stands for what was there."""

    def __init__(self, find: str, put: ast.expr) -> None:
        self.find, self.put, self.found = find, put, False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and ast.dump(node) == self.find:
            self.found = True
            return _Fill(node).visit(copy.deepcopy(self.put))
        return self.generic_visit(node)


class _Fill(ast.NodeTransformer):
    def __init__(self, it: ast.expr) -> None:
        self.it = it

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.it) if node.id == "it" else node


def _is_let(node: ast.AST, symbol: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "let"
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == symbol
    )


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _lambda(body: ast.expr) -> ast.Lambda:
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(args=empty, body=body)


@lru_cache(maxsize=1)
def page() -> MutablePage:
    """The page with every fault of the catalogue as an alternative."""
    from fallline.checks.diagnosis.faults import FAULTS

    return MutablePage(f.rewriting for f in FAULTS.values())
