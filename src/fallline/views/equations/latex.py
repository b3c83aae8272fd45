"""Formulas as LaTeX: one walk over SymPy expressions and over matrix expressions.

`text.Text` makes the same walk and writes Unicode. Terms have the order of a textbook (`order`), not of a computer
algebra system.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from fallline.readings.symbols.matrices import Matrix
from fallline.views.equations.order import (
    common_denominator,
    decimal,
    indexed_name,
    is_negative,
    ordered_terms,
    parts,
    split,
)

__all__ = ["Latex"]

ADD, MULTIPLY, MATMUL, POWER, ATOM = range(5)
"""Precedence of the outermost operation of a piece of a formula."""

Piece = tuple[str, int]

OPERATORS = {"cos", "cosh", "exp", "log", "max", "min", "sin", "sinh", "tan", "tanh"}
"""Functions with a LaTeX command of their own name."""

FUNCTIONS = {"logistic": r"\sigma", "maximum": r"\max", "minimum": r"\min", "re": "Re"}
RELATIONS = {">": ">", "<": "<", ">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}


class Latex:
    """A writer of formulas: `Latex().write(expression)`.

    >>> x, y = sympy.symbols("x y")
    >>> Latex().write(x * (y - x**2) / 3)
    '\\\\frac{x \\\\left(y - x^{2}\\\\right)}{3}'
    """

    times, plus, minus, sign = " ", " + ", " - ", "-"
    hadamard, quotient = r" \odot ", r" \oslash "
    bar = POWER  # the bar of a fraction serves as brackets

    def write(self, node: Any) -> str:
        """The formula as a string."""
        return self.piece(node)[0]

    def piece(self, node: Any) -> Piece:
        """The formula as a string, and its precedence."""
        for kind in type(node).__mro__:
            method = getattr(self, f"on_{kind.__name__.lower()}", None)
            if method is not None:
                piece: Piece = method(node)
                return piece
        return self.symbol(str(node)), ATOM

    def inside(self, node: Any, level: int) -> str:
        """The formula, in brackets if its precedence is below `level`."""
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
        return sign + self.fraction(str(abs(node.p)), str(node.q)), ADD if sign else self.bar

    def on_float(self, node: Any) -> Piece:
        mantissa, _, exponent = f"{abs(float(node)):.12g}".partition("e")
        text = f"{mantissa}{self.scale(int(exponent))}" if exponent else mantissa
        return (self.sign if node < 0 else "") + text, ADD if node < 0 else MULTIPLY if exponent else ATOM

    def on_add(self, node: Any) -> Piece:
        below = common_denominator(node)
        if below != 1:
            whole = sympy.Add(*(below * term for term in node.args))
            return self.fraction(self.write(whole), str(below), True, [sympy.Integer(below)]), self.bar
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
        return sign + text, ADD if sign else self.bar if bottom else MULTIPLY

    def product(self, factors: Sequence[Any]) -> str:
        if len(factors) < 2:
            return self.write(factors[0]) if factors else "1"
        return self.times.join(self.inside(f, POWER if k < len(factors) - 1 else MATMUL) for k, f in enumerate(factors))

    def on_pow(self, node: Any) -> Piece:
        base, exponent = node.args
        if exponent.is_Rational and exponent < 0:
            return self.fraction("1", self.write(1 / node), False, [1 / node]), self.bar
        if exponent == sympy.Rational(1, 2):
            return self.root(base), ATOM
        if isinstance(base, sympy.Function) and not hasattr(self, f"on_{type(base).__name__.lower()}"):
            return self.call(type(base).__name__, [self.write(a) for a in base.args], exponent), POWER
        return self.power(self.raisable(base), exponent), POWER

    def raisable(self, node: Any) -> str:
        """The formula, in brackets if an exponent would not clearly apply to all of it: a symbol with a superscript."""
        name = indexed_name(node) if isinstance(node, sympy.Indexed) else getattr(node, "name", "")
        return self.inside(node, ATOM + 1 if name and parts(name)[1] else ATOM)

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
        return self.derivative(self.write(node.args[0]), self.write(node.args[1])), ATOM

    def on_sum(self, node: Any) -> Piece:
        body, (index, low, high) = node.args
        return self.summed(self.write(index), self.write(low), self.write(high), self.inside(body, MULTIPLY)), MULTIPLY

    def on_piecewise(self, node: Any) -> Piece:
        if [value for value, _ in node.args] == [1, 0]:
            return self.indicator(self.write(node.args[0].cond)), ATOM
        return self.cases([(self.write(v), None if c == sympy.true else self.write(c)) for v, c in node.args]), ADD

    def on_relational(self, node: Any) -> Piece:
        return self.relation(self.write(node.lhs), node.rel_op, self.write(node.rhs)), ADD

    def on_and(self, node: Any) -> Piece:
        return self.joined(node, "and"), ADD

    def on_or(self, node: Any) -> Piece:
        return self.joined(node, "or"), ADD

    def joined(self, node: Any, word: str) -> str:
        conditions = sorted(node.args, key=lambda c: (not c.is_Relational, str(c)))
        texts = (self.write(c) if c.is_Relational else self.brackets(self.write(c)) for c in conditions)
        return self.word(word).join(texts)

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
                named = a[0].name if a[0].op in ("symbol", "ones") else ""  # a call has the name of its function
                return self.transpose(named, self.inside(a[0], ATOM)), POWER
            case "power":
                return self.entrywise_power(self.raisable(a[0]), a[1]), POWER
            case "compare":
                return self.relation(self.write(a[0]), node.name, self.write(a[1])), ADD
            case "indicator":
                return self.indicator(self.write(a[0])), ATOM
            case "partial":
                return self.derivative(self.write(a[0]), self.write(a[1])), ATOM
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
        head = FUNCTIONS.get(bare) or (
            bare if len(bare) == 1 else f"\\{bare}" if bare in OPERATORS else rf"\operatorname{{{escaped}}}"
        )
        raised = (r"\prime" if name != bare else "") + ("" if exponent is None else f" {self.write(exponent)}")
        return head + (f"^{{{raised.strip()}}}" if raised else "") + self.brackets(", ".join(arguments))

    def derivative(self, top: str, bottom: str) -> str:
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"

    def summed(self, index: str, low: str, high: str, body: str) -> str:
        return rf"\sum_{{{index}={low}}}^{{{high}}} {body}"

    def indicator(self, condition: str) -> str:
        return rf"\mathbf{{1}}\left[{condition}\right]"

    def word(self, word: str) -> str:
        return rf"\text{{ {word} }}"

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
