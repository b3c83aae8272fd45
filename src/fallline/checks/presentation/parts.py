"""The parts of a verdict. Every display writes the same parts in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fallline.checks.presentation.equation_pair import EquationPair
from fallline.checks.reference.comparison import BlockComparison
from fallline.errors import visible

__all__ = ["HEADS", "BlockTable", "EquationPairs", "Paragraph", "Part", "Status"]

Status = Literal["right", "wrong", "unchecked"]

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
    """The comparison of each block with the reference."""

    blocks: Sequence[BlockComparison]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Block, largest absolute error, largest relative error, "right" or "wrong"."""
        return [
            (str(b.block), f"{b.absolute:.1e}", f"{b.relative:.1e}", "right" if b.agrees else "wrong")
            for b in self.blocks
        ]


@dataclass(frozen=True)
class EquationPairs:
    """The right equations beside those that were coded."""

    pairs: Sequence[EquationPair]


Part = Paragraph | BlockTable | EquationPairs
