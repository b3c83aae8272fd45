"""The gradient of a plain function of a few coordinates: checked, and its wrong terms named."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import Misbehaviour, Observed, call, name_of
from fallline.checks.diagnosis.localisation import joined
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import TOLERANCE, Block, Comparison
from fallline.errors import TraceError
from fallline.textbook.landscapes import Landscape

__all__ = ["check"]

POINTS = 40
DIFFERENCE = 1e-6
"""Step of the central difference, and with it the tolerance, for functions that take no complex numbers."""

NAMES = {1: ("x",), 2: ("x", "y"), 3: ("x", "y", "z")}


def check(
    gradient: Callable[..., Any], subject: Landscape, seed: int, tolerance: float | None, observed: Observed
) -> Verdict:
    """The verdict: each partial derivative against complex step and the reverse walk, at random points."""
    n = subject.dimension
    names = _names(subject)
    low, high = np.array([subject.window[k % len(subject.window)] for k in range(n)], dtype=float).T
    points = low + (high - low) * random.uniform(seed, "gradient check points", n, np.arange(POINTS))
    right, how, limit = _reference(subject, points)
    got = np.stack([_called(gradient, p, observed, names) for p in points])
    again = _called(gradient, points[0], observed, names)
    name = name_of(gradient)
    if not np.array_equal(got[0], again, equal_nan=True):
        raise Misbehaviour(
            f"{name} is random or keeps a memory: called twice at the same point, it returns another gradient."
        )
    bad = np.argwhere(~np.isfinite(got))
    if len(bad):
        point, k = bad[0]
        raise Misbehaviour(
            f"{name} returns {got[point, k]} for ∂f/∂{names[k]} at ({', '.join(f'{v:.4g}' for v in points[point])}).",
            "wrong",
        )
    tolerance = tolerance or limit
    scale = np.maximum(np.abs(right).max(axis=0), 1e-3 * np.abs(right).max()) + 1e-300
    relative = np.abs(got - right).max(axis=0) / scale
    blocks = tuple(
        Comparison(Block((f"∂f/∂{names[k]}", "")), float(np.abs(got - right)[:, k].max()), float(relative[k]),
                   bool(relative[k] <= tolerance))
        for k in range(n)
    )  # fmt: skip
    common: dict[str, Any] = {
        "name": name, "subject": repr(subject), "blocks": blocks, "reference": (how,),
        "called": f"{name}({', '.join(names) if _takes_coordinates(gradient, n) else 'x, one vector'})",
    }  # fmt: skip
    changed = [f"{name} changes its argument in place; work on a copy"] if observed.changed else []
    if all(b.agrees for b in blocks) and not changed:
        return Verdict("right", sentence=f"{name} is right.", evidence=f"It agrees on {POINTS} points.", **common)
    if (np.abs(got + right).max(axis=0) <= tolerance * scale).all() and n > 1 and not changed:
        sentence = f"{name} is right, as the gradient of minus the function, which you climb."
        return Verdict("right", sentence=sentence, **common)
    faults, rules = [], []
    for k in range(n):
        if not blocks[k].agrees:
            fault, pair = _diagnosed(k, got, right, points, subject, names, tolerance * scale[k])
            faults.append(fault)
            rules += [pair] if pair else []
    known = [f for f in faults if f] + changed
    unknown = [str(b.block) for b, f in zip([b for b in blocks if not b.agrees], faults, strict=True) if not f]
    findings = []
    if unknown:
        k = next(k for k in range(n) if str(blocks[k].block) == unknown[0])
        worst = int(np.abs(got - right)[:, k].argmax())
        at = ", ".join(f"{a} = {v:.4g}" for a, v in zip(names, points[worst], strict=True))
        findings.append(
            f"{joined(unknown)}: no known fault explains it; at {at} it is {got[worst, k]:.6g} for {right[worst, k]:.6g}."
        )
    sentence = f"{name} is wrong: {joined(known)}." if known else f"{name} is wrong in {findings[0]}"
    return Verdict(
        "wrong", sentence=sentence, faults=tuple(known), findings=tuple(findings), rules=tuple(rules), **common
    )


def _names(subject: Landscape) -> tuple[str, ...]:
    found = inspect.signature(subject.function).parameters.values()
    named = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    n = subject.dimension
    return tuple(named) if len(named) == n else NAMES.get(n, tuple(f"x{k + 1}" for k in range(n)))


def _takes_coordinates(gradient: Callable[..., Any], n: int) -> bool:
    try:
        found = inspect.signature(gradient).parameters.values()
    except (TypeError, ValueError):
        return True
    required = [p for p in found if p.default is p.empty]
    return n == 1 or len(required) != 1 or required[0].kind is inspect.Parameter.VAR_POSITIONAL


def _called(gradient: Callable[..., Any], point: Any, observed: Observed, names: Sequence[str]) -> Any:
    n = len(point)
    arguments = [float(v) for v in point] if _takes_coordinates(gradient, n) else [point]
    result = call(gradient, arguments, {}, ["its argument"] * len(arguments), observed)
    try:
        array = np.asarray(result, dtype=float).ravel()
    except (TypeError, ValueError):
        raise Misbehaviour(f"{name_of(gradient)} must return {n} numbers; it returns {result!r}.") from None
    if array.size != n:
        raise Misbehaviour(
            f"{name_of(gradient)} must return {n} numbers, one for each of {', '.join(names)}; it returns {array.size}."
        )
    return array


@np.errstate(all="ignore")  # of what overflows in a branch that is not taken
def _reference(subject: Landscape, points: Any) -> tuple[Any, str, float]:
    """Partial derivatives at the points, how they were found, and the tolerance that this way allows."""
    from fallline.readings.reverse import gradient_of

    f, n, h = subject.function, points.shape[1], 1e-30
    shifts = np.eye(n)
    try:
        complex_step = np.array([[_real(f(*(p + 1j * h * e))).imag / h for e in shifts] for p in points])
        if not np.isfinite(complex_step).all():
            raise ValueError
    except (TypeError, ValueError, AttributeError, OverflowError):
        complex_step = None
    d = DIFFERENCE
    difference = np.array(
        [[(float(f(*(p + d * e))) - float(f(*(p - d * e)))) / (2 * d) for e in shifts] for p in points]
    )
    scale = np.abs(difference).max() or 1.0
    if complex_step is None or np.abs(complex_step - difference).max() > 1e-4 * scale:
        return difference, "central differences", 1e-5  # abs(), floor and the like are not analytic
    try:
        walk = np.array([[float(v) for v in gradient_of(f)(*map(float, p))] for p in points])
        off = float(np.abs(walk - complex_step).max() / scale)
        return complex_step, f"complex step; the reverse walk agrees to {off:.1e}", TOLERANCE
    except (TraceError, TypeError, ValueError):
        return complex_step, "complex step", TOLERANCE


def _real(value: Any) -> Any:
    return complex(np.asarray(value).item())


def _diagnosed(
    k: int, got: Any, right: Any, points: Any, subject: Landscape, names: Sequence[str], tolerance: float
) -> tuple[str, tuple[str, str] | None]:
    """The fault of one partial derivative in words, and the right and the coded equation where both can be read."""
    mine, theirs, what = right[:, k], got[:, k], f"∂f/∂{names[k]}"
    equations = _equations(k, subject, names)
    for j in range(len(names)):
        if j != k and np.abs(theirs - right[:, j]).max() <= tolerance:
            return f"{what} holds ∂f/∂{names[j]}", None
    if np.abs(theirs).max() <= tolerance:
        return f"{what} is 0", None
    ratio = float(theirs @ mine / (mine @ mine))
    if np.abs(theirs - ratio * mine).max() <= tolerance:
        said = (
            f"the sign of {what} is wrong"
            if abs(ratio + 1) < 1e-9
            else f"{what} is {ratio:.6g} times what it should be"
        )
        return said, None if equations is None else (
            f"{what} = {equations[1]}",
            f"{what} = {_times(ratio, equations[1])}",
        )
    if equations is None:
        return "", None
    return _terms(theirs, points, equations[0], what, tolerance)


def _times(ratio: float, text: str) -> str:
    return f"−({text})" if abs(ratio + 1) < 1e-9 else f"{ratio:.6g} ({text})"


def _equations(k: int, subject: Landscape, names: Sequence[str]) -> tuple[Any, str] | None:
    """The right partial derivative as SymPy's terms and as text; None where the function cannot be read."""
    import sympy

    from fallline.readings.symbols import Expressions, unbranch
    from fallline.views.equations.text import Text

    symbols = sympy.symbols(list(names), real=True)
    try:
        value = subject.function(*(Expressions.of(s) for s in symbols))
        expression = sympy.expand(sympy.diff(unbranch(np.asarray(value, dtype=object).item()), symbols[k]))
    except Exception:  # whatever a page of the user's own does with symbols, the numbers stand
        return None
    return (expression, symbols), Text().write(expression)


