"""The equations of landscapes, optimizers, schedules, activations and losses: each page read with symbols."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import sympy

from fallline.readings.symbols import Expressions, Partial, partial, read, symbol, tidy, unbranch
from fallline.settings import SETTINGS, Setting, latex_symbol
from fallline.textbook.activations import Activation
from fallline.textbook.landscapes import Landscape
from fallline.textbook.losses import Loss
from fallline.textbook.operations import recording
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule
from fallline.views.equations.sections import Equation, Section
from fallline.views.equations.text import Text

__all__ = [
    "activation_definition", "of_activation", "of_landscape", "of_loss", "of_optimizer", "of_schedule",
    "output_definition",
]  # fmt: skip


def coordinates(landscape: Landscape) -> tuple[sympy.Symbol, ...]:
    """The page's own names of its coordinates; x and y, or x_1 ... x_n, of a page that takes any number."""
    kinds = inspect.signature(landscape.function).parameters.values()
    names = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    if len(names) != landscape.dimension:
        n = landscape.dimension
        names = ["x", "y"] if n == 2 else [f"x_{{{k + 1}}}" for k in range(n)]
    return tuple(sympy.Symbol(latex_symbol(name), real=True) for name in names)


def of_landscape(landscape: Landscape) -> tuple[Section, ...]:
    """The formula, and its partial derivatives worked out by SymPy from the page, simplified.

    >>> from fallline.textbook.landscapes import LANDSCAPES
    >>> for equation in of_landscape(LANDSCAPES["rosenbrock"])[1].equations:
    ...     print(equation)
    ∂f/∂x = 2 (200 x³ − 200 x y + x − 1)
    ∂f/∂y = 200 (y − x²)
    """
    x = coordinates(landscape)
    value = unbranch(read(landscape.function, *x))
    f = symbol("f")
    head = sympy.Function("f")(*x)
    return (
        Section("Formula", (Equation(head, value),)),
        Section("Partial derivatives", tuple(Equation(Partial(f, a), partial(value, a, x)) for a in x)),
    )


def activation_definition(f: Activation) -> list[Equation]:
    """The function and its slope, each the page read at z, without the cases that guard against overflow."""
    z = sympy.Symbol("z", real=True)
    found = []
    function = unbranch(read(f.function, z))
    derived = getattr(f.slope, "derivative_of", None) is f.function
    slope = partial(function, z) if derived else unbranch(read(f.slope, z))
    for name, value in ((f.name, function), (f"{f.name}'", slope)):
        if value.has(sympy.Piecewise):
            cases = sympy.piecewise_fold(value).args
            value = sympy.Piecewise(*((tidy(case), condition) for case, condition in cases))
        head = sympy.Function(name, real=True)(z)
        if str(head) != str(value):
            found.append(Equation(head, value))
    return found


def of_activation(f: Activation) -> tuple[Section, ...]:
    """The function and its slope."""
    return (Section("Activation and slope", tuple(activation_definition(f))),)


def output_definition(loss: Loss, units: int) -> list[Equation]:
    """The output y of one sample from its logits z."""
    z, y = ([symbol(letter, None, k + 1) for k in range(units)] for letter in "zy")
    values = loss.output(Expressions.of([z])).ravel().tolist()
    return [Equation(a, unbranch(b)) for a, b in zip(y, values, strict=True)]


def of_loss(loss: Loss, units: int = 3) -> tuple[Section, ...]:
    """The output, the loss of one sample, and the gradient by each logit, for so many output units."""
    z, t, y = ([symbol(letter, None, k + 1) for k in range(units)] for letter in "zty")
    Z, T = Expressions.of([z]), Expressions.of([t])
    output = loss.output(Z).ravel().tolist()
    known = {written: a for written, a in zip(output, y, strict=True) if not sympy.sympify(written).is_number}
    ell = symbol(r"\ell")
    delta = [unbranch(sympy.sympify(e).xreplace(known)) for e in loss.delta(Z, T).ravel().tolist()]
    return (
        Section("Output", tuple(output_definition(loss, units))),
        Section("Loss of one sample", (Equation(ell, unbranch(loss.value(Z, T).item())),)),
        Section(
            "Gradient by each logit",
            tuple(Equation(Partial(ell, a), sympy.factor_terms(b)) for a, b in zip(z, delta, strict=True)),
        ),
    )


