"""Formulas as plain text for a terminal: the walk of `latex.Latex`, written in Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from fallline.settings import GREEK
from fallline.views.equations.latex import ATOM, MULTIPLY, POWER, Latex, Piece
from fallline.views.equations.order import parts

__all__ = ["Text", "width"]

_UP = dict(zip("0123456789+-=()ijklmnt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱʲᵏˡᵐⁿᵗ", strict=True)) | {"T": "ᵀ"}
_DOWN = dict(zip("0123456789+-=()ijkmnt", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₖₘₙₜ", strict=True)) | {",": ","}
_ACCENTS = {r"\hat": "\u0302", r"\tilde": "\u0303"}
_FUNCTIONS = {"logistic": "σ", "maximum": "max", "minimum": "min"}
_RELATIONS = {">": ">", "<": "<", ">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


class Text(Latex):
    """A writer of formulas in Unicode: `Text().write(expression)`.

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> Text().write(x * (y - x**2) / 3)
    'x (y − x²) / 3'
    """

    minus, sign = " − ", "−"
    hadamard, quotient = " ⊙ ", " ⊘ "
    bar = MULTIPLY

    def symbol(self, name: str) -> str:
        base, up, down = parts(name)
        for accent, mark in _ACCENTS.items():
            if base.startswith(accent + " ") or base.startswith(accent + "{"):
                base = base[len(accent) :].strip(" {}") + mark
        base = GREEK.get(base, base)
        if up == r"\top":  # no layer: 1ₘᵀ, not 1ᵀₘ
            return base + _script(down, _DOWN, "_") + "ᵀ"
        return base + _script(up.replace(r"\top", "T"), _UP, "^") + _script(down, _DOWN, "_")

    def scale(self, exponent: int) -> str:
        return f"·10{_script(str(exponent), _UP, '^')}"

    def brackets(self, text: str) -> str:
        return f"({text})"

    def fraction(self, top: str, bottom: str, wide: bool = False, factors: Sequence[Any] = ()) -> str:
        simple = not factors or (len(factors) == 1 and self.piece(factors[0])[1] >= POWER)
        top = self.brackets(top) if wide else top
        return f"{top} / {bottom if simple else self.brackets(bottom)}" if factors else f"{top}/{bottom}"

    def power(self, base: str, exponent: Any) -> str:
        text, level = self.piece(exponent)
        raised = _script(text, _UP, "^")
        return base + (raised if not raised.startswith("^") else f"^{text if level == ATOM else self.brackets(text)}")

    def root(self, base: Any) -> str:
        return f"√{self.inside(base, ATOM)}"

    def on_exp(self, node: Any) -> Piece:
        return f"exp({self.write(node.args[0])})", POWER

    def on_floor(self, node: Any) -> Piece:
        return f"⌊{self.write(node.args[0])}⌋", ATOM

    def on_abs(self, node: Any) -> Piece:
        return f"|{self.write(node.args[0])}|", ATOM

    def call(self, name: str, arguments: Sequence[str], exponent: Any = None) -> str:
        bare = name.rstrip("'")
        head = _FUNCTIONS.get(bare, bare) + "′" * (len(name) - len(bare))
        return (head if exponent is None else self.power(head, exponent)) + self.brackets(", ".join(arguments))

    def derivative(self, top: str, bottom: str) -> str:
        return f"∂{top}/∂{bottom}"

    def summed(self, index: str, low: str, high: str, body: str) -> str:
        return f"∑{_script(index, _DOWN, '_')} {body}"

    def indicator(self, condition: str) -> str:
        return f"1[{condition}]"

    def word(self, word: str) -> str:
        return f" {word} "

    def cases(self, cases: Sequence[tuple[str, str | None]]) -> str:
        return "{ " + ";  ".join(f"{v} if {c}" if c else f"{v} otherwise" for v, c in cases) + " }"

    def relation(self, left: str, sign: str, right: str) -> str:
        return f"{left} {_RELATIONS[sign]} {right}"

    def entrywise_power(self, base: str, exponent: Any) -> str:
        return f"{base}{_script('∘' + self.write(exponent), _UP | {'∘': '°'}, '^')}"


def width(text: str) -> int:
    """The number of columns that the text takes in a terminal; marks above a letter take none."""
    return sum(not unicodedata.combining(c) for c in text)


def _script(text: str, table: dict[str, str], sign: str) -> str:
    plain = text.replace("−", "-").replace(" ", "")
    for name, letter in GREEK.items():
        plain = plain.replace(name, letter)
    if all(c in table for c in plain):
        return "".join(table[c] for c in plain)
    return f"{sign}{plain}" if len(plain) == 1 else f"{sign}({plain})"
