"""A verdict for people: in the terminal, as plain text, in a notebook."""

from __future__ import annotations

import html as escaping
from collections.abc import Iterator
from typing import Any, Literal

from fallline.checks.presentation.verdict import Verdict
from fallline.errors import visible

__all__ = ["html", "plain", "rich"]

Kind = Literal["sentence", "head", "text", "table", "equations"]
MOST_OTHERS = 5


def _parts(verdict: Verdict) -> Iterator[tuple[Kind, Any]]:
    """What a verdict says, part by part, its sentences made visible: they quote the user's file."""
    for kind, content in _said(verdict):
        yield kind, visible(content) if isinstance(content, str) else content


def _said(verdict: Verdict) -> Iterator[tuple[Kind, Any]]:
    """What a verdict says, in order: each door writes the same parts in its own way."""
    yield "sentence", verdict.sentence
    if verdict.called:
        yield "text", f"Called as {verdict.called}."
    if verdict.blocks:
        yield "table", verdict.blocks
    if verdict.equations:
        yield "equations", verdict.equations
    for fault, cure in zip(verdict.faults, verdict.cures, strict=False):
        yield "text", f"Cure for “{fault}”: {cure}." if len(verdict.cures) > 1 else f"Cure: {cure}."
    if verdict.evidence:
        yield "text", verdict.evidence
    if verdict.others:
        more = len(verdict.others) - MOST_OTHERS
        said = "; or ".join(verdict.others[:MOST_OTHERS]) + (f"; or {more} more" if more > 0 else "")
        yield "text", f"On these draws the same function, and so not to be told from it: {said}."
    if verdict.findings:
        yield "head", "Where it goes wrong"
        for finding in verdict.findings:
            yield "text", finding
    for note in verdict.notes:
        yield "text", f"Note: {note}"
    if verdict.uncovered:
        yield "head", "Not covered"
        for sentence in verdict.uncovered:
            yield "text", sentence
    if verdict.reference:
        yield "head", "Reference"
        ours = "The textbook's backward:" if verdict.network is not None else "Checked against"
        yield "text", f"{ours} {'; '.join(verdict.reference)}."


def _rows(verdict: Verdict) -> list[tuple[str, str, str, str]]:
    """The table: block, largest absolute error, largest relative error, whether it agrees."""
    return [
        (str(b.block), f"{b.absolute:.1e}", f"{b.relative:.1e}", "right" if b.agrees else "wrong")
        for b in verdict.blocks
    ]


HEADS = ("block", "largest error", "relative", "")


def plain(verdict: Verdict) -> str:
    """The verdict as plain text; the terms that differ are underlined with ^."""
    lines: list[str] = []
    for kind, content in _parts(verdict):
        if kind == "table":
            table = [HEADS, *_rows(verdict)]
            widths = [max(len(row[k]) for row in table) for k in range(4)]
            lines += [
                "",
                *("  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in table),
                "",
            ]
        elif kind == "equations":
            for pair in content:
                for label, text, spans in (
                    ("right", pair.right, pair.right_spans),
                    ("coded", pair.coded, pair.coded_spans),
                ):
                    lines += [f"  {label}  {text}", *([_carets(spans)] if spans else [])]
            lines.append("")
        elif kind == "head":
            lines += [*[""] * (lines[-1:] != [""]), content]
        else:
            lines.append(content)
    return "\n".join(lines)


def _carets(spans: tuple[tuple[int, int], ...]) -> str:
    line = ""
    for start, stop in spans:
        line = line.ljust(9 + start) + "^" * (stop - start)
    return line


def rich(verdict: Verdict) -> Any:
    """The verdict for rich: coloured, with a table."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    colour = {"right": "green", "wrong": "red", "unchecked": "yellow"}[verdict.status]
    shown: list[Any] = []
    space = Text("")
    for kind, content in _parts(verdict):
        if kind == "sentence":
            shown.append(Text(content, style=f"bold {colour}"))
        elif kind == "table":
            table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
            for k, head in enumerate(HEADS):
                table.add_column(head, justify="right" if k in (1, 2) else "left", header_style="dim")
            for row in _rows(verdict):
                table.add_row(*row[:3], Text(row[3], style="green" if row[3] == "right" else "bold red"))
            shown += [space, table, space]
        elif kind == "equations":
            for pair in content:
                shown += [_marked("right", pair.right, pair.right_spans, "bold green"),
                          _marked("coded", pair.coded, pair.coded_spans, "bold red")]  # fmt: skip
            shown.append(space)
        elif kind == "head":
            shown += [*[space] * (shown[-1] is not space), Text(content, style="bold")]
        else:
            shown.append(Text(content))
    return Group(*shown)


def _marked(label: str, equation: str, spans: tuple[tuple[int, int], ...], style: str) -> Any:
    from rich.text import Text

    line = Text(f"  {label}  ", style="dim") + Text(equation)
    for start, stop in spans:
        line.stylize(f"{style} underline", 9 + start, 9 + stop)
    return line


def html(verdict: Verdict) -> str:
    """The verdict for a notebook: plain HTML that lives with light and dark themes."""
    colour = {"right": "#1a7f37", "wrong": "#cf222e", "unchecked": "#9a6700"}[verdict.status]
    shown = []
    for kind, content in _parts(verdict):
        if kind == "sentence":
            shown.append(f'<p style="border-left:4px solid {colour};padding-left:.6em"><b>{_e(content)}</b></p>')
        elif kind == "table":
            head = "".join(f"<th>{h}</th>" for h in HEADS)
            rows = "".join(
                "<tr>" + "".join(f"<td>{_e(c)}</td>" for c in row[:3])
                + f'<td style="color:{"#1a7f37" if row[3] == "right" else "#cf222e"}"><b>{row[3]}</b></td></tr>'
                for row in _rows(verdict)
            )  # fmt: skip
            shown.append(f"<table><tr>{head}</tr>{rows}</table>")
        elif kind == "equations":
            lines = "".join(
                f"<tr><td>{label}</td><td style='text-align:left'>{_marks(text, spans, tag)}</td></tr>"
                for pair in content
                for label, text, spans, tag in (
                    ("right", pair.right, pair.right_spans, "ins"), ("coded", pair.coded, pair.coded_spans, "del"),
                )
            )  # fmt: skip
            shown.append(f"<table>{lines}</table>")
        elif kind == "head":
            shown.append(f"<p><b>{_e(content)}</b></p>")
        else:
            shown.append(f"<p>{_e(content)}</p>")
    return f'<div style="max-width:60em">{"".join(shown)}</div>'


def _marks(text: str, spans: tuple[tuple[int, int], ...], tag: str) -> str:
    colour = {"ins": "#1a7f37", "del": "#cf222e"}[tag]
    out, at = "", 0
    for start, stop in spans:
        marked = f'<b style="color:{colour};text-decoration:underline">{_e(text[start:stop])}</b>'
        out, at = out + _e(text[at:start]) + marked, stop
    return out + _e(text[at:])


def _e(text: str) -> str:
    return escaping.escape(text)
