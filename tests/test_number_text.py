"""Numbers as text: what is one, and the sentence that anything else gets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.errors import SettingError, StudyError
from fallline.experiment.method import method
from fallline.experiment.studies import parse
from fallline.formulas import symbolic as formula
from fallline.number_text import is_whole, read_number, read_numbers, read_whole
from fallline.textbook.network import Network

NUMBERS = {
    "0": 0.0, "-0.0": -0.0, "1.": 1.0, ".5": 0.5, "-.5": -0.5, "+2": 2.0, "1e-3": 0.001, "-1E+3": -1000.0, " 7 ": 7.0,
    "007": 7.0, "1.7976931348623157e308": 1.7976931348623157e308, "5e-324": 5e-324, "1e-400": 0.0,
}  # fmt: skip

NOT_NUMBERS = [
    "", " ", ".", "-", "e5", "1e", "1_000", "1_0", "١", "１", "1,5", "0x10", "1e5.0", "--1", "1 2", "nan", "-NaN", "inf",
    "-inf", "Infinity", "1e999", "−1", "1..2", "1j", "True", "0b1", "1\u00b2", "²", "1\n2", "one",
]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read(text):
    assert math.copysign(1, read_number(text, "x")) == math.copysign(1, NUMBERS[text])
    assert read_number(text, "x") == NUMBERS[text]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_anything_else_is_a_sentence(text):
    for read in (read_number, read_numbers, read_whole):
        if read is read_numbers and text == "1,5":
            continue
        with pytest.raises(SettingError, match=r"^x must be .*; got ") as caught:
            read(text, "x")
        assert repr(text) in str(caught.value) or repr(text.split(",")[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("-3", -3), ("+12", 12), ("2e6", 2_000_000), ("9007199254740993", 2**53 + 1)]
)
def test_a_whole_number_is_read_to_its_last_digit(text, value):
    assert read_whole(text, "x") == value


@pytest.mark.parametrize("text", ["2.0", "2.7", "1e-3", "1e400", "9" * 41, "0x10"])
def test_what_is_not_whole_is_refused(text):
    with pytest.raises(SettingError, match=r"^x must be a whole number such as 100; got "):
        read_whole(text, "x")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_shortest_text_of_a_float_is_read_back(value):
    assert read_number(repr(value), "x") == value
    assert read_number(f"{value:.17e}", "x") == value


@settings(max_examples=500)
@given(st.text(alphabet="0123456789+-.eE_ ,xna²١", max_size=8))
def test_what_is_read_is_what_python_reads(text):
    try:
        value = read_number(text, "x")
    except SettingError:
        return
    assert value == float(text)
    assert "_" not in text
    assert text.isascii()


def test_an_index_is_digits_alone():
    assert [is_whole(t) for t in ("0", "12", "²", "١", "-1", "1.0", "", "1" * 10)] == [True, True] + [False] * 6


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1" + "0" * 400])
def test_a_studys_numbers_are_finite(number):
    """TOML has nan and inf, and whole numbers of any length."""
    text = f'title = "t"\n[landscape]\nname = "rosenbrock"\n[[descents]]\nstart = [1.0, {number}]\n'
    with pytest.raises(StudyError, match=r"line 5: descents\[1\]\.start\[2\] must be a finite number; got "):
        parse(text)


@pytest.mark.parametrize("text", ["1_000*x", "0x10*x", "1e999*x"])
def test_a_published_formula_reads_its_numbers_likewise(text):
    with pytest.raises(SettingError, match="a number in a formula must be"):
        formula(text, ("x", "y"))


@pytest.mark.parametrize("sizes", ["1_0-2", "٢-3", "2-3.5-2", "2--2", "0x2-3", (2, 3.0, 2), (2, "3")])
def test_sizes_of_a_network_are_whole_numbers(sizes):
    with pytest.raises(SettingError, match="sizes must be positive whole numbers joined by '-', such as 2-3-2-3; got "):
        Network.of(sizes)


def test_layers_have_plain_numbers():
    with pytest.raises(SettingError, match=r"learning_rate\.1, learning_rate\.2, \.\.\.; got 'learning_rate\.²'"):
        method("gradient_descent", **{"learning_rate.²": 0.1})
