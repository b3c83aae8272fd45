"""The gradient of a plain function of a few coordinates: checked at random points."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import FLOOR, TOLERANCE, BlockComparison, GradientBlock
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.derivatives import central_difference, complex_step
from fallline.checks.subjects.partial_faults import PartialDerivatives
from fallline.errors import TraceError
from fallline.textbook.landscapes import Landscape
from fallline.views.numerals import listed

__all__ = ["check_partials"]

POINTS = 40
DIFFERENCE = 1e-6
"""Step of the central difference, for functions that take no complex numbers."""
DIFFERENCE_TOLERANCE = 1e-5

NAMES = {1: ("x",), 2: ("x", "y"), 3: ("x", "y", "z")}


def check_partials(
    gradient: Callable[..., Any], landscape: Landscape, declared: Declarations, seed: int, tolerance: float | None,
    effects: SideEffects,
) -> Verdict:  # fmt: skip
    """The verdict on each partial derivative against complex step and the reverse walk, at random points."""
    n, name = landscape.dimension, name_of(gradient)
    names = _names(landscape)
    low, high = np.array([landscape.window[k % len(landscape.window)] for k in range(n)], dtype=float).T
    points = low + (high - low) * random.uniform(seed, "gradient check points", n, np.arange(POINTS))
    right, reference, limit = _reference(landscape, points)
    tolerance = tolerance or limit
    checked = np.stack([_called(gradient, p, effects, names) for p in points])
    _refuse(checked, _called(gradient, points[0], effects, names), points, names, name)
    scale = np.maximum(np.abs(right).max(axis=0), FLOOR * np.abs(right).max()) + 1e-300
    absolute = np.abs(checked - right).max(axis=0)
    blocks = tuple(
        BlockComparison(GradientBlock(f"∂f/∂{names[k]}"), float(a), float(a / s), bool(a / s <= tolerance))
        for k, (a, s) in enumerate(zip(absolute, scale, strict=True))
    )
    common: dict[str, Any] = {
        "name": name, "subject": repr(landscape), "blocks": blocks, "reference": (reference,),
        "called": f"{name}({', '.join(names) if _takes_coordinates(gradient, n) else 'x, one vector'})",
    }  # fmt: skip
    changed = [f"{name} changes its argument in place; work on a copy"] if effects.changed else []
    if all(b.agrees for b in blocks) and not changed:
        return Verdict("right", sentence=f"{name} is right.", evidence=f"It agrees on {POINTS} points.", **common)
    if declared.ascent and (np.abs(checked + right).max(axis=0) <= tolerance * scale).all() and n > 1 and not changed:
        sentence = f"{name} is right, as the gradient of minus the function, which you climb."
        return Verdict("right", sentence=sentence, **common)
    partials = PartialDerivatives(landscape, names, points, checked, right)
    faults, unexplained, rules = [], [], []
    for k, block in enumerate(blocks):
        if not block.agrees:
            fault, equations = partials.fault(k, tolerance * scale[k])
            if fault:
                faults.append(fault)
            else:
                unexplained.append(k)
            rules += [equations] if equations else []
    faults += changed
    findings = []
    if unexplained:
        derivatives = listed([str(blocks[k].block) for k in unexplained])
        findings.append(f"{derivatives}: no known fault explains it; {partials.largest_error(unexplained[0])}.")
    sentence = f"{name} is wrong: {listed(faults)}." if faults else f"{name} is wrong in {findings[0]}"
    return Verdict(
        "wrong", sentence=sentence, faults=tuple(faults), findings=tuple(findings), rules=tuple(rules), **common
    )


def _refuse(checked: Any, again: Any, points: Any, names: Sequence[str], name: str) -> None:
    """Raise a `MisbehaviourError` if the gradient is random or not finite."""
    if not np.array_equal(checked[0], again, equal_nan=True):
        raise MisbehaviourError(
            f"{name} is random or keeps a memory: called twice at the same point, it returns another gradient."
        )
    bad = np.argwhere(~np.isfinite(checked))
    if len(bad):
        point, k = bad[0]
        position = ", ".join(f"{v:.4g}" for v in points[point])
        raise MisbehaviourError(f"{name} returns {checked[point, k]} for ∂f/∂{names[k]} at ({position}).", "wrong")


def _names(landscape: Landscape) -> tuple[str, ...]:
    """The names of the coordinates: those of the function's parameters, else x, y, z or x1, x2, ..."""
    parameters = inspect.signature(landscape.function).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    n = landscape.dimension
    return tuple(names) if len(names) == n else NAMES.get(n, tuple(f"x{k + 1}" for k in range(n)))


def _takes_coordinates(gradient: Callable[..., Any], n: int) -> bool:
    """Whether the gradient takes n numbers; otherwise it takes one vector."""
    try:
        parameters = inspect.signature(gradient).parameters.values()
    except (TypeError, ValueError):
        return True
    required = [p for p in parameters if p.default is p.empty]
    return n == 1 or len(required) != 1 or required[0].kind is inspect.Parameter.VAR_POSITIONAL


def _called(gradient: Callable[..., Any], point: Any, effects: SideEffects, names: Sequence[str]) -> Any:
    n = len(point)
    arguments = [float(v) for v in point] if _takes_coordinates(gradient, n) else [point]
    result = call(gradient, arguments, {}, ["its argument"] * len(arguments), effects)
    try:
        array = np.asarray(result, dtype=float).ravel()
    except (TypeError, ValueError):
        raise MisbehaviourError(f"{name_of(gradient)} must return {n} numbers; it returns {result!r}.") from None
    if array.size != n:
        raise MisbehaviourError(
            f"{name_of(gradient)} must return {n} numbers, one for each of {', '.join(names)}; it returns {array.size}."
        )
    return array


@np.errstate(all="ignore")  # of what overflows in a branch that is not taken
def _reference(landscape: Landscape, points: Any) -> tuple[Any, str, float]:
    """Partial derivatives at the points, the way in which they were computed, and the tolerance that it allows."""
    from fallline.readings.reverse import gradient_of

    f, units = landscape.function, np.eye(points.shape[1])
    try:
        analytic = np.array([[complex_step(lambda x: _complex(f(*x)), p, e) for e in units] for p in points])
        if not np.isfinite(analytic).all():
            raise ValueError
    except (TypeError, ValueError, AttributeError, OverflowError):
        analytic = None
    steps = DIFFERENCE * units
    difference = np.array([[central_difference(lambda x: float(f(*x)), p, s) for s in steps] for p in points])
    difference /= DIFFERENCE
    scale = np.abs(difference).max() or 1.0
    if analytic is None or np.abs(analytic - difference).max() > 1e-4 * scale:
        return difference, "central differences", DIFFERENCE_TOLERANCE  # abs(), floor and the like are not analytic
    try:
        walk = np.array([[float(v) for v in gradient_of(f)(*map(float, p))] for p in points])
        error = float(np.abs(walk - analytic).max() / scale)
        return analytic, f"complex step; the reverse walk agrees to {error:.1e}", TOLERANCE
    except (TraceError, TypeError, ValueError):
        return analytic, "complex step", TOLERANCE


def _complex(value: Any) -> complex:
    return complex(np.asarray(value).item())
