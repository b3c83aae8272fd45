"""The right equation beside the one that was coded, with the differing terms marked.

Both are read off the page: the textbook's as it stands, and the page with the fault in its place, by the symbolic
reading in matrix form. Where an alternative uses what matrices cannot say (a reshape, a single sample), its source
stands for it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy

from fallline.checks.diagnosis.faults import FAULTS
from fallline.checks.diagnosis.mutable_page import Place, page
from fallline.errors import FalllineError
from fallline.readings.symbols import SAMPLES
from fallline.readings.symbols.matrices import matrix
from fallline.textbook.activations import ACTIVATIONS
from fallline.views.equations.network import matrix_equations

if TYPE_CHECKING:
    from fallline.checks.diagnosis.explanations import Explanation
    from fallline.textbook.network import Network

__all__ = ["Pair", "pairs"]

Span = tuple[int, int]

_OF_LOSSES = (ACTIVATIONS["logistic"], ACTIVATIONS["softplus"])  # the textbook's losses call no others


@dataclass(frozen=True)
class Pair:
    """Two equations, and where they differ: spans of characters of each."""

    right: str
    coded: str
    right_spans: tuple[Span, ...]
    coded_spans: tuple[Span, ...]

    @classmethod
    def of(cls, right: str, coded: str) -> Pair:
        """The pair with its differing terms marked.

        >>> Pair.of("dW = A D", "dW = -A D").coded_spans
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


def _tokens(text: str) -> list[tuple[str, int]]:
    """Words with their marks (W⁽²⁾ᵀ is one), and single signs."""
    return [(m[0], m.start()) for m in re.finditer(r"[^\W_]+[⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵀ°₀-₉ₘₖ∂′]*|\S", text)]


def pairs(network: Network, explanation: Explanation) -> tuple[Pair, ...]:
    """One pair for each place at which the explanation has a fault."""
    right = _written(network, {})
    found = []
    for named in explanation.faults:
        for place in named.places[:1] if named.everywhere else named.places:
            coded = _written(network, {place: named.fault})
            different = [(right[key], coded[key]) for key in right if key in coded and right[key] != coded[key]]
            if not different or not coded:
                different = [_as_source(place, named.fault)]
            found += [Pair.of(a, b) for a, b in different[:1]]
    return tuple(found)


def _written(network: Network, chosen: dict[Place, str]) -> dict[tuple[str, int | None], str]:
    """Every equation of the page in matrix form; empty if it cannot be said with matrices."""
    mutable = page()
    mutable.namespace["samples"], mutable.namespace["rate"] = _m(), _eta()
    try:
        with mutable.choosing(chosen):
            found = matrix_equations(network, mutable, _OF_LOSSES)
    except (FalllineError, TypeError, ValueError, AttributeError, IndexError, KeyError):
        return {}
    return {key: equation.text.replace(r"^{\top}", "ᵀ") for key, (equation,) in found.items()}


def _m() -> Any:
    return matrix(SAMPLES)


def _eta() -> Any:
    return matrix(sympy.Symbol(r"\eta"))


def _as_source(place: Place, fault: str) -> tuple[str, str]:
    """The page's own line, and the line with the fault."""
    rewriting, source = FAULTS[fault].rewriting, page().sources[place.symbol]
    find = rewriting.find or source
    put = re.sub(r"\bit\b", find, rewriting.put)
    layer = "" if place.layer is None else str(place.layer)
    return f"{place.symbol}{layer} = {source}", f"{place.symbol}{layer} = {source.replace(find, put)}"
