"""Activations and losses of the user's own, plain functions, as records like the textbook's.

A function that can be traced becomes a record as `fallline.activation` and `fallline.loss` make it. Of any other the
derivative is a complex step where that agrees with differences, else an extrapolated difference.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from fallline import random
from fallline.checks.reference.derivatives import STEP
from fallline.checks.reference.differences import short_difference
from fallline.checks.reference.loss_family import FAMILY, scaled
from fallline.errors import OwnCodeError, TraceError, UsageError
from fallline.textbook.activations import Activation, identity
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network, Reduction
from fallline.user_code import records
from fallline.user_code.calling import describe_error, file_of, name_of
from fallline.user_code.python_file import names_file

__all__ = ["OwnSettings", "activation_of", "loss_of", "own_settings", "with_functions"]

Function = Callable[..., Any]

MOST_PARTS = 10_000
"""The largest denominator of a factor such as 2/3 that is taken for exact."""


@dataclass(frozen=True)
class OwnSettings:
    """The settings of a network, with records in the places of functions.

    Parameters
    ----------
    activation, loss, reduction
        As `Network.of` takes them; the reduction may be None.
    of_parameters
        The loss, if it is a function of the parameters, f(parameters, X, T). Then `loss` only says what targets are drawn.
    """

    activation: Any
    loss: str | Loss
    reduction: Reduction | None
    of_parameters: Function | None = None


def own_settings(network: Any, activation: Any, loss: Any, reduction: Reduction | None) -> OwnSettings:
    """Make records of the functions among the settings of a network that is given by its sizes."""
    listed = not isinstance(activation, str) and isinstance(activation, Sequence)
    activations = [activation_of(a) for a in activation] if listed else activation_of(activation)
    sizes = network.strip()[:1].isdigit() if isinstance(network, str) else isinstance(network, Sequence)
    if isinstance(loss, str | Loss) or not sizes:
        return OwnSettings(activations, loss, reduction)
    outputs = Network.of(network).sizes[-1]
    if _takes_parameters(loss):
        return OwnSettings(activations, "cross_entropy" if outputs > 1 else "logistic", reduction, loss)
    record, own_reduction = loss_of(loss, outputs)
    if own_reduction is not None and reduction not in (None, own_reduction):
        raise UsageError(f"{name_of(loss)} is the {own_reduction} over the samples, but reduction is {reduction!r}.")
    return OwnSettings(activations, record, own_reduction or reduction)


def with_functions(settings: Mapping[str, Any], load: Callable[[str], Any]) -> dict[str, Any]:
    """The settings of the command line with FILE.py:NAME replaced by what `load` returns, and activations as a list.

    >>> with_functions({"activation": "tanh,relu", "loss": "logistic"}, load=str)
    {'activation': ['tanh', 'relu'], 'loss': 'logistic'}
    """
    loaded = dict(settings)
    activation = loaded.get("activation")
    if isinstance(activation, str):
        parts = [_loaded(part, load) for part in activation.split(",")]
        loaded["activation"] = parts if len(parts) > 1 else parts[0]
    if "loss" in loaded:
        loaded["loss"] = _loaded(loaded["loss"], load)
    return loaded


def _loaded(setting: Any, load: Callable[[str], Any]) -> Any:
    return load(setting) if isinstance(setting, str) and names_file(setting) else setting


def activation_of(function: str | Activation | Function) -> str | Activation:
    """An activation of the user's own, a function of z, as a record; a name or a record unchanged.

    >>> import math
    >>> steep = activation_of(np.vectorize(lambda z: math.tanh(3 * z)))  # cannot be traced
    >>> float(np.abs(steep.slope(np.array([0.5])) - 3 * (1 - np.tanh(1.5) ** 2))[0]) < 1e-9
    True
    """
    if isinstance(function, str | Activation):
        return function
    try:
        record = records.activation(function)
        record.slope(np.array([-1.3, 0.7]))
    except (TraceError, OwnCodeError):
        return _untraced_activation(function)
    return record


def loss_of(function: Function, outputs: int) -> tuple[Loss, Reduction | None]:
    """A loss of the user's own, a function of logits and targets, as a record, and the reduction that it has.

    It may return one number for each sample, and then has no reduction, or one for the batch, the sum or the mean.
    Its targets are values if its derivative is 0 where Z = T; else classes, or labels if there is one output.

    >>> def mean_squared_error(Z, T):
    ...     return ((Z - T) ** 2).mean()
    >>> record, reduction = loss_of(mean_squared_error, 2)
    >>> record.targets, reduction, record.delta(np.array([[1.0, 0.0]]), np.zeros((1, 2))).round(9).tolist()
    ('values', 'mean', [[1.0, 0.0]])
    """
    Z = random.normal(0, "own loss of logits", 5 * outputs).reshape(5, outputs)
    classes = np.eye(outputs)[np.arange(5) % outputs] if outputs > 1 else (np.arange(5.0) % 2)[:, None]
    shape = np.shape(_called(function, Z, classes))
    if shape not in ((), (5,), (5, 1), (1, 1), (1,)):
        raise UsageError(
            f"{name_of(function)} must return one number for each sample, or one for all, from logits Z and targets T of "
            f"shape (samples, outputs); for shape (5, {outputs}) it returned shape {shape}."
        )
    if shape == (5,):
        value, reduction = _of_samples(function), None
    else:
        value, reduction = _of_single_samples(function), _reduction(function, Z, classes)
    known = _known(value, Z, classes)
    if known is not None:
        return known, reduction
    delta = _delta(value)
    at = np.abs(delta(Z, Z)).max()
    targets: Literal["classes", "labels", "values"] = "values"
    if not at <= 1e-6 * np.abs(delta(Z, classes)).max():
        targets = "classes" if outputs > 1 else "labels"
    try:
        traced = records.loss(function, targets=targets)
        two = np.stack([Z, 0.5 * Z])  # code written for a batch may sum over axis 1, which is another one here
        if np.allclose(traced.delta(two, classes), delta(two, classes), rtol=1e-6, atol=1e-9):
            return replace(traced, value=_traced_or(traced.value, value)), reduction
    except (TraceError, OwnCodeError, UsageError):
        pass
    return Loss(name_of(function), value, delta, identity, targets), reduction


def _traced_or(traced: Function, value: Function) -> Function:
    """The traced page where it is traced, and elsewhere the function that calls the user's code batch by batch."""
    return lambda Z, T: (value if _are_numbers(Z, T) else traced)(Z, T)


