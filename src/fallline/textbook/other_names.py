"""Names that other libraries use: understood where they mean the same, else refused with the difference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fallline.errors import UsageError, shown

__all__ = ["loss_for", "own_name"]

_SAME: dict[str, dict[str, str]] = {
    "optimizer": {"sgd": "gradient_descent", "gd": "gradient_descent"},
    "activation": {"sigmoid": "logistic", "swish": "silu", "linear": "identity"},
    "initial weights": {
        "xavieruniform": "glorot_uniform", "xaviernormal": "glorot_normal", "kaiminguniform": "he_uniform",
        "kaimingnormal": "he_normal",
    },
    "schedule": {
        "cosineannealing": "cosine", "cosineannealinglr": "cosine", "cosinedecay": "cosine", "steplr": "step_decay",
        "exponentiallr": "exponential", "inversetimedecay": "inverse_time",
    },
}  # fmt: skip
"""By family: the other name, in small letters and digits alone, and ours. Both mean the same function."""

_DIFFERENT: dict[str, dict[str, str]] = {
    "optimizer": {
        "nag": "write 'nesterov' (learning rate inside the velocity, as in Keras) or 'nesterov_outside' (PyTorch).",
        "heavyball": "write 'momentum' (learning rate inside the velocity, as in Keras) or 'momentum_outside' (PyTorch).",
    },
    "initial weights": {
        word: f"write '{ours}_normal' or '{ours}_uniform'."
        for word, ours in (("he", "he"), ("kaiming", "he"), ("glorot", "glorot"), ("xavier", "glorot"))
    },
}  # fmt: skip
"""By family: another name, and what to write instead."""

_MEANS: dict[str, str] = {
    "mse": "squared_error", "mseloss": "squared_error", "meansquarederror": "squared_error",
    "bce": "logistic", "bceloss": "logistic", "bcewithlogitsloss": "logistic", "binarycrossentropy": "logistic",
    "logloss": "logistic", "crossentropyloss": "cross_entropy", "categoricalcrossentropy": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy", "softmaxcrossentropy": "cross_entropy",
}  # fmt: skip
"""Losses of other libraries, which are means over the samples (and over the outputs, unless they are classes), and ours."""


def own_name(kind: str, name: str, family: Mapping[str, Any]) -> str:
    """Return our name for a member of a family; the name itself if it is unknown.

    Capital letters, hyphens and spaces make no difference.

    Raises
    ------
    UsageError
        If the name means something similar, but not the same.

    Examples
    --------
    >>> own_name("activation", "LeakyReLU", {"leaky_relu": 0}), own_name("optimizer", "SGD", {"gradient_descent": 0})
    ('leaky_relu', 'gradient_descent')
    """
    word = _letters(name)
    near = [own for own in family if _letters(own) == word]
    if len(near) == 1:
        return near[0]
    same = _SAME.get(kind, {}).get(word)
    if same in family:
        return str(same)
    different = _DIFFERENT.get(kind, {}).get(word)
    if different is not None:
        raise UsageError(f"{kind} {shown(name)} has more than one meaning: {different}")
    if kind == "loss" and word in _MEANS:
        raise UsageError(_difference(name, _MEANS[word]))
    return name


def loss_for(name: Any, reduction: str, outputs: int) -> Any:
    """Return our name for another library's loss, which is a mean, where a network has the same; else `name`.

    Raises
    ------
    UsageError
        If the network's loss would be another multiple of it.

    Examples
    --------
    >>> loss_for("mse", "mean", 1)
    'squared_error'
    >>> loss_for("mse", "sum", 1)
    Traceback (most recent call last):
    fallline.errors.UsageError: loss 'mse' is a mean over the samples and the outputs: write loss='squared_error', reduction='mean'; with k outputs it is k times as large.
    """
    ours = _MEANS.get(_letters(name)) if isinstance(name, str) else None
    if ours is None:
        return name
    if reduction == "mean" and (outputs == 1 or ours == "cross_entropy"):
        return ours
    raise UsageError(_difference(name, ours))


def _difference(name: str, ours: str) -> str:
    over, then = (
        ("", "") if ours == "cross_entropy" else (" and the outputs", "; with k outputs it is k times as large")
    )
    return f"loss {name!r} is a mean over the samples{over}: write loss={ours!r}, reduction='mean'{then}."


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
