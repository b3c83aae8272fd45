"""Slopes that are methods of an object: `derivative(z)`, or `forward(z)` and then `backward(dA)`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

from fallline.checks.steps.objects import class_of

__all__ = ["as_function"]

FORWARD = ("forward", "__call__", "activate", "function", "activation", "call", "f")
BACKWARD = ("backward", "backprop", "backward_pass", "back", "bwd")
DERIVATIVES = ("derivative", "deriv", "prime", "gradient", "grad", "slope", "df", "d", "backward_derivative")
RESULTS = ("dinputs", "dinput", "dx", "grad_input", "dZ", "grad")
"""Attributes in which a backward method may leave its result."""


def as_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, or for a class or a method the function that calls it; `backward` is called after `forward`, with dA."""
    owner, instance, method = class_of(function)
    if owner is None:
        return function
    known = [name for name in (*DERIVATIVES, *BACKWARD) if callable(getattr(owner, name, None))]
    if method not in known:
        if not known or (method and not inspect.isclass(function)):
            return function
        method = known[0]
    forward = next(
        (name for name in FORWARD if name in dir(owner) and (name != "__call__" or "__call__" in vars(owner))), ""
    )

    def made() -> Any:
        return owner() if instance is None else copy.deepcopy(instance)

    def of_input(z: Any) -> Any:
        return getattr(made(), method)(z)

    def backward(dA: Any, z: Any) -> Any:
        target = made()
        getattr(target, forward)(z)
        result = getattr(target, method)(dA)
        if result is None:
            result = next((getattr(target, name) for name in RESULTS if hasattr(target, name)), None)
        return result

    slope = of_input if method in DERIVATIVES or not forward else backward
    slope.__name__ = f"{owner.__name__}.{method}"
    return slope
