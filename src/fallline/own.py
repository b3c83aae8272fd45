"""Pages of the user's own: a plain function becomes a record with the same standing as ours.

What the user does not write is derived from what he wrote: slopes, deltas and gradients by the reverse walk over the
traced function. So the function may use whatever the textbook's pages use: `+ - * / **`, NumPy's `exp`, `log`, `tanh`,
`sqrt`, `where`, comparisons, and `.sum(axis=-1)` in a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from fallline.readings.reverse import delta_of, derivative, gradient_of
from fallline.textbook import activations, landscapes, losses, optimizers

__all__ = ["activation", "landscape", "loss", "optimizer"]

Function = Callable[..., Any]


def activation(function: str | Function, slope: Function | None = None, *, name: str = "") -> activations.Activation:
    """An activation: one of ours by name, or a function of z of your own.

    >>> import numpy as np
    >>> softsign = activation(lambda z: z / (1 + np.where(z > 0, z, -z)), name="softsign")
    >>> softsign.slope(np.array([-1.0, 0.0, 3.0])).tolist()
    [0.25, 1.0, 0.0625]
    """
    if isinstance(function, str | activations.Activation):
        return activations.activation(function)
    return activations.Activation(_name(function, name), function, slope or derivative(function), analytic=False)


def loss(
    value: str | Function,
    delta: Function | None = None,
    *,
    output: Function = activations.identity,
    targets: Literal["classes", "labels", "values"] = "values",
    name: str = "",
) -> losses.Loss:
    """A loss: one of ours by name, or a function of logits and targets of your own, (Z, T) to one loss a sample.

    >>> import numpy as np
    >>> huber = loss(lambda Z, T: (np.sqrt(1 + (Z - T) ** 2) - 1).sum(axis=-1), name="pseudo_huber")
    >>> huber.delta(np.array([[0.0], [2.0]]), np.array([[0.0], [0.0]])).round(6).tolist()
    [[0.0], [0.894427]]
    """
    if isinstance(value, str | losses.Loss):
        return losses.loss(value)
    return losses.Loss(_name(value, name), value, delta or delta_of(value), output, targets)


def landscape(
    function: str | Function,
    gradient: Function | None = None,
    *,
    start: Sequence[float] = (1.0, 1.0),
    window: tuple[tuple[float, float], tuple[float, float]] = ((-2.0, 2.0), (-2.0, 2.0)),
    minima: Sequence[Sequence[float]] = (),
    log_levels: bool = False,
    name: str = "",
) -> landscapes.Landscape:
    """A landscape: one of ours by name, or a function of coordinates of your own. Its dimension is the start's.

    >>> bowl = landscape(lambda x, y: x**2 + 5 * y**2, start=(1, 1), name="bowl")
    >>> bowl.gradient(1.0, 2.0)
    [2.0, 20.0]
    """
    if isinstance(function, str | landscapes.Landscape):
        return landscapes.landscape(function)
    points = tuple(tuple(float(c) for c in m) for m in minima)
    return landscapes.Landscape(
        _name(function, name), function, gradient or gradient_of(function), tuple(float(c) for c in start), window,
        points, len(start), log_levels,
    )  # fmt: skip


def optimizer(
    step: str | Function, *, state: Sequence[str] = (), init: Function | None = None, name: str = ""
) -> optimizers.Optimizer:
    """An optimizer: one of ours by name, or an update of your own, `step(w, g, state, t, *, learning_rate, ...)`.

    Its keyword arguments must be settings that fallline knows (`fallline.SETTINGS`), so that they have a range.

    >>> import numpy as np
    >>> def sign_descent(w, g, state, t, *, learning_rate):
    ...     return w - learning_rate * np.where(g > 0, 1, np.where(g < 0, -1, 0)), ()
    >>> optimizer(sign_descent).settings
    ('learning_rate',)
    """
    if isinstance(step, str | optimizers.Optimizer):
        return optimizers.optimizer(step)
    return optimizers.Optimizer(_name(step, name), step, tuple(state), init)


def _name(function: Function, name: str) -> str:
    return name or getattr(function, "__name__", "function").replace("<lambda>", "function")
