"""The gradient of a plain function of a few coordinates: checked in its window, far away, at ties and at kinks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import FLOOR, BlockComparison, GradientBlock
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.extents import PARTIALS
from fallline.checks.subjects.partial_faults import PartialDerivatives
from fallline.checks.subjects.partial_points import PointGroup, groups_of, reference_of, window_points
from fallline.textbook.landscapes import Landscape
from fallline.views.numerals import listed

__all__ = ["check_partials"]

NAMES = {1: ("x",), 2: ("x", "y"), 3: ("x", "y", "z")}


def check_partials(
    gradient: Callable[..., Any], landscape: Landscape, declared: Declarations, seed: int, tolerance: float | None,
    effects: SideEffects,
) -> Verdict:  # fmt: skip
    """The verdict on each partial derivative against complex step and the reverse walk."""
    n, name = landscape.dimension, name_of(gradient)
    names = _names(landscape)
    points = window_points(landscape, seed)
    reference = reference_of(landscape, points)
    right, tolerance = reference.right, tolerance or reference.tolerance
    checked = np.stack([_called(gradient, p, effects, names) for p in points])
    _refuse(checked, _called(gradient, points[0], effects, names), points, names, name)
    scale = np.maximum(np.abs(right).max(axis=0), FLOOR * np.abs(right).max()) + 1e-300
    absolute = np.abs(checked - right).max(axis=0)
    blocks = tuple(
        BlockComparison(GradientBlock(f"∂f/∂{names[k]}"), float(a), float(a / s), bool(a / s <= tolerance))
        for k, (a, s) in enumerate(zip(absolute, scale, strict=True))
    )
    changed = [f"{name} changes its argument in place; work on a copy"] if effects.changed else []
    groups = groups_of(landscape, reference, seed)
    common: dict[str, Any] = {
        "name": name, "subject": repr(landscape), "blocks": blocks, "reference": (reference.words,),
        "called": f"{name}({', '.join(names) if _takes_coordinates(gradient, n) else 'x, one vector'})",
        "uncovered": (PARTIALS.uncovered,), "notes": tuple(_kinks(groups, names)),
    }  # fmt: skip
    climbed = bool((np.abs(checked + right).max(axis=0) <= tolerance * scale).all() and n > 1)
    climbed = climbed and declared.ascent and not changed
    if (all(b.agrees for b in blocks) and not changed) or climbed:
        sign = -1.0 if climbed else 1.0
        beyond = _beyond(gradient, groups, names, sign, (tolerance, float(scale.max())), effects)
        if beyond:
            sentence = f"{name} is right at ordinary points, and wrong elsewhere: {'; '.join(beyond)}."
            return Verdict("wrong", sentence=sentence, faults=tuple(beyond), **common)
        if climbed:
            sentence = f"{name} is right, as the gradient of minus the function, which you climb."
            return Verdict("right", sentence=sentence, **common)
        count = len(points) + sum(len(group.points) for group in groups)
        return Verdict("right", sentence=f"{name} is right.", evidence=f"It agrees on {count} points.", **common)
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
    whole = partials.fault_of_all(tolerance * scale)
    if whole:
        faults, unexplained, rules = [whole], [], []
    faults += changed
    findings = []
    if unexplained:
        derivatives = listed([str(blocks[k].block) for k in unexplained])
        findings.append(f"{derivatives}: no known fault explains it; {partials.largest_error(unexplained[0])}.")
    sentence = f"{name} is wrong: {listed(faults)}." if faults else f"{name} is wrong in {findings[0]}"
    return Verdict(
        "wrong", sentence=sentence, faults=tuple(faults), findings=tuple(findings), rules=tuple(rules), **common
    )


def _beyond(
    gradient: Callable[..., Any], groups: Sequence[PointGroup], names: Sequence[str], sign: float,
    limits: tuple[float, float], effects: SideEffects,
) -> list[str]:  # fmt: skip
    """What is wrong at far and special points, one sentence's part for each derivative.

    `limits` are the tolerance, and the largest derivative in the window.
    """
    faults = []
    tolerance, window = limits
    for group in groups:
        checked = np.stack([_tried(gradient, p, effects, names) for p in group.points])
        low, high = (sign * group.low, sign * group.high) if sign > 0 else (sign * group.high, sign * group.low)
        known = np.isfinite(low)
        scale = np.abs(np.where(known & ~group.kinks, group.low, 0)).max()
        allowed = tolerance * (scale + FLOOR * window)
        if group.kinks.any():
            allowed = np.where(group.kinks, 1e-5 * (1 + np.abs(low)), allowed)
        with np.errstate(invalid="ignore"):
            right = (checked >= low - allowed) & (checked <= high + allowed)
        right |= ~known | (group.kinks & ~np.isfinite(checked))  # at a kink there is no derivative
        for k, name in enumerate(names):
            wrong = np.flatnonzero(~right[:, k])
            if len(wrong):
                worst = wrong[0]
                position = ", ".join(f"{v:.4g}" for v in group.points[worst])
                limit = _limit(checked[wrong, k], np.maximum(np.abs(low[wrong, k]), np.abs(high[wrong, k])))
                if limit:
                    faults.append(f"∂f/∂{name} is limited to {limit:.6g}, as at ({position})")
                    continue
                found = f"∂f/∂{name} is {checked[worst, k]:.6g}"
                if group.kinks[worst, k]:
                    between = f"not between {low[worst, k]:.6g} and {high[worst, k]:.6g}"
                    faults.append(f"{found} at the kink ({position}), {between}")
                else:
                    faults.append(f"{found} for {low[worst, k]:.6g} at ({position})")
        if faults:
            return faults
    return faults


def _limit(checked: Any, right: Any) -> float | None:
    """The size that all wrong values have in the place of a larger one; None if there is no such size."""
    sizes = np.abs(checked)
    same = len(sizes) > 2 and np.isfinite(sizes).all() and np.ptp(sizes) <= 1e-9 * sizes[0]
    return float(sizes[0]) if same and (right > sizes).all() else None


def _tried(gradient: Callable[..., Any], point: Any, effects: SideEffects, names: Sequence[str]) -> Any:
    """The gradient at the point; nan if the call raises an error there."""
    try:
        return _called(gradient, point, effects, names)
    except MisbehaviourError:
        return np.full(len(point), np.nan)


def _kinks(groups: Sequence[PointGroup], names: Sequence[str]) -> list[str]:
    """A note on the points with kinks, where any number between the slopes on both sides is right."""
    for group in groups:
        found = np.argwhere(group.kinks)
        if len(found):
            p, k = found[0]
            position = ", ".join(f"{v:.4g}" for v in group.points[p])
            return [
                f"At ({position}) ∂f/∂{names[k]} has a kink; any number between the slopes beside it is right there."
            ]
    return []


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
