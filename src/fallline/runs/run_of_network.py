"""What a run of a network has besides: weights by layer, outputs, accuracy on any data."""

from __future__ import annotations

from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.experiment.method import Method
from fallline.problems import Objective
from fallline.runs.accuracy import accuracy_on
from fallline.runs.confusion import confusion_on
from fallline.runs.engine import train
from fallline.runs.held_out import on_test
from fallline.runs.snapshot import network_of
from fallline.runs.training import Training
from fallline.textbook.network import Layer, Network

__all__ = ["OfNetwork"]

Floats = NDArray[Any]


class OfNetwork:
    """Members of a `Run` that need layers; a run of a landscape raises UsageError.

    >>> import fallline as fl
    >>> fl.descend("booth", steps=2).weights
    Traceback (most recent call last):
    fallline.errors.UsageError: weights needs a run of a network on data; booth has no layers. See run.path.
    """

    objective: Objective
    method: Method
    path: Floats
    losses: Floats

    @property
    def network(self) -> Network:
        """The network that was trained.

        Raises
        ------
        UsageError
            The run is of a landscape.

        Examples
        --------
        >>> import fallline as fl
        >>> run = fl.descend("2-3-3", fl.generate("three-gaussians"), steps=10)
        >>> run.network.sizes
        (2, 3, 3)
        """
        return network_of(self.objective, "network").network

    @property
    def weights(self) -> tuple[Layer, ...]:
        """The layers of the network at each step: `run.weights[0].W[50]` are the weights of layer 1 after 50 steps.

        W has the shape (steps + 1, n_in, n_out) and b (steps + 1, n_out).

        Raises
        ------
        UsageError
            The run is of a landscape, which has no layers.

        Examples
        --------
        >>> import fallline as fl
        >>> run = fl.descend("2-3-3", fl.generate("three-gaussians"), steps=10)
        >>> run.weights[0].W.shape, run.weights[1].b[-1].shape
        ((11, 2, 3), (3,))
        """
        return tuple(network_of(self.objective, "weights").network.unpack(self.path))

    @overload
    def accuracy(self, X: Any = None, y: ArrayLike | None = None, *, step: int = -1) -> float: ...
    @overload
    def accuracy(self, X: Any = None, y: ArrayLike | None = None, *, step: slice) -> Floats: ...
    def accuracy(self, X: Any = None, y: ArrayLike | None = None, *, step: int | slice = -1) -> float | Floats:
        """The share of samples whose class is right: of the run's own data, or of other data X, y.

        Parameters
        ----------
        X, y
            Inputs and classes as the run's own data have them, or a `Dataset` as X. y names classes of the run's data.
        step
            After how many steps; by default, after the last. `step=slice(None)` gives one number for each step.

        Raises
        ------
        UsageError
            The run is of a landscape, or its targets are not classes.
        DataError
            y has a class that the run's data do not have.

        Examples
        --------
        >>> import fallline as fl
        >>> net = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians"))
        >>> run = fl.descend(net, "adam", start=fl.notebook_start(net), learning_rate=0.05, steps=60)
        >>> round(run.accuracy(), 2), run.accuracy([[0.0, 0.0]], [2]), run.accuracy(step=slice(None)).shape
        (0.97, 0.0, (61,))
        """
        problem = network_of(self.objective, "accuracy")
        points = self.path[step]
        right = accuracy_on(problem, points, X, y)
        return float(right) if points.ndim == 1 else right

    def confusion_matrix(
        self, X: Any = None, y: ArrayLike | None = None, *, step: int | slice = -1
    ) -> NDArray[np.int64]:
        """Samples counted by their class (rows) and by the predicted class (columns): of the run's own data, or of X, y.

        Parameters
        ----------
        X, y
            As for `accuracy`.
        step
            After how many steps; by default, after the last. `step=slice(None)` gives a matrix for each step; it is 0 where
            the run has diverged.

        Raises
        ------
        UsageError
            The run is of a landscape, or its targets are not classes.

        Examples
        --------
        >>> import fallline as fl
        >>> net = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians"))
        >>> run = fl.descend(net, "adam", start=fl.notebook_start(net), learning_rate=0.05, steps=60)
        >>> run.confusion_matrix().tolist()
        [[96, 2, 2], [2, 98, 0], [4, 0, 96]]
        """
        return confusion_on(network_of(self.objective, "confusion_matrix"), self.path[step], X, y)

    @cached_property
    def test_losses(self) -> Floats:
        """The loss on the test samples at each step, (steps + 1,), on the scale of `losses`: of all samples for the training.

        A loss that is summed over the samples is scaled by n_train / n_test, and the L2 penalty is added. NaN after a loss
        that is not finite. The last is a map's `test_loss` of the same run, to the bit.

        Raises
        ------
        UsageError
            The run's data have no test samples.

        Examples
        --------
        >>> import fallline as fl
        >>> run = fl.descend("2-3-3", fl.generate("three-gaussians").split(0.25), "adam", lr=0.05, steps=50)
        >>> run.losses[-1].round(1).tolist(), run.test_losses[-1].round(1).tolist()
        (48.6, 43.7)
        """
        training = Training(self.objective, self.method, 0, self.path, dtype=str(self.path.dtype))
        losses = on_test(train, training, self.path).losses
        losses[~np.isfinite(self.losses)] = np.nan
        losses.flags.writeable = False
        return losses

    def output(self, X: Any = None, *, step: int = -1) -> Floats:
        """The network's output for each sample: probabilities of the classes in the order of the data's, or values.

        Parameters
        ----------
        X
            Inputs as the run's own data have them; by default, those data.
        step
            After how many steps; by default, after the last.

        Raises
        ------
        UsageError
            The run is of a landscape.

        Examples
        --------
        >>> import fallline as fl
        >>> run = fl.descend("1-2", ([[0.0], [1.0], [2.0], [3.0]], ["ash", "ash", "oak", "oak"]), learning_rate=0.1, steps=200)
        >>> run.output([[0.0], [3.0]]).round(2).tolist(), run.objective.data.classes
        ([[1.0, 0.0], [0.0, 1.0]], ('ash', 'oak'))
        """
        return np.asarray(network_of(self.objective, "output").predict(self.path[step], X))
