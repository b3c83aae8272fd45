"""What both estimators share: their parameters, fitting, and what they report."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fallline.errors import DataError, UsageError
from fallline.estimators.other_names import refuse_other_names
from fallline.limits import check_memory
from fallline.models.fitting import Fit, Kind, fit_samples
from fallline.models.further import Further
from fallline.models.sentences import outcome_sentence
from fallline.models.settings import INITIAL, FitSettings, fit_settings
from fallline.models.tuning import tune_samples
from fallline.models.tuning_grid import TuneLike
from fallline.runs.progress import Parts, Progress, showing

__all__ = ["NetworkEstimator", "threads_of", "warn_column"]

Floats = NDArray[Any]


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Parameters, fitting and reports of `NetworkClassifier` and `NetworkRegressor`."""

    _smoothing = False

    def __new__(cls, *args: Any, **params: Any) -> Self:
        own = cls._get_param_names()
        refuse_other_names([name for name in params if name not in own], own, cls.__name__)
        made: Self = super().__new__(cls)
        return made

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        signature = inspect.signature(cls.__init__)  # of a class with `__new__`, Python would show that
        cls.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])

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
        initial: Any = INITIAL,
        scaling: str = FitSettings.scaling,
        warm_start: bool = False,
        random_state: Any = 0,
        tune: TuneLike = False,
        n_jobs: int | None = None,
        progress: Progress = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_settings = optimizer_settings
        self.schedule = schedule
        self.batch = batch
        self.epochs = epochs
        self.patience = patience
        self.l2 = l2
        self.ensemble = ensemble
        self.folds = folds
        self.validation = validation
        self.refit = refit
        self.initial = initial
        self.scaling = scaling
        self.warm_start = warm_start
        self.random_state = random_state
        self.tune = tune
        self.n_jobs = n_jobs
        self.progress = progress

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, as scikit-learn has it; names of its own estimators get an error that names ours."""
        own = self._get_param_names()
        refuse_other_names([name for name in params if name.partition("__")[0] not in own], own, type(self).__name__)
        super().set_params(**params)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # --- fitting ---

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to inputs X and targets y; rows may have weights."""
        return self._fit(*self.prepared(X, y, sample_weight))

    def prepared(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Floats, Floats, Kind, Floats | None]:
        """Return checked inputs, targets, their kind, and weights, as a fit takes them."""
        raise NotImplementedError

    def settings(self, dtype: np.dtype[Any]) -> FitSettings:
        """Return the parameters as checked settings."""
        smoothing = {"label_smoothing": self.label_smoothing} if self._smoothing else {}
        seed = self.random_state
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
            seed = int(check_random_state(seed).randint(2**31))
        return fit_settings(
            hidden=self.hidden, activation_=self.activation, initial_=self.initial, optimizer_=self.optimizer,
            learning_rate=self.learning_rate, optimizer_settings=self.optimizer_settings, schedule=self.schedule,
            scaling=self.scaling, dtype="float32" if dtype == np.float32 else "float64", batch=self.batch,
            epochs=self.epochs, patience=self.patience, ensemble=self.ensemble, folds=self.folds,
            validation=self.validation, refit=self.refit, l2=self.l2, seed=int(seed), **smoothing,
        )  # fmt: skip

    def _samples(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Floats, Any, Floats | None]:
        """Return checked inputs, targets as they were given, and weights."""
        X, y = validate_data(
            self, X, y, accept_sparse=True, dtype=(np.float64, np.float32), multi_output=True, reset=reset,
            y_numeric=not self._smoothing, ensure_min_samples=1 if not reset else 2,
        )  # fmt: skip
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        if weights is not None and (weights < 0).any():
            raise DataError("sample_weight must not be negative.")
        return _dense(X), y, weights

    def _fit(self, X: Floats, T: Floats, kind: Kind, weights: Floats | None = None) -> Self:
        settings = self.settings(X.dtype)
        starts = None
        if self.warm_start and hasattr(self, "fit_"):
            starts = self._former(X.shape[1], T.shape[1], settings)
        threads = threads_of(self.n_jobs)
        self.__dict__.pop("tuning_", None)
        with showing(self.progress, "fit") as show:
            parts = Parts(show, {"tuning": 4.0 * (self.tune is not False), "fit": 1.0})
            if self.tune is not False:
                self.tuning_ = tune_samples(
                    X, T, kind, settings, self.tune, weights, threads=threads, progress=parts.of("tuning")
                )
                settings = self.tuning_.settings(settings)
            self._take(fit_samples(
                X, T, kind, settings, weights, starts=starts, threads=threads, progress=parts.of("fit")
            ))  # fmt: skip
        return self

    def _former(self, inputs: int, outputs: int, settings: FitSettings) -> Floats:
        """Return the parameters of the former fit, from which a fit with warm_start begins."""
        network = self.fit_.ensemble.network
        sizes = (inputs, *settings.hidden, outputs)
        if network.sizes != sizes:
            raise UsageError(
                f"warm_start needs the network of the former fit, {network.text}; this fit has "
                f"{'-'.join(map(str, sizes))}. Set warm_start=False."
            )
        return np.asarray(self.fit_.judges.parameters)  # no start has seen the fold that will judge it

    def _take(self, fit: Fit) -> None:
        """Keep a fit, and what estimators report of it."""
        self.fit_ = fit
        self.__dict__.pop("further_", None)
        members = fit.members
        self.n_iter_ = int(members.last_epoch.max())
        self.best_epochs_ = members.best_epoch
        self.epochs_ = members.epochs
        self.loss_curves_ = members.curve
        self.validation_curves_ = members.validation_curve
        self.outcome_ = outcome_sentence(fit)
        if hasattr(self, "tuning_"):
            self.outcome_ += f" {self.tuning_}"

    def _further(self, X: Floats, T: Floats, kind: Kind, weights: Floats | None) -> Self:
        """Train one more epoch on these samples."""
        if self.tune is not False:
            raise UsageError("partial_fit cannot tune: set tune=False, or call fit.")
        if not hasattr(self, "further_"):
            former = self.fit_ if hasattr(self, "fit_") else None
            self.further_ = Further.begin(X, T, kind, self.settings(X.dtype), weights, former)
        fit = self.further_.epoch(X, T, weights)
        further = self.further_
        self._take(fit)
        self.further_ = further
        return self

    # --- answers ---

    def _answers(self, X: Any) -> Floats:
        """Return the ensemble's answers, in the precision of X."""
        check_is_fitted(self, "fit_")
        X = validate_data(self, X, accept_sparse=True, dtype=(np.float64, np.float32), reset=False)
        return np.asarray(self.fit_.ensemble.answers(_dense(X)), X.dtype)

    def plot_map(
        self, X: Any = None, y: Any = None, *, across: Any = "learning_rate=1e-4..1:log", up: Any = "l2=1e-6..1:log",
        **settings: Any,
    ) -> Any:  # fmt: skip
        """Train a map of the fitted network over two settings, on samples X and y, and draw it.

        Without samples, draw the map of the tuning: the settings that were tried, and the chosen neighbourhood.

        Parameters
        ----------
        X, y
            Samples, such as those that it was fitted to.
        across, up
            Axes, as `fallline.map` takes them.
        **settings
            Further arguments of `fallline.map`: size, steps, measures. Without samples, those of `Tuning.plot`.

        Raises
        ------
        UsageError
            There are no samples, and nothing was tuned.
        """
        from fallline.estimators.planes import plane_of

        check_is_fitted(self, "fit_")
        if X is None:
            if not hasattr(self, "tuning_"):
                raise UsageError("plot_map needs samples, plot_map(X, y), or a fit with tune=True.")
            return self.tuning_.plot(**settings)
        X, y, _ = self._samples(X, y, None, reset=False)
        return plane_of(self.fit_, np.asarray(X, np.float64), self._coded(y), across, up, **settings).plot()


def threads_of(n_jobs: int | None) -> int | None:
    """Return the threads of scikit-learn's n_jobs: all cores for None and negative numbers."""
    return n_jobs if n_jobs is not None and n_jobs > 0 else None


def _dense(X: Any) -> Floats:
    """Return inputs as an array; a sparse matrix is written out, because standardized columns have no zeros."""
    if hasattr(X, "toarray"):
        check_memory(
            8.0 * X.shape[0] * X.shape[1], f"sparse input of shape {X.shape} as a dense array", "Take fewer columns."
        )
        return np.asarray(X.toarray())
    return np.asarray(X)


def warn_column() -> None:
    """Warn, as scikit-learn does, of targets that are a column."""
    import warnings

    from sklearn.exceptions import DataConversionWarning

    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Write y.ravel().",
        DataConversionWarning,
        stacklevel=5,
    )
