"""Formulas as text: which numbers they may hold, and constants that are rounded correctly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fallline.errors import UsageError
from fallline.formulas import parse_formula, python_text

REFUSED = {
    "1_000*x": "a number in a formula must be a number such as 0.5, -2 or 1e-3; got '1_000'.",
    "0x10*x": "got '0x10'.",
    "x**0b10": "got '0b10'.",
    "x^1_0": "got '1_0'.",
    "1e999*x": "a number in a formula must be at most 1.8e308, the largest float; got '1e999'.",
    "2j*x": "a formula holds numbers, x and y; got 2j.",
    "x + ٣": '"٣" has no meaning in a formula.',
    "sin(x": 'the bracket of "sin(" is never closed: add a ")".',
    "x*(y+1": 'the "(" at character 3 is never closed',
    "x)": 'the ")" at character 2 closes no bracket',
    "x*(y]": "brackets are round",
    "2x": "write products with *",
    "x y": "write products with *",
    "(x)(y)": "a formula has products with *",
    "2(x + 1)": "a formula has products with *",
    "sin x": "write sin(x)",
    "x +": 'it ends with "+"',
    "*x": 'it begins with "*"',
    "x^^2": '"^" and "^" stand side by side',
    "exp(1e4)*x": "np.exp(10000.0) in the formula has no finite value.",
    "log(-1) + x": "np.log(-1.0) in the formula has no finite value.",
    "0^-1*x": "0.0 ** -1 in the formula has no finite value.",
    "10^20^15*x": "an exponent must be a whole number from -20 to 20, or 0.5",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_number_of_a_formula_is_a_sentence(text):
    with pytest.raises(UsageError) as caught:
        parse_formula(text)
    assert REFUSED[text] in str(caught.value)


CONSTANTS = {
    "exp(2)": 7.38905609893065, "log(7)": 1.9459101490553132, "sin(3)": 0.1411200080598672, "cos(3)": -0.9899924966004454,
    "tanh(0.3)": 0.2913126124515909, "sqrt(2)": 1.4142135623730951, "2^0.5": 1.4142135623730951, "abs(-3)": 3.0,
    "max(2, 3)": 3.0, "min(2, 3)": 2.0, "1.1^7": 1.9487171000000012, "(-2)^3": -8.0, "2^-2": 0.25, ".5": 0.5, "1.": 1.0,
    "1e-3": 0.001, "1/3": 1 / 3, "pi": math.pi,
}  # fmt: skip


@pytest.mark.parametrize("text", CONSTANTS)
def test_a_constant_is_worked_out_once_and_rounded_correctly(text):
    tree = parse_formula(f"x + {text}")
    assert tree.operands[1] == CONSTANTS[text]
    assert repr(CONSTANTS[text]).lstrip("-") in python_text(tree)


def test_the_python_of_a_formula_has_its_values():
    tree = parse_formula("exp(2)*x + sin(y)^2/3")
    x, y = 0.7, -1.3
    assert eval(python_text(tree), {"np": np, "x": x, "y": y}) == 7.38905609893065 * x + np.sin(y) ** 2 / 3
