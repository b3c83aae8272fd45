"""Constants that are read off the checked numbers, as text: one alone, and a sum of terms."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["NEAR", "combination", "constant_text", "is_near"]

NEAR = 1e-9
"""A constant within this of a simple value is that value: constants are read off to about 1e-12."""


def constant_text(value: float) -> str:
    """A constant in six digits; one that is a simple value to rounding as that value.

    >>> constant_text(0.1 + 0.2), constant_text(2 / 3), constant_text(1e-17)
    ('0.3', '0.666667', '0')
    """
    rounded = round(value, 9)
    return f"{0.0 if abs(value) < NEAR else rounded if abs(value - rounded) < NEAR else value:.6g}"


def combination(terms: Sequence[tuple[float, str]]) -> str:
    """The sum of the terms; "" stands for the number 1.

    >>> combination([(1.0, ""), (-2.0, "a^2"), (0.0, "a")])
    '1 - 2 a^2'
    """
    text = ""
    for value, name in terms:
        if abs(value) < NEAR:
            continue
        size = constant_text(abs(value))
        factor = name if name and size == "1" else f"{size} {name}".strip()
        sign = "-" if value < 0 else "+"
        text += f" {sign} {factor}" if text else f"{'-' if value < 0 else ''}{factor}"
    return text or "0"


def is_near(value: float, other: float) -> bool:
    """Whether two constants are the same to rounding."""
    return abs(value - other) < NEAR * max(1, abs(other))
