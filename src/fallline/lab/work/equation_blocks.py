"""Equations as the page shows them: outlines in pieces that may go on in the next line, with MathML and plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fallline.settings import unicode_symbol
from fallline.views.equations import outlines
from fallline.views.equations.breaking import fragments

__all__ = ["Written", "WrittenBlocks"]

SIZE = 18
"""Size of the letters in pixels."""


@dataclass(frozen=True)
class Written:
    """A section of equations in LaTeX.

    Parameters
    ----------
    title
        Its heading.
    rows
        Left and right side of each equation.
    of_next_step
        Whether it is about the next step of a run, which the last one has not.
    """

    title: str
    rows: Sequence[tuple[str, str]]
    of_next_step: bool = False


@dataclass
class WrittenBlocks:
    """The sections of a page, drawn: `blocks` as JSON, and the glyphs that they share.

    >>> written = WrittenBlocks()
    >>> written.add(Written("Update", [("w_{t+1}", "w_t - v_{t+1}")]))
    >>> row = written.blocks[0]["rows"][0]
    >>> row["plain"], len(row["right"]), row["left"]["svg"][:4]
    ('w_t+1 = w_t − v_t+1', 2, '<svg')
    """

    blocks: list[dict[str, Any]] = field(default_factory=list)
    glyphs: dict[str, str] = field(default_factory=dict)

    def add(self, section: Written) -> None:
        """Draw one more section."""
        self.blocks.append({"title": section.title, "rows": [self._row(*row) for row in section.rows]})

    @property
    def symbols(self) -> str:
        """The glyphs as one SVG."""
        return outlines.symbols(self.glyphs)

    def _row(self, left: str, right: str) -> dict[str, Any]:
        pieces = fragments(f"= {right}")
        return {
            "left": self._piece(left), "right": [self._piece(piece) for piece in pieces],
            "mathml": outlines.mathml(f"{left} = {right}"), "plain": f"{_plain(left)} = {_plain(right)}",
        }  # fmt: skip

    def _piece(self, latex: str) -> dict[str, Any]:
        svg, depth, glyphs = outlines.drawn(latex, SIZE)
        self.glyphs |= glyphs
        return {"svg": svg, "depth": depth}


def _plain(latex: str) -> str:
    """LaTeX as it is read aloud, where a browser has no MathML."""
    for a, b in (
        (r"\begin{pmatrix} ", "("), (r" \end{pmatrix}", ")"), (r" \\ ", "; "), (r" & ", ", "), (r"\cdot", "·"),
        (r"\left", ""), (r"\right", ""), (r"\operatorname", ""), (r"\frac{\partial f}{\partial ", "∂f/∂"), ("{", ""), ("}", ""),
        ("-", "−"),
    ):  # fmt: skip
        latex = latex.replace(a, b)
    return unicode_symbol(latex)
