"""`NetworkClassifier`: an ensemble of networks as a classifier of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from fallline.errors import DataError, UsageError
from fallline.estimators.base import NetworkEstimator, warn_column
from fallline.models.fitting import Kind
from fallline.models.settings import INITIAL, FitSettings
from fallline.models.tuning_grid import TuneLike
from fallline.runs.progress import Progress

__all__ = ["NetworkClassifier"]

Floats = NDArray[Any]


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A classifier: small networks from many starts, trained side by side up to the best epoch of their fold, and averaged.

    Classes have a softmax output and the cross-entropy; several labels a sample have logistic outputs. Each fold of the
    samples judges the starts that are trained on all others, so that every sample is learned from, and every sample judges.
    The fitted model does not depend on the order of the rows, and a row of weight 2 is the same as the row twice.

    Parameters
    ----------
    hidden
        Units of the hidden layers; () for a linear model.
    activation, initial
        Of the hidden layers; of the first weights.
    optimizer, learning_rate, optimizer_settings, schedule
        How the weights are moved: a name, or a `fallline.method`; its rate; its other settings by name; the schedule of
        the learning rate.
    batch
        Samples in a minibatch; 0 for all, None for about a sixteenth of them.
    epochs, patience
        Passes over the samples at most, and those without a lower validation loss after which a start ends; 0 for none.
    l2
        L2 penalty: l2/2 times the sum of squared weights, added to the mean loss; None for 2 divided by the number of samples, and
        at most 0.01.
    ensemble, folds, validation
        The number of starts; the parts of the samples that judge them; with folds=1, the share that judges all.
    refit
        Whether the starts are trained again on all samples, up to the epoch that their fold chose; None for whether there are at most
        1,000.
    label_smoothing
        Share of each class's target that is spread over all classes.
    scaling
        Of the inputs: "robust", "standard" or "none".
    class_weight
        {class: weight} or "balanced".
    warm_start
        Whether a fit begins with the weights of the former.
    random_state
        Key of starts, folds and shuffles. A number gives the same model every time.
    tune
        True chooses learning rate and L2 penalty (or momentum) with a margin from the cliff; {"learning_rate": [0.01, 0.1]} is a
        grid of your own. `cross_val_score` of such a classifier is a nested estimate: it tunes anew in each fold.
    n_jobs
        Threads; all cores by default.
    progress
        True for a bar; or a function of the finished and all parts.

    Attributes
    ----------
    classes_ : array
        The classes.
    outcome_ : str
        How the training ended, in words.
    loss_curves_, validation_curves_, epochs_ : arrays
        Losses of each start at those epochs.
    best_epochs_ : array
        The epoch at which each start was kept.
    tuning_ : Tuning
        With `tune`: the grid, the chosen settings, and their warranty.
    oof_decision_ : array
        Probabilities of each training sample from members that had not seen it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = NetworkClassifier((8,), ensemble=8, epochs=60).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    _smoothing = True

    def __init__(
        self,
        hidden: Any = FitSettings.hidden,
        *,
        activation: Any = "relu",
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        optimizer_settings: dict[str, Any] | None = None,
        schedule: str = "cosine",
        batch: int | None = None,
        epochs: int = 256,
        patience: int = 64,
        l2: float | None = None,
        ensemble: int = 32,
        folds: int = 4,
        validation: float = 0.2,
        refit: bool | None = None,
        label_smoothing: float = 0.0,
        initial: Any = INITIAL,
        scaling: str = FitSettings.scaling,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = 0,
        tune: TuneLike = False,
        n_jobs: int | None = None,
        progress: Progress = False,
    ) -> None:
        super().__init__(
            hidden, activation=activation, optimizer=optimizer, learning_rate=learning_rate,
            optimizer_settings=optimizer_settings, schedule=schedule, batch=batch, epochs=epochs, patience=patience, l2=l2,
            ensemble=ensemble, folds=folds, validation=validation, refit=refit, initial=initial, scaling=scaling, warm_start=warm_start,
            random_state=random_state, tune=tune, n_jobs=n_jobs, progress=progress,
        )  # fmt: skip
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def prepared(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Floats, Floats, Kind, Floats | None]:
        """Return checked inputs, targets, their kind, and weights. The targets are classes, or an indicator matrix of labels."""
        X, y, weights = self._samples(X, y, sample_weight, reset=True)
        kind, T = self._targets(y, weights)
        return X, T, kind, self._weights(y, weights)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on these samples. The first call needs all classes, unless y has them."""
        first = not hasattr(self, "fit_")
        X, y, weights = self._samples(X, y, sample_weight, reset=first)
        if first:
            self._targets(y if classes is None else np.asarray(classes), None)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes must be those of the first call, {self.classes_}; got {classes}.")
        kind: Kind = "labels" if self._labels else "classes"
        return self._further(X, self._coded(y), kind, self._weights(y, weights))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, or of each label."""
        return self._answers(X)

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithm of the probabilities."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def decision_function(self, X: Any) -> Floats:
        """Return log(p / (1 - p)) of the second of two classes, or of each label; of several classes, log(p) of each."""
        probabilities = self._answers(X)
        with np.errstate(divide="ignore"):
            if self._labels:
                return np.asarray(np.log(probabilities) - np.log1p(-probabilities))
            logs = np.log(probabilities)
        return logs[:, 1] - logs[:, 0] if len(self.classes_) == 2 else logs

    def predict(self, X: Any) -> Any:
        """Return the most probable class, or the labels of a probability above one half."""
        probabilities = self._answers(X)
        if self._labels:
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=-1)]

    @property
    def oof_decision_(self) -> Floats:
        """Probabilities of each training sample from members that had not seen it; NaN where every member saw it."""
        return np.asarray(self.fit_.kept)

    def _targets(self, y: Any, weights: Floats | None) -> tuple[Kind, Floats]:
        """Take the classes of y, and return its kind and its targets."""
        kind = type_of_target(y, raise_unknown=True, input_name="y")
        check_classification_targets(y)
        if kind in ("multiclass-multioutput",):
            raise UsageError(
                "y must hold one class a sample, or an indicator matrix of labels; got several classes a sample."
            )
        self._labels = kind == "multilabel-indicator"
        if self._labels:
            self.classes_ = np.arange(y.shape[1])
            return "labels", self._coded(y)
        flat = np.ravel(y)
        if np.ndim(y) == 2:
            warn_column()
        self.classes_ = np.unique(flat)
        seen = self.classes_ if weights is None else np.unique(flat[weights > 0])
        if len(seen) < 2:
            raise DataError(f"y must have at least two classes; it has one class only: {list(seen)}.")
        return "classes", self._coded(y)

    def _coded(self, y: Any) -> Floats:
        """Return y as one-hot rows, or as labels 0 and 1."""
        if self._labels:
            return np.asarray(y.toarray() if hasattr(y, "toarray") else y, np.float64)
        flat = np.ravel(y)
        place = np.searchsorted(self.classes_, flat)
        known = self.classes_[np.minimum(place, len(self.classes_) - 1)] == flat
        if not known.all():
            raise DataError(
                f"y has the class {flat[~known][0]!r}; the classes are {', '.join(map(str, self.classes_[:9]))}."
            )
        return np.eye(len(self.classes_))[place]

    def _weights(self, y: Any, weights: Floats | None) -> Floats | None:
        """Return the weights of the samples times those of their classes."""
        if self.class_weight is None:
            return weights
        of_class = compute_sample_weight(self.class_weight, y)
        return np.asarray(of_class if weights is None else weights * of_class)
