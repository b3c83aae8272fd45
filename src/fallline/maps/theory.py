"""The stability bound of a quadratic with the measured curvature, over a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.maps.cell_training import training_of
from fallline.maps.replay import replay
from fallline.maps.values import MapValues
from fallline.problems.curvature import eigenvalues, stable_learning_rate

__all__ = ["theory_curve"]


def theory_curve(m: MapValues) -> dict[str, NDArray[np.float64]]:
    """The stability bound of a quadratic with the curvature L of the start and of the end, for every row of the map.

    2/L for gradient descent, 2(1 + momentum)/L for momentum, 2(1 + momentum)/(L(1 + 2 momentum)) for Nesterov.

    Returns
    -------
    "start" and "end" with the learning rate for each value of the axis that is not the learning rate, where L is known.
    The end is that of the best run of the map.
    """
    spec = m.spec
    if "learning_rate" not in spec.axes:
        raise UsageError(f"a theory curve needs learning_rate as an axis; this map has {' and '.join(spec.axes)}.")
    other = m.y if m.x.name == "learning_rate" else m.x
    momenta = (
        other.values if other.name == "momentum" else np.full(other.count, spec.method.settings.get("momentum", 0.0))
    )
    middle = np.array([spec.x.count // 2]), np.array([spec.y.count // 2])
    points = {"start": np.atleast_2d(training_of(spec, *middle).starts)[0]}
    score = m.plane("final_loss") if "final_loss" in m.measures else None
    if score is not None and np.isfinite(score).any():
        j, i = np.unravel_index(int(np.nanargmin(np.where(np.isfinite(score), score, np.inf))), score.shape)
        points["end"] = replay(spec, int(i), int(j)).end
    curves = {}
    for where, w in points.items():
        largest = eigenvalues(spec.objective, w)[1]
        bounds = [stable_learning_rate(spec.method.optimizer.name, largest, float(mu)) for mu in momenta]
        if all(b is not None for b in bounds):
            curves[where] = np.array(bounds, dtype=np.float64)
    return curves