def _terms(
    theirs: Any, points: Any, equation: tuple[Any, Any], what: str, tolerance: float
) -> tuple[str, tuple[str, str] | None]:
    """Which terms of the right formula were left out, doubled or taken with the wrong sign: a linear fit to the numbers."""
    import sympy

    from fallline.views.equations.text import Text

    expression, symbols = equation
    terms = sympy.Add.make_args(expression)
    if len(terms) > POINTS // 3:
        return "", None
    values = np.stack(
        [np.broadcast_to(sympy.lambdify(symbols, t, "numpy")(*points.T), len(points)) for t in terms], axis=1
    )
    unit = np.ones((len(points), 1))
    for columns in (values, np.hstack([values, unit])):
        size = np.abs(columns).max(axis=0)
        factors = np.linalg.lstsq(columns / size, theirs, rcond=None)[0] / size
        if np.abs(columns @ factors - theirs).max() <= 100 * tolerance:
            break
    else:
        return "", None
    said, coded = [], sympy.Integer(0)
    for term, factor in zip(terms, factors, strict=False):
        near = sympy.nsimplify(round(float(factor), 8), rational=True)
        coded += near * term
        text = Text().write(term if not term.could_extract_minus_sign() else -term)
        if abs(factor) < 1e-8:
            said.append(f"the term {text} is missing")
        elif abs(factor + 1) < 1e-8:
            said.append(f"the term {text} has the wrong sign")
        elif abs(factor - 1) > 1e-8:
            said.append(f"the term {text} is {float(factor):.6g} times what it should be")
    if len(factors) > len(terms):
        coded += sympy.nsimplify(round(float(factors[-1]), 8), rational=True)
        said.append(f"a constant {float(factors[-1]):.6g} is added")
    if not said:
        return "", None
    pair = (f"{what} = {Text().write(expression)}", f"{what} = {Text().write(coded)}")
    return f"in {what} {joined(said)}", pair
