"""Numbers that a user writes as text: one grammar for flags, axes, sizes of networks, measures and formulas.

A number has ASCII digits, a sign, a point and an exponent. Python's own `float` and `int` would also accept "1_000", Arabic
digits, "nan" and "inf", and so take a typing error for a number.
"""

from __future__ import annotations

import math
import re

from fallline.errors import SettingError

__all__ = ["is_whole", "read_number", "read_numbers", "read_whole"]

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"([+-]?[0-9]{1,40})(?:[eE]\+?([0-9]{1,2}))?")


def read_number(text: str, name: str) -> float:
    """Return the number that a text stands for. `name` is its name in error messages.

    >>> read_number("-.5e-3", "start")
    -0.0005
    >>> read_number("1_000", "start")
    Traceback (most recent call last):
    fallline.errors.SettingError: start must be a number such as 0.5, -2 or 1e-3; got '1_000'.

    Raises
    ------
    SettingError
        The text is not a number, or not a finite one.
    """
    plain = text.strip()
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise SettingError(f"{name} must be a finite number; got {text!r}.")
    if _NUMBER.fullmatch(plain) is None:
        raise SettingError(f"{name} must be a number such as 0.5, -2 or 1e-3; got {text!r}.")
    number = float(plain)
    if math.isinf(number):
        raise SettingError(f"{name} must be at most 1.8e308, the largest float; got {text!r}.")
    return number


def read_numbers(text: str, name: str) -> list[float]:
    """Return numbers that are separated by commas.

    >>> read_numbers("-1.2, 1", "start")
    [-1.2, 1.0]

    Raises
    ------
    SettingError
        A part of the text is not a finite number.
    """
    return [read_number(part, name) for part in text.split(",")]


def read_whole(text: str, name: str) -> int:
    """Return the whole number that a text stands for; "2e6" is one.

    >>> read_whole("512", "size"), read_whole("2e6", "steps")
    (512, 2000000)

    Raises
    ------
    SettingError
        The text is not a whole number.
    """
    match = _WHOLE.fullmatch(text.strip())
    if match is None:
        raise SettingError(f"{name} must be a whole number such as 100; got {text!r}.")
    return int(match[1] + "0" * int(match[2] or 0))


def is_whole(text: str) -> bool:
    """Whether a text consists of digits only, as an index does.

    >>> is_whole("12"), is_whole("²"), is_whole("-1")
    (True, False, False)
    """
    return re.fullmatch("[0-9]{1,9}", text) is not None
