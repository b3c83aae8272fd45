"""The parts of a verdict. Every display writes the same parts in the same order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fallline.checks.presentation.equation_pair import EquationPair
from fallline.errors import visible

if TYPE_CHECKING:  # it loads NumPy, which a display of parts does not need
    from fallline.checks.reference.comparison import BlockComparison

__all__ = ["HEADS", "BlockTable", "EquationPairs", "Paragraph", "Part", "parts_from_json", "parts_to_json"]


HEADS = ("block", "largest error", "relative", "")
"""The heads of the table's columns."""


@dataclass(frozen=True)
class Paragraph:
    """Text of one kind: the verdict's sentence, a heading, or plain text."""

    content: str
    kind: Literal["sentence", "heading", "text"]

    @classmethod
    def of(cls, content: str, kind: Literal["sentence", "heading", "text"] = "text") -> Paragraph:
        """The paragraph with control characters made visible: its sentences quote the user's file."""
        return cls(visible(content), kind)


@dataclass(frozen=True)
class BlockTable:
    """The comparison of each block with the reference: its name, absolute and relative error, "right" or "wrong"."""

    rows: tuple[tuple[str, str, str, str], ...]

    @property
    def heads(self) -> tuple[str, str, str, str]:
        """The heads of the columns; empty columns have none."""
        first, *errors, last = HEADS
        told = any(any(row[1:3]) for row in self.rows)
        return (first, errors[0] if told else "", errors[1] if told else "", last)

    @classmethod
    def of(cls, blocks: Sequence[BlockComparison]) -> BlockTable:
        """The table of these blocks. An error that is not told (NaN) has an empty cell."""
        return cls(
            tuple(
                (str(b.block), _error(b.absolute), _error(b.relative), "right" if b.agrees else "wrong") for b in blocks
            )
        )


@dataclass(frozen=True)
class EquationPairs:
    """The right equations beside those that were coded."""

    pairs: Sequence[EquationPair]


Part = Paragraph | BlockTable | EquationPairs


def _error(size: float) -> str:
    return "" if math.isnan(size) else f"{size:.1e}"


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """The parts as JSON can hold them."""
    content: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, BlockTable):
            content.append({"rows": part.rows})
        elif isinstance(part, EquationPairs):
            content.append({"pairs": [(pair.right, pair.coded) for pair in part.pairs]})
        else:
            content.append({"kind": part.kind, "content": part.content})
    return content


def parts_from_json(content: Iterable[dict[str, Any]]) -> Iterator[Part]:
    """The parts that `parts_to_json` has written.

    >>> part = BlockTable((("dW1", "0.0e+00", "0.0e+00", "right"),))
    >>> list(parts_from_json(parts_to_json([part]))) == [part]
    True
    """
    for part in content:
        if "rows" in part:
            yield BlockTable(tuple((row[0], row[1], row[2], row[3]) for row in part["rows"]))
        elif "pairs" in part:
            yield EquationPairs(tuple(EquationPair.of(right, coded) for right, coded in part["pairs"]))
        else:
            yield Paragraph.of(part["content"], part["kind"])
