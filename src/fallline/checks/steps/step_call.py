"""A way to call the checked step of an optimizer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.steps.trials import TakeStep
from fallline.textbook.optimizers import Optimizer

__all__ = ["StepCall", "weights_and_states"]


@dataclass
class StepCall:
    """A way to call the function, and so a `Stepper`.

    Parameters
    ----------
    function
        The checked function, class or method.
    optimizer
        The optimizer whose step it should be.
    effects
        The side effects of the calls.
    described
        The call in words.
    begin
        Starts a run: maps w and the settings to a function that takes one step.
    fixed
        Settings that it does not take: they stand in the code.
    rate_varies
        Whether the learning rate is an argument of each step.
    counts_from
        The number of the first step, as it is given to the function.
    result
        What it returns: "weights", or the step that is to be added ("+") or subtracted ("-").
    single
        Whether it has returned single precision.
    parts, part
        The names of the arrays that it updates, if they are several, and the number of the one that is compared.
    """

    function: Callable[..., Any]
    optimizer: Optimizer
    effects: SideEffects
    described: str
    begin: Callable[[StepCall, Any, Mapping[str, float]], TakeStep]
    fixed: dict[str, float] = field(default_factory=dict)
    rate_varies: bool = True
    counts_from: int = 1
    result: str = "weights"
    single: bool = False
    parts: tuple[str, ...] = ("w",)
    part: int = 0

    def start(self, w: Any, settings: Mapping[str, float]) -> TakeStep:
        inner = self.begin(self, w.copy(), settings)

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            try:
                result = self.weights(inner(w, g, t - 1 + self.counts_from, settings), w)
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:  # of reading the result
                raise MisbehaviourError(
                    f"the result of {name_of(self.function)} is not understood as weights, so it could not be checked."
                ) from error
            return result if self.result == "weights" else w + result if self.result == "+" else w - result

        return step

    def weights(self, result: Any, w: Any) -> Any:
        """The returned weights as an array shaped like w."""
        array = np.asarray(result)
        self.single |= array.dtype in (np.float32, np.float16)
        array = array.astype(float)
        if array.shape != np.shape(w):
            raise MisbehaviourError(
                f"{name_of(self.function)} must return weights of shape {np.shape(w)}; it returns {array.shape}, so it could "
                "not be checked."
            )
        return array.copy()

    def called(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call without copies: a step may change its arguments in place."""
        return call(functools.partial(function, *arguments, **keywords), (), {}, (), self.effects)


def weights_and_states(result: Any, w: Any, states: int) -> list[Any]:
    """w and the state's variables of a result: (w, m, v), (w, (m, v)) or w alone."""
    if isinstance(result, tuple) or (isinstance(result, list) and len(result) != len(w) and len(result) > 1):
        first, *rest = result
        if len(rest) == 1 and states != 1 and isinstance(rest[0], tuple | list):
            rest = list(rest[0])
        return [first, *rest]
    return [result]
