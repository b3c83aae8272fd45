"""The ways in which a delta is written: of logits or of the output, one-hot targets or labels, rows or columns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.subjects.slope_calls import plain_name
from fallline.textbook.losses import Loss

__all__ = ["DeltaCall", "delta_calls"]

TARGETS = (
    "t",
    "target",
    "targets",
    "ytrue",
    "labels",
    "label",
    "onehot",
    "truth",
    "expected",
    "true",
    "actual",
    "ty",
    "yt",
    "desired",
)
OUTPUTS = ("ypred", "yhat", "p", "prob", "probs", "probabilities", "output", "outputs", "out", "o", "a", "al", "prediction",
           "predictions", "pred", "preds", "softmax", "h", "s", "predicted", "yp")  # fmt: skip
FLAGS = ("derivative", "deriv", "grad", "gradient", "prime")


@dataclass
class DeltaCall:
    """A way to call the function: `values(Z, T)` is the delta, shaped like Z.

    Parameters
    ----------
    function
        The checked function.
    loss
        The loss whose delta it should be.
    effects
        The side effects of the calls.
    of_output
        Whether the function is given the network's output for the logits Z.
    targets_first
        Whether the targets are its first argument.
    labels
        Whether the targets are the numbers of the classes.
    columns
        Whether samples are columns.
    one_by_one
        Whether it is called with one sample at a time.
    flag
        The argument that asks for the derivative; "" if there is none.
    single
        Whether it has returned single precision.
    """

    function: Callable[..., Any]
    loss: Loss
    effects: SideEffects
    of_output: bool = False
    targets_first: bool = False
    labels: bool = False
    columns: bool = False
    one_by_one: bool = False
    flag: str = ""
    single: bool = False

    def values(self, Z: Any, T: Any) -> Any:
        """The delta (batch, n_out).

        Raises
        ------
        MisbehaviourError
            If the function cannot be called in this way, or does not return an array of the shape of its argument.
        """
        if self.one_by_one:
            return np.stack([self._called(z, t) for z, t in zip(Z, T, strict=True)])
        return self._called(Z, T)

    def _called(self, Z: Any, T: Any) -> Any:
        with np.errstate(all="ignore"):
            argument = self.loss.output(Z) if self.of_output else Z
        targets = T.argmax(axis=-1) if self.labels else T
        if self.columns:
            argument, targets = argument.T, targets.T
        arguments, names = [argument, targets], ["Y" if self.of_output else "Z", "T"]
        if self.targets_first:
            arguments.reverse()
            names.reverse()
        keywords = {self.flag: True} if self.flag else {}
        result = call(self.function, arguments, keywords, names, self.effects)
        array = self._array(result, np.shape(argument))
        return array.T if self.columns else array

    def _array(self, result: Any, shape: tuple[int, ...]) -> Any:
        name = name_of(self.function)
        parts = (
            [result, *result] if isinstance(result, tuple | list) else [result]
        )  # (loss, delta), or a list of numbers
        for part in parts:
            try:
                array = np.asarray(part)
                numbers = array.astype(float)
            except (TypeError, ValueError):
                continue
            if array.shape == shape:
                self.single |= array.dtype in (np.float32, np.float16)
                return numbers
        kind = str(np.shape(parts[0])) if isinstance(parts[0], np.ndarray) else type(result).__name__
        raise MisbehaviourError(
            f"{name} must return an array of shape {shape}; it returns {kind}, so it could not be checked."
        )

    def __str__(self) -> str:
        arguments = ["Y" if self.of_output else "Z", "labels" if self.labels else "T"]
        if self.targets_first:
            arguments.reverse()
        words = f"{name_of(self.function)}({', '.join(arguments)})"
        words += ", samples as columns" if self.columns else ""
        return words + (", one sample at a time" if self.one_by_one else "")


def delta_calls(function: Callable[..., Any], loss: Loss, effects: SideEffects) -> Iterator[DeltaCall]:
    """The ways to call the function, the likeliest first. Names say what the arguments are; trying shows their layout."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    flag = next((p.name for p in parameters if plain_name(p.name) in FLAGS and p.default in (True, False, None)), "")
    names = [plain_name(p.name) for p in parameters if p.name != flag][:2]
    first, second = [*names, "", ""][:2]
    targets_first = first in TARGETS or (first == "y" and second in OUTPUTS)
    other = second if targets_first else first
    of_output = other in OUTPUTS or (other == "y" and (first in TARGETS or second in TARGETS))
    labels = (False, True) if loss.targets == "classes" else (False,)
    for one_by_one, columns, by_label in product((False, True), (False, True), labels):
        if not (one_by_one and columns):
            yield DeltaCall(function, loss, effects, of_output, targets_first, by_label, columns, one_by_one, flag)
