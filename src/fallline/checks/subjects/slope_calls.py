"""The ways in which a slope is written: for arrays or for numbers, of z or of the activation, with a flag, with dA."""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.textbook.activations import Activation

__all__ = ["UPSTREAM", "SlopeCall", "plain_name", "slope_calls"]

FLAGS = (
    "derivative",
    "derivate",
    "deriv",
    "derive",
    "diff",
    "grad",
    "gradient",
    "prime",
    "slope",
    "backward",
    "der",
    "d",
)
"""Names of an argument that asks for the derivative, without underscores."""
UPSTREAM = (
    "da",
    "dout",
    "dy",
    "dh",
    "delta",
    "d",
    "grad",
    "gradoutput",
    "gradoutputs",
    "upstream",
    "g",
    "dvalues",
    "outputgradient",
)
"""Names of the derivative by the activation, which the slope is multiplied with."""
ACTIVATED = (
    "a",
    "y",
    "s",
    "h",
    "t",
    "act",
    "activation",
    "activated",
    "out",
    "output",
    "outputs",
    "sig",
    "sigmoid",
    "al",
    "yhat",
)
"""Names of the activation itself, from which the slope is computed."""


def plain_name(name: str) -> str:
    """The name in small letters, without underscores and without a number at its end."""
    return name.lower().replace("_", "").rstrip("0123456789")


