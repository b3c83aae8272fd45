"""Numbers, names and lists as people write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.sentences import capital

__all__ = ["capitalized", "listed", "lowered", "number", "percent"]

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def number(value: float, digits: int = 4) -> str:
    """Write a number as people do.

    >>> [number(v) for v in (232.4917, 8e-5, 1e-5, -0.5, float("inf"), 1e6, 300)]
    ['232.5', '8×10⁻⁵', '10⁻⁵', '−0.5', '∞', '10⁶', '300']
    """
    if np.isnan(value):
        return "not a number"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    text = mantissa
    if e:
        power = "10" + str(int(exponent)).translate(_RAISED)
        text = {"1": power, "-1": "-" + power}.get(mantissa, f"{mantissa}×{power}")
    return text.replace("-", "−")


def lowered(index: int) -> str:
    """Write an index as a subscript: 12 as "₁₂"."""
    return str(index).translate(_LOWERED)


def percent(share: float) -> str:
    """Write a share in percent; "0 %" and "100 %" are exact.

    >>> percent(0.2345), percent(0.0004), percent(0.9999), percent(1.0)
    ('23 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def capitalized(name: str) -> str:
    """A name as words, with a capital letter: "class_one" to "Class one"."""
    return capital(name.replace("_", " "))


def listed(words: Sequence[str]) -> str:
    """Join words for a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
