"""The user's own loss: the number in what the function returns."""

from __future__ import annotations

from typing import Any

from fallline.checks.calling.call import Outcome
from fallline.checks.calling.structures import Path

__all__ = ["loss_of_call"]


def loss_of_call(outcome: Outcome, path: Path | None) -> Any:
    """The loss that the outcome holds, a float or a complex number; None if it holds none."""
    if path is None:
        return None
    for leaf in outcome.leaves:
        if leaf.path == path and leaf.value.size == 1:
            return leaf.value.item()
    return None