def of_schedule(schedule: Schedule) -> tuple[Section, ...]:
    """The learning rate of step t."""
    t = sympy.Symbol("t", positive=True, integer=True)
    settings = {name: setting_symbol(declared) for name, declared in schedule.declared.items()}
    rate = setting_symbol(SETTINGS["learning_rate"])
    factor = read(schedule.factor, t, **settings)
    return (
        Section(
            "Learning rate of step t",
            (Equation(symbol(rate.name, None, "t"), sympy.factor_terms(rate * factor)),),
            "t is 1 for the first step." + _meanings(schedule.declared),
        ),
    )


def of_optimizer(optimizer: Optimizer) -> tuple[Section, ...]:
    """The update rule: each line that the page names with `let`, and whatever else it returns."""
    settings = {name: setting_symbol(declared) for name, declared in optimizer.declared.items()}
    counts: dict[str, int] = {}
    equations: list[Equation] = []

    def count(name: str, layer: int | None, value: Any) -> Any:
        counts[name] = counts.get(name, 0) + 1
        return value

    def write(name: str, layer: int | None, value: Any) -> Any:
        counts[name] -= 1
        letter = _letter(name)
        if counts[name]:  # a later line gives this name its final value
            letter = rf"\tilde{{{letter}}}"
        left = symbol(letter, None, "t+1")
        equations.append(Equation(left, value.item()))
        return Expressions.of(left)

    w, g = symbol("w", None, "t"), symbol("g", None, "t")
    state = tuple(symbol(_letter(s), None, "t") for s in optimizer.state)
    t = sympy.Symbol("t", integer=True, nonnegative=True)
    with recording(count):
        read(optimizer.step, w, g, state, t + 1, **settings)
    with recording(write):
        after, states = read(optimizer.step, w, g, state, t + 1, **settings)
    for letter, value in zip(("w", *optimizer.state), (after, *states), strict=True):
        left = symbol(_letter(letter), None, "t+1")
        if value != left:
            equations.append(Equation(left, value))
    start = optimizer.init(Expressions.of(w), **settings)
    first = [
        Equation(symbol(_letter(s), None, 0), sympy.sympify(v.item()))
        for s, v in zip(optimizer.state, start, strict=True)
    ]
    sections = [Section("Update", tuple(equations), _convention(optimizer, equations) + _meanings(optimizer.declared))]
    shown = tuple(e for e in first if e.left.name != str(e.right).replace("_0", "_{0}"))
    return (*sections, Section("Start", shown)) if shown else tuple(sections)


def setting_symbol(declared: Setting) -> sympy.Symbol:
    """The symbol of a setting."""
    return sympy.Symbol(declared.symbol, positive=True)


def _convention(optimizer: Optimizer, equations: list[Equation]) -> str:
    """Where the learning rate stands, read off the equations."""
    text = "g is the gradient at w."
    velocity = next((e for e in equations if e.left.name == "v_{t+1}"), None)
    if {"learning_rate", "momentum"} <= set(optimizer.settings) and velocity is not None:
        inside = velocity.right.has(setting_symbol(optimizer.declared["learning_rate"]))
        text += (
            " The learning rate stands inside the velocity (as in Keras and scikit-learn)."
            if inside
            else " The learning rate stands outside the velocity (as in PyTorch and optax)."
        )
    return text


def _meanings(declared: Mapping[str, Setting]) -> str:

    words = [f"{Text().write(setting_symbol(s))}: {s.label}" for s in declared.values()]
    return f" {'; '.join(words)}." if words else ""


def _letter(name: str) -> str:
    return rf"\hat{{{name[:-4]}}}" if name.endswith("_hat") else latex_symbol(name)
