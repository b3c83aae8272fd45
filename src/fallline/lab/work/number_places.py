"""Places for numbers in formulas: equations are written once, and the numbers of any step of any run are put in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KINDS", "Place", "Places", "matrix_tex", "number_tex", "parts_of", "tex"]

MOST_SHOWN = 8
"""The most rows and columns of a matrix that are written out."""

FIRST, LAST = "\U000f0000", "\U000ffffd"
"""The characters that stand for places: private ones, which no formula has."""

KINDS = {
    "plain": "as it is",
    "factor": "in brackets if it is negative or has a power of ten",
    "first": "the first of a sum: in brackets if it has a power of ten",
    "term": "after a plus sign, which becomes a minus sign if the number is negative and has no power of ten",
    "whole": "a whole number, such as a step",
}
"""How a number is written at its place."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """What a place shows, and how.

    Attributes
    ----------
    name, key
        The entry of the values: `values[name]`, or `values[name][key]` unless the key is None.
    kind
        One of `KINDS`.
    """

    name: str
    key: int | str | None
    kind: str


@dataclass
class Places:
    """The places of some formulas, each with a character that stands for it.

    >>> places = Places()
    >>> text = f"{places.of('w', 0, 'first')} x + {places.of('w', 1, 'term')} y"
    >>> places.filled(text, {"w": [0.5, -2.25]})
    '0.5 x - 2.25 y'
    """

    all: dict[Place, str] = field(default_factory=dict)

    def of(self, name: str, key: int | str | None = None, kind: str = "factor") -> str:
        """The character of a place."""
        place = Place(name, key, kind)
        return self.all.setdefault(place, chr(ord(FIRST) + len(self.all)))

    def filled(self, text: str, values: Values) -> str:
        """A formula with its numbers."""
        places = {letter: place for place, letter in self.all.items()}

        def number(match: re.Match[str]) -> str:
            place = places[match[2]]
            value = values[place.name] if place.key is None else values[place.name][place.key]
            before = "" if place.kind == "term" else match[1]
            return before + number_tex(place.kind, *parts_of(value, place.kind == "whole"))

        return re.sub(rf"((?: \+ )?)([{FIRST}-{LAST}])", number, text)

    def in_context(self, text: str) -> str:
        """A formula in which each factor that begins a sum, or follows a plus sign, has a place of that kind."""
        place = rf"([{FIRST}-{LAST}])(?!\^)"
        for before, kind in (r" \+ ", "term"), (r"^|\\left\(", "first"):
            text = re.sub(rf"({before}){place}", lambda match, kind=kind: match[1] + self._as(match[2], kind), text)  # type: ignore[misc]
        return text

    def _as(self, letter: str, kind: str) -> str:
        place = next(place for place, own in self.all.items() if own == letter)
        return self.of(place.name, place.key, kind)


def parts_of(value: Any, whole: bool = False) -> tuple[bool, str, str]:
    """Whether a number is negative, its digits, four at most, and its power of ten, "" for none.

    >>> parts_of(-8.25e-5), parts_of(1.0625), parts_of(12345, whole=True), parts_of(float("-inf"))
    ((True, '8.25', '-5'), (False, '1.062', ''), (False, '12345', ''), (True, '\\\\infty', ''))
    """
    if whole:
        return False, str(value), ""
    number = float(value)
    if not math.isfinite(number):
        return number < 0, r"\text{undefined}" if math.isnan(number) else r"\infty", ""
    digits, e, power = f"{abs(number):.4g}".partition("e")
    return number < 0, digits, str(int(power)) if e else ""


def number_tex(kind: str, negative: bool, digits: str, power: str) -> str:
    r"""A number in LaTeX, as its place wants it.

    >>> number_tex("plain", True, "8.25", "-5"), number_tex("factor", False, "1", "-5"), number_tex("term", True, "2", "")
    ('{-8.25} \\cdot 10^{-5}', '\\left(10^{-5}\\right)', ' - 2')
    """
    if kind == "term":
        sign = " - " if negative and not power else " + "
        return sign + number_tex("plain" if sign == " - " else "factor", negative and sign == " + ", digits, power)
    text = f"{{-{digits}}}" if negative else digits  # in braces, or its sign is set as that of a difference
    if power:
        text = f"10^{{{power}}}" if text == "1" else rf"{text} \cdot 10^{{{power}}}"
    bracketed = (kind == "factor" and negative) or (kind in ("factor", "first") and power)
    return rf"\left({text}\right)" if bracketed else text


def tex(value: Any) -> str:
    r"""A number in LaTeX.

    >>> tex(-8.25e-5)
    '{-8.25} \\cdot 10^{-5}'
    """
    return number_tex("plain", *parts_of(value))


def matrix_tex(rows: int, columns: int, entry: Callable[[int, int], str]) -> str:
    r"""A matrix in LaTeX; of a large one, the first 8 columns and rows.

    >>> matrix_tex(1, 2, lambda j, k: tex((1, 2.5)[k]))
    '\\begin{pmatrix} 1 & 2.5 \\end{pmatrix}'
    """
    more = [r"\cdots"] if columns > MOST_SHOWN else []
    lines = [
        " & ".join([*(entry(j, k) for k in range(min(columns, MOST_SHOWN))), *more])
        for j in range(min(rows, MOST_SHOWN))
    ]
    if rows > MOST_SHOWN:
        lines.append(r"\vdots" + r" & " * (lines[0].count("&")))
    return r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}"
