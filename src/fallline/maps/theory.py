"""The stability bound of a quadratic with the measured curvature, over a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.choices import ARCHITECTURE, FAMILIES, OF_DATA
from fallline.experiment.method import factors_on_rates
from fallline.experiment.setting_names import is_layer_rate, moves_start
from fallline.maps.cell_training import training_of
from fallline.maps.replay import replay
from fallline.maps.values import MapValues
from fallline.problems import NetworkObjective
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.runs.penalised import penalised
from fallline.runs.sharpness import penalty_of, sharpness_at
from fallline.runs.training import Training

__all__ = ["has_bands", "has_theory", "theory_curve"]

Floats = NDArray[np.float64]


def has_bands(name: str) -> bool:
    """Whether each value of the axis has an objective, a start or an optimizer of its own, and so a bound of its own."""
    return name in FAMILIES or name in ARCHITECTURE or name in OF_DATA


def has_theory(m: MapValues) -> bool:
    """Whether a picture of the map can have a stability bound: a plane with an axis for the learning rate, and a known bound."""
    names = (*m.spec.method.values, *m.spec.axes)
    possible = "learning_rate" in m.spec.axes and not any(is_layer_rate(name) for name in names)
    return not m.spec.one_dimensional and possible and bool(theory_curve(m))


def theory_curve(m: MapValues) -> dict[str, Floats]:
    """The stability bound of a quadratic with the curvature L of the start and of the end, for every row of the map.

    2/L for gradient descent, 2(1 + momentum)/L for momentum, 2(1 + momentum)/(L(1 + 2 momentum)) for Nesterov.

    Returns
    -------
    "start" and "end" with the learning rate for each value of the axis that is not the learning rate, where L is known.
    The end is that of the best run of the map; of the best run of each row where the rows are optimizers, activations, or
    other choices, which have a curvature or a bound of their own. There the rate of an optimizer without a bound is NaN.
    Where the other axis moves the start or changes the loss, as initial_scale, seed and l2 do, each row has the curvature of its own start.
    """
    spec = m.spec
    if any(is_layer_rate(name) for name in (*spec.method.values, *spec.axes)):
        raise UsageError("a theory curve needs one learning rate; here a layer has a learning rate of its own.")
    if "learning_rate" not in spec.axes:
        raise UsageError(f"a theory curve needs learning_rate as an axis; this map has {' and '.join(spec.axes)}.")
    across = spec.x.name == "learning_rate"
    other = spec.y if across else spec.x
    middle = spec.x.count // 2, spec.y.count // 2
    if not has_bands(other.name):
        momenta = other.values if other.name == "momentum" else np.full(other.count, np.nan)
        curves = _curves(m, middle, np.ones(spec.shape, dtype=bool), momenta)
        if moves_start(other.name) or other.name == "l2":
            curves["start"] = _at_own_starts(m, *((middle[0], None) if across else (None, middle[1])))
        return {where: curve for where, curve in curves.items() if np.isfinite(curve).any()}
    places = np.indices(spec.shape)[0 if across else 1]
    bands = [
        _curves(m, (middle[0], k) if across else (k, middle[1]), places == k, np.array([np.nan]))
        for k in range(other.count)
    ]
    curves = {
        where: np.array([band[where][0] if where in band else np.nan for band in bands]) for where in ("start", "end")
    }
    return {where: curve for where, curve in curves.items() if np.isfinite(curve).any()}


def _curves(m: MapValues, cell: tuple[int, int], among: NDArray[np.bool_], momenta: Floats) -> dict[str, Floats]:
    """The bounds for these momenta with the curvature at the start of a cell, and at the end of the best run among some.

    A momentum of NaN is that of the method.
    """
    training = training_of(m.spec, np.array([cell[0]]), np.array([cell[1]]))
    optimizer, own = training.method.optimizer, training.method.settings.get("momentum", 0.0)
    largest = {"start": _largest(training, np.atleast_2d(training.starts)[0])}
    score = m.plane("final_loss") if "final_loss" in m.measures else None
    if score is not None and (np.isfinite(score) & among).any():
        j, i = np.unravel_index(int(np.argmin(np.where(np.isfinite(score) & among, score, np.inf))), score.shape)
        best = training_of(m.spec, np.array([i]), np.array([j]))
        largest["end"] = _largest(best, replay(m.spec, int(i), int(j)).end)
    curves = {}
    for where, value in largest.items():
        bounds = [stable_learning_rate(optimizer.name, value, float(own if np.isnan(mu) else mu)) for mu in momenta]
        if all(b is not None for b in bounds):
            curves[where] = np.array(bounds, dtype=np.float64)
    return curves


def _largest(training: Training, w: Floats) -> float:
    """The largest eigenvalue of the Hessian at w, with the penalty of the training's first run."""
    l2 = penalty_of(training)
    objective = training.objective if l2 is None else penalised(training.objective, float(l2.ravel()[0]))
    return eigenvalues(objective, w, factors_on_rates(training.objective, training.method.optimizer))[1]


def _at_own_starts(m: MapValues, i: int | None, j: int | None) -> Floats:
    """The bound of each cell of a column i or a row j, with the curvature at its own start; NaN where it has none."""
    count = m.spec.shape[0] if j is None else m.spec.shape[1]
    along = np.arange(count)
    training = training_of(m.spec, along if i is None else np.full(count, i), along if j is None else np.full(count, j))
    objective, optimizer, l2 = training.objective, training.method.optimizer, penalty_of(training)
    starts = np.atleast_2d(training.starts)[:: m.spec.starts]
    starts = np.ascontiguousarray(np.broadcast_to(starts, (count, objective.dimension)), dtype=np.float64)
    factors = factors_on_rates(objective, optimizer)
    if isinstance(objective, NetworkObjective):
        diagonal = None if factors is None else np.broadcast_to(1 / factors, starts.shape)
        strengths = l2 if l2 is None or l2.ndim == 0 else l2[:: m.spec.starts]
        largest = sharpness_at(objective, starts, l2=strengths, preconditioner=diagonal).values
    else:
        largest = np.array([eigenvalues(objective, w, factors)[1] for w in starts])
    momentum = float(training.method.settings.get("momentum", 0.0))
    bounds = [stable_learning_rate(optimizer.name, float(value), momentum) for value in largest]
    return np.array([np.nan if bound is None else bound for bound in bounds])
