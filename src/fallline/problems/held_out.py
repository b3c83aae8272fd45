"""The loss of a network on its test samples, on the scale of its training samples."""

from __future__ import annotations

from dataclasses import dataclass

from fallline.data.dataset import Dataset
from fallline.errors import UsageError
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Objective
from fallline.textbook.network import Network

__all__ = ["has_test_samples", "on_test_samples"]


def has_test_samples(objective: Objective) -> bool:
    """Whether the objective is a network whose data have test samples."""
    return isinstance(objective, NetworkObjective) and objective.data.test is not None


def on_test_samples(objective: Objective) -> NetworkObjective:
    """Return the objective of the same network on the test samples of its data.

    Its loss can be compared with that of the training: a sum over the test samples counts n_train / n_test times, a mean is
    a mean, and the L2 penalty is the same.

    Raises
    ------
    UsageError
        There are no test samples.

    Examples
    --------
    >>> from fallline.data import generate
    >>> problem = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians").split(0.25))
    >>> w = [0.0] * 26
    >>> round(problem(w), 4), round(on_test_samples(problem)(w), 4)  # 225 log 3 both
    (247.1878, 247.1878)
    """
    if not isinstance(objective, NetworkObjective) or objective.data.test is None:
        raise UsageError(
            f"{objective.name} has no test samples. Keep some of the data for the test: data.split(test_share=0.25)."
        )
    test = objective.data.test
    weight = objective.factor(len(test)) * objective.scale(len(test))
    # the mean's page has a factor that is read when it runs, so one compiled kernel serves every number of samples
    return _OnTestSamples(objective.network.with_(reduction="mean"), test, weight)


@dataclass(frozen=True, eq=False, init=False)
class _OnTestSamples(NetworkObjective):
    """A network on test samples.

    Attributes
    ----------
    weight
        What the sum of the loss over all test samples is multiplied by.
    """

    weight: float = 1.0

    def __init__(self, network: Network, data: Dataset, weight: float) -> None:
        object.__setattr__(self, "weight", weight)
        super().__init__(network, data)

    def factor(self, samples: int) -> float:
        return self.weight
