"""How the numbers of a table become the inputs of a network: columns of similar size, without far outliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.scaling import smoothly_clipped
from fallline.errors import UnknownNameError
from fallline.shapes import Shaped

__all__ = ["SCALINGS", "Scaling"]

Floats = NDArray[Any]

SCALINGS = ("robust", "standard", "none")
"""robust: median and quartiles, then smooth clipping; standard: mean and standard deviation; none: as they are."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What brings columns to similar sizes: z = (x - centre) factor, and, if `clipped`, z / sqrt(1 + (z/3)^2).

    A constant column becomes 0. Source of the robust form: RealMLP (Holzmüller, Grinsztajn & Steinwart 2024).

    Attributes
    ----------
    centre, factor
        Of each column.
    clipped
        Whether far values are pulled in.
    """

    centre: Shaped[Floats, " columns"]
    factor: Shaped[Floats, " columns"]
    clipped: bool

    @classmethod
    def of(
        cls,
        X: Shaped[Floats, "batch columns"],
        weights: Shaped[Floats, " batch"],
        kind: Literal["robust", "standard", "none"] = "robust",
    ) -> Scaling:
        """Return the scaling for the columns of the training samples.

        Raises
        ------
        UnknownNameError
            There is no scaling of that name.

        Examples
        --------
        >>> scaling = Scaling.of(np.array([[0.0], [1.0], [2.0], [3.0], [1e6]]), np.ones(5))
        >>> scaling(np.array([[2.0], [1e6]])).round(3).tolist()
        [[0.0], [3.0]]
        """
        if kind not in SCALINGS:
            raise UnknownNameError("scaling", kind, SCALINGS)
        if kind == "none":
            return cls(np.zeros(X.shape[1]), np.ones(X.shape[1]), False)
        with np.errstate(over="ignore", invalid="ignore"):
            if kind == "standard":
                centre = np.average(X, axis=0, weights=weights)
                spread = np.sqrt(np.average((X - centre) ** 2, axis=0, weights=weights))
            else:
                low, centre, high = _quantiles(X, weights, (0.25, 0.5, 0.75))
                spread = high - low
                half = (X.max(axis=0) - X.min(axis=0)) / 2  # where the quartiles agree: the whole range
                spread = np.where(spread > 0, spread, half)
            constant = (X[0] == X).all(axis=0)
            factor = np.where(constant | ~(spread > 0), 0.0, 1 / np.where(spread > 0, spread, 1.0))
        return cls(centre, np.where(np.isfinite(factor), factor, 0.0), kind == "robust")

    def __call__(self, X: Shaped[Floats, "batch columns"]) -> Shaped[Floats, "batch columns"]:
        with np.errstate(over="ignore"):
            Z = np.where(self.factor == 0, 0.0, (X - self.centre) * self.factor)
        return smoothly_clipped(Z) if self.clipped else Z


def _quantiles(
    X: Shaped[Floats, "batch columns"], weights: Shaped[Floats, " batch"], shares: Sequence[float]
) -> list[Shaped[Floats, " columns"]]:
    """Return the smallest value below or at which each share of the weight lies, of each column.

    A weight of 2 counts as two samples do, which NumPy's interpolating quantiles cannot promise.
    """
    columns = np.ascontiguousarray(X.T)
    order = np.argsort(columns, axis=1, kind="stable")
    reached = np.cumsum(weights[order], axis=1)
    places = [(reached >= q * weights.sum() * (1 - 1e-12)).argmax(axis=1)[:, None] for q in shares]
    return [np.take_along_axis(columns, np.take_along_axis(order, k, axis=1), axis=1)[:, 0] for k in places]
