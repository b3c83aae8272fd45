"""Names and symbols as the page shows them."""

from __future__ import annotations

import re

__all__ = ["digits_below", "sentence", "symbol", "words"]

_LETTERS = {
    r"\varepsilon": "ε", r"\epsilon": "ϵ", r"\alpha": "α", r"\beta": "β", r"\rho": "ρ", r"\lambda": "λ", r"^\ast": "*",
}  # fmt: skip
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

_OUTSIDE = {"momentum_outside": "momentum (rate outside)", "nesterov_outside": "Nesterov (rate outside)"}
_NAMES = _OUTSIDE | {
    "nesterov": "Nesterov", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adam": "Adam", "adam_epsilon_hat": "Adam (ϵ̂)",
    "adamw": "AdamW", "relu": "ReLU", "gelu": "GELU", "silu": "SiLU",
}  # fmt: skip


def symbol(latex: str) -> str:
    """A setting's symbol in plain Unicode.

    >>> symbol("\\\\varepsilon"), symbol("\\\\beta_1")
    ('ε', 'β₁')
    """
    for command, letter in _LETTERS.items():
        latex = latex.replace(command, letter)
    return re.sub(r"_(\d)", lambda m: m[1].translate(_LOW), latex)


def words(name: str) -> str:
    """A name of the project as words."""
    return _NAMES.get(name, name.replace("_", " "))


def sentence(meaning: str) -> str:
    """A meaning as a sentence."""
    return f"{meaning[:1].upper()}{meaning[1:]}." if meaning else ""


def digits_below(text: str) -> str:
    """Digits as subscripts."""
    return text.translate(_LOW)
