"""`MapSearchCV`: scikit-learn's grid search for our estimators, with the grid, the folds and the starts in lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.model_selection import ParameterGrid, check_cv
from sklearn.utils.validation import check_is_fitted

from fallline.errors import UsageError
from fallline.estimators.base import NetworkEstimator, threads_of
from fallline.models.ensemble import Ensemble
from fallline.models.grid import fit_grid, in_lanes
from fallline.models.scores import SCORES, scores
from fallline.models.settings import FitSettings
from fallline.runs.execution import cores

__all__ = ["MapSearchCV"]

Floats = NDArray[Any]


class MapSearchCV(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Search over a grid of settings, with `GridSearchCV`'s interface.

    Learning rate, L2 penalty and the numbers of the optimizer are numbers of a lane: all their combinations train at once,
    with all starts, in one compiled kernel. Other parameters (hidden, batch, activation, ...) make one training for each of their
    combinations. The score is accuracy, or R² of values.

    Parameters
    ----------
    estimator
        A `NetworkClassifier` or `NetworkRegressor`.
    param_grid
        {parameter: values}, or a list of such. Numbers of the optimizer, such as momentum, stand beside the parameters.
    cv
        Folds, as `GridSearchCV` takes them.
    refit
        Whether the best combination is fitted to all samples.

    Attributes
    ----------
    cv_results_ : dict
        As `GridSearchCV` has it, and "diverged": the share of starts that diverged.
    best_params_, best_score_, best_index_, best_estimator_
        As `GridSearchCV` has them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fallline.estimators import NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> small = NetworkClassifier((4,), ensemble=2, folds=2, epochs=30, batch=0)
    >>> search = MapSearchCV(small, {"learning_rate": [1e-6, 0.05]}, cv=2).fit(X, y)
    >>> search.best_params_
    {'learning_rate': 0.05}
    """

    def __init__(
        self, estimator: Any, param_grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]], *,
        cv: Any = None, refit: bool = True, n_jobs: int | None = None,
    ) -> None:  # fmt: skip
        self.estimator = estimator
        self.param_grid = param_grid
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None) -> Self:
        """Score every combination by cross-validation, and fit the best to all samples."""
        if not isinstance(self.estimator, NetworkEstimator):
            raise UsageError(
                f"estimator must be a NetworkClassifier or NetworkRegressor; got {type(self.estimator).__name__}."
            )
        model = clone(self.estimator)
        if model.tune is not False:
            raise UsageError("MapSearchCV searches the settings itself: set tune=False in its estimator.")
        array, T, kind, weights = model.prepared(X, y, sample_weight)
        parameters = list(ParameterGrid(self.param_grid))
        splits = list(
            check_cv(self.cv, np.ravel(y) if kind == "classes" else y, classifier=is_classifier(model)).split(array, y)
        )
        found = np.full((len(parameters), len(splits)), np.nan)
        diverged = np.zeros((len(parameters), len(splits)))
        score = SCORES[kind][0] if kind != "values" else "r2"
        threads = threads_of(self.n_jobs) or cores()
        # Splits train side by side, and the folds within them in the threads that are left.
        outer = min(threads, len(splits))
        inner = max(1, threads // outer)
        for group, settings, combinations in _groups(model, parameters, array.dtype):

            def judge(
                k: int, group: Any = group, settings: FitSettings = settings, combinations: Any = combinations
            ) -> None:
                """Fit a group of combinations without the samples of a split, and score them on those."""
                train, test = splits[k]
                own = None if weights is None else weights[train]
                grid = fit_grid(array[train], T[train], kind, settings, combinations, own, threads=inner)
                diverged[group, k] = grid.diverged
                found[group, k] = [_score(e, array[test], T[test], kind, score) for e in grid.ensembles]

            with ThreadPoolExecutor(outer) as pool:
                list(pool.map(judge, range(len(splits))))
        self.cv_results_ = _results(parameters, found, diverged)
        self.n_splits_ = len(splits)
        self.best_index_ = int(np.argmin(self.cv_results_["rank_test_score"]))
        self.best_params_ = parameters[self.best_index_]
        self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
        if self.refit:
            self.best_estimator_ = _with(clone(self.estimator), self.best_params_).fit(
                X, y, sample_weight=sample_weight
            )
        return self

    def predict(self, X: Any) -> Any:
        """Answer with the best combination."""
        return self._best().predict(X)

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities by the best combination."""
        return np.asarray(self._best().predict_proba(X))

    def score(self, X: Any, y: Any) -> float:
        """Return accuracy or R² of the best combination."""
        return float(self._best().score(X, y))

    def _best(self) -> Any:
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_


def _score(ensemble: Ensemble | None, X: Floats, T: Floats, kind: Any, score: str) -> float:
    """Return the score of an ensemble; NaN if all its starts diverged."""
    return float("nan") if ensemble is None else scores(ensemble.answers(X), T, kind)[score]


def _with(model: Any, parameters: Mapping[str, Any]) -> Any:
    """Return the estimator with parameters; numbers of the optimizer go to `optimizer_settings`."""
    own = model.get_params()
    numbers = {name: value for name, value in parameters.items() if name not in own}
    model.set_params(**{name: value for name, value in parameters.items() if name in own})
    if numbers:
        model.set_params(optimizer_settings={**(model.optimizer_settings or {}), **numbers})
    return model


def _groups(model: Any, parameters: Sequence[Mapping[str, Any]], dtype: Any) -> Any:
    """Yield the combinations that train at once: their places, the settings that they share, and the numbers that differ."""
    groups: dict[str, list[int]] = {}
    numbers = {"learning_rate", "l2", *in_lanes(model.settings(dtype))}
    for place, each in enumerate(parameters):
        key = repr(sorted((name, repr(value)) for name, value in each.items() if name not in numbers)) + repr(
            sorted(each)
        )
        groups.setdefault(key, []).append(place)
    for places in groups.values():
        settings = _with(clone(model), parameters[places[0]]).settings(dtype)
        names = [name for name in parameters[places[0]] if name in numbers]
        yield places, settings, [{name: float(parameters[k][name]) for name in names} for k in places]


def _results(parameters: Sequence[Mapping[str, Any]], found: Floats, diverged: Floats) -> dict[str, Any]:
    """Return the results as `GridSearchCV` has them."""
    mean = found.mean(axis=1)
    order = np.where(np.isnan(mean), -np.inf, mean)
    names = sorted({name for each in parameters for name in each})
    columns: dict[str, Any] = {
        f"param_{name}": np.ma.masked_array(
            [each.get(name) for each in parameters], [name not in each for each in parameters]
        )
        for name in names
    }
    columns["params"] = list(parameters)
    columns |= {f"split{k}_test_score": found[:, k] for k in range(found.shape[1])}
    return columns | {
        "mean_test_score": mean, "std_test_score": found.std(axis=1), "diverged": diverged.mean(axis=1),
        "rank_test_score": np.array([1 + int((order > value).sum()) for value in order], dtype=np.int32),
    }  # fmt: skip
