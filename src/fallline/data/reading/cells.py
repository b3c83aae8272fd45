"""Cells of a text table: which are missing, which are numbers, which are dates."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["MISSING", "NumberForm", "is_date", "plain_number"]

MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "-NaN", "NaT", "NULL", "null", "None", "?"}
)
"""Cells that say that a value is missing, as pandas, R, SQL and the UCI repository write it. "none" is a usual category."""

_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ISO = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"
_LOCAL = r"[0-9]{1,2}(?P<mark>[./-])[0-9]{1,2}(?P=mark)(?:[0-9]{4}|[0-9]{2})"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = re.compile(rf"(?:{_ISO}|{_LOCAL})(?:[T ]+{_TIME})?|{_TIME}")


def is_date(cell: str) -> bool:
    """Whether a cell is a date or a time of day.

    >>> [is_date(cell) for cell in ("2024-01-31", "31.1.2024 12:00", "12:30:01", "1.2", "2024")]
    [True, True, True, False, False]
    """
    return _DATE.fullmatch(cell) is not None


def plain_number(cell: str) -> float | None:
    """The number that a cell holds, written with a decimal point; None if it holds none.

    A number has ASCII digits, a sign, a point and an exponent. One that is larger than any float is infinite.

    >>> plain_number("1e3"), plain_number("inf"), plain_number("1_000"), plain_number("")
    (1000.0, None, None, None)
    """
    return float(cell) if _PLAIN.fullmatch(cell) else None


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written: the sign between units and tenths, and the one between thousands.

    >>> NumberForm(",", ".").number("1.234,5"), NumberForm(",", ".").number("1.2,5")
    (1234.5, None)
    """

    decimal: str = "."
    thousands: str = ""

    def number(self, cell: str) -> float | None:
        """The number that a cell holds; None if it holds none."""
        if self.decimal == "." and not self.thousands:
            return plain_number(cell)
        whole, mark, rest = cell.partition(self.decimal)
        if self.thousands and self.thousands in whole:
            sign = whole[:1] if whole[:1] in ("+", "-") else ""
            groups = whole.removeprefix(sign).split(self.thousands)
            if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 or not group.isdigit() for group in groups[1:]):
                return None
            whole = sign + "".join(groups)
        if "." in whole or "." in rest:  # a point that is neither sign
            return None
        return plain_number(whole + ("." if mark else "") + rest)

    def fault(self, cell: str) -> str:
        """Why a cell that looks like a number cannot be read as one: the end of a sentence, and what to do."""
        if re.fullmatch(r"[+-]?(inf|infinity|-?∞)", cell, re.IGNORECASE) or (self.number(cell) or 0.0) in (
            math.inf,
            -math.inf,
        ):
            return "Infinite values cannot be learned from. Remove the row or the column."
        if self.decimal == "." and re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell):
            point = cell.replace(",", ".")
            if re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", cell):
                return f'It may be {point} or {cell.replace(",", "")}: say which, by decimal "," or by thousands ",".'
            return f"Write decimals with a point: {point}."
        return ""
