"""A run after so many steps, and the layers of its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.problems import NetworkObjective, Objective
from fallline.textbook.network import Layer

__all__ = ["Snapshot", "network_of"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run after so many steps.

    Attributes
    ----------
    objective
        What is descended.
    step
        Number of steps done.
    w
        Parameters, (P,).
    loss, gradient_norm
        Loss there, and the Euclidean norm of the gradient.

    Examples
    --------
    >>> import fallline as fl
    >>> fl.descend("quadratic", learning_rate=0.1, start=(1.0, 1.0), steps=9)[3].w.round(3).tolist()
    [0.729, 0.0]
    """

    objective: Objective
    step: int
    w: Floats
    loss: float
    gradient_norm: float

    @property
    def weights(self) -> tuple[Layer, ...]:
        """The layers of the network: `run[50].weights[0].W` are the weights of layer 1 after 50 steps."""
        return tuple(network_of(self.objective, "weights").network.unpack(self.w))

    def __repr__(self) -> str:
        return f"Snapshot(step {self.step}, loss {self.loss:.6g}, gradient norm {self.gradient_norm:.6g})"


def network_of(objective: Objective, name: str) -> NetworkObjective:
    """Return the objective as a network on data, or raise UsageError: `name` needs one.

    >>> from fallline.problems import objective
    >>> network_of(objective("booth"), "weights")
    Traceback (most recent call last):
    fallline.errors.UsageError: weights needs a run of a network on data; booth has no layers. See run.path.
    """
    if not isinstance(objective, NetworkObjective):
        raise UsageError(f"{name} needs a run of a network on data; {objective.name} has no layers. See run.path.")
    return objective
