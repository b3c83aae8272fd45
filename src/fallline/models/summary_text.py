"""A model as text: a calm table of what was fitted and how good it is."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fallline.models.description import Row

if TYPE_CHECKING:
    from fallline.models.model import Model

__all__ = ["summary_text"]

WIDTH = 96

_HEADINGS = {"accuracy": "accuracy", "log_loss": "log loss", "rmse": "RMSE", "r2": "R²"}


def summary_text(model: Model) -> str:
    """Return the summary of a model in lines of at most 96 letters."""
    summary, e = model.summary, model.ensemble
    what = {"classes": f"{len(model.target.classes)} classes", "labels": "labels", "values": "values"}[model.kind]
    kept = f", {summary.test_rows:,} kept for the test" if summary.test_rows else ""
    parts = [
        *_paragraph("target", f"{', '.join(model.target.columns)}, {what}"),
        *_paragraph("data", f"{summary.rows:,} rows{kept}; {len(model.preparation.columns)} columns become "
                            f"{len(model.preparation.names)} inputs"),
        *_paragraph("network", f"{e.members} times {e.network.text}, {summary.settings}"),
    ]  # fmt: skip
    for note in summary.notes:
        parts += _paragraph("note", note)
    if summary.validation:
        parts += ["", "By members that did not see the row:", *_table(summary.validation)]
    if summary.test:
        parts += ["", f"On {summary.test_rows:,} rows kept for the test:", *_table(summary.test)]
    return "\n".join([*parts, "", *textwrap.wrap(summary.outcome, WIDTH)])


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(f"{label:<9}{text}", WIDTH, subsequent_indent=" " * 9)


def _table(rows: Sequence[Row]) -> list[str]:
    names = list(rows[0].scores)
    width = max(len(row.label) for row in rows) + 2
    lines = [" " * (width + 2) + "".join(f"{_HEADINGS.get(name, name):>12}" for name in names)]
    for row in rows:
        lines.append(f"  {row.label:<{width}}" + "".join(f"{_number(row.scores.get(name)):>12}" for name in names))
    return lines


def _number(value: float | None) -> str:
    """Return a score with four digits, or a dash.

    >>> _number(0.98765), _number(None)
    ('0.9877', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.5g}"
