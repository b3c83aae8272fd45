"""A network on data as an objective."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.data.dataset import Dataset
from fallline.data.given import as_dataset
from fallline.errors import ShapeError, UsageError
from fallline.limits import check_memory
from fallline.problems.objective import Floats, Objective, quiet
from fallline.shapes import Shaped
from fallline.textbook import network as pages
from fallline.textbook.network import Network
from fallline.user_code.page import is_analytic

__all__ = ["NetworkObjective"]


@dataclass(frozen=True, eq=False, init=False)
class NetworkObjective(Objective):
    """A network on data as an objective: the loss summed or averaged over the samples, and the L2 penalty.

    Parameters
    ----------
    network
        The network with its loss.
    data
        A `Dataset`; inputs and targets (X, y) as scikit-learn has them; or a table and its target column. Targets are brought into the form that the
        loss takes: class labels become one-hot rows for cross_entropy, 0 or 1 for logistic with one output, and numbers
        for a loss of values with one output.

    Raises
    ------
    ShapeError
        The data have another number of columns than the network has inputs or outputs.
    UsageError
        The targets are not of the loss's kind.

    Examples
    --------
    >>> from fallline.data import generate
    >>> problem = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))
    >>> problem.loss(np.zeros(26)).round(4).tolist()  # 300 log 3
    329.5837
    """

    network: Network
    data: Dataset

    def __init__(self, network: Network, data: Dataset | tuple[ArrayLike, ArrayLike]) -> None:
        if not isinstance(network, Network):
            raise UsageError(f'network must be a network, as fallline.Network.of("2-3-3"); got {network!r}.')
        data = as_dataset(data)
        object.__setattr__(self, "network", network)
        object.__setattr__(self, "data", data.fitted(network.loss.targets, network.sizes[-1]))
        self._check()

    def _check(self) -> None:
        """A sentence where the data do not fit the network and its loss."""
        for what, columns, units in (
            ("inputs X", self.data.X.shape[1], self.network.sizes[0]),
            ("targets T", self.data.T.shape[1], self.network.sizes[-1]),
        ):
            if columns != units:
                raise ShapeError(
                    f"{what} of {self.data.name} have {columns} columns, but the network {self.network.text} "
                    f"has {units} such units. Change the network's sizes or the data."
                )
        check_memory(
            8.0 * (4 * self.network.parameter_count + 2 * len(self.data) * sum(self.network.sizes)),
            f"the network {self.network.text} on {len(self.data):,} samples", "Take smaller layers or fewer samples.",
        )  # fmt: skip
        T, kind = self.data.T, self.network.loss.targets
        if kind == "classes" and not (((T == 0) | (T == 1)).all() and (T.sum(axis=-1) == 1).all()):
            raise UsageError(
                f"{self.network.loss.name} needs one-hot targets (one 1 in each row, else 0); the targets of "
                f"{self.data.name} are not. Use squared_error for values, logistic for several labels at once."
            )
        if kind == "labels" and not ((T == 0) | (T == 1)).all():
            raise UsageError(
                f"{self.network.loss.name} needs targets that are 0 or 1; those of {self.data.name} are not."
            )

    @property
    def name(self) -> str:
        return f"{self.network.text} on {self.data.name}"

    @property
    def dimension(self) -> int:
        return self.network.parameter_count

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each parameter is called, in the order of the vector: W1[0,0], W1[0,1], ..., b1[0], ..."""
        names: list[str] = []
        for layer, ((n, m), bias) in enumerate(self.network.shapes, start=1):
            names += [f"W{layer}[{i},{j}]" for i in range(n) for j in range(m)]
            names += [f"b{layer}[{j}]" for j in range(m)] if bias else []
        return tuple(names)

    def factor(self, samples: int) -> float:
        """What the sum of the loss over that many samples is multiplied by: 1, or 1/samples for the mean.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.factor(30)
        1
        """
        return 1 if self.network.reduction == "sum" else 1 / samples

    def scale(self, samples: int) -> float:
        """What brings a loss of that many samples to the scale of all: the quotient of the numbers for a sum, 1 for a mean.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.scale(30)
        10.0
        """
        return len(self.data) / samples if self.network.reduction == "sum" else 1

    @quiet
    def loss(self, w: Shaped[Floats, "*runs P"]) -> Shaped[Floats, "*runs"]:
        w = self._points(w)
        Z = self.logits(w)
        _, T = self._samples(w, None)
        value = self.factor(len(T)) * self.network.loss.value(Z, T).sum(axis=-1)
        return np.asarray(value + self._penalty(w)[0])

    @quiet
    def loss_and_gradient(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None = None
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"]]:
        """Loss and gradient at w; of the samples in `rows` alone (a minibatch) where given.

        >>> f = NetworkObjective(Network.of("1-1", loss="squared_error"), ([[1.0], [2.0]], [2.0, 4.0]))
        >>> f.loss_and_gradient(np.zeros(2))[1].tolist(), f.loss_and_gradient(np.zeros(2), np.array([0]))[1].tolist()
        ([-20.0, -12.0], [-4.0, -4.0])
        """
        w = self._points(w)
        X, T = self._samples(w, rows)
        parameters = self.network.unpack(w)
        value, gradient = pages.loss_and_gradient(self.network, parameters, X, T, self.factor(len(X)))
        extra, slope = self._penalty(w)
        return np.asarray(value + extra), self.network.pack(gradient) + slope

    @quiet
    def minibatch(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"]
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"], Shaped[Floats, "*runs P"]]:
        """What a step on the samples in `rows` records and takes: loss and gradient on the scale of all samples, and the
        gradient of those samples alone. A penalty has one scale: it is no sum over samples.

        >>> from fallline.data import generate
        >>> problem = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))
        >>> recorded, _, _ = problem.minibatch(np.zeros(26), np.arange(7))
        >>> recorded.round(4).tolist()  # 7 log 3, times 300/7
        329.5837
        """
        w = self._points(w)
        loss, gradient = self.loss_and_gradient(w, rows)
        extra, slope = self._penalty(w)
        scale = self.scale(len(rows))
        if scale == 1:
            return loss, gradient, gradient
        return np.asarray(scale * (loss - extra) + extra), scale * (gradient - slope) + slope, gradient

    @quiet
    def logits(
        self, w: Shaped[Floats, "*runs P"], X: Shaped[Floats, "batch n_in"] | None = None
    ) -> Shaped[Floats, "*runs batch n_out"]:
        """The last layer's pre-activation Z, (..., samples, n_out), for the data's inputs or others.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.logits(w, [[0.0, 0.0]]).shape
        (4, 1, 3)
        """
        w = self._points(w)
        X = self._samples(w, None)[0] if X is None else self._inputs(X).astype(w.dtype)
        return np.asarray(pages.forward(self.network, self.network.unpack(w), X)[0])

    @quiet
    def predict(
        self, w: Shaped[Floats, "*runs P"], X: Shaped[Floats, "batch n_in"] | None = None
    ) -> Shaped[Floats, "*runs batch n_out"]:
        """The network's answer: class probabilities, or values.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.predict(w, [[0.0, 0.0]]).sum(axis=-1).round(9).tolist()
        [[1.0], [1.0], [1.0], [1.0]]
        """
        return np.asarray(self.network.loss.output(self.logits(w, X)))

    def accuracy(self, w: Shaped[Floats, "*runs P"]) -> Shaped[Floats, "*runs"]:
        """Share of samples whose class is right: the largest logit, or for labels all signs, agree with the target.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.accuracy(w).shape
        (4,)
        """
        Z, T = self.logits(self._points(w)), self.data.T
        if self.network.loss.targets == "labels":
            return np.asarray(((Z > 0) == (T > 0.5)).all(axis=-1).mean(axis=-1))
        if self.network.loss.targets == "values":
            raise UsageError(f"accuracy needs classes or labels; {self.network.loss.name} has values as targets.")
        return np.asarray((Z.argmax(axis=-1) == T.argmax(axis=-1)).mean(axis=-1))

    @property
    def exact_hessian(self) -> bool:
        """Whether second derivatives are exact: all activations and the loss are the textbook's, or derived, or traced."""
        pages: list[Any] = [self.network.loss.value, self.network.loss.delta]
        for record in self.network.activations:
            pages += [record.function, record.slope]
        return all(is_analytic(page) for page in pages)

    def _inputs(self, X: Any) -> Floats:
        """Other inputs than the data's, (batch, n_in)."""
        try:
            array = np.asarray(X)
        except ValueError:
            raise ShapeError("X must have rows of the same length.") from None
        units = self.network.sizes[0]
        if array.ndim < 2 or array.shape[-1] != units:
            raise ShapeError(
                f"X must have the shape (samples, {units}) for the network {self.network.text}; got {array.shape}."
            )
        if array.dtype.kind not in "iubfcO":
            raise UsageError(f"X must hold numbers; it is of type {array.dtype}.")
        return array

    def _samples(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None
    ) -> tuple[Shaped[Floats, "batch n_in"], Shaped[Floats, "batch n_out"]]:
        dtype = np.asarray(w).real.dtype
        X, T = self._typed(dtype)
        return (X, T) if rows is None else (X[rows], T[rows])

    def _typed(self, dtype: np.dtype[Any]) -> tuple[Floats, Floats]:
        cache: dict[np.dtype[Any], tuple[Floats, Floats]] = self.__dict__.setdefault("_cache", {})
        if dtype not in cache:
            cache[dtype] = (self.data.X.astype(dtype), self.data.T.astype(dtype))
        return cache[dtype]

    def _penalty(
        self, w: Shaped[Floats, "*runs P"]
    ) -> tuple[Shaped[Floats, "*runs"] | int, Shaped[Floats, "*runs P"] | int]:
        if not self.network.l2:
            return 0, 0
        value, gradient = pages.penalty(self.network, self.network.unpack(w), self.network.l2)
        return value, self.network.pack(gradient)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NetworkObjective):
            return NotImplemented
        return (self.network, self.data) == (other.network, other.data)

    def __hash__(self) -> int:
        return hash((self.network, self.data))

    def __repr__(self) -> str:
        return f"NetworkObjective({self.network!r}, {self.data!r})"
