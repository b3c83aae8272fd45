"""Parameters of scikit-learn's MLPClassifier and MLPRegressor: each with the parameter of ours to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fallline.errors import UnknownNameError, UsageError

__all__ = ["refuse_other_names"]

_OURS = {
    "hidden_layer_sizes": "hidden",
    "solver": 'optimizer: "adam", "momentum", "gradient_descent", ...',
    "alpha": "l2, which is alpha divided by the number of samples in a minibatch",
    "batch_size": "batch",
    "learning_rate_init": "learning_rate",
    "power_t": 'schedule="inverse_time"',
    "max_iter": "epochs",
    "max_fun": "epochs",
    "shuffle": "nothing: samples are always shuffled, by the key random_state",
    "tol": "patience",
    "momentum": 'optimizer_settings={"momentum": ...} with optimizer="momentum"',
    "nesterovs_momentum": 'optimizer="nesterov"',
    "early_stopping": "patience and folds (patience=0 trains all epochs)",
    "validation_fraction": "validation, with folds=1",
    "beta_1": 'optimizer_settings={"beta1": ...}',
    "beta_2": 'optimizer_settings={"beta2": ...}',
    "epsilon": 'optimizer_settings={"epsilon": ...}',
    "n_iter_no_change": "patience",
    "verbose": "progress",
    "loss": "nothing: classes have cross-entropy, labels the logistic loss, values the squared error",
    "lr": "learning_rate",
    "weight_decay": "l2",
    "seed": "random_state",
    "max_epochs": "epochs",
    "dropout": "nothing: fallline has no dropout; l2 and the ensemble act against overfitting",
    "n_estimators": "ensemble",
}
"""By the other library's name: what to write here."""


def refuse_other_names(given: Mapping[str, Any] | Iterable[str], ours: Iterable[str], estimator: str) -> None:
    """Raise an error for parameters that an estimator does not have; of scikit-learn's own, it names ours.

    Raises
    ------
    UsageError
        A parameter of scikit-learn's estimators.
    UnknownNameError
        Any other name.

    Examples
    --------
    >>> refuse_other_names({"hidden_layer_sizes": (8,)}, ["hidden"], "NetworkClassifier")
    Traceback (most recent call last):
    fallline.errors.UsageError: NetworkClassifier has no parameter hidden_layer_sizes: write hidden.
    """
    for name in given:
        if name in _OURS:
            raise UsageError(f"{estimator} has no parameter {name}: write {_OURS[name]}.")
        raise UnknownNameError(f"a parameter of {estimator}", name, ours)
