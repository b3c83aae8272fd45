"""A user's loss and optimizer step, called unchanged. Their errors name the user's line, and their results are checked."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.errors import FalllineError, OwnCodeError, UsageError
from fallline.readings.made import Made
from fallline.readings.scalars import Scalars
from fallline.textbook.optimizers import Optimizer
from fallline.user_code.calling import describe_error, file_of, name_of
from fallline.user_code.signature import must_be_function

__all__ = ["called", "check_elementwise", "checked_loss", "checked_step"]

Function = Callable[..., Any]


def checked_loss(value: Function) -> Function:
    """Return the loss as a page that raises OwnCodeError unless it returns one number for each sample."""
    must_be_function(value, "a loss")
    _must_take(value, 2, "logits and targets, as loss(Z, T)")
    name = name_of(value)

    @functools.wraps(value)
    def page(Z: Any, T: Any) -> Any:
        result = called(value, Z, T)
        shape = np.shape(result)
        if shape != Z.shape[:-1]:
            raise OwnCodeError(
                f"{name} must return one number for each sample, shape {Z.shape[:-1]} for logits of shape {Z.shape}; it "
                f"returned shape {shape}. Sum over the outputs with .sum(axis=-1), and not over the samples."
            )
        return result

    page.__name__ = name
    return Made(page, checked_loss, value)


def checked_step(step: Function, state: tuple[str, ...]) -> Function:
    """Return the step as a page that raises OwnCodeError unless it returns the new w and its state variables."""
    must_be_function(step, "an optimizer's step")
    _must_take(step, 4, "step(w, g, state, t, *, learning_rate, ...)")
    name = name_of(step)

    @functools.wraps(step)
    def page(w: Any, g: Any, states: Any, t: Any, **settings: Any) -> Any:
        result = called(step, w, g, states, t, **settings)
        if not (isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[1], tuple | list)):
            raise OwnCodeError(f"{name} must return the new w and a tuple of its state, as `return w, ()`.")
        if len(result[1]) != len(state):
            raise OwnCodeError(
                f"{name} must return {len(state)} state variables, as declared by state={state!r}; it returned "
                f"{len(result[1])}."
            )
        return result[0], tuple(result[1])

    page.__name__ = name
    return Made(page, checked_step, step, state)


def check_elementwise(record: Optimizer) -> None:
    """Raise OwnCodeError if the step of one parameter depends on another, as with a norm or a mean of the gradient.

    A run of many networks side by side, and a compiled one, would give another result for such a step. A step that fails
    here is left to its first call, whose error names the line.
    """
    w, g = np.array([0.7, -1.3, 2.1]), np.array([0.3, 1.9, -0.8])
    settings = {name: setting.default for name, setting in record.declared.items()}

    def two_steps(part: slice) -> Any:
        moved, state = record.step(w[part], g[part], record.init(w[part], **settings), 1, **settings)
        return record.step(moved, 0.5 * g[part], state, 2, **settings)[0]

    try:
        with np.errstate(all="ignore"):
            together = np.broadcast_to(two_steps(slice(None)), w.shape)
            alone = np.concatenate([np.broadcast_to(two_steps(slice(k, k + 1)), 1) for k in range(len(w))])
        same = np.allclose(together, alone, rtol=1e-9, atol=0, equal_nan=True)
    except (FalllineError, ArithmeticError, TypeError, ValueError):
        return
    if not same:
        raise OwnCodeError(
            f"{record.name} must update each parameter by itself; its step for one parameter depends on the others (a norm, "
            "a mean or a sum over them), or is random."
        )


def called(function: Function, *arguments: Any, **settings: Any) -> Any:
    """Return the function's result. Its errors become OwnCodeError, and name the user's line; it cannot return None."""
    name = name_of(function)
    traced = any(isinstance(a, Scalars) for a in arguments)
    mine = [
        a.copy() if isinstance(a, np.ndarray) else a for a in arguments
    ]  # the function may write into its arguments
    try:
        result = function(*mine, **settings)
    except FalllineError:
        raise
    except (TypeError, AttributeError, ValueError) as error:
        if traced:  # the reading names the line that it cannot follow
            raise
        raise OwnCodeError(f"{name} {describe_error(error, file_of(function))}.") from error
    except (Exception, SystemExit) as error:
        raise OwnCodeError(f"{name} {describe_error(error, file_of(function))}.") from error
    if result is None:
        raise OwnCodeError(f"{name} returns nothing. Does it lack a `return`?")
    return result


def _must_take(function: Function, count: int, form: str) -> None:
    """Raise UsageError if the function does not take `count` positional arguments and keyword-only settings."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    free = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if len(required) > count or (len(positional) < count and not free):
        raise UsageError(
            f"{name_of(function)} must take {count} arguments: {form}; it takes {len(positional)}."
            + (" Settings follow a *." if count == 4 and len(positional) > count else "")
        )
    if count == 4 and len(positional) > count:
        names = ", ".join(p.name for p in positional[count:])
        raise UsageError(
            f"the settings of {name_of(function)} ({names}) must be keyword-only, so that they can be set: {form}."
        )
