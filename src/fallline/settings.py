"""The declaration of a setting: name, label, symbol, range, default, meaning, slider.

Command-line flags, study keys, map axes, the lab's controls and error messages read a setting's declaration. `SETTINGS`
declares the settings that several parts of fallline share. A record of a family (an optimizer, a schedule, a generated
data set) declares the others itself; its `declared` holds all of its settings.
"""

from __future__ import annotations

import contextlib
import math
import operator
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fallline.errors import SettingError, UnknownNameError

__all__ = [
    "DTYPES", "GREEK", "SETTINGS", "Setting", "Slider", "checked", "checked_dtype", "latex_symbol", "setting",
    "unicode_symbol",
]  # fmt: skip

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Slider:
    """The range of a slider, and of an axis to begin with.

    >>> Slider(1e-5, 1.0, "log")
    Slider(low=1e-05, high=1.0, scale='log')
    """

    low: float
    high: float
    scale: Scale = "linear"


@dataclass(frozen=True)
class Setting:
    """A number that a user may choose.

    Parameters
    ----------
    name
        The Python name: "learning_rate".
    symbol
        The symbol in equations, in LaTeX.
    meaning
        A few words, without a capital letter and without a full stop.
    default
        The value where the user chooses none.
    low, high
        The ends of the range; an infinite end means that there is none.
    low_included, high_included
        Whether the ends are in the range.
    whole
        Whether the value must be a whole number.
    label
        The name in words; by default, the name with spaces.
    slider
        The slider's range, where the setting's own range has no end, or is not the range to begin with.

    Examples
    --------
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
    label: str = ""
    slider: Slider | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))

    @property
    def unicode_symbol(self) -> str:
        """The symbol in plain Unicode: "β₁"."""
        return unicode_symbol(self.symbol)

    @property
    def slider_range(self) -> Slider:
        """The declared slider; else one over the setting's own range, or around the default where that has no end.

        >>> Setting("power", "p", "power of the gradient", 2.0, 0, low_included=False).slider_range
        Slider(low=0.04, high=4.0, scale='linear')
        """
        if self.slider is not None:
            return self.slider
        low = self.low if math.isfinite(self.low) else min(0.0, 2.0 * self.default, self.high - 1)
        high = self.high if math.isfinite(self.high) else max(1.0, 2.0 * self.default, low + 1)
        inside = 1 if self.whole else (high - low) / 100
        return Slider(low if self._holds(low) else low + inside, high if self._holds(high) else high - inside)

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
        Setting(
            "learning_rate", r"\varepsilon", "size of a step along the gradient", 0.01, low=0,
            slider=Slider(1e-5, 1.0, "log"),
        ),
        Setting(
            "momentum", r"\alpha", "share of the velocity that is kept from step to step", 0.9, 0, 1,
            slider=Slider(0, 0.99),
        ),
        Setting(
            "beta1", r"\beta_1", "decay of the running mean of gradients", 0.9, 0, 1, high_included=False,
            slider=Slider(0, 0.99),
        ),
        Setting(
            "beta2", r"\beta_2", "decay of the running mean of squared gradients", 0.999, 0, 1, high_included=False,
            slider=Slider(0.9, 0.9999),
        ),
        Setting(
            "decay", r"\rho", "decay of a running mean, or of the learning rate", 0.9, 0, 1, slider=Slider(0, 0.99)
        ),
        Setting("epsilon", r"\epsilon", "keeps a denominator from 0", 1e-8, 0, slider=Slider(1e-10, 1.0, "log")),
        Setting(
            "initial_accumulator", "s_0", "first value of the sum of squared gradients", 0.0, 0, slider=Slider(0, 1)
        ),
        Setting(
            "weight_decay", r"\lambda", "decoupled decay of the parameters in each step", 0.01, 0,
            slider=Slider(1e-4, 1.0, "log"),
        ),
        Setting("every", "k", "steps between two changes of the learning rate", 10, 1, whole=True, slider=Slider(1, 50)),
        Setting("l2", r"\lambda_2", "L2 penalty: l2/2 times the sum of squared weights", 0.0, 0, slider=Slider(0, 10)),
        Setting(
            "base_width", "n_0", "width of hidden layers at which all parametrizations agree", 1, 1, 2**16, whole=True,
            slider=Slider(1, 32),
        ),
        Setting("initial_scale", "s", "factor on the start's parameters", 1.0, slider=Slider(0.1, 3)),
        Setting("initial_offset", "o", "number added to the start's parameters", 0.0, slider=Slider(-3, 3)),
        Setting("seed", "n", "key of the random numbers", 0, 0, 2**64 - 1, whole=True, slider=Slider(0, 99)),
        Setting("steps", "T", "number of updates", 100, 0, 10**9, whole=True, slider=Slider(1, 500, "log")),
        Setting("starts", "N", "number of random starts", 1000, 1, whole=True, slider=Slider(1, 50, "log")),
        Setting("batch", "B", "samples in a minibatch", 32, 1, whole=True, slider=Slider(1, 300, "log")),
        Setting("target", r"L^\ast", "loss to be reached", 0.1),
        Setting("workers", "P", "worker processes; 0 for threads of this process", 0, 0, 1024, whole=True),
    )
}  # fmt: skip
"""The settings that several parts share."""


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


def checked(declared: Mapping[str, Setting], values: Mapping[str, object], owner: str) -> dict[str, float]:
    """Return a valid value for each declared setting: the value that the user chose, or else the default.

    Raises
    ------
    UnknownNameError
        If a name in `values` is not declared. The message speaks of settings of `owner`.
    SettingError
        If a value is not a number, or is outside its range; or if nothing is declared and a value is given.

    Examples
    --------
    >>> checked({"momentum": SETTINGS["momentum"], "beta1": SETTINGS["beta1"]}, {"beta1": 0.5}, "optimizer mine")
    {'momentum': 0.9, 'beta1': 0.5}
    """
    for name in values:
        if not declared:
            raise SettingError(f"{owner} has no settings; got {name!r}. Leave it out.")
        if name not in declared:
            raise UnknownNameError(f"setting of {owner}", name, declared)
    return {name: s.check(values[name]) if name in values else s.default for name, s in declared.items()}


DTYPES = ("float32", "float64")
"""Precisions of the arithmetic."""


def checked_dtype(name: object) -> str:
    """Return the name of a precision.

    Raises
    ------
    UnknownNameError
        If it is not in `DTYPES`.
    """
    if not isinstance(name, str) or name not in DTYPES:
        raise UnknownNameError("dtype", name, DTYPES)
    return name


GREEK = {
    r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\delta": "δ", r"\epsilon": "ϵ", r"\varepsilon": "ε", r"\zeta": "ζ",
    r"\eta": "η", r"\theta": "θ", r"\iota": "ι", r"\kappa": "κ", r"\lambda": "λ", r"\mu": "μ", r"\nu": "ν", r"\xi": "ξ",
    r"\pi": "π", r"\rho": "ρ", r"\sigma": "σ", r"\tau": "τ", r"\upsilon": "υ", r"\phi": "ϕ", r"\varphi": "φ", r"\chi": "χ",
    r"\psi": "ψ", r"\omega": "ω", r"\Gamma": "Γ", r"\Delta": "Δ", r"\Theta": "Θ", r"\Lambda": "Λ", r"\Xi": "Ξ",
    r"\Pi": "Π", r"\Sigma": "Σ", r"\Phi": "Φ", r"\Psi": "Ψ", r"\Omega": "Ω", r"\ell": "ℓ", r"\ast": "*",
}  # fmt: skip
"""LaTeX's commands for letters, and the letters."""

_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def latex_symbol(name: str) -> str:
    r"""Return the LaTeX symbol of a Python name: digits become an index, names of Greek letters the letters.

    >>> latex_symbol("beta1"), latex_symbol("x_2"), latex_symbol("clip_at")
    ('\\beta_{1}', 'x_{2}', 'clip at')
    """
    letters = name.rstrip("0123456789").rstrip("_")
    digits = name[len(letters) :].strip("_")
    base = f"\\{letters}" if f"\\{letters}" in GREEK else letters.replace("_", " ")
    return f"{base}_{{{digits}}}" if digits and letters else base or name


def unicode_symbol(latex: str) -> str:
    r"""Return a LaTeX symbol in plain Unicode.

    >>> unicode_symbol(r"\varepsilon"), unicode_symbol(r"\beta_1"), unicode_symbol(r"L^\ast")
    ('ε', 'β₁', 'L*')
    """
    text = latex.replace(r"^\ast", "*")
    for command, letter in GREEK.items():
        text = text.replace(command, letter)
    return re.sub(r"_\{?(\d+)\}?", lambda m: m[1].translate(_LOW), text)
