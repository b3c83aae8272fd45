"""The user's own loss: the number that the checked code itself returns, or that a cost function beside it gives."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["OwnLoss"]


class OwnLoss(Protocol):
    """A loss of the user's, as a function of weights and samples.

    Attributes
    ----------
    source
        Where it comes from, in words: "returned", "compute_cost beside it", "--loss FILE.py:f".
    """

    @property
    def source(self) -> str: ...

    def value(self, w: Any, X: Any, T: Any) -> Any:
        """One number for the batch, real or complex, at weights w (P,), inputs X (m, n_in) and targets T (m, n_out).

        Raises
        ------
        MisbehaviourError
            If the code cannot be called there, for example with complex weights.
        """
        ...
