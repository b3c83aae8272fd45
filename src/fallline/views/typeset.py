"""Formulas as LaTeX: one walk over SymPy expressions and over matrix expressions.

`plain.Text` says the same walk in another dialect. Terms stand in the order of a textbook, not of a computer algebra
system: weights before inputs, a positive term first, indices ascending, the bias last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sympy

from fallline.readings.matrices import Matrix
from fallline.readings.symbols import SAMPLE

__all__ = ["Latex"]

ADD, MULTIPLY, MATMUL, POWER, ATOM = range(5)
"""How tightly a piece of a formula holds together."""

Piece = tuple[str, int]

NAME = re.compile(r"^(?P<base>[^_^]+)(\^\{?(?P<up>.*?)\}?)?(_\{?(?P<down>[^{}]*)\}?)?$")
LETTERS = ("w", "b", "x", "h", "t", "z", "y", r"\delta")
"""Order of a network's letters inside a product."""

OPERATORS = {"cos", "cosh", "exp", "log", "max", "min", "sin", "sinh", "tan", "tanh"}
"""Functions with a LaTeX command of their own name."""

FUNCTIONS = {"logistic": r"\sigma", "maximum": r"\max", "minimum": r"\min", "re": "Re"}
RELATIONS = {">": ">", "<": "<", ">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}


class Latex:
    """A writer of formulas: `Latex().write(expression)`.

    >>> x, y = sympy.symbols("x y")
    >>> Latex().write(200 * (y - x**2) / 3)
    '\\\\frac{200 \\\\left(y - x^{2}\\\\right)}{3}'
    """

    times, plus, minus, sign = " ", " + ", " - ", "-"
    hadamard, quotient = r" \odot ", r" \oslash "

    def write(self, node: Any) -> str:
        """The formula as a string."""
        return self.piece(node)[0]

    def piece(self, node: Any) -> Piece:
        """The formula and how tightly it holds together."""
        for kind in type(node).__mro__:
            method = getattr(self, f"on_{kind.__name__.lower()}", None)
            if method is not None:
                found: Piece = method(node)
                return found
        return self.symbol(str(node)), ATOM

    def inside(self, node: Any, level: int) -> str:
        """The formula, in brackets where it holds less tightly than `level`."""
        text, own = self.piece(node)
        return text if own >= level else self.brackets(text)

    # The walk over SymPy expressions

    def on_symbol(self, node: Any) -> Piece:
        return self.symbol(node.name), ATOM

    def on_indexed(self, node: Any) -> Piece:
        return self.symbol(indexed_name(node)), ATOM

    def on_rational(self, node: Any) -> Piece:
        sign, digits = self.sign if node < 0 else "", decimal(abs(node))
        if digits:
            return sign + digits, ADD if sign else ATOM
        return sign + self.fraction(str(abs(node.p)), str(node.q)), ADD if sign else MULTIPLY

    def on_float(self, node: Any) -> Piece:
        mantissa, _, exponent = f"{abs(float(node)):.12g}".partition("e")
        text = f"{mantissa}{self.scale(int(exponent))}" if exponent else mantissa
        return (self.sign if node < 0 else "") + text, ADD if node < 0 else MULTIPLY if exponent else ATOM

    def on_add(self, node: Any) -> Piece:
        text = ""
        for k, term in enumerate(ordered_terms(node)):
            negative = is_negative(term)
            text += (self.sign if negative else "") if k == 0 else (self.minus if negative else self.plus)
            text += self.inside(-term if negative else term, MULTIPLY)
        return text, ADD

    def on_mul(self, node: Any) -> Piece:
        coefficient, factors = node.as_coeff_mul()
        factors = list(factors)
        for k, factor in enumerate(factors):  # -2 (x - y) reads better as 2 (y - x)
            if coefficient < 0 and factor.is_Add and any(is_negative(term) for term in factor.args):
                coefficient, factors[k] = -coefficient, -factor
        sign = self.sign if coefficient < 0 else ""
        top, bottom = split(abs(coefficient), factors)
        text = self.product(top)
        if bottom:
            text = self.fraction(text, self.product(bottom), len(top) == 1 and top[0].is_Add, bottom)
        return sign + text, ADD if sign else MULTIPLY

    def product(self, factors: Sequence[Any]) -> str:
        if len(factors) < 2:
            return self.write(factors[0]) if factors else "1"
        return self.times.join(self.inside(f, POWER if k < len(factors) - 1 else MATMUL) for k, f in enumerate(factors))

    def on_pow(self, node: Any) -> Piece:
        base, exponent = node.args
        if exponent.is_Rational and exponent < 0:
            return self.fraction("1", self.write(1 / node), False, [1 / node]), MULTIPLY
        if exponent == sympy.Rational(1, 2):
            return self.root(base), ATOM
        if isinstance(base, sympy.Function) and not hasattr(self, f"on_{type(base).__name__.lower()}"):
            return self.call(type(base).__name__, [self.write(a) for a in base.args], exponent), POWER
        return self.power(self.inside(base, ATOM), exponent), POWER

    def on_exp1(self, node: Any) -> Piece:
        return "e", ATOM

    def on_pi(self, node: Any) -> Piece:
        return self.symbol(r"\pi"), ATOM

    def on_max(self, node: Any) -> Piece:
        arguments = sorted(node.args, key=lambda a: (a.is_number, str(a)))
        return self.call(type(node).__name__.lower(), [self.write(a) for a in arguments]), POWER

    on_min = on_max

    def on_function(self, node: Any) -> Piece:
        return self.call(type(node).__name__, [self.write(a) for a in node.args]), POWER

    def on_partial(self, node: Any) -> Piece:
        return self.derivative(*(self.write(a) for a in node.args)), ATOM

    def on_sum(self, node: Any) -> Piece:
        body, (index, low, high) = node.args
        return self.sum(*(self.write(a) for a in (index, low, high)), self.inside(body, MULTIPLY)), MULTIPLY

    def on_piecewise(self, node: Any) -> Piece:
        if [value for value, _ in node.args] == [1, 0]:
            return self.indicator(self.write(node.args[0].cond)), ATOM
        return self.cases([(self.write(v), None if c == sympy.true else self.write(c)) for v, c in node.args]), ADD

    def on_relational(self, node: Any) -> Piece:
        return self.relation(self.write(node.lhs), node.rel_op, self.write(node.rhs)), ADD

    # The walk over matrix expressions

    def on_matrix(self, node: Matrix) -> Piece:
        a = node.args
        match node.op:
            case "symbol" | "ones":
                return self.symbol(node.name), ATOM
            case "number":
                return self.piece(node.value)
            case "add":
                return self.inside(a[0], ADD) + self.plus + self.inside(a[1], ADD), ADD
            case "subtract":
                return self.inside(a[0], ADD) + self.minus + self.inside(a[1], MULTIPLY), ADD
            case "negative":
                return self.sign + self.inside(a[0], MULTIPLY), ADD
            case "multiply":
                sign = self.times if any(not x.axes for x in a) else self.hadamard
                return sign.join(self.inside(x, MATMUL if sign == self.times else POWER) for x in a), MULTIPLY
            case "divide":
                return self.quotient.join(self.inside(x, POWER) for x in a), MULTIPLY
            case "matmul":
                return self.times.join(self.inside(x, MATMUL) for x in a), MATMUL
            case "transpose":
                return self.transpose(a[0].name, self.inside(a[0], ATOM)), POWER
            case "power":
                return self.entrywise_power(self.inside(a[0], ATOM), a[1]), POWER
            case "compare":
                return self.relation(self.write(a[0]), node.name, self.write(a[1])), ADD
            case "indicator":
                return self.indicator(self.write(a[0])), ATOM
            case "partial":
                return self.derivative(*(self.write(x) for x in a)), ATOM
        return self.call(node.name, [self.write(x) for x in a]), POWER

    # The words of LaTeX

    def symbol(self, name: str) -> str:
        base, up, down = parts(name)
        base = r"\mathbf{1}" if base == "1" else rf"\mathrm{{{base}}}" if len(base) > 1 and base[0] != "\\" else base
        return base + (f"^{{{up}}}" if up else "") + (f"_{{{down}}}" if down else "")

    def scale(self, exponent: int) -> str:
        return rf" \cdot 10^{{{exponent}}}"

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def fraction(self, top: str, bottom: str, wide: bool = False, factors: Sequence[Any] = ()) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: Any) -> str:
        return f"{base}^{{{self.write(exponent)}}}"

    def root(self, base: Any) -> str:
        return rf"\sqrt{{{self.write(base)}}}"

    def on_exp(self, node: Any) -> Piece:
        return f"e^{{{self.write(node.args[0])}}}", POWER

    def on_floor(self, node: Any) -> Piece:
        return rf"\left\lfloor {self.write(node.args[0])} \right\rfloor", ATOM

    def on_abs(self, node: Any) -> Piece:
        return rf"\left|{self.write(node.args[0])}\right|", ATOM

    def call(self, name: str, arguments: Sequence[str], exponent: Any = None) -> str:
        bare = name.rstrip("'")
        escaped = bare.replace("_", r"\_")
        head = FUNCTIONS.get(bare) or (f"\\{bare}" if bare in OPERATORS else rf"\operatorname{{{escaped}}}")
        raised = (r"\prime" if name != bare else "") + ("" if exponent is None else f" {self.write(exponent)}")
        return head + (f"^{{{raised.strip()}}}" if raised else "") + self.brackets(", ".join(arguments))

    def derivative(self, top: str, bottom: str) -> str:
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"

    def sum(self, index: str, low: str, high: str, body: str) -> str:
        return rf"\sum_{{{index}={low}}}^{{{high}}} {body}"

    def indicator(self, condition: str) -> str:
        return rf"\mathbf{{1}}\left[{condition}\right]"

    def cases(self, cases: Sequence[tuple[str, str | None]]) -> str:
        lines = (f"{v} & " + (rf"\text{{if }} {c}" if c else r"\text{otherwise}") for v, c in cases)
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"

    def relation(self, left: str, sign: str, right: str) -> str:
        return f"{left} {RELATIONS[sign]} {right}"

    def transpose(self, name: str, text: str) -> str:
        base, up, down = parts(name) if name else (text, "", "")
        return self.symbol(f"{base}^{{{up}\\top}}" + (f"_{{{down}}}" if down else "")) if name else rf"{text}^{{\top}}"

    def entrywise_power(self, base: str, exponent: Any) -> str:
        return rf"{base}^{{\circ {self.write(exponent)}}}"


