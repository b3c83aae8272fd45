"""The derivatives of a user's own loss, by complex step or differences, and how well they are known.

A complex step is exact, but only where the code is analytic and takes complex numbers. `abs`, `conj`, a cast to float or
a comparison of real parts can drop the imaginary part without an error. So on each draw the complex step is compared with
differences along two random directions before it is used. Otherwise the derivatives are central differences, extrapolated
to step 0 (Ridders 1982), with an error estimate. A kink within the step shows as a large error, and the derivative is set
aside.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.reference.comparison import GradientBlock, blocks_of
from fallline.checks.reference.derivatives import STEP
from fallline.checks.reference.differences import extrapolated_difference
from fallline.checks.reference.draws import Group
from fallline.checks.reference.known_derivatives import SLACK, Derivatives, scales_of
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss, number, words_for
from fallline.textbook.network import Network, Parameters

__all__ = ["is_gradient_of", "own_derivatives"]

Floats = NDArray[np.float64]

SECONDS = 1.0
"""Time for the derivatives of one loss. A slow loss is differentiated on fewer draws, or along a few directions of each block."""
EVALUATIONS = 10
"""Of a loss, usually, for one extrapolated difference."""
WORST = 1e-6
"""A derivative with a larger error, relative to its block, is set aside: a kink lies within the step."""
WORST_SINGLE = 2e-3
"""The same for a loss in single precision."""
ROUGH = 1e-5
"""The relative difference that the quick test allows."""
DIRECTIONS = 3
"""The number of directions of each block, where there is no time for each coordinate."""
MOST_SET_ASIDE = 0.25


def own_derivatives(loss: OwnLoss, groups: Sequence[Group], seconds: float = SECONDS) -> Derivatives:
    """Differentiate a loss on the draws.

    Raises
    ------
    NoReferenceError
        If the loss is constant, random, not finite, not differentiable, or cannot be called.
    """
    network, first = groups[0].network, groups[0]
    values, cost = _values(loss, groups)
    single = all(float(np.float32(v)) == v for v in values) and any(v != round(v, 3) for v in values)
    evaluations, a_block = seconds / cost, EVALUATIONS * len(groups) * 2 * network.depth
    draws = max((n for n in range(1, len(first.w) + 1) if n * a_block <= evaluations), default=1)
    groups = tuple(replace(g, w=g.w[:draws], X=g.X[:draws], T=g.T[:draws]) for g in groups)
    of_draw = [(loss, g.w[d], g.X[d], g.T[d]) for g in groups for d in range(len(g.w))]
    takes_complex = not single and all(_complex_agrees(*draw, draw_index=d) for d, draw in enumerate(of_draw))
    each = 1 if takes_complex else EVALUATIONS
    complete = network.parameter_count * len(of_draw) * each <= evaluations
    directions, blocks = _directions(
        network, complete, DIRECTIONS if DIRECTIONS * draws * a_block <= evaluations else 1
    )
    method = "complex step" if takes_complex else "differences"
    slopes, errors = [], []
    for group in groups:
        rows = []
        for w, X, T in zip(group.w, group.X, group.T, strict=True):
            rows.append([_slope(loss, w, X, T, direction, takes_complex, single) for direction in directions])
        table = np.array(rows, dtype=float)
        slopes.append(table[..., 0])
        errors.append(_set_aside(table[..., 0], table[..., 1], blocks, WORST_SINGLE if single else WORST))
    result = Derivatives(groups, directions, blocks, tuple(slopes), tuple(errors), method, single, complete)
    _refuse_unusable(loss, result)
    return result


def is_gradient_of(loss: OwnLoss, network: Network, gradient: Parameters, w: Any, X: Any, T: Any) -> bool:
    """Whether a gradient (one draw) is that of the loss there, to `ROUGH`: a quick test along a few random directions.

    False for a loss that is no reference, too. A small epsilon in a logarithm, which gradients leave out, does not matter.
    """
    group = Group(network, w[None], X[None], T[None])
    numbers = [network.unpack(network.pack(gradient)[None])]
    try:
        value = number(loss, w, X, T)
        single = float(np.float32(value)) == value
        if value == number(loss, 0.9 * w, X, T):
            return False
        whole = random.normal(1, "own loss directions", len(w), 0)
        slope, error = _slope(loss, w, X, T, whole / np.linalg.norm(whole), False, single)
        expected = float(network.pack(gradient) @ whole / np.linalg.norm(whole))
        if not abs(slope - expected) <= ROUGH * max(abs(slope), abs(expected)) + SLACK * error:
            return False
        directions, blocks = _directions(network, complete=False, count=1)
        table = np.array([_slope(loss, w, X, T, direction, False, single) for direction in directions])
    except NoReferenceError:
        return False
    slopes, errors = table[None, :, 0], table[None, :, 1]
    errors = _set_aside(slopes, errors, blocks, WORST_SINGLE if single else WORST)
    if not (slopes != 0).any() or np.isinf(errors).mean() > MOST_SET_ASIDE:
        return False
    derivatives = Derivatives((group,), directions, blocks, (slopes,), (errors,), "differences", single, False)
    return all(b.agrees for b in derivatives.compare(numbers, ROUGH))


def _values(loss: OwnLoss, groups: Sequence[Group]) -> tuple[list[float], float]:
    """The loss on each draw, and the seconds that a call takes. Raises NoReferenceError if it is constant or random."""
    first = groups[0]
    times, values = [time.perf_counter()], []
    for w, X, T in ((w, X, T) for g in groups for w, X, T in zip(g.w, g.X, g.T, strict=True)):
        values.append(number(loss, w, X, T))
        times.append(time.perf_counter())
    cost = max(float(np.diff(times).min()), 1e-6)  # the fastest call was interrupted least
    again = number(loss, first.w[0], first.X[0], first.T[0])
    if abs(again - values[0]) > 1e-12 * abs(values[0]):
        raise NoReferenceError(f"{words_for(loss)} is random: two calls with the same arguments differ")
    moved = [number(loss, factor * first.w[0], first.X[0], first.T[0]) for factor in (0.9, 0.5)]
    if moved == [values[0]] * 2:
        raise NoReferenceError(f"{words_for(loss)} does not depend on the weights; it is always {values[0]:.6g}")
    return values, cost


def _directions(network: Network, complete: bool, count: int) -> tuple[Floats, tuple[GradientBlock, ...]]:
    """Every coordinate, or random unit vectors inside each block; and the block of each."""
    marks = network.pack(
        tuple(
            type(layer)(np.full(W, 2.0 * l), None if b is None else np.full(b, 2.0 * l + 1))
            for l, (layer, (W, b)) in enumerate(zip(network.unpack(np.zeros(network.parameter_count)), network.shapes, strict=True))
        )
    )  # fmt: skip
    block_at = [GradientBlock("db" if mark % 2 else "dW", int(mark // 2) + 1) for mark in marks]
    if complete:
        return np.eye(len(marks)), tuple(block_at)
    rows, blocks = [], []
    for k, block in enumerate(blocks_of(network)):
        inside = np.array([b == block for b in block_at])
        for d in range(count):
            direction = np.where(inside, random.normal(k, "own loss directions", len(marks), d), 0)
            rows.append(direction / np.linalg.norm(direction))
            blocks.append(block)
    return np.array(rows), tuple(blocks)


def _slope(
    loss: OwnLoss, w: Any, X: Any, T: Any, direction: Any, takes_complex: bool, single: bool
) -> tuple[float, float]:
    """The derivative along the direction, and its error."""
    if takes_complex:
        slope = float(np.asarray(loss.value(w + 1j * STEP * direction, X, T)).imag.item()) / STEP
        return slope, 1e-13 * abs(slope)
    return extrapolated_difference(lambda t: number(loss, w + t * direction, X, T), single=single)


def _complex_agrees(loss: OwnLoss, w: Any, X: Any, T: Any, draw_index: int) -> bool:
    """Whether the complex step is possible on a draw, and agrees with differences along two random directions."""
    for k in range(2):
        direction = random.normal(k, "own loss complex step", len(w), draw_index)
        direction /= np.linalg.norm(direction)
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(loss.value(w + 1j * STEP * direction, X, T))
            if value.size != 1 or value.dtype.kind != "c":
                return False
            slope = float(value.imag.item()) / STEP
        except Exception:  # code that takes no complex numbers may raise anything
            return False
        difference, error = extrapolated_difference(lambda t, d=direction: number(loss, w + t * d, X, T))  # type: ignore[misc]  # d is bound at once
        if not abs(slope - difference) <= 1e-9 * abs(difference) + SLACK * error or error > 1e-8 * max(
            abs(difference), 1e-3
        ):
            return False
    return True


def _set_aside(slopes: Any, errors: Any, blocks: Sequence[GradientBlock], worst: float) -> Floats:
    """The errors, infinite for derivatives that are not known well enough."""
    finite = np.where(np.isfinite(slopes), errors, np.inf)
    scales = scales_of(slopes, finite, blocks)
    limit = worst * np.array([scales[block] for block in blocks])
    return np.where(finite <= limit, finite, np.inf)


def _refuse_unusable(loss: OwnLoss, derivatives: Derivatives) -> None:
    aside = np.concatenate([np.isinf(e).ravel() for e in derivatives.errors])
    if aside.mean() > MOST_SET_ASIDE:
        raise NoReferenceError(f"{words_for(loss)} is not differentiable on these draws, or too rough for differences")
    if not any(
        np.where(np.isfinite(e), s, 0).any() for s, e in zip(derivatives.slopes, derivatives.errors, strict=True)
    ):
        raise NoReferenceError(f"the derivatives of {words_for(loss)} are all 0, as those of a count or an accuracy")