def _known(value: Function, Z: Any, T: Any) -> Loss | None:
    """The loss of the family that has the same values, up to a constant factor; None if there is none."""
    values = np.asarray(value(Z, T))
    for member in FAMILY:
        others = member.loss.value(Z, T)
        factor = float(values @ others / (others @ others))
        if np.abs(values - factor * others).max() <= 1e-11 * np.abs(values).max() and factor > 0:
            simple = float(Fraction(factor).limit_denominator(MOST_PARTS))  # without the rounding errors of the values
            return scaled(member.loss, simple if abs(simple - factor) <= 1e-12 * factor else factor)
    return None


def _takes_parameters(function: Function) -> bool:
    """Whether a loss takes the parameters of the network, f(parameters, X, T), and not its logits, f(Z, T)."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(required) > 2


def _untraced_activation(function: Function) -> Activation:
    numbers = np.array([[-2.3, -0.7, 0.4], [1.9, 0.1, 3.1]])
    try:
        whole = np.asarray(_called(function, numbers))
        elementwise = whole.shape == numbers.shape and all(
            np.isclose(_called(function, numbers[:, k : k + 1]), whole[:, k : k + 1], rtol=1e-12).all()
            for k in range(3)
        )
    except OwnCodeError:
        elementwise = False
    each: Function = (
        (lambda z: _called(function, z))
        if elementwise
        else np.vectorize(lambda z: _called(function, z), otypes=[float])
    )

    def value(z: Any) -> Any:
        _refuse_tracing(function, z)
        return each(z)

    return Activation(name_of(function), value, _derivative(each), analytic=False)


def _derivative(function: Function) -> Function:
    """The derivative of an elementwise function."""

    def slope(z: Any) -> Any:
        z = np.asarray(z, dtype=float)
        difference = short_difference(lambda h: np.asarray(function(z + h), dtype=float))
        return _confirmed_step(lambda: np.asarray(function(z + 1j * STEP)), difference)

    return slope


def _delta(value: Function) -> Function:
    """The derivative of each sample's loss by its logits."""

    def delta(Z: Any, T: Any) -> Any:
        if not _are_numbers(Z, T):
            raise TraceError("the derivative of this loss is computed from numbers alone.")
        Z = np.asarray(Z, dtype=float)
        columns = []
        for unit in np.eye(Z.shape[-1]):
            difference = short_difference(lambda h, unit=unit: np.asarray(value(Z + h * unit, T), dtype=float))  # type: ignore[misc]  # unit is bound at once
            columns.append(_confirmed_step(lambda unit=unit: np.asarray(value(Z + 1j * STEP * unit, T)), difference))  # type: ignore[misc]
        return np.stack(columns, axis=-1)

    return delta


