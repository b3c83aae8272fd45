"""Which functions a network's equations write by name, and what those names mean.

An activation is written by its name and defined beside; so is a loss whose page has no matrix form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from fallline.errors import TraceError
from fallline.readings.symbols import Expressions
from fallline.readings.symbols.matrices import Matrix, call
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network
from fallline.views.equations.rules import activation_definition, of_loss, output_definition
from fallline.views.equations.sections import Equation

__all__ = ["definitions", "named", "output_name", "readable"]

_UNREADABLE = (TraceError, TypeError, AttributeError)
"""What a page raises that a reading cannot follow."""


def definitions(network: Network, equations: tuple[Equation, ...], units: bool) -> list[Equation]:
    """What the functions that the equations call are: those of the network, the output, and those the loss uses."""
    called = set().union(*(_calls(e.right) for e in equations))
    own = dict.fromkeys(f for f in network.activations if f.name in called)
    found = [e for f in own for e in activation_definition(f)]
    others = [f for f in ACTIVATIONS.values() if f.name in called and f not in own]
    found += [e for f in others for e in activation_definition(f)[:1]]
    if not units and output_name(network) in called - ACTIVATIONS.keys():
        found += output_definition(network.loss, min(network.sizes[-1], 3))
    if called & {network.loss.name, f"{network.loss.name}'"} - ACTIVATIONS.keys():
        found += [e for section in of_loss(network.loss, min(network.sizes[-1], 3))[1:] for e in section.equations]
    return found


def _calls(expression: Any) -> set[str]:
    """Names of the functions that an equation's right side calls by name."""
    if isinstance(expression, Matrix):
        return expression.calls
    return {type(f).__name__ for f in expression.atoms(sympy.Function)}


def output_name(network: Network) -> str:
    """What the equations call the network's answer's function: softmax, logistic, or none."""
    return getattr(network.loss.output, "__name__", "output")


def named(network: Network, apply: Callable[..., Any], z: Any) -> Network:
    """The network with each activation and slope written by its name, but for those as short as their names."""

    def by_name(f: Activation) -> Activation:
        try:
            function, slope = f.function(_probe(z)), f.slope(_probe(z))
        except _UNREADABLE:  # no matrix form of its own: written by name
            function = slope = None
        plain = function is z or getattr(function, "item", lambda: None)() is z
        shown = f.slope if slope is not None and _short(slope) else lambda a: apply(f"{f.name}'", a)
        return Activation(f.name, f.function if plain else lambda a: apply(f.name, a), shown, f.analytic)

    return network.with_(activations=tuple(by_name(f) for f in network.activations))


def readable(loss: Loss) -> Loss:
    """The loss, by its name where its page picks single units (as derived deltas do) and so has no matrix form."""

    def value(Z: Any, T: Any) -> Any:
        try:
            return loss.value(Z, T)
        except _UNREADABLE:
            return Matrix("call", (Z, T), (Z.size[0], 1), (0,), name=loss.name)

    def delta(Z: Any, T: Any) -> Any:
        try:
            return loss.delta(Z, T)
        except _UNREADABLE:
            return call(f"{loss.name}'", Z, T)

    def output(Z: Any) -> Any:
        try:
            return loss.output(Z)
        except _UNREADABLE:
            return call(getattr(loss.output, "__name__", "output"), Z)

    return Loss(loss.name, value, delta, output, loss.targets)


def _probe(z: Any) -> Any:
    return z if isinstance(z, Matrix) else Expressions.of(z)


def _short(slope: Any) -> bool:
    """A constant, or the indicator [z > 0]."""
    if isinstance(slope, Matrix):
        return slope.op in ("number", "indicator")
    value = sympy.sympify(slope.item() if hasattr(slope, "item") else slope)
    return bool(value.is_number or (isinstance(value, sympy.Piecewise) and [v for v, _ in value.args] == [1, 0]))
