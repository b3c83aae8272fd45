"""The equations of a network: its pages read with symbols, unit by unit or in matrix form.

The pages name their intermediate results with `let`. A recorder writes one equation for each and hands the page a bare
symbol to go on with, so that equations come layer by layer. Activations are written by name, with their definition
(their own page, read) in a section of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy

from fallline.errors import UsageError
from fallline.readings.symbols import (
    SAMPLES,
    Expressions,
    Partial,
    one_sample,
    over_samples,
    sampled,
    symbol,
    unbranch,
)  # fmt: skip
from fallline.readings.symbols.matrices import Matrix, call, matrix
from fallline.settings import setting
from fallline.textbook import network as pages
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.network import Layer, Network
from fallline.textbook.operations import recording
from fallline.views.equations.functions import definitions, named, output_name, readable
from fallline.views.equations.sections import Equation, Section

__all__ = ["MOST_PARAMETERS", "in_matrices", "in_units", "matrix_equations"]

MOST_PARAMETERS = 200
"""A network with more parameters is not written unit by unit: nobody reads it."""

_UNIT_LETTERS = {"Z": "z", "A": "h", "D": r"\delta"}
_MATRIX_LETTERS = {"Z": "Z", "A": "H", "D": r"\Delta"}


def in_units(network: Network) -> tuple[Section, ...]:
    """Forward, loss and gradient with one equation for each unit and each parameter.

    >>> from fallline.textbook.network import Network
    >>> print(in_units(Network.of("2-1-1", loss="squared_error"))[0].equations[0])
    h⁽¹⁾₁ = relu(w⁽¹⁾₁₁ x₁ + w⁽¹⁾₂₁ x₂ + b⁽¹⁾₁)
    """
    if network.parameter_count > MOST_PARAMETERS:
        raise UsageError(
            f"a {network.text} network has {network.parameter_count} parameters, too many to write unit by unit "
            f"(at most {MOST_PARAMETERS}). Ask for its matrix form."
        )
    n_in, n_out, depth = network.sizes[0], network.sizes[-1], network.depth
    X, T = _row("x", None, n_in), _row("t", None, n_out)
    parameters = tuple(
        Layer(
            Expressions.of([[symbol("w", l, j, k) for k in _to(m)] for j in _to(n)]),
            Expressions.of([symbol("b", l, k) for k in _to(m)]) if network.bias else None,
        )
        for l, ((n, m), _) in enumerate(network.shapes, start=1)
    )
    Y = _row("y", None, n_out)
    logits = _row("z", depth, n_out)
    outputs = [unbranch(e) for e in _entries(network.loss.output(logits))]
    pairs = zip(_entries(network.loss.output(logits)), _entries(Y), strict=True)
    known = {written: y for written, y in pairs if not written.is_number}  # softmax of one unit is 1
    found: dict[tuple[str, int | None], list[Equation]] = {}
    L = symbol("L")

    def write(name: str, layer: int | None, value: Any) -> Any:
        if name == "dA":
            return value
        if name in _UNIT_LETTERS:
            names = _row(_UNIT_LETTERS[name], layer, value.shape[-1])
            rights = [_shorter(e.xreplace(known)) if name == "D" else e for e in _entries(value)]
            found[name, layer] = [Equation(a, b) for a, b in zip(_entries(names), rights, strict=True)]
            return names
        if name == "L":
            found[name, layer] = [Equation(L, over_samples(_shorter(value.item().xreplace(known))))]
            return value
        own = parameters[(layer or 1) - 1]
        lefts = [Partial(L, p) for p in _entries(own.W if name == "dW" else own.b)]
        found[name, layer] = [Equation(a, over_samples(b)) for a, b in zip(lefts, _entries(value), strict=True)]
        return value

    with recording(write):
        by_name = named(network, _unit_function, sympy.Symbol("z", real=True))
        pages.loss_and_gradient(by_name, parameters, X, T, _factor(network, Expressions.of))
    _penalise(network, parameters, found)

    forward = []
    for l in _to(network.hidden):
        z = {e.left: e.right for e in found["Z", l]}
        forward += [Equation(one_sample(e.left), one_sample(e.right.xreplace(z))) for e in found["A", l]]
    forward += [Equation(one_sample(e.left), one_sample(e.right)) for e in found["Z", depth]]
    forward += [Equation(one_sample(y), one_sample(e)) for y, e in zip(_entries(Y), outputs, strict=True)]
    hidden = [e for l in _to(network.hidden) for e in found["Z", l]]
    deltas = [e for l in range(depth, 0, -1) for e in found["D", l]]
    gradient = [e for l in range(depth, 0, -1) for name in ("dW", "db") for e in found.get((name, l), [])]
    return _sections(network, forward, found["L", None], hidden, deltas, gradient)


def in_matrices(network: Network) -> tuple[Section, ...]:
    """Forward, loss and gradient with one equation for each layer.

    >>> from fallline.textbook.network import Network
    >>> print(in_matrices(Network.of("2-1-1", loss="squared_error"))[0].equations[0])
    Z⁽¹⁾ = X W⁽¹⁾ + 1ₘ b⁽¹⁾
    """
    depth = network.depth
    found = matrix_equations(network)
    Y, Z = (matrix(name, SAMPLES, network.sizes[-1]) for name in ("Y", f"Z^{{({depth})}}"))
    forward = [e for l in _to(depth) for key in ("Z", "A") for e in found.get((key, l), [])]
    plain = readable(network.loss).output(Z) is Z
    forward.append(Equation(Y, Z if plain else call(output_name(network), Z)))
    deltas = [e for l in range(depth, 0, -1) for e in found["D", l]]
    gradient = [e for l in range(depth, 0, -1) for key in ("dW", "db") for e in found.get((key, l), [])]
    return _sections(network, forward, found["L", None], [], deltas, gradient)


def matrix_equations(
    network: Network, page: Any = pages, activations: Iterable[Activation] = tuple(ACTIVATIONS.values())
) -> dict[tuple[str, int | None], list[Equation]]:
    """The equations of a page in matrix form, by symbol and layer: ("D", 2), ("dW", 2), ("L", None).

    `page` is what is read: the textbook's, or one with a fault in it, which has the same functions. Where the loss
    uses one of the `activations`, it is written by its name.
    """
    depth = network.depth
    X, T = matrix("X", SAMPLES, network.sizes[0]), matrix("T", SAMPLES, network.sizes[-1])
    parameters = tuple(
        Layer(matrix(f"W^{{({l})}}", n, m), matrix(f"b^{{({l})}}", 1, m, vector=True) if network.bias else None)
        for l, ((n, m), _) in enumerate(network.shapes, start=1)
    )
    Y, L = matrix("Y", SAMPLES, network.sizes[-1]), matrix("L")
    Z = matrix(f"Z^{{({depth})}}", SAMPLES, network.sizes[-1])
    loss = readable(network.loss)
    output = loss.output(Z)
    known = {a(Z): call(a.name, Z) for a in activations if a(Z) is not Z} | {output: Y}
    found: dict[tuple[str, int | None], list[Equation]] = {}

    def write(name: str, layer: int | None, value: Any) -> Any:
        if name == "dA":
            return value
        if name in _MATRIX_LETTERS:
            left = matrix(f"{_MATRIX_LETTERS[name]}^{{({layer})}}", *value.size)
        elif name == "L":
            left = L
        else:
            own = parameters[(layer or 1) - 1]
            p: Any = own.W if name == "dW" else own.b
            left = Matrix("partial", (L, p), p.size)
        found[name, layer] = [Equation(left, value.replace(known) if name in "LD" else value)]
        return left

    with recording(write):
        by_name = named(network, call, matrix("z")).with_(loss=loss)
        page.loss_and_gradient(by_name, parameters, X, T, _factor(network, matrix))
    _penalise(network, parameters, found, page)
    return found


def _sections(
    network: Network, forward: list[Equation], loss: list[Equation], hidden: list[Equation], deltas: list[Equation],
    gradient: list[Equation],
) -> tuple[Section, ...]:  # fmt: skip
    units = bool(hidden) or not isinstance(forward[0].left, Matrix)
    how = "the sum" if network.reduction == "sum" else "the mean"
    name, targets = network.loss.name.replace("_", " "), "t" if units else "T"
    last = output_name(network)
    of = "δ⁽ˡ⁾ᵢₖ = ∂L/∂z⁽ˡ⁾ᵢₖ" if units else "Δ⁽ˡ⁾ = ∂L/∂Z⁽ˡ⁾"
    sections = (
        Section(
            "Forward, for one sample" if units else "Forward", tuple(forward),
            "" if units else "Each of the m samples is a row of X. 1ₙ is a column of n ones; "
            "functions, ⊙ and °² act entry by entry" + (", softmax row by row." if "softmax" in last else "."),
        ),
        Section("Functions", tuple(definitions(network, (*forward, *loss, *deltas), units))),
        Section(
            "Loss", tuple(loss), f"The {name} loss, {how} over the samples i = 1 … m. {targets} holds the targets."
        ),
        Section("Pre-activations", tuple(hidden), "Of sample i: what stands inside each activation."),
        Section("Backward", tuple(deltas), f"{of}, from the last layer to the first."),
        Section("Gradient", tuple(gradient)),
    )  # fmt: skip
    return tuple(s for s in sections if s.equations)


def _unit_function(name: str, a: Any) -> Any:
    function = sympy.Function(name, real=True)
    return Expressions.of([[function(e) for e in row] for row in a.tolist()])


def _penalise(
    network: Network, parameters: Any, found: dict[tuple[str, int | None], list[Equation]], page: Any = pages
) -> None:
    """Adds the L2 penalty's page to the loss and to the weights' gradients."""
    if not network.l2:
        return
    letter = sympy.Symbol(setting("l2").symbol, real=True)
    strength: Any = matrix(letter) if isinstance(parameters[0].W, Matrix) else Expressions.of(letter)
    value, gradient = page.penalty(network, parameters, strength)

    def plus(e: Equation, extra: Any) -> Equation:
        return Equation(e.left, e.right + extra, e.note)

    found["L", None] = [plus(found["L", None][0], value if isinstance(value, Matrix) else _shorter(value.item()))]
    for l, layer in enumerate(gradient, start=1):
        extras = [layer.W] if isinstance(layer.W, Matrix) else _entries(layer.W)
        found["dW", l] = [plus(e, extra) for e, extra in zip(found["dW", l], extras, strict=True)]


def _factor(network: Network, wrap: Callable[[Any], Any]) -> Any:
    return wrap(1 if network.reduction == "sum" else 1 / SAMPLES)


def _shorter(expression: Any) -> Any:
    return sympy.factor_terms(unbranch(expression))


def _row(letter: str, layer: int | None, n: int) -> Expressions:
    row: Expressions = Expressions.of([[sampled(letter, layer, k) for k in _to(n)]])
    return row


def _entries(array: Any) -> list[Any]:
    return [sympy.sympify(e) for e in array.ravel().tolist()]


def _to(n: int) -> range:
    return range(1, n + 1)