# The order of terms and factors


def parts(name: str) -> tuple[str, str, str]:
    r"""Letter, superscript and subscript of a symbol's name.

    >>> parts(r"\delta^{(2)}_{i1}"), parts("x"), parts("s_0")
    (('\\delta', '(2)', 'i1'), ('x', '', ''), ('s', '', '0'))
    """
    found = NAME.match(name)
    return (found["base"], found["up"] or "", found["down"] or "") if found else (name, "", "")


def indexed_name(node: Any) -> str:
    """The name of a value of sample i: its index i stands before the unit's."""
    base, up, down = parts(str(node.base.label))
    index = "".join(map(str, node.indices))
    comma = "," if "," in down or len(down) > 1 else ""
    return base + (f"^{{{up}}}" if up else "") + f"_{{{index}{comma}{down}}}"


def decimal(number: Any) -> str:
    """The digits of a whole number or of a decimal fraction; a half, a third or a quarter has none and gets a bar."""
    digits = f"{float(number):.12g}" if number.q % 5 == 0 else str(number.p) if number.q == 1 else ""
    return digits if digits and "e" not in digits and sympy.Rational(digits) == number else ""


def is_negative(term: Any) -> bool:
    return bool(term.could_extract_minus_sign()) if not term.is_Add else False


def ordered_terms(node: Any) -> list[Any]:
    """Terms of a sum: by degree for landscapes; products before single symbols in a network; a positive one first."""
    terms = list(node.as_ordered_terms())
    if not node.is_polynomial(*node.free_symbols):
        terms.sort(key=lambda term: 0 if term.is_Rational else 1 if term.is_number else 2)
    if any("^{(" in s.name for s in node.free_symbols) or node.has(SAMPLE):
        terms.sort(key=lambda term: (-term.count_ops(visual=False) if term.is_Mul else 1, natural(term)))
    first = next((k for k, term in enumerate(terms) if not is_negative(term)), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def natural(node: Any) -> tuple[Any, ...]:
    """A key that sorts x_2 before x_10, and letters in the order of LETTERS."""
    names = sorted((str(s.name) for s in node.free_symbols if s != SAMPLE), key=_letter)
    return tuple((_letter(n)[0], tuple(int(d) for d in re.findall(r"\d+", n)), n) for n in names)


def _letter(name: str) -> tuple[int, str]:
    base = parts(name)[0]
    return (LETTERS.index(base) if base in LETTERS else len(LETTERS), name)


def _factor_key(factor: Any) -> tuple[Any, ...]:
    base = factor if isinstance(factor, sympy.exp) else factor.as_base_exp()[0]
    kind = 0 if factor.is_number else 1 if base.is_Symbol or isinstance(base, sympy.Indexed) else 2
    kind = 3 if base.is_Add else 4 if isinstance(base, sympy.Sum) else kind
    return kind, natural(factor), str(factor)


def split(coefficient: Any, factors: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Factors above and below the bar, ordered. exp(-x) stays above."""
    top, bottom = [], []
    for factor in factors:
        exponent = factor.args[1] if factor.is_Pow else sympy.S.One
        (bottom if exponent.is_Rational and exponent < 0 else top).append(factor)
    below = [1 / f for f in bottom]
    p, q = (coefficient.p, coefficient.q) if coefficient.is_Rational else (coefficient, 1)
    if q != 1 and decimal(coefficient):
        p, q = coefficient, 1
    top = ([sympy.sympify(p)] if p != 1 else []) + sorted(top, key=_factor_key)
    return top, ([sympy.Integer(q)] if q != 1 else []) + sorted(below, key=_factor_key)
