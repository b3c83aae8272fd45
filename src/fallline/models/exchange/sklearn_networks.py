"""Networks that scikit-learn has fitted: `MLPClassifier` and `MLPRegressor`. scikit-learn itself is not loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.models.exchange.chain import Chain, Step
from fallline.shapes import Shaped
from fallline.textbook.network import Network

__all__ = ["from_sklearn"]

Floats = NDArray[Any]

ENDS = {"softmax": "cross_entropy", "logistic": "logistic", "identity": "half_squared_error"}
"""scikit-learn's activation of the output, and our loss with that output."""


def from_sklearn(estimator: Any) -> tuple[Network, Shaped[Floats, " P"]]:
    """Return the network and the parameters of scikit-learn's `MLPClassifier` or `MLPRegressor`, in its precision.

    A classifier of two classes has one output with a logistic loss: the probability of the second class. `Model.of` makes a model
    of the network, with the names of columns and classes.

    Parameters
    ----------
    estimator
        A fitted one.

    Raises
    ------
    UsageError
        It is another estimator, or is not fitted.

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> mlp = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", max_iter=5000).fit(X, X[:, 0] ** 2)
    >>> network, parameters = from_sklearn(mlp)
    >>> network, parameters.shape
    (Network.of('1-4-1', activation='tanh', loss='half_squared_error', reduction='mean'), (13,))
    """
    words = type(estimator).__name__
    if not hasattr(estimator, "hidden_layer_sizes") or words not in ("MLPClassifier", "MLPRegressor"):
        raise UsageError(f"estimator must be scikit-learn's MLPClassifier or MLPRegressor; got {words}.")
    if not hasattr(estimator, "coefs_"):
        raise UsageError(f"the {words} is not fitted: call its fit first.")
    chain = Chain(f"the {words}", ENDS[estimator.out_activation_])
    last = len(estimator.coefs_) - 1
    for l, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        chain.add(Step(f"layer {l + 1}", "linear", W=np.asarray(W), b=np.asarray(b)))
        if l < last:
            chain.add(Step(f"the activation of layer {l + 1}", estimator.activation))
    return chain.network()
