"""One declaration for each setting: name, symbol, range, default, meaning.

Command-line flags, study keys, map axes, the lab's controls and error messages all read it from here.
"""

from __future__ import annotations

import contextlib
import math
import operator
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fallline.errors import SettingError, UnknownNameError

__all__ = ["SETTINGS", "Setting", "checked", "setting"]


@dataclass(frozen=True)
class Setting:
    """A number that a user may choose.

    >>> SETTINGS["momentum"].range
    'in [0, 1]'
    >>> SETTINGS["momentum"].check(1.2)
    Traceback (most recent call last):
    fallline.errors.SettingError: momentum must be a number in [0, 1]; got 1.2.
    """

    name: str
    symbol: str
    meaning: str
    default: float
    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    whole: bool = False

    @property
    def range(self) -> str:
        """The range in words, as error messages and help texts show it."""
        low, high = (f"{end}" if isinstance(end, int) else f"{end:g}" for end in (self.low, self.high))
        if self.high == math.inf:
            return "finite" if self.low == -math.inf else f"{'at least' if self.low_included else 'above'} {low}"
        return f"in {'[' if self.low_included else '('}{low}, {high}{']' if self.high_included else ')'}"

    def check(self, value: object) -> float:
        """Return the value as a number: an int if the setting is whole, else a float.

        Raises
        ------
        SettingError
            If the value is not a number, or is outside the range.
        """
        number = _number(value)
        if number is None or not self._holds(number):
            what = "whole number" if self.whole else "number"
            rule = f"finite {what}" if self.range == "finite" else f"{what} {self.range}"
            raise SettingError(f"{self.name} must be a {rule}; got {_shown(value)}.")
        return int(number) if self.whole else float(number)

    def _holds(self, number: float) -> bool:
        low_ok = number >= self.low if self.low_included else number > self.low
        high_ok = number <= self.high if self.high_included else number < self.high
        return abs(number) <= _LARGEST and low_ok and high_ok and (not self.whole or number == int(number))


_LARGEST = int(sys.float_info.max)


def _number(value: object) -> float | None:
    """The value as an int (which may be longer than a float's 53 bits) or a float; None if it is not a number."""
    if isinstance(value, bool):
        return None
    with contextlib.suppress(TypeError):
        return operator.index(value)  # type: ignore[arg-type]  # a value that is not a whole number raises TypeError
    try:
        return float(value) if hasattr(value, "__float__") else None
    except (TypeError, ValueError, OverflowError):  # an array of several numbers, a fraction too large for a float
        return None


def _shown(value: object) -> str:
    return "a number of more than 300 digits" if isinstance(value, int) and abs(value) > _LARGEST else repr(value)


SETTINGS: dict[str, Setting] = {
    s.name: s
    for s in (
        Setting("learning_rate", r"\varepsilon", "size of a step along the gradient", 0.01, low=0),
        Setting("momentum", r"\alpha", "share of the velocity that is kept from step to step", 0.9, 0, 1),
        Setting("beta1", r"\beta_1", "decay of the running mean of gradients", 0.9, 0, 1, high_included=False),
        Setting(
            "beta2", r"\beta_2", "decay of the running mean of squared gradients", 0.999, 0, 1, high_included=False
        ),
        Setting("decay", r"\rho", "decay of a running mean, or of the learning rate", 0.9, 0, 1),
        Setting("epsilon", r"\epsilon", "keeps a denominator from 0", 1e-8, 0),
        Setting("initial_accumulator", "s_0", "first value of the sum of squared gradients", 0.0, 0),
        Setting("weight_decay", r"\lambda", "decoupled decay of the parameters in each step", 0.01, 0),
        Setting("every", "k", "steps between two changes of the learning rate", 10, 1, whole=True),
        Setting("l2", r"\lambda_2", "L2 penalty: l2/2 times the sum of squared weights", 0.0, 0),
        Setting("initial_scale", "s", "factor on the start's parameters", 1.0),
        Setting("seed", "n", "key of the random numbers", 0, 0, 2**64 - 1, whole=True),
        Setting("steps", "T", "number of updates", 100, 0, 10**9, whole=True),
        Setting("starts", "N", "number of random starts", 1000, 1, whole=True),
        Setting("batch", "B", "samples in a minibatch", 32, 1, whole=True),
        Setting("target", r"L^\ast", "loss to be reached", 0.1),
        Setting("workers", "P", "worker processes; 0 for threads of this process", 0, 0, 1024, whole=True),
    )
}


def setting(name: str) -> Setting:
    """Look up the declaration of a setting by its name.

    Raises
    ------
    UnknownNameError
        If fallline declares no setting of that name.
    """
    if name not in SETTINGS:
        raise UnknownNameError("setting", name, SETTINGS)
    return SETTINGS[name]


def checked(names: Iterable[str], given: Mapping[str, object], owner: str) -> dict[str, float]:
    """Return a valid value for each of `names`: the given value, or else the default.

    Raises
    ------
    UnknownNameError
        If a given name is not one of `names`. The message speaks of settings of `owner`.
    SettingError
        If a given value is not a number, or is outside its range; or if `names` is empty and a value is given.

    Examples
    --------
    >>> checked(("learning_rate", "momentum"), {"learning_rate": 0.1}, "momentum")
    {'learning_rate': 0.1, 'momentum': 0.9}
    """
    names = tuple(names)
    for name in given:
        if not names:
            raise SettingError(f"{owner} has no settings; got {name!r}. Leave it out.")
        if name not in names:
            raise UnknownNameError(f"setting of {owner}", name, names)
    return {name: setting(name).check(given[name]) if name in given else setting(name).default for name in names}
