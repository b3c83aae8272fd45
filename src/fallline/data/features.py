"""Features: inputs of a network that are made of two raw inputs, such as x1^2 and sin x1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fallline import exact
from fallline.data.standardize import Standardization
from fallline.errors import DataError, UnknownNameError

__all__ = ["FEATURES", "Feature", "FeatureInputs", "checked_features"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """A function of two raw inputs.

    Parameters
    ----------
    name
        Its name in studies and on the command line, "x1^2".
    label
        Its name in plain Unicode.
    latex
        Its formula, with the raw inputs x_1 and x_2.
    function
        From both raw inputs, (samples,), to the feature, (samples,). Correctly rounded, so that it has the same bits
        everywhere.
    """

    name: str
    label: str
    latex: str
    function: Callable[[Floats, Floats], Floats]


def _sine(x: Floats) -> Floats:
    return exact.each(exact.sin, x)


FEATURES: dict[str, Feature] = {
    f.name: f
    for f in (
        Feature("x1", "x₁", "x_1", lambda x1, x2: x1),
        Feature("x2", "x₂", "x_2", lambda x1, x2: x2),
        Feature("x1^2", "x₁²", "x_1^2", lambda x1, x2: x1 * x1),
        Feature("x2^2", "x₂²", "x_2^2", lambda x1, x2: x2 * x2),
        Feature("x1 x2", "x₁x₂", "x_1 x_2", lambda x1, x2: x1 * x2),
        Feature("sin x1", "sin x₁", r"\sin x_1", lambda x1, x2: _sine(x1)),
        Feature("sin x2", "sin x₂", r"\sin x_2", lambda x1, x2: _sine(x2)),
    )
}
"""The features, in the order in which a network takes them."""


def checked_features(names: Sequence[str]) -> tuple[str, ...]:
    """Return the features of those names in the order of `FEATURES`; () for the two raw inputs themselves.

    Raises
    ------
    UnknownNameError
        A name is not in `FEATURES`.

    Examples
    --------
    >>> checked_features(["sin x1", "x1"]), checked_features(["x1", "x2"])
    (('x1', 'sin x1'), ())
    """
    for name in names:
        if not isinstance(name, str) or name not in FEATURES:
            raise UnknownNameError("feature", name, FEATURES)
    chosen = tuple(name for name in FEATURES if name in names)
    return () if chosen == ("x1", "x2") else chosen


@dataclass(frozen=True, eq=False)
class FeatureInputs:
    """The inputs of a network as functions of two raw inputs.

    Attributes
    ----------
    names
        The features, an input of the network each.
    raw
        The raw inputs of the samples, (samples, 2).
    columns
        Names of the raw inputs.
    standardization
        What is applied to the features; None for nothing.
    """

    names: tuple[str, ...]
    raw: Floats
    columns: tuple[str, ...]
    standardization: Standardization | None = None

    @classmethod
    def of(cls, names: Sequence[str], raw: Floats, columns: tuple[str, ...], source: str) -> FeatureInputs:
        """Features of the raw inputs.

        Raises
        ------
        DataError
            There are not two raw inputs, or a feature of a sample is too large for a float.
        """
        if raw.shape[1] != 2:
            raise DataError(f"features need data of two inputs; {source} has {raw.shape[1]}.")
        inputs = cls(tuple(names), raw, columns)
        if not np.isfinite(inputs(raw)).all():
            raise DataError(f"features of {source} must be finite; the inputs are too large for {', '.join(names)}.")
        return inputs

    def __call__(self, points: Floats) -> Floats:
        """The network's inputs, (points, features), at raw inputs (points, 2).

        >>> FeatureInputs.of(["x1", "x1 x2"], np.ones((1, 2)), ("x1", "x2"), "data")(np.array([[2.0, 3.0]])).tolist()
        [[2.0, 6.0]]
        """
        x1, x2 = points.astype(np.float64).T
        with np.errstate(over="ignore"):
            X = np.stack([FEATURES[name].function(x1, x2) for name in self.names], axis=-1)
        return X if self.standardization is None else self.standardization(X)

    @property
    def equations(self) -> list[tuple[str, str]]:
        """Each input x_k of the network in LaTeX, as a function of the raw inputs u_1 and u_2: its left and right side.

        >>> FeatureInputs.of(["x1", "sin x2"], np.ones((1, 2)), ("x1", "x2"), "data").equations
        [('x_1', 'u_1'), ('x_2', '\\\\sin u_2')]
        """
        rows = [
            (f"x_{{{k}}}" if k > 9 else f"x_{k}", FEATURES[n].latex.replace("x", "u"))
            for k, n in enumerate(self.names, 1)
        ]
        scaling = self.standardization
        if scaling is None:
            return rows
        means, deviations = (np.ldexp(v, scaling.exponent) for v in (scaling.mean, scaling.deviation))
        return [
            (left, rf"\frac{{{right} {'-' if mean >= 0 else '+'} {abs(mean):.4g}}}{{{deviation:.4g}}}")
            for (left, right), mean, deviation in zip(rows, means, deviations, strict=True)
        ]

    def rows(self, rows: NDArray[np.bool_]) -> FeatureInputs:
        """The same of some samples."""
        return replace(self, raw=self.raw[rows])

    def standardized(self, scaling: Standardization) -> FeatureInputs:
        """The same with a standardization of the features."""
        return replace(self, standardization=scaling)
