"""Why the text of a formula cannot be read: the first fault of its brackets, operators and products, as a sentence."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["why_unreadable"]

_TOKEN = re.compile(
    r"(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<operator>\*\*|[-+*/^])"
    r"|(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<other>\S)",
    re.ASCII,
)
_OTHER_BRACKETS = "[]{}"


def why_unreadable(text: str, functions: tuple[str, ...]) -> str:
    """Return the first fault of a formula that Python's grammar refuses, as the rest of a sentence.

    >>> why_unreadable("sin(x", ("sin",))
    'the bracket of "sin(" is never closed: add a ")"'
    >>> why_unreadable("2x + y", ("sin",))
    '"2x" needs a sign between: write products with *, as in 2*x'
    >>> why_unreadable("x +", ("sin",))
    'it ends with "+": a number, x, y or a bracket must follow'
    """
    tokens = [(match.lastgroup or "", match[0], match.start()) for match in _TOKEN.finditer(text)]
    return _brackets(tokens) or _neighbours(tokens, functions) or f"near {text[-12:].strip()!r}"


Token = tuple[str, str, int]


def _brackets(tokens: list[Token]) -> str:
    """The first bracket of another kind, or without a partner."""
    waiting: list[int] = []
    for k, (kind, word, at) in enumerate(tokens):
        if kind == "other" and word in _OTHER_BRACKETS:
            return f'"{word}" has no meaning here: brackets are round, ( and )'
        if kind == "open":
            waiting.append(k)
        elif kind == "close":
            if not waiting:
                return f'the ")" at character {at + 1} closes no bracket: take it away, or add a "(" before it'
            waiting.pop()
    if not waiting:
        return ""
    k = waiting[-1]
    called = k and tokens[k - 1][0] == "name"
    which = f'bracket of "{tokens[k - 1][1]}("' if called else f'"(" at character {tokens[k][2] + 1}'
    return f'the {which} is never closed: add a ")"'


def _neighbours(tokens: list[Token], functions: tuple[str, ...]) -> str:
    """The first two neighbours that cannot stand side by side, or an end that waits for more."""
    for (kind, word, _), (after, follower, _) in pairwise(tokens):
        if after == "other" or kind == "other":
            strange = follower if after == "other" else word
            return f'"{strange}" has no meaning in a formula'
        if kind in ("number", "name", "close") and after in ("number", "name", "open"):
            if word in functions and after != "open":
                return f"the argument of {word} stands in brackets: write {word}({follower})"
            if kind != "name" or after != "open":
                return f'"{word}{"" if kind == "number" else " "}{follower}" needs a sign between: write products with *, as in 2*x'
        if kind in ("operator", "open", "comma") and after in ("operator", "close", "comma"):
            if after == "operator" and follower in "+-":
                continue
            if kind == "open" and after == "close":
                return 'there is nothing between "(" and ")"'
            return f'"{word}" and "{follower}" stand side by side: a number, x or y is missing between them'
    first, last = tokens[0], tokens[-1]
    if first[0] == "operator" and first[1] not in "+-":
        return f'it begins with "{first[1]}": a number, x, y or a bracket must stand before'
    if last[0] in ("operator", "comma"):
        return f'it ends with "{last[1]}": a number, x, y or a bracket must follow'
    return ""
