"""A distribution of initial weights from a user's function of a layer's numbers of inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fallline.errors import OwnCodeError, UnknownNameError, UsageError, shown
from fallline.textbook import initial as textbook
from fallline.textbook.initial import INITIALS, Initial
from fallline.user_code.calling import name_of
from fallline.user_code.checked import called
from fallline.user_code.signature import must_be_function

__all__ = ["initial"]


def initial(
    deviation: str | Initial | Callable[[int, int], float],
    *,
    variates: Literal["normal", "uniform"] = "normal",
    biases: bool = False,
    name: str = "",
) -> Initial:
    """Return a distribution of initial weights: one of the textbook by its name, or your own function of (n_in, n_out).

    The weights of a layer are W = deviation(n_in, n_out) z, where z are independent random numbers.

    Parameters
    ----------
    deviation
        A function of a layer's numbers of inputs and outputs, which returns a number at least 0.
    variates
        The random numbers z: "normal", of mean 0 and variance 1, or "uniform", in [-1, 1).
    biases
        True if biases are drawn as well, b = z; otherwise they are 0.
    name
        Its name. By default, the function's.

    Raises
    ------
    UsageError
        `deviation` is no function, or the name is that of a distribution of the textbook.
    OwnCodeError
        The function raises an error, or does not return a number at least 0.

    Examples
    --------
    >>> import fallline as fl
    >>> small = fl.initial(lambda n_in, n_out: 0.1 / n_in, name="small")
    >>> run = fl.descend("2-8-3", fl.generate("three-gaussians"), initial=small, learning_rate=0.001, steps=10)
    >>> first = run.weights[0]
    >>> abs(first.W[0]).max().round(3).item(), abs(first.b[0]).max().item()
    (0.134, 0.0)
    """
    if isinstance(deviation, str | Initial):
        if variates != "normal" or biases or name:
            raise UsageError(
                f"variates, biases and name must be left out for initial {shown(deviation)}, which has its own; "
                "give a function instead."
            )
        return textbook.initial(deviation)
    must_be_function(deviation, "a deviation of initial weights")
    if variates not in ("normal", "uniform"):
        raise UnknownNameError("variates of initial weights", variates, ("normal", "uniform"))
    name = name or name_of(deviation).replace("the function", "function")
    if name in INITIALS:
        raise UsageError(f"name must not be that of a distribution of the textbook; got {name!r}. Choose another.")
    record = Initial(name, variates, _Deviation(deviation), biases)
    record.deviation(2, 3)  # a mistake shows at once
    return record


@dataclass(frozen=True)
class _Deviation:
    """A user's function of (n_in, n_out), whose result is checked at each call."""

    function: Callable[[int, int], float]

    def __call__(self, n_in: int, n_out: int) -> float:
        value = called(self.function, n_in, n_out)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number < math.inf:
            raise OwnCodeError(
                f"{name_of(self.function)}({n_in}, {n_out}) must return a finite number at least 0; got {shown(value)}."
            )
        return number
