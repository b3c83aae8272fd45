"""Which picture suits a map: its measure decides colours, its outcome which cells count as diverged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.axes import Axis
from fallline.maps.map import Map
from fallline.maps.tiles import STRIDES
from fallline.measures.outcome import CAP, OUTCOMES
from fallline.views.pictures.map import Mark, draw_map
from fallline.views.words import measure_word

__all__ = ["map_picture"]

FINEST = 2400
"""Cells along an axis that a picture is made of at most."""


def map_picture(
    m: Map,
    measure: str | None = None,
    *,
    marks: Sequence[tuple[float, float, str]] = (),
    theory: bool = False,
    contours: Sequence[float] = (),
    title: str | None = None,
    theme: str = "light",
    **options: Any,
) -> Any:
    """A map as a picture. Cells that are not yet known show their coarse neighbour.

    Parameters
    ----------
    measure
        Which measure to draw; the first unless given.
    marks
        Runs to be pointed out: (x, y, label).
    theory
        Whether the stability bound of `theory_curve` is laid over it.
    contours
        Values at which lines of equal value are drawn.
    """
    for number in (*contours, *(place for mark in marks for place in mark[:2])):
        if not np.isfinite(number):
            raise UsageError(f"contours and marks must be finite numbers; got {number}.")
    m = _thinned(m)
    name = measure or m.measures[0]
    if not m.known.any():
        raise UsageError("a map without a single cell has no picture: compute it first.")
    values = _filled(m, m[name]).astype(np.float64)
    wanted = next(w for w in m.spec.measures if w.name == name)
    word = f"steps to loss {wanted.target:g}" if name == "steps_to" else measure_word(name)
    kind = {"outcome": "outcomes", "convergence": "ranks"}.get(name, "values")
    lost = _diverged(m, name, values)
    if name == "steps_to":
        values = np.where(values < 0, np.nan, values)
        options.setdefault("lost_word", "never reached")
    elif name == "diverged_at":
        values = np.where(values < 0, m.spec.steps + 1, values)
        options.setdefault("log", False)
    if kind == "values" and name != "accuracy":
        options.setdefault("limits", _limits(values, lost))
    title = (
        title
        or f"{word[:1].upper()}{word[1:]}: {m.spec.objective.name}, {m.spec.optimizer.name.replace('_', ' ')}, "
        f"{m.spec.steps} steps"
    )
    curves = {f"stability bound with L at the {k}": v for k, v in _bounds(m).items()} if theory else None
    return draw_map(
        values, m.x, m.y, measure=word, kind=kind, diverged=lost, marks=[Mark(*k) for k in marks],  # type: ignore[arg-type]  # one of the three kinds
        contours=contours, curves=curves, title=title, theme=theme, **options,
    )  # fmt: skip


def _thinned(m: Map) -> Map:
    """A map of more cells than a picture can show, by every second, third ... of them: colours take much memory."""
    k = -(-max(m.known.shape) // FINEST)
    if k == 1:
        return m
    x, y = (a if a.count < k else _every(a, k) for a in (m.x, m.y))
    by = k if y is not m.y else 1, k if x is not m.x else 1
    thin = Map(m.spec.over(x, y))
    for name in m.measures:
        thin[name][:] = m[name][:: by[0], :: by[1]]
    thin.known[:] = m.known[:: by[0], :: by[1]]
    return thin


def _every(axis: Axis, k: int) -> Axis:
    values = axis.values[::k]
    if axis.listed:
        return Axis.of(axis.name, values)
    return Axis(axis.name, float(values[0]), float(values[-1]), len(values), axis.scale)


def _filled(m: Map, values: NDArray[Any]) -> NDArray[Any]:
    """The values with every unknown cell taken from the nearest coarser one that is known."""
    if m.complete:
        return values
    rows, columns = np.indices(m.known.shape)
    out, known = values.copy(), m.known.copy()
    for s in sorted(STRIDES):
        if s == 1:
            continue
        j, i = rows - rows % s, columns - columns % s
        take = ~known & m.known[j, i]
        out[take] = values[j[take], i[take]]
        known |= take
    return out


def _diverged(m: Map, name: str, values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    if name in ("steps_to", "diverged", "convergence", "diverged_at", "accuracy"):
        return None
    if "outcome" in m.measures:
        return np.asarray(_filled(m, m["outcome"]) == OUTCOMES.index("diverged"))
    if "diverged_at" in m.measures:
        return np.asarray(_filled(m, m["diverged_at"]) >= 0)
    # The cap of `judge` without the first loss of each cell: beyond it a loss says no more than "away".
    return ~(np.abs(values) <= CAP * max(1.0, float(np.nanmin(np.abs(values), initial=np.inf))))


def _limits(values: NDArray[np.float64], lost: NDArray[np.bool_] | None) -> tuple[float, float] | None:
    """Colours from the lowest value to the highest, but a few outliers do not stretch them."""
    kept = values[np.isfinite(values) if lost is None else np.isfinite(values) & ~lost]
    if not kept.size:
        return None
    low, high, most = float(kept.min()), float(kept.max()), float(np.quantile(kept, 0.98))
    return low, most if low >= 0 and high > 20 * most > 20 * low else high


def _bounds(m: Map) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    rates = m.theory()
    if not rates:
        raise UnknownNameError(
            "the optimizer of a theory curve", m.spec.optimizer.name, ("gradient_descent", "momentum", "nesterov")
        )
    if m.x.name == "learning_rate":
        return {k: (v, m.y.values) for k, v in rates.items()}
    return {k: (m.x.values, v) for k, v in rates.items()}
