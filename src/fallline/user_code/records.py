"""A user's plain function as a record like the textbook's: an activation, a loss, a landscape or an optimizer.

A slope, delta or gradient that the user does not give is derived from the traced function. So the function may use what
the textbook's pages use: `+ - * / **`, NumPy's `exp`, `log`, `tanh`, `sqrt`, `where`, comparisons, and `.sum(axis=-1)` in
a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from fallline.errors import ShapeError, UnknownNameError, UsageError, shown
from fallline.readings.reverse import delta_of, derivative, gradient_of
from fallline.settings import Setting
from fallline.textbook import activations, landscapes, losses, optimizers
from fallline.user_code.calling import name_of
from fallline.user_code.checked import check_elementwise, checked_loss, checked_step
from fallline.user_code.coordinates import page_of
from fallline.user_code.page import Elementwise, Page
from fallline.user_code.signature import coordinate_names, must_be_function

__all__ = ["activation", "landscape", "loss", "optimizer", "plain_landscape"]

Function = Callable[..., Any]

TAKEN = frozenset(
    [
        "batch",
        "callback",
        "client",
        "data",
        "device",
        "distribution",
        "dtype",
        "executor",
        "full_loss",
        "initial",
        "keep",
        "initial_offset",
        "initial_scale",
        "l2",
        "measures",
        "methods",
        "objective",
        "optimizer",
        "out",
        "overwrite",
        "part",
        "progress",
        "replacement",
        "schedule",
        "seed",
        "size",
        "start",
        "starts",
        "steps",
        "target",
        "threads",
        "until",
        "workers",
        "x",
        "y",
    ]
)
"""Names that a setting of an optimizer may not have: the arguments of `descend`, `map` and `compare`, and axes."""


def activation(function: str | Function, slope: Function | None = None, *, name: str = "") -> activations.Activation:
    """Return an activation: one of the textbook by its name, or your own function of z.

    >>> import numpy as np
    >>> softsign = activation(lambda z: z / (1 + np.where(z > 0, z, -z)), name="softsign")
    >>> softsign.slope(np.array([-1.0, 0.0, 3.0])).tolist()
    [0.25, 1.0, 0.0625]
    """
    if isinstance(function, str | activations.Activation):
        _alone("activation", function, slope=slope, name=name or None)
        return activations.activation(function)
    page = _of_one_number(function, "an activation")
    derived = derivative(page) if slope is None else _of_one_number(slope, "a slope")
    return activations.Activation(_name(function, name), page, derived, analytic=False)


def loss(
    value: str | Function,
    delta: Function | None = None,
    *,
    output: Function | None = None,
    targets: Literal["classes", "labels", "values"] | None = None,
    name: str = "",
) -> losses.Loss:
    """Return a loss: one of the textbook by its name, or your own function of logits and targets.

    The function takes (Z, T) and returns one loss for each sample. By default its targets are values, and its output is Z.

    >>> import numpy as np
    >>> huber = loss(lambda Z, T: (np.sqrt(1 + (Z - T) ** 2) - 1).sum(axis=-1), name="pseudo_huber")
    >>> huber.delta(np.array([[0.0], [2.0]]), np.array([[0.0], [0.0]])).round(6).tolist()
    [[0.0], [0.894427]]
    """
    if isinstance(value, str | losses.Loss):
        _alone("loss", value, delta=delta, output=output, targets=targets, name=name or None)
        return losses.loss(value)
    output, targets = output or activations.identity, targets or "values"
    if targets not in ("classes", "labels", "values"):
        raise UnknownNameError("targets of a loss", targets, ("classes", "labels", "values"))
    checked = checked_loss(value)
    return losses.Loss(_name(value, name), checked, delta or delta_of(checked), output, targets)


def landscape(
    function: str | Function,
    gradient: Function | None = None,
    *,
    start: Sequence[float] | None = None,
    window: tuple[tuple[float, float], tuple[float, float]] | None = None,
    minima: Sequence[Sequence[float]] | None = None,
    log_levels: bool | None = None,
    name: str = "",
) -> landscapes.Landscape:
    """Return a landscape: one of the textbook by its name, or your own function of coordinates.

    The function takes its coordinates one by one, f(x, y), or as one vector, f(x), as SciPy's functions do. A parameter
    with a default keeps its default. If the function does not show its number of coordinates, it is that of `start`, or
    two. A landscape of the textbook that takes any number of coordinates has as many as `start`, too.

    >>> bowl = landscape(lambda x, y: x**2 + 5 * y**2, start=(1, 1), name="bowl")
    >>> bowl.gradient(1.0, 2.0)
    [2.0, 20.0]
    >>> landscape("rosenbrock", start=(0, 0, 0, 0, 0)).dimension
    5
    """
    first = None if start is None else _numbers(start, "start")
    if isinstance(function, str | landscapes.Landscape):
        if gradient is not None:
            raise UsageError("gradient must be left out for a landscape of the textbook, which has its own.")
        return _changed(landscapes.landscape(function), first, window, minima, log_levels, name)
    page = page_of(function, None if first is None else len(first))
    slopes = gradient_of(page) if gradient is None else _partials(gradient, page)
    record = landscapes.Landscape(
        _name(function, name), page, slopes, first or (1.0,) * page.dimension, dimension=page.dimension
    )
    return _changed(record, None, window, minima, log_levels, "")


def optimizer(
    step: str | Function,
    *,
    state: Sequence[str] = (),
    init: Function | None = None,
    settings: Sequence[Setting] = (),
    name: str = "",
) -> optimizers.Optimizer:
    """Return an optimizer: one of the textbook by its name, or your own `step(w, g, state, t, *, learning_rate, ...)`.

    The keyword arguments of `step` are its settings: flags, axes and comparisons take them as they take `learning_rate`.
    The default of a setting is the default of the argument. Its range is that of `settings`, or else that of
    `fallline.SETTINGS`, or else any finite number.


    >>> import numpy as np
    >>> from fallline.settings import Setting
    >>> def power_descent(w, g, state, t, *, learning_rate, power=0.5):
    ...     return w - learning_rate * np.sign(g) * abs(g) ** power, ()
    >>> power = Setting("power", "p", "power of the gradient", 1.0, low=0, high=2)
    >>> optimizer(power_descent, settings=[power]).declared["power"].range
    'in [0, 2]'
    """
    if isinstance(step, str | optimizers.Optimizer):
        _alone("optimizer", step, state=state or None, init=init, settings=settings or None, name=name or None)
        return optimizers.optimizer(step)
    if isinstance(state, str) or not isinstance(state, Sequence):
        raise UsageError(f"state must be a list of letters, one for each state variable; got {shown(state)}.")
    record = optimizers.Optimizer(
        _name(step, name), checked_step(step, tuple(state)), tuple(state), init, own_settings=tuple(settings)
    )
    taken = [setting for setting in record.declared if setting in TAKEN]
    if taken:
        raise UsageError(
            f"{taken[0]} of optimizer {record.name} must have another name: "
            f"{taken[0]} is an argument of descend, map or compare."
        )
    check_elementwise(record)
    return record


def plain_landscape(function: Function, dimension: int | None = None) -> landscapes.Landscape:
    """Return the landscape of a function alone. Its gradient is derived when it is needed.

    >>> plain_landscape(lambda x: (x**2).sum(), 3).dimension
    3
    """
    page = page_of(function, dimension)
    return landscapes.Landscape(page.__name__, page, dimension=page.dimension)


def _changed(
    record: landscapes.Landscape,
    start: tuple[float, ...] | None,
    window: Any,
    minima: Sequence[Sequence[float]] | None,
    log_levels: bool | None,
    name: str,
) -> landscapes.Landscape:
    """Return a landscape with another start, window, ... where they are given."""
    if start is not None:
        record = replace(record.in_dimensions(len(start)), start=start)
    changes: dict[str, Any] = {}
    if window is not None:
        changes["window"] = _window(window)
    if minima is not None:
        changes["minima"] = tuple(_numbers(point, "a minimum") for point in minima)
        for point in changes["minima"]:
            if len(point) != record.dimension:
                raise ShapeError(f"a minimum must have {record.dimension} coordinates; got {len(point)}.")
    if log_levels is not None:
        changes["log_levels"] = log_levels
    if name:
        changes |= {"name": name, "label": ""}
    return replace(record, **changes) if changes else record


def _alone(kind: str, value: object, **options: object) -> None:
    """Raise UsageError if options come with a member of the textbook, which has its own."""
    chosen = [name for name, option in options.items() if option is not None]
    if chosen:
        raise UsageError(
            f"{' and '.join(chosen)} must be left out for {kind} {shown(value)}, which has its own; give a function instead."
        )


def _of_one_number(function: Function, role: str) -> Elementwise:
    must_be_function(function, role)
    names, many = _read_names(function)
    if len(names) > 1:
        raise UsageError(
            f"{role} must be a function of one number; {name_of(function)} takes {len(names)} ({', '.join(names)}). "
            "Give the others a default."
        )
    return Elementwise(function, "z" if many or not names else names[0])


def _read_names(function: Function) -> tuple[list[str], bool]:
    """As `coordinate_names`, also for NumPy's functions, which do not give their parameter's name."""
    return (["z"], False) if getattr(function, "nin", None) == 1 else coordinate_names(function)


def _partials(gradient: Function, page: Page) -> Page:
    """Return the user's gradient as a page. It takes the point as the function does, or as one vector."""
    must_be_function(gradient, "a gradient")
    names, many = coordinate_names(gradient)
    single = len(names) == 1 and not many
    vector = single and (page.vector or page.dimension > 1)
    return Page(gradient, page.names, vector=vector, values=page.dimension)


def _numbers(values: Sequence[float], name: str) -> tuple[float, ...]:
    try:
        return tuple(float(v) for v in values)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a list of numbers; got {shown(values)}.") from None


def _window(window: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    try:
        (x0, x1), (y0, y1) = window
        if x0 < x1 and y0 < y1:
            return (float(x0), float(x1)), (float(y0), float(y1))
    except (TypeError, ValueError):
        pass
    raise UsageError(f"window must be ((x low, x high), (y low, y high)); got {shown(window)}.")


def _name(function: Function, name: str) -> str:
    return name or name_of(function).replace("the function", "function")
