"""What is done to a data set before a network is trained on it: features, a split, standardization, in this order; and fewer
samples or wrong labels, to see what they change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fallline.data.features import FeatureInputs, checked_features
from fallline.data.noise import noisy_targets, subset_rows
from fallline.data.split import held_out_rows
from fallline.data.standardize import Standardization
from fallline.errors import DataError, UsageError

__all__ = ["Prepared"]


class Prepared:
    """Members of a `Dataset` that return it with other inputs, or with samples for the test."""

    X: NDArray[np.float64]
    T: NDArray[np.float64]
    name: str
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    test: Any
    features: FeatureInputs | None

    def __len__(self) -> int:
        return len(self.X)

    def _with(self, **parts: Any) -> Self:
        copy: Any = self
        changed: Self = replace(copy, **parts)
        return changed

    def split(self, test_share: float, seed: int = 0) -> Self:
        """Return the data set with a share of its samples kept for the test, drawn at random; the others are trained on.

        round(test_share * samples) samples are kept, as `test`. Both parts keep the order of the samples.

        Parameters
        ----------
        test_share
            The share in [0, 1); 0 keeps none.
        seed
            Key of the random numbers. Whether a sample is kept depends on the seed, its place and the number of samples.

        Raises
        ------
        SettingError
            The share is not in [0, 1).
        DataError
            One of the parts would have no sample.
        UsageError
            The data set has test samples already.

        Examples
        --------
        >>> from fallline.data import Dataset
        >>> data = Dataset([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0]).split(0.25, seed=1)
        >>> len(data), data.test.T.tolist()
        (3, [[4.0]])
        """
        if self.test is not None:
            raise UsageError(
                f"{self.name} is split already: it has {len(self.test)} test samples. Split the whole data set."
            )
        rows = held_out_rows(len(self), test_share, seed, self.name)
        if not rows.any():
            return self
        return self._rows(~rows)._with(test=self._rows(rows))

    def subset(self, samples: int, seed: int = 0) -> Self:
        """Return the data set with so many of its samples for the training, drawn at random; they keep their order.

        A larger subset contains the smaller ones of the same seed. The samples for the test stay, and so does the
        standardization of the inputs. A map with an axis `samples` trains on subsets with the seed of the map.

        Raises
        ------
        SettingError
            `samples` is not a whole number of at least 1.
        DataError
            There are fewer samples.

        Examples
        --------
        >>> from fallline.data import Dataset
        >>> data = Dataset([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0])
        >>> data.subset(2).X.ravel().tolist(), data.subset(3).X.ravel().tolist()
        ([2.0, 3.0], [0.0, 2.0, 3.0])
        """
        rows = subset_rows(len(self), samples, seed, self.name)
        return self if rows.all() else self._rows(rows)

    def with_label_noise(self, label_noise: float, seed: int = 0) -> Self:
        """Return the data set with wrong targets for the training. The samples for the test stay as they are.

        Parameters
        ----------
        label_noise
            Where targets are classes, one-hot rows or a column of 0 and 1: the probability, in [0, 1], that a sample has one of
            the other classes, each equally likely. Otherwise the standard deviation of normal noise, added to each target.
        seed
            Key of the random numbers. Labels that are wrong at some noise are the same wrong ones at a higher noise.

        Raises
        ------
        SettingError
            The noise is negative, or no number.
        DataError
            Targets are classes, and the noise is above 1 or there is one class only.

        Examples
        --------
        >>> from fallline.data import Dataset
        >>> data = Dataset([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
        >>> [data.with_label_noise(noise).labels.tolist() for noise in (0.25, 0.75)]
        [[0, 0, 1, 1], [0, 1, 1, 0]]
        """
        T = noisy_targets(self.T, label_noise, seed, self.name)
        if T is self.T:
            return self
        if len(self.classes) == 1:
            raise DataError(f"label_noise needs at least two classes; {self.name} has {self.classes[0]!r} alone.")
        return self._with(T=T, name=f"{self.name} with label noise {label_noise:g}")

    def _rows(self, rows: NDArray[np.bool_]) -> Self:
        features = None if self.features is None else self.features.rows(rows)
        return self._with(X=self.X[rows], T=self.T[rows], features=features)

    def with_features(self, *names: str) -> Self:
        """Return the data set with features of its two inputs as the inputs, such as x1^2; see `FEATURES`.

        Parameters
        ----------
        names
            Any of x1, x2, x1^2, x2^2, x1 x2, sin x1, sin x2. They are taken in this order.

        Raises
        ------
        UnknownNameError
            There is no such feature.
        DataError
            The data set does not have two inputs.
        UsageError
            No feature is named, or the data set has features already.

        Examples
        --------
        >>> from fallline.data import Dataset
        >>> data = Dataset([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0]).with_features("x1", "x1 x2", "x2^2")
        >>> data.columns, data.X.tolist(), data.raw.X.tolist()
        (('x1', 'x2^2', 'x1 x2'), [[1.0, 4.0, 2.0], [3.0, 16.0, 12.0]], [[1.0, 2.0], [3.0, 4.0]])
        """
        if not names:
            raise UsageError('with_features needs at least one feature, such as "x1^2".')
        if self.features is not None:
            raise UsageError(f"{self.name} has features already, {', '.join(self.features.names)}.")
        chosen = checked_features(names)
        if not chosen:
            return self
        features = FeatureInputs.of(chosen, self.X, self.columns, self.name)
        test = None if self.test is None else self.test.with_features(*names)
        return self._with(X=features(self.X), columns=chosen, test=test, features=features)

    @property
    def raw(self) -> Self:
        """The data set with its inputs as they were given, before features and their standardization."""
        if self.features is None:
            return self
        test = None if self.test is None else self.test.raw
        return self._with(X=self.features.raw, columns=self.features.columns, test=test, features=None)

    def inputs_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the network's inputs at raw inputs, (points, ...): the features of them, or the points themselves.

        Examples
        --------
        >>> import fallline as fl
        >>> fl.generate("moons").with_features("x1", "x1 x2").inputs_at(np.array([[2.0, 3.0]])).tolist()
        [[2.0, 6.0]]
        """
        return points if self.features is None else self.features(points)

    def standardized(self) -> Self:
        """Return the data set with each input brought to mean 0 and standard deviation 1 over the samples for the training.

        The test samples are moved by the same mean and divided by the same deviation: they have no part in them.

        Raises
        ------
        DataError
            An input is the same in every sample.

        Examples
        --------
        >>> from fallline.data import Dataset
        >>> Dataset([[1.0], [3.0]], [0.0, 1.0]).standardized().X.tolist()
        [[-1.0], [1.0]]
        """
        columns = self.columns or tuple(f"x{k + 1}" for k in range(self.X.shape[1]))
        scaling = Standardization.of(self.X, columns, self.name)
        test = None if self.test is None else self.test._scaled(scaling)
        return self._scaled(scaling)._with(test=test)

    def _scaled(self, scaling: Standardization) -> Self:
        features = None if self.features is None else self.features.standardized(scaling)
        return self._with(X=scaling(self.X), features=features)
