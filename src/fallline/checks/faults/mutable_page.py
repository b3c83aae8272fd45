"""The textbook's network page with one expression changed, so that no fault needs a second backward pass.

The page's own source is parsed. At each site (the value of a `let`, the bias added in the forward pass, the penalty's
gradient) the expression `E` becomes `choose(symbol, layer, lambda: E, {fault: lambda: E'})`, where E' is E with one
subexpression replaced, as the fault says. So the page is compiled once with all its alternatives, and each run picks
some of them. With none picked it is the textbook's page, statement by statement.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.faults.rows import only_row
from fallline.checks.faults.site import Site, SiteKind
from fallline.textbook import activations, losses, operations
from fallline.textbook import network as textbook

__all__ = ["Explorer", "Measured", "MutablePage", "Rewriting"]

Alternative = Callable[[], Any]
Measured = Mapping[tuple[Site, str], Any]
"""The constants of alternatives that have some, an array for each site and name."""
Explorer = Callable[[Site, Mapping[str, Alternative]], None]
"""Sees the alternatives at each site that the page reaches; "" is the name of the right one."""

_FUNCTIONS = ("forward", "backward", "loss_and_gradient", "penalty")


@dataclass(frozen=True)
class Rewriting:
    """A change of the expression at a site.

    Parameters
    ----------
    name
        Of the alternative.
    symbol
        Of the site.
    find
        Source of the subexpression that changes; "" for all of it. A page that lacks it is an error.
    put
        Source of the replacement; `it` is the subexpression itself. Any variable of the page may be used, and `constant`, the
        array of the constants that belong to the alternative.
    """

    name: str
    symbol: str
    find: str
    put: str


class MutablePage:
    """The page with its alternatives; `loss_and_gradient`, `forward`, `backward` and `penalty` as in the textbook.

    >>> import numpy as np
    >>> from fallline.checks.faults.site import Role
    >>> from fallline.textbook.network import Network
    >>> biases = SiteKind("db", Role.BLOCK, "backward", lambda network: range(1, network.depth + 1), let="db")
    >>> wrong = MutablePage([biases], [Rewriting("negated", "db", "", "-it")])
    >>> network = Network.of("1-1", loss="half_squared_error")
    >>> arguments = network, network.unpack(np.array([1.0, 0.0])), np.array([[2.0]]), np.array([[1.0]])
    >>> with wrong.choosing({Site("db", 1): "negated"}):
    ...     wrong.loss_and_gradient(*arguments)[1][0]
    Layer(W=array([[2.]]), b=array([-1.]))
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    loss_and_gradient: Callable[..., Any]
    penalty: Callable[..., Any]

    def __init__(self, kinds: Iterable[SiteKind], rewritings: Iterable[Rewriting]) -> None:
        self._chosen: dict[Site, str] = {}
        self._explore: Explorer | None = None
        self._measured: Measured = {}
        self.sources: dict[str, str] = {}
        by_symbol: dict[str, list[Rewriting]] = {}
        for rewriting in rewritings:
            by_symbol.setdefault(rewriting.symbol, []).append(rewriting)
        kinds = tuple(kinds)
        unknown = by_symbol.keys() - {kind.symbol for kind in kinds}
        if unknown:
            raise LookupError(f"{by_symbol[min(unknown)][0].name}: the page has no site {min(unknown)!r}.")
        body: list[ast.stmt] = []
        for name in _FUNCTIONS:
            (function,) = ast.parse(inspect.getsource(getattr(textbook, name))).body
            assert isinstance(function, ast.FunctionDef)
            function.body = function.body[1:]  # the docstring
            for kind in kinds:
                if kind.function == name:
                    self._open(function, kind, by_symbol.get(kind.symbol, []))
            body.append(ast.fix_missing_locations(function))
        # Further names that an alternative may use: values that people take by mistake from elsewhere.
        namespace: dict[str, Any] = {
            **vars(operations), **vars(textbook), "choose": self._choose, "ACTIVATIONS": activations.ACTIVATIONS,
            "LOSSES": losses.LOSSES, "np": np, "constant": None, "samples": None,
            "only_row": only_row,
        }  # fmt: skip
        code = compile(
            ast.Module(body, type_ignores=[]), "<textbook page with alternatives>", "exec",
            flags=__future__.annotations.compiler_flag, dont_inherit=True,
        )  # fmt: skip
        exec(code, namespace)  # noqa: S102  # the package's own source, with the catalogue's changes
        self._namespace = namespace
        for name in _FUNCTIONS:
            setattr(self, name, namespace[name])

    @contextmanager
    def choosing(
        self, chosen: Mapping[Site, str], explore: Explorer | None = None, *, measured: Measured | None = None,
        samples: Any = None, named: Mapping[str, Any] | None = None,
    ) -> Iterator[None]:  # fmt: skip
        """Within this context the page computes the chosen alternatives.

        Parameters
        ----------
        chosen
            The name of the alternative at each site; at all other sites the page is right.
        explore
            Is called at each site, before the value is computed.
        measured
            The constants of alternatives that have some.
        samples
            The number of samples, for alternatives that use it.
        named
            The activations by their names, for alternatives that use them; the textbook's unless given.
        """
        before = self._chosen, self._explore, self._measured
        self._chosen, self._explore, self._measured = dict(chosen), explore, measured or {}
        self._namespace["samples"] = samples
        self._namespace["ACTIVATIONS"] = named or activations.ACTIVATIONS
        try:
            yield
        finally:
            self._chosen, self._explore, self._measured = before
            self._namespace["ACTIVATIONS"] = activations.ACTIVATIONS

    def _choose(self, symbol: str, layer: int | None, right: Alternative, others: Mapping[str, Alternative]) -> Any:
        site = Site(symbol, layer)
        if self._explore is not None:
            alternatives = {name: self._with_constants(site, name, compute) for name, compute in others.items()}
            self._explore(site, {"": right, **alternatives})
        name = self._chosen.get(site)
        return right() if name is None else self._with_constants(site, name, others[name])()

    def _with_constants(self, site: Site, name: str, compute: Alternative) -> Alternative:
        """The alternative with its own constants; without them, a TypeError where it uses them."""

        def computed() -> Any:
            self._namespace["constant"] = self._measured.get((site, name))
            return compute()

        return computed

    def _open(self, function: ast.FunctionDef, kind: SiteKind, rewritings: list[Rewriting]) -> None:
        opener = _Opener(kind, rewritings, self.sources)
        opener.visit(function)
        if not opener.done:
            raise LookupError(f"the page's {kind.function} has no expression for {kind.symbol!r} outside other sites.")