def _confirmed_step(stepped: Callable[[], Any], difference: Any) -> Any:
    """The complex step where it agrees with the difference, and the difference elsewhere."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = stepped()
    except Exception:  # code that takes no complex numbers may raise anything
        return difference
    if values.dtype.kind != "c" or values.shape != difference.shape:
        return difference
    exact = values.imag / STEP
    return np.where(np.abs(exact - difference) <= 1e-8 * np.maximum(np.abs(difference), 1), exact, difference)


def _of_samples(function: Function) -> Function:
    def value(Z: Any, T: Any) -> Any:
        _refuse_tracing(function, Z, T)
        Z, T = np.broadcast_arrays(Z, T)
        if Z.ndim == 2:
            return _called(function, Z, T)
        shape = Z.shape[:-2]
        return np.array([_called(function, Z[k], T[k]) for k in np.ndindex(shape)]).reshape(Z.shape[:-1])

    return value


def _of_single_samples(function: Function) -> Function:
    def value(Z: Any, T: Any) -> Any:
        _refuse_tracing(function, Z, T)
        Z, T = np.broadcast_arrays(Z, T)
        shape = Z.shape[:-1]
        values = [np.asarray(_called(function, Z[k][None], T[k][None])).item() for k in np.ndindex(shape)]
        return np.array(values).reshape(shape)

    return value


def _reduction(function: Function, Z: Any, T: Any) -> Reduction:
    """Whether the loss of a batch is the sum or the mean of those of its samples."""
    whole = np.asarray(_called(function, Z, T)).item()
    each: Sequence[float] = [np.asarray(_called(function, Z[k : k + 1], T[k : k + 1])).item() for k in range(len(Z))]
    for reduction, value in ("sum", np.sum(each)), ("mean", np.mean(each)):
        if abs(whole - value) <= 1e-9 * abs(value):
            return reduction  # type: ignore[return-value]  # one of the two names
    raise UsageError(
        f"{name_of(function)} must return the sum or the mean of the losses of the samples; for 5 samples it returned "
        f"{whole:.6g}, and {', '.join(f'{v:.6g}' for v in each)} for each alone."
    )


def _are_numbers(*arguments: Any) -> bool:
    """Whether the arguments are numbers or arrays of them, and not symbols or nodes of a graph."""
    return all(isinstance(a, np.ndarray | np.generic | float | int) for a in arguments)


def _refuse_tracing(function: Function, *arguments: Any) -> None:
    if not _are_numbers(*arguments):
        raise TraceError(f"{name_of(function)} cannot be traced.")


def _called(function: Function, *arguments: Any) -> Any:
    """The result on copies of the arguments. Raises OwnCodeError with the user's line."""
    try:
        return function(*(np.array(a) for a in arguments))
    except (Exception, SystemExit) as error:
        raise OwnCodeError(f"{name_of(function)} {describe_error(error, file_of(function))}.") from error
