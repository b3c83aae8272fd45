"""The chapter on a comparison of methods over many starts."""

from __future__ import annotations

from itertools import combinations, islice
from typing import Any

from fallline import views
from fallline.report.answer import answers, of_pair, stuck
from fallline.report.gallery import Gallery
from fallline.report.results import Compared, Results

__all__ = ["comparison_chapter"]

MOST_PAIRS = 15
"""Largest number of pairs of methods in the table."""


def comparison_chapter(results: Results, k: int, compared: Compared, gallery: Gallery) -> dict[str, Any]:
    """The k-th comparison: its pictures, tables and answers in sentences."""
    comparison, tuning = compared.comparison, compared.tuning
    mark = "" if k == 0 else f"-{k + 1}"
    pictures = [gallery.show(f"comparison{mark}", lambda theme: views.draw_comparison(comparison, theme=theme))]
    if tuning is not None:
        title = "Each method at its best learning rate"
        pictures.append(
            gallery.show(
                f"comparison-tuned{mark}",
                lambda theme: views.draw_comparison(tuning.comparison, title=title, theme=theme),
            )
        )
    return {
        "compared": compared,
        "pictures": pictures,
        "answers": answers(compared, results.fits if k == 0 else ()),
        "stuck": stuck(compared),
        "pairs": [of_pair(comparison, a, b) for a, b in islice(combinations(comparison.losses, 2), MOST_PAIRS)],
        "number": k + 1,
        "diverged": [s for s in comparison.summaries if s.diverged.value > 0],
    }
