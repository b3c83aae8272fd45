"""The report's page: every chapter's template filled in, in one file that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fallline.errors import visible
from fallline.report.chapters.contents import chapters
from fallline.report.gallery import Gallery
from fallline.report.maths import Maths
from fallline.report.results import Results
from fallline.report.words import FILTERS

__all__ = ["ReportPage", "page_of", "render"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ReportPage:
    """The HTML of the page, and the files of its pictures."""

    html: str
    figures: dict[str, bytes]


Chapter = tuple[str, str, dict[str, Any]]
"""Template, title and context."""


def render(results: Results, progress: Progress | None = None) -> ReportPage:
    """Return the report of a study's results."""
    gallery = Gallery(progress)
    common = {"results": results, "study": results.study}
    return page_of(results.study.title, chapters(results, gallery), gallery, common)


def page_of(title: str, contents: Iterable[Chapter], gallery: Gallery, common: Mapping[str, Any]) -> ReportPage:
    """Return a page of chapters.

    Parameters
    ----------
    title
        Its heading.
    contents
        The chapters in their order.
    gallery
        Where the chapters put their pictures.
    common
        What all templates get beside the context of their chapter.
    """
    environment = Environment(
        loader=PackageLoader("fallline.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= FILTERS
    environment.globals["maths"] = Maths()
    sections: list[dict[str, Any]] = []
    for name, heading, context in contents:
        body = environment.get_template(f"{name}.html").render(**{**common, **context})
        mark = name.rpartition("/")[2].replace("_", "-")
        sections.append({"id": mark, "title": heading, "body": Markup(body)})  # noqa: S704  # autoescaped
    style = PackageLoader("fallline.report").get_source(environment, "style.css")[0]
    style, policy = Markup(style), Markup(_policy(gallery.policies))  # noqa: S704  # ours
    page = environment.get_template("page.html").render(title=title, chapters=sections, style=style, policy=policy)
    return ReportPage(visible(page, keep="\n\t"), gallery.figures)


def _policy(frames: Sequence[str]) -> str:
    """The page's content policy: its own pictures and style, and what the pages in its frames may do.

    A frame may do what both its own policy and that of the page around it allow.

    >>> _policy([])
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    >>> _policy(["default-src 'none'; script-src 'sha256-a'; worker-src blob:", "script-src 'sha256-b'; worker-src blob:"])
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-a' 'sha256-b'; worker-src blob:"
    """
    own = ["default-src 'none'", f"img-src data:{' blob:' if frames else ''}", "style-src 'unsafe-inline'"]
    allowed: dict[str, list[str]] = {"script-src": [], "worker-src": []}
    for directive in (part.split() for policy in frames for part in policy.split(";")):
        if directive[0] in allowed:
            allowed[directive[0]] += [source for source in directive[1:] if source not in allowed[directive[0]]]
    return "; ".join([*own, *(" ".join([name, *sources]) for name, sources in allowed.items() if sources)])
