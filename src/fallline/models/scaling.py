"""How the numbers of a table become the inputs of a network: columns of similar size, without far outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.scaling import SCALINGS, scales_of, smoothly_clipped
from fallline.data.preparing.scaling import Scaling as Kind
from fallline.errors import UnknownNameError
from fallline.shapes import Shaped

__all__ = ["SCALINGS", "Scaling"]

Floats = NDArray[Any]


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
        kind: Kind = "robust",
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
        centre, factor = X[0].copy(), np.zeros(X.shape[1])
        varied = np.flatnonzero((X[0] != X).any(axis=0))
        equal = (weights == weights[0]).all()
        for column, scale in zip(varied, scales_of(X[:, varied], kind, None if equal else weights), strict=True):
            if scale is not None and scale.width > 0:
                with np.errstate(over="ignore"):
                    centre[column] = np.ldexp(scale.centre, scale.exponent)
                    factor[column] = np.ldexp(1 / scale.width, -scale.exponent)
        return cls(centre, np.where(np.isfinite(factor), factor, 0.0), kind == "robust")

    def __call__(self, X: Shaped[Floats, "batch columns"]) -> Shaped[Floats, "batch columns"]:
        with np.errstate(over="ignore"):
            Z = np.where(self.factor == 0, 0.0, (X - self.centre) * self.factor)
        return smoothly_clipped(Z) if self.clipped else Z
