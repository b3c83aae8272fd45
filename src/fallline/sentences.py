"""Words of sentences: what is written in the same way everywhere.

Texts of declarations and names begin with a small letter, so that they can stand anywhere in a sentence.
"""

from __future__ import annotations

__all__ = ["capital", "sentence"]


def capital(text: str) -> str:
    """Return the text with a capital letter at its beginning.

    >>> capital("size of a step")
    'Size of a step'
    """
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Return the text as a sentence, with a capital letter and a full stop; "" for no text.

    >>> sentence("size of a step"), sentence("")
    ('Size of a step.', '')
    """
    return f"{capital(text)}." if text else ""
