"""The order in which a textbook writes terms and factors, and the parts of a symbol's name.

Weights before inputs, numbers first, a positive term first, indices ascending, the bias last. Polynomials keep the
order of their degrees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import sympy

from fallline.readings.symbols import SAMPLE

__all__ = ["common_denominator", "decimal", "indexed_name", "is_negative", "natural", "ordered_terms", "parts", "split"]

_NAME = re.compile(r"^(?P<base>[^_^]+)(\^\{?(?P<up>.*?)\}?)?(_\{?(?P<down>[^{}]*)\}?)?$")
_LETTERS = ("w", "b", "x", "h", "t", "z", "y", r"\delta", "m", "v", "s", "g")
"""Order of letters inside a product; settings, which are Greek, stand before them."""


def parts(name: str) -> tuple[str, str, str]:
    r"""Letter, superscript and subscript of a symbol's name.

    >>> parts(r"\delta^{(2)}_{i1}"), parts("x"), parts("s_0")
    (('\\delta', '(2)', 'i1'), ('x', '', ''), ('s', '', '0'))
    """
    found = _NAME.match(name)
    return (found["base"], found["up"] or "", found["down"] or "") if found else (name, "", "")


def indexed_name(node: Any) -> str:
    """The name of a value of sample i: its index i stands before the unit's."""
    base, up, down = parts(str(node.base.label))
    comma = "," if "," in down or len(down) > 1 else ""
    return base + (f"^{{{up}}}" if up else "") + f"_{{{''.join(map(str, node.indices))}{comma}{down}}}"


def decimal(number: Any) -> str:
    """The digits of a whole number or of a decimal fraction; a half, a third or a quarter has none and gets a bar.

    >>> decimal(sympy.Rational(21, 20)), decimal(sympy.Integer(7)), decimal(sympy.Rational(1, 4))
    ('1.05', '7', '')
    """
    if number.q == 1:
        return str(number.p)
    digits = f"{float(number):.12g}" if number.q % 5 == 0 else "e"
    return digits if "e" not in digits and sympy.Rational(digits) == number else ""


def is_negative(term: Any) -> bool:
    """Whether the term is written after a minus sign."""
    return bool(term.could_extract_minus_sign()) if not term.is_Add else False


def in_network(node: Any) -> bool:
    """Whether the expression speaks of a network's units: of sample i, or with a layer above."""
    return bool(node.has(SAMPLE)) or any("^{(" in s.name for s in node.free_symbols)


def ordered_terms(node: Any) -> list[Any]:
    """The terms of a sum, a positive one first."""
    terms = list(node.as_ordered_terms())
    if in_network(node):
        terms.sort(key=lambda term: (is_negative(term), not term.has(sympy.Sum), not term.is_Mul, natural(term)))
    elif not node.is_polynomial(*node.free_symbols):
        terms.sort(key=_rank)
    first = next((k for k, term in enumerate(terms) if not is_negative(term)), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _rank(term: Any) -> int:
    """Numbers, then what varies, then a setting that stands alone (the epsilon beside a root)."""
    if term.is_number:
        return 0 if term.is_Rational else 1
    return 4 if term.is_Symbol and term.name.startswith("\\") else 3 if is_negative(term) else 2


def natural(node: Any) -> tuple[Any, ...]:
    """A key that sorts x_2 before x_10, and letters as above."""
    names = sorted((str(s.name) for s in node.free_symbols if s != SAMPLE), key=_letter)
    return tuple((_letter(n)[0], tuple(int(d) for d in re.findall(r"\d+", n)), n) for n in names)


def _letter(name: str) -> tuple[int, str]:
    base = parts(name)[0]
    return (_LETTERS.index(base) if base in _LETTERS else -1 if base[0] == "\\" else len(_LETTERS), name)


def _factor_key(factor: Any) -> tuple[Any, ...]:
    base = factor if isinstance(factor, sympy.exp) else factor.as_base_exp()[0]
    if factor.is_number:
        kind = 0
    elif base.is_Symbol or isinstance(base, sympy.Indexed):
        name = str(base.base.label if isinstance(base, sympy.Indexed) else base)
        kind = 1 if name[0] == "\\" and parts(name)[0] not in _LETTERS else 2
    elif base.is_Add:  # (1 - beta) stands with the settings, other sums behind
        kind = 1 if all(s.name[0] == "\\" for s in base.free_symbols) else 5
    else:
        kind = 6 if isinstance(base, sympy.Sum) else 4 if isinstance(base, sympy.exp) else 3
    return kind, natural(factor), str(factor)


def common_denominator(node: Any) -> int:
    """What a sum is written over: 2 for x^2/2 + y^2/2, where at least half of the terms are fractions; else 1."""
    if in_network(node):
        return 1
    coefficients = [term.as_coeff_Mul()[0] for term in node.args]
    if any(not c.is_Rational for c in coefficients) or any(
        f.is_number and not f.is_Rational for term in node.args for f in sympy.Mul.make_args(term)
    ):
        return 1
    fractions = [int(c.q) for c in coefficients if not decimal(c)]
    return math.lcm(*fractions) if 2 * len(fractions) >= len(coefficients) and min(fractions, default=1) > 1 else 1


def split(coefficient: Any, factors: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The factors above and below the bar, ordered. exp(-x) stays above; sqrt(2)/2 becomes 1/sqrt(2)."""
    top: list[Any] = []
    bottom: list[Any] = []
    p, q = (coefficient.p, coefficient.q) if coefficient.is_Rational else (coefficient, 1)
    radicand = sympy.S.One
    for factor in factors:
        exponent = factor.args[1] if factor.is_Pow else sympy.S.One
        if factor.is_number and exponent == sympy.Rational(-1, 2):
            radicand *= factor.args[0]
        elif factor.is_number and exponent == sympy.Rational(1, 2) and q % factor.args[0] == 0:
            radicand, q = radicand * factor.args[0], q // factor.args[0]
        else:
            (bottom if exponent.is_Rational and exponent < 0 else top).append(factor)
    below = sorted((1 / f for f in bottom), key=_factor_key)
    if radicand != 1:
        below.insert(0, sympy.sqrt(radicand, evaluate=False))
    if q != 1 and decimal(coefficient):
        p, q = coefficient, 1
    top = ([sympy.sympify(p)] if p != 1 else []) + sorted(top, key=_factor_key)
    return top, ([sympy.Integer(q)] if q != 1 else []) + below