class _Opener(ast.NodeTransformer):
    """Rewrites the one expression of a kind of site into a call of `choose`."""

    def __init__(self, kind: SiteKind, rewritings: list[Rewriting], sources: dict[str, str]) -> None:
        self.kind, self.rewritings, self.done = kind, rewritings, False
        self.sources = sources
        self.source = ast.dump(_expression(kind.source)) if kind.source else None

    def visit(self, node: ast.AST) -> Any:
        if self.done or _calls(node, "choose"):  # sites may not overlap: an alternative of one would lack the other
            return node
        if self.source is not None and isinstance(node, ast.expr) and ast.dump(node) == self.source:
            return self._choice(_expression(self.kind.layer), node)
        if self.source is None and _calls(node, "let", self.kind.let):
            assert isinstance(node, ast.Call)
            node.args[2] = self._choice(node.args[1], node.args[2])
            return node
        return self.generic_visit(node)

    def _choice(self, layer: ast.expr, value: ast.expr) -> ast.expr:
        self.done = not any(_calls(node, "choose") for node in ast.walk(value))
        self.sources[self.kind.symbol] = ast.unparse(value)
        keys: list[ast.expr | None] = [ast.Constant(r.name) for r in self.rewritings]
        values: list[ast.expr] = [_lambda(_rewritten(value, r)) for r in self.rewritings]
        call = _expression("choose()")
        assert isinstance(call, ast.Call)
        call.args = [ast.Constant(self.kind.symbol), copy.deepcopy(layer), _lambda(value), ast.Dict(keys, values)]
        return call


def _rewritten(value: ast.expr, rewriting: Rewriting) -> ast.expr:
    find = ast.dump(_expression(rewriting.find) if rewriting.find else value)
    replacer = _Replacer(find, _expression(rewriting.put))
    result: ast.expr = replacer.visit(copy.deepcopy(value))
    if not replacer.replaced:
        raise LookupError(f"{rewriting.name}: the page's {rewriting.symbol} has no {rewriting.find!r} to change.")
    return result


class _Replacer(ast.NodeTransformer):
    """Replaces an expression by another, in which `it` stands for the replaced one."""

    def __init__(self, find: str, put: ast.expr) -> None:
        self.find, self.put, self.replaced = find, put, False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and ast.dump(node) == self.find:
            self.replaced = True
            return _Fill(node).visit(copy.deepcopy(self.put))
        return self.generic_visit(node)


class _Fill(ast.NodeTransformer):
    def __init__(self, it: ast.expr) -> None:
        self.it = it

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.it) if node.id == "it" else node


def _calls(node: ast.AST, function: str, symbol: str = "") -> bool:
    """Whether the node is a call of the function, with that symbol as its first argument if one is given."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function):
        return False
    return not symbol or (isinstance(node.args[0], ast.Constant) and node.args[0].value == symbol)


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _lambda(body: ast.expr) -> ast.Lambda:
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(args=empty, body=body)
