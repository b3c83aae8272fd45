"""An axis from its text: momentum=0..0.99, learning_rate=1e-5..1e-2:log, seed=1,2,3."""

from __future__ import annotations

import math
import re
from typing import Literal

import numpy as np

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.axes import Axis, takes_whole_numbers
from fallline.number_text import read_number, read_numbers

__all__ = ["axis", "range_axis"]

_PART = re.compile(r"(.*):([0-9]{1,20})-([0-9]{1,20})/([0-9]{1,20})")


def axis(text: str | Axis, count: int = 512) -> Axis:
    """An axis from its text: NAME=LOW..HIGH, NAME=LOW..HIGH:log, or NAME=V1,V2,V3.

    NAME=LOW..HIGH:FIRST-LAST/CELLS is a piece of the range divided into cells: the centres of cells FIRST to LAST.
    A setting of whole numbers takes each of them, whatever `count` says; with :log, those nearest to `count` equal ratios.

    >>> print(axis("samples=16..512:log", 6), axis("samples=1..8:log", 6))
    samples=16,32,64,128,256,512 samples=1,2,3,5,8
    >>> axis("seed=0..999").count, axis("learning_rate=1e-5..1e-2:log", 64).values[-1].item()
    (1000, 0.01)
    >>> axis("learning_rate=1e-2..1e-5:log")
    Traceback (most recent call last):
    fallline.errors.SettingError: learning_rate must run from low to high; got 0.01..1e-05. Write \
        learning_rate=1e-05..0.01.
    """
    if isinstance(text, Axis):
        return text
    name, equals, rest = (part.strip() for part in text.partition("="))
    name = name if "." in name else name.replace("-", "_")
    if not (name and equals and rest):
        raise UsageError(f"an axis is written NAME=LOW..HIGH, such as momentum=0..0.99; got {text!r}.")
    divided = _PART.fullmatch(rest)
    if divided is not None:
        whole = axis(f"{name}={divided[1]}", count)
        first, last, cells = (int(divided[k]) for k in (2, 3, 4))
        scaled: Literal["linear", "log"] = "log" if divided[1].strip().endswith(":log") else "linear"
        return Axis(name, whole.low, whole.high, last - first + 1, scaled, part=(first, cells))
    rest, colon, scale = rest.partition(":")
    if colon and scale not in ("log", "linear"):
        raise UnknownNameError(f"scale of the {name} axis", scale, ("linear", "log"))
    low_text, dots, high_text = rest.partition("..")
    if high_text.startswith("."):
        raise UsageError(f"the range of an axis is written LOW..HIGH with two points, such as 0..0.5; got {rest!r}.")
    try:
        ends = [read_number(low_text, name), read_number(high_text, name)] if dots else read_numbers(rest, name)
    except SettingError as error:
        raise SettingError(f"{error} An axis is written {name}=LOW..HIGH or {name}=V1,V2,V3.") from None
    if not dots:
        return Axis.of(name, ends)
    low, high = ends
    return range_axis(name, low, high, "log" if scale == "log" else "linear", count)


def range_axis(name: str, low: float, high: float, scale: Literal["linear", "log"], count: int) -> Axis:
    """The axis from low to high. A setting of whole numbers takes each of them, or those nearest to `count` equal ratios."""
    if takes_whole_numbers(name) and low <= high and low == math.floor(low) and high == math.floor(high):
        each = int(high) - int(low) + 1
        if scale == "log" and each > 1:
            return Axis.of(name, np.unique(np.floor(Axis(name, low, high, min(count, each), scale).values + 0.5)))
        count = each
    return Axis(name, low, high, count, scale)
