"""The chapters of a law's page and of the index, in their order: for each, its template, its title, and what the template needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fallline.laws.reproduce import Result
from fallline.report.gallery import Gallery
from fallline.report.page import Chapter
from fallline.views import draw_evidence

__all__ = ["index_chapters", "law_chapters"]


def law_chapters(result: Result, gallery: Gallery) -> Iterator[Chapter]:
    """The chapters of one law."""
    yield "laws/statement", "The law", {}
    yield "laws/findings", "What was found", {}
    if result.evidence:
        pictures = [
            gallery.show(e.name, lambda theme, e=e: draw_evidence(e, theme=theme))  # type: ignore[misc]  # mypy sees no defaults of a lambda
            for e in result.evidence
        ]
        yield "laws/pictures", "Measured and predicted", {"pictures": pictures}
    if result.regions:
        regions = [
            (r, gallery.show(f"region-{r.name}", lambda theme, r=r: draw_evidence(r, theme=theme)))  # type: ignore[misc]  # as above
            for r in result.regions
        ]
        yield "laws/region", "Where it holds", {"regions": regions}
    yield "laws/reproduce", "How to reproduce", {}


def index_chapters(results: Sequence[Result]) -> Iterator[Chapter]:
    """The chapters of the index."""
    yield "laws/summary", "In short", {}
    yield "laws/all", "All findings", {}
    yield "laws/made", "How to reproduce", {}