@dataclass
class SlopeCall:
    """A way to call the function: `values(z)` are the slopes at the points z.

    Parameters
    ----------
    function
        The checked function.
    activation
        The activation whose slope it should be.
    effects
        The side effects of the calls.
    flag
        The argument that asks for the derivative; "" if there is none.
    upstream
        The position of the argument dA; None if there is none.
    of_activation
        Whether the function is given the activation a for z.
    one_by_one
        Whether it is called with one number at a time.
    likely
        Whether the names of the arguments say that it is meant in this way.
    single
        Whether it has returned single precision.
    given
        The upstream gradient that it is called with.
    raised
        The last error of a call with one number.
    """

    function: Callable[..., Any]
    activation: Activation
    effects: SideEffects
    flag: str = ""
    upstream: int | None = None
    of_activation: bool = False
    one_by_one: bool = False
    likely: bool = True
    single: bool = False
    given: float = 2.0
    raised: str = field(default="", repr=False)

    def values(self, z: Any) -> Any:
        """The slopes, shaped like z; nan where a call with one number raises an error.

        Raises
        ------
        MisbehaviourError
            If the function cannot be called in this way, or does not return an array shaped like z.
        """
        if not self.one_by_one:
            return self._read(self._called(z), z)
        slopes, failed = np.full(z.shape, np.nan), 0
        for k, point in enumerate(z.ravel()):
            try:
                slopes.flat[k] = self._read(self._called(np.float64(point)), np.float64(point))
            except MisbehaviourError as misbehaviour:
                failed, error = failed + 1, misbehaviour
                self.raised = type(error.__cause__).__name__ if error.__cause__ else ""
        if failed == z.size and z.size > 1:
            raise error
        return slopes

    def ignores_upstream(self, z: Any) -> bool:
        """Whether it gets the upstream gradient, and returns the same numbers for another one."""
        if self.upstream is None:
            return False
        other = replace(self, given=self.given + 1)
        with np.errstate(all="ignore"):
            returned = self.given * self.values(z), other.given * other.values(z)
        return bool(np.isfinite(returned[0]).any()) and np.allclose(*returned, rtol=1e-9, atol=0, equal_nan=True)

    def _called(self, z: Any) -> Any:
        with np.errstate(all="ignore"):
            a: Any = np.asarray(self.activation.function(z) if self.of_activation else z)
        a = float(a) if self.one_by_one else a
        arguments: list[Any] = [a]
        names = ["a" if self.of_activation else "z"]
        if self.upstream is not None:
            arguments.insert(self.upstream, np.full_like(z, self.given))
            names.insert(self.upstream, "dA")
        return call(self.function, arguments, {self.flag: True} if self.flag else {}, names, self.effects)

    def _read(self, result: Any, z: Any) -> Any:
        if isinstance(result, tuple) and len(result) == 1:
            (result,) = result
        if isinstance(result, tuple | list) and len(result) == 2 and np.shape(z) != (2,):
            result = self._slope_of_pair(result, z)
        try:
            array = np.asarray(result)
            self.single |= array.dtype in (np.float32, np.float16)
            array = array.astype(float)
        except (TypeError, ValueError):
            kind = type(result).__name__
            raise MisbehaviourError(f"{name_of(self.function)} must return numbers; it returns {kind}.") from None
        n = np.size(z)
        if array.shape == (n, n) and n > 1 and not np.any(array[~np.eye(n, dtype=bool)]):
            array = np.diagonal(array).reshape(np.shape(z))  # the Jacobian, of which only the diagonal is not 0
        if array.shape != np.shape(z) and array.size != 1:
            raise MisbehaviourError(
                f"{name_of(self.function)} must return an array of shape {np.shape(z)}; it returns {array.shape}, so it could "
                "not be checked."
            )
        return np.broadcast_to(array / (1 if self.upstream is None else self.given), np.shape(z))

    def _slope_of_pair(self, pair: Any, z: Any) -> Any:
        """The slope of (activation, slope), in whichever order."""
        with np.errstate(all="ignore"):
            a = self.activation.function(z)
        first, second = pair
        matches = np.shape(second) == np.shape(z) and np.allclose(np.asarray(second, float), a, equal_nan=True)
        return first if matches else second

    def overflows(self, z: float) -> bool:
        """Whether NumPy warns of an overflow in the call with this number."""
        point: Any = np.float64(z) if self.one_by_one else np.array([z])
        arguments: list[Any] = [self.activation.function(point) if self.of_activation else point]
        if self.upstream is not None:
            arguments.insert(self.upstream, np.full_like(point, self.given))
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(over="raise"):
            warnings.simplefilter("ignore")
            try:
                self.function(*arguments, **({self.flag: True} if self.flag else {}))
            except FloatingPointError:
                return True
            except Exception:  # the call has given numbers before; only NumPy's overflow counts here
                return False
        return False

    def __str__(self) -> str:
        arguments = ["a" if self.of_activation else "z"]
        if self.upstream is not None:
            arguments.insert(self.upstream, "dA")
        arguments += [f"{self.flag}=True"] if self.flag else []
        each = ", one number at a time" if self.one_by_one else ""
        return f"{name_of(self.function)}({', '.join(arguments)}){each}"


def slope_calls(function: Callable[..., Any], activation: Activation, effects: SideEffects) -> Iterator[SlopeCall]:
    """The ways to call the function, the likeliest first.

    The activation is given only where the argument's name says so: the same formula given z may be a fault.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    required = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    flag = next((p.name for p in parameters if plain_name(p.name) in FLAGS and p.default in (True, False, None)), "")
    if not flag and len(required) == 2 and plain_name(required[1].name) in FLAGS[:-3]:
        flag, required = required[1].name, required[:1]
    names = [plain_name(p.name) for p in required]
    upstream = None
    if len(names) == 2 and not flag:
        upstream = next((k for k, name in enumerate(names) if name in UPSTREAM), 0)
        names = [name for k, name in enumerate(names) if k != upstream]
    activated = bool(names) and names[0] in ACTIVATED
    forms: list[dict[str, Any]] = [{"likely": not activated}]
    if activated or (flag and names and names[0] != "z"):
        forms.append({"of_activation": True, "likely": activated})
    for one_by_one in (False, True):
        for form in forms:
            yield SlopeCall(function, activation, effects, flag, upstream, one_by_one=one_by_one, **form)
