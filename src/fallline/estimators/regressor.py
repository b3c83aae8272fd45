"""`NetworkRegressor`: an ensemble of networks as a regressor of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from fallline.estimators.base import NetworkEstimator, warn_column
from fallline.models.fitting import Kind

__all__ = ["NetworkRegressor"]

Floats = NDArray[Any]


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A regressor: small networks from many starts, trained side by side up to the best epoch of their fold, and averaged.

    The targets are brought to mean 0 and standard deviation 1; the loss is half the squared error, summed over the targets.
    Parameters and attributes are those of `NetworkClassifier`, without class_weight, label_smoothing and classes_.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> model = NetworkRegressor((8,), ensemble=8, epochs=100).fit(X, X[:, 0] ** 2)
    >>> model.score(X, X[:, 0] ** 2) > 0.9
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def prepared(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Floats, Floats, Kind, Floats | None]:
        """Return checked inputs, targets, their kind, and weights. The targets are values, (samples,) or (samples, targets)."""
        X, y, weights = self._samples(X, y, sample_weight, reset=True)
        return X, self._coded(y), "values", weights

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch on these samples. The first call decides how inputs and targets are scaled."""
        X, y, weights = self._samples(X, y, sample_weight, reset=not hasattr(self, "fit_"))
        return self._further(X, self._coded(y), "values", weights)

    def predict(self, X: Any) -> Floats:
        """Return the values."""
        answers = self._answers(X)
        return answers[:, 0] if self._flat else answers

    @property
    def oof_prediction_(self) -> Floats:
        """The value of each training sample from members that had not seen it; NaN where every member saw it."""
        kept = np.asarray(self.fit_.kept)
        return kept[:, 0] if self._flat else kept

    def _coded(self, y: Any) -> Floats:
        """Return y as a table."""
        values = np.asarray(y, np.float64)
        if values.ndim == 2 and values.shape[1] == 1:
            warn_column()
        self._flat = values.ndim == 1 or values.shape[1] == 1
        return values.reshape(len(values), -1)
