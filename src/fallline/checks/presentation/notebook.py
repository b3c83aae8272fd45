"""A verdict in a notebook: plain HTML that can be read on light and dark backgrounds."""

from __future__ import annotations

import html
from collections.abc import Iterable

from fallline.checks.presentation.equation_pair import Span
from fallline.checks.presentation.parts import BlockTable, EquationPairs, Part
from fallline.checks.reference.comparison import Status

__all__ = ["html_of"]

_COLOURS = {"right": "#1a7f37", "wrong": "#cf222e", "coded": "#cf222e", "unchecked": "#9a6700"}


def html_of(parts: Iterable[Part], status: Status) -> str:
    """The parts as HTML."""
    elements = []
    for part in parts:
        if isinstance(part, BlockTable):
            elements.append(_table(part))
        elif isinstance(part, EquationPairs):
            rows = "".join(
                f"<tr><td>{label}</td><td style='text-align:left'>{_marked(equation, spans, _COLOURS[label])}</td></tr>"
                for pair in part.pairs
                for label, equation, spans in pair.lines
            )
            elements.append(f"<table>{rows}</table>")
        elif part.kind == "sentence":
            style = f"border-left:4px solid {_COLOURS[status]};padding-left:.6em"
            elements.append(f'<p style="{style}"><b>{html.escape(part.content)}</b></p>')
        elif part.kind == "heading":
            elements.append(f"<p><b>{html.escape(part.content)}</b></p>")
        else:
            elements.append(f"<p>{html.escape(part.content)}</p>")
    return f'<div style="max-width:60em">{"".join(elements)}</div>'


def _table(part: BlockTable) -> str:
    head = "".join(f"<th>{h}</th>" for h in part.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[:3])
        + f'<td style="color:{_COLOURS[row[3]]}"><b>{row[3]}</b></td></tr>'
        for row in part.rows
    )  # fmt: skip
    return f"<table><tr>{head}</tr>{rows}</table>"


def _marked(equation: str, spans: tuple[Span, ...], colour: str) -> str:
    marked, at = "", 0
    for start, stop in spans:
        term = f'<b style="color:{colour};text-decoration:underline">{html.escape(equation[start:stop])}</b>'
        marked, at = marked + html.escape(equation[at:start]) + term, stop
    return marked + html.escape(equation[at:])
