"""A model as text: a calm table of what was fitted and how good it is."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from fallline.models.description import Row, Stated
from fallline.models.file import Parts

__all__ = ["summary_text"]

WIDTH = 96

_HEADINGS = {"accuracy": "accuracy", "log_loss": "log loss", "rmse": "RMSE", "r2": "R²"}


_WORDS = {"accuracy": "accuracy", "r2": "R²"}


def summary_text(model: Parts) -> str:
    """Return the summary of a model in lines of at most 96 letters."""
    summary, target, preparation, ensemble = model.summary, model.target, model.preparation, model.ensemble
    what = {"classes": f"{len(target.classes)} classes", "labels": "labels", "values": "values"}[model.kind]
    kept = f", {summary.test_rows:,} kept for the test" if summary.test_rows else ""
    parts = [
        *_paragraph("target", f"{', '.join(target.columns)}, {what}"),
        *_paragraph("data", f"{summary.rows:,} rows{kept}; {len(preparation.columns)} columns become "
                            f"{len(preparation.names)} inputs"),
        *_paragraph("network", f"{ensemble.members} times {ensemble.network.text}, {summary.settings}"),
    ]  # fmt: skip
    for note in summary.notes:
        parts += _paragraph("note", note)
    if summary.validation:
        parts += ["", "By members before they saw the row:", *_table(summary.validation)]
    if summary.test:
        parts += ["", f"On {summary.test_rows:,} rows kept for the test:", *_table(summary.test)]
    if summary.estimate is not None:
        parts += ["", *textwrap.wrap(_stated(summary.estimate), WIDTH)]
    return "\n".join([*parts, "", *textwrap.wrap(summary.outcome, WIDTH)])


def _stated(e: Stated) -> str:
    """Return the estimate with its interval, and how it was made.

    >>> _stated(Stated(score="accuracy", value=0.95, low=0.9, high=0.98, folds=5, nested=True, tuned=True))
    'On new rows: accuracy 0.950, 0.900 to 0.980 with 95 % confidence. Each of 5 parts of the rows judged a model that was tuned, \
stopped and fitted without it.'
    """
    value = f"{_WORDS[e.score]} {e.value:.3f}, {e.low:.3f} to {e.high:.3f} with 95 % confidence"
    if not e.nested:
        return (
            f"Ensemble, by rows that its members had not seen: {value}. These rows chose the best epochs, so it is a little "
            "optimistic; outer folds (--outer-folds 5) give an estimate without that."
        )
    made = "tuned, stopped and fitted" if e.tuned else "stopped and fitted"
    return f"On new rows: {value}. Each of {e.folds} parts of the rows judged a model that was {made} without it."


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
