"""The catalogue's faults in a single formula, a slope or a delta, outside of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fallline.checks.faults.fault import Fault
from fallline.checks.faults.rows import only_row
from fallline.textbook import operations
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES

__all__ = ["unreliable", "value_with", "without_layer"]


def unreliable(quantity: str, error: Any) -> str:
    """The sentence for a slope or delta of ours that disagrees with complex step."""
    return f"{quantity} disagrees with complex step by {error:.1e}, so nothing can be said."


def value_with(fault: Fault, scope: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    """The formula's value with that fault in it; None if the fault needs more of the page than the formula.

    `scope` are the variables of the page that the fault's source may use.
    """
    names = {**vars(operations), "ACTIVATIONS": ACTIVATIONS, "LOSSES": LOSSES, "only_row": only_row, **scope}
    try:
        with np.errstate(all="ignore"):
            value = eval(fault.put, names)  # noqa: S307  # the catalogue's own source
        return np.broadcast_to(np.asarray(value, dtype=float), shape)
    except (NameError, AttributeError, IndexError, TypeError, ValueError):
        return None


def without_layer(sentence: str) -> str:
    """A fault's sentence without the words for the layer and the delta."""
    return sentence.replace(" of layer {l}", "").replace(" in the delta", "").format(l="", k="")
