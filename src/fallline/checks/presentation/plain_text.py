"""A verdict as plain text."""

from __future__ import annotations

from collections.abc import Iterable

from fallline.checks.presentation.equation_pair import Span
from fallline.checks.presentation.parts import BlockTable, EquationPairs, Part

__all__ = ["plain_text"]

_INDENT = 9
"""Characters before an equation: two spaces, its label of five letters, two spaces."""


def plain_text(parts: Iterable[Part]) -> str:
    """The parts as lines of text; the terms of equations that differ are underlined with ^."""
    lines: list[str] = []
    for part in parts:
        if isinstance(part, BlockTable):
            table = [part.heads, *part.rows]
            widths = [max(len(row[k]) for row in table) for k in range(len(part.heads))]
            lines += [
                "",
                *("  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in table),
                "",
            ]
        elif isinstance(part, EquationPairs):
            for pair in part.pairs:
                for label, equation, spans in pair.lines:
                    lines += [f"  {label}  {equation}", *([_carets(spans)] if spans else [])]
            lines.append("")
        elif part.kind == "heading":
            lines += [*[""] * (lines[-1:] != [""]), part.content]
        else:
            lines.append(part.content)
    return "\n".join(lines)


def _carets(spans: tuple[Span, ...]) -> str:
    line = ""
    for start, stop in spans:
        line = line.ljust(_INDENT + start) + "^" * (stop - start)
    return line
