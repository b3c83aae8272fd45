"""Words of controls: a meaning as a sentence, an index below a symbol."""

from __future__ import annotations

__all__ = ["digits_below", "sentence"]

_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def sentence(meaning: str) -> str:
    """A meaning as a sentence."""
    return f"{meaning[:1].upper()}{meaning[1:]}." if meaning else ""


def digits_below(text: str) -> str:
    """Digits as subscripts."""
    return text.translate(_LOW)
