"""A verdict in the terminal, in colours, by rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import console, table
from rich.text import Text

from fallline.checks.presentation.equation_pair import Span
from fallline.checks.presentation.parts import BlockTable, EquationPairs, Part
from fallline.checks.reference.comparison import Status

__all__ = ["renderable"]

_COLOURS = {"right": "green", "wrong": "red", "unchecked": "yellow"}


def renderable(parts: Iterable[Part], status: Status) -> Any:
    """The parts as an object that rich can print."""
    lines: list[Any] = []
    space = Text("")
    for part in parts:
        if isinstance(part, BlockTable):
            lines += [space, _table(part), space]
        elif isinstance(part, EquationPairs):
            for pair in part.pairs:
                lines += [
                    _equation(*line, style=style)
                    for line, style in zip(pair.lines, ("bold green", "bold red"), strict=True)
                ]
            lines.append(space)
        elif part.kind == "sentence":
            lines.append(Text(part.content, style=f"bold {_COLOURS[status]}"))
        elif part.kind == "heading":
            lines += [*[space] * (lines[-1] is not space), Text(part.content, style="bold")]
        else:
            lines.append(Text(part.content))
    return console.Group(*lines)


def _table(part: BlockTable) -> table.Table:
    grid = table.Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
    for k, head in enumerate(part.heads):
        grid.add_column(head, justify="right" if k in (1, 2) else "left", header_style="dim")
    for row in part.rows:
        grid.add_row(*row[:3], Text(row[3], style="green" if row[3] == "right" else "bold red"))
    return grid


def _equation(label: str, equation: str, spans: tuple[Span, ...], *, style: str) -> Text:
    start_of_line = Text(f"  {label}  ", style="dim")
    line = start_of_line + Text(equation)
    for start, stop in spans:
        line.stylize(f"{style} underline", len(start_of_line) + start, len(start_of_line) + stop)
    return line
