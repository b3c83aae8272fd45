"""A right equation beside the one that was coded, with the differing terms marked."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

__all__ = ["EquationPair", "Span"]

Span = tuple[int, int]
"""The first character and the one after the last."""


@dataclass(frozen=True)
class EquationPair:
    """Two equations, and where they differ: spans of characters of each."""

    right: str
    coded: str
    right_spans: tuple[Span, ...]
    coded_spans: tuple[Span, ...]

    @classmethod
    def of(cls, right: str, coded: str) -> EquationPair:
        """The pair with its differing terms marked.

        >>> EquationPair.of("dW = A D", "dW = -A D").coded_spans
        ((5, 6),)
        """
        a, b = _tokens(right), _tokens(coded)
        spans: tuple[list[Span], list[Span]] = ([], [])
        matcher = difflib.SequenceMatcher(None, [t for t, _ in a], [t for t, _ in b], autojunk=False)
        for tag, i, j, k, l in matcher.get_opcodes():
            if tag != "equal":
                for side, tokens, start, stop in ((0, a, i, j), (1, b, k, l)):
                    if start < stop:
                        last, at = tokens[stop - 1]
                        spans[side].append((tokens[start][1], at + len(last)))
        return cls(right, coded, tuple(spans[0]), tuple(spans[1]))

    @property
    def lines(self) -> tuple[tuple[str, str, tuple[Span, ...]], ...]:
        """Label, equation and spans of each line."""
        return ("right", self.right, self.right_spans), ("coded", self.coded, self.coded_spans)


def _tokens(text: str) -> list[tuple[str, int]]:
    """Words with their marks (W⁽²⁾ᵀ is one), and single signs, each with its position."""
    return [(m[0], m.start()) for m in re.finditer(r"[^\W_]+[⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵀ°₀-₉ₘₖ∂′]*|\S", text)]
