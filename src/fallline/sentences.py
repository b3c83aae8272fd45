"""Words of sentences: what is written in the same way everywhere.

Texts of declarations and names begin with a small letter, so that they can stand anywhere in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["capital", "listed", "sentence"]


def capital(text: str) -> str:
    """Return the text with a capital letter at its beginning.

    >>> capital("size of a step")
    'Size of a step'
    """
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str], most: int = 3) -> str:
    """Return the items as a list within a sentence; of many, the first ones and how many more there are.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c", "d", "e"])
    ('a', 'a, b and c', 'a, b, c and 2 more')
    """
    shown = [*items[:most], *([f"{len(items) - most:,} more"] if len(items) > most else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def sentence(text: str) -> str:
    """Return the text as a sentence, with a capital letter and a full stop; "" for no text.

    >>> sentence("size of a step"), sentence("")
    ('Size of a step.', '')
    """
    return f"{capital(text)}." if text else ""
