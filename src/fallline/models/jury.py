"""The validation loss of ensembles: that of the mean answer of their members, by which their epoch is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.ensemble import as_they_are
from fallline.models.kinds import Kind
from fallline.models.scores import sample_losses
from fallline.shapes import Shaped
from fallline.textbook.network import Network

__all__ = ["Jury"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Jury:
    """Samples that judge ensembles. Each run is a member of one of them.

    Attributes
    ----------
    network
        The network of the runs.
    X, T, weights
        The samples, as the network takes them, and their weights.
    kind
        Of the targets.
    ensemble
        The number of each run's ensemble.

    Examples
    --------
    >>> line = Network.of("1-1", loss="half_squared_error")
    >>> jury = Jury(line, np.array([[1.0]]), np.array([[4.0]]), np.ones(1), "values", np.array([0, 0, 1]))
    >>> jury.losses(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([0, 1])).tolist()  # (4 - 2)^2 of run 0 and run 1
    [4.0, 4.0, inf]
    """

    network: Network
    X: Shaped[Floats, "batch n_in"]
    T: Shaped[Floats, "batch n_out"]
    weights: Shaped[Floats, " batch"]
    kind: Kind
    ensemble: Shaped[NDArray[np.int64], " runs"]

    def losses(
        self,
        points: Shaped[Floats, "alive P"],
        alive: Shaped[NDArray[np.int64], " alive"],
        answers: Shaped[Floats, "alive batch n_out"] | None = None,
    ) -> Shaped[Floats, " runs"]:
        """Return for each run the loss of its ensemble's mean answer; infinite for an ensemble without a member.

        Parameters
        ----------
        points
            Parameters of the runs that are left.
        alive
            Which runs those are.
        answers
            Their answers to the samples, if they are known.
        """
        count = int(self.ensemble.max()) + 1
        loss = np.full(count, np.inf)
        if len(alive):
            numbers, members = np.unique(self.ensemble[alive], return_counts=True)
            if answers is None:
                answers = as_they_are(self.network, np.asarray(points, np.float64)).each(self.X)
            if len(numbers) == 1:
                means = answers.mean(axis=0, keepdims=True)
            else:
                order = np.argsort(self.ensemble[alive], kind="stable")
                means = np.add.reduceat(answers[order], np.cumsum(members) - members, axis=0) / members[:, None, None]
            loss[numbers] = (sample_losses(means, self.T, self.kind) * self.weights).sum(axis=-1) / self.weights.sum()
        return loss[self.ensemble]
