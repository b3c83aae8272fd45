"""A loss of the user's own: a function of weights and samples, where it comes from, and its value as one number."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from fallline.checks.reference.draws import Group

__all__ = ["NoReferenceError", "OwnLoss", "ignored_samples", "number", "words_for"]


class OwnLoss(Protocol):
    """A loss of the user's own.

    Attributes
    ----------
    source
        Where it comes from: "returned", "compute_cost beside it", "--loss mine.py:f".
    """

    @property
    def source(self) -> str: ...

    def value(self, w: Any, X: Any, T: Any) -> Any:
        """The loss of a batch: one number, at a flat vector of weights w (P,), inputs X (m, n_in) and targets T (m, n_out)."""


class NoReferenceError(Exception):
    """Why a loss is no reference for a gradient, in one sentence."""


def words_for(loss: OwnLoss) -> str:
    """What a sentence calls the loss.

    >>> from types import SimpleNamespace
    >>> words_for(SimpleNamespace(source="returned")), words_for(SimpleNamespace(source="compute_cost beside it"))
    ('the loss that it returns', 'the loss of compute_cost')
    """
    return (
        "the loss that it returns"
        if loss.source == "returned"
        else f"the loss of {loss.source.removesuffix(' beside it')}"
    )


def ignored_samples(loss: OwnLoss, group: Group) -> list[int]:
    """The samples of a batch on which the loss does not depend, on no draw of the group.

    Each sample in turn is replaced by minus half of its inputs, with the targets of a sample that differs in them. Minus the
    inputs themselves would not do: a logistic loss without biases has the same value there for the opposite targets.
    """
    ignored = []
    for s in range(group.samples):
        for w, X, T in zip(group.w, group.X, group.T, strict=True):
            others = [t for t in range(group.samples) if (T[t] != T[s]).any()]
            changed_X, changed_T = X.copy(), T.copy()
            changed_X[s] = -X[s] / 2
            changed_T[s] = T[others[0]] if others else T[s]
            if number(loss, w, changed_X, changed_T) != number(loss, w, X, T):
                break
        else:
            ignored.append(s)
    return ignored


def number(loss: OwnLoss, w: Any, X: Any, T: Any) -> float:
    """The value of the loss as a float.

    Raises
    ------
    NoReferenceError
        If it is no finite number.
    """
    try:
        value = np.asarray(loss.value(w, X, T))
    except Exception as error:
        raise NoReferenceError(f"{words_for(loss)} could not be computed ({_one_line(error)})") from error
    if value.size != 1 or value.dtype.kind not in "fiubc":
        raise NoReferenceError(f"{words_for(loss)} is not one number")
    real = float(value.real.item())
    if not np.isfinite(real) or (value.dtype.kind == "c" and value.imag.item() != 0):
        raise NoReferenceError(f"{words_for(loss)} is {value.item()} on ordinary weights")
    return real


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
