"""The page: chapters filled in, pictures and maths put inside it, so that nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fallline.errors import visible
from fallline.report.maths import Maths
from fallline.report.results import Results
from fallline.report.words import FILTERS
from fallline.views.pictures.picture import Picture

__all__ = ["Gallery", "Page", "render"]

Progress = Callable[[int, int], None]
LARGEST = 250_000
"""Letters of an SVG beyond which the page shows pixels instead: contours and thousands of dots would make it slow."""
DPI = 200
"""Of pictures in pixels."""


@dataclass(frozen=True)
class Page:
    """The page's text, and the pictures as files."""

    html: str
    figures: dict[str, bytes]


@dataclass
class Gallery:
    """The report's pictures, in their order: each is drawn light and dark, and saved as it is drawn."""

    progress: Progress | None = None
    expected: int = 12
    figures: dict[str, bytes] = field(default_factory=dict)

    def show(self, name: str, draw: Callable[[str], Picture], caption: str = "") -> Markup:
        """The picture as a `figure` element. `draw` takes a theme's name."""
        light, dark = draw("light"), draw("dark")
        number = len([f for f in self.figures if f.endswith(".svg")]) + 1
        stem = f"{number:02}-{name}"
        self.figures[f"{stem}.svg"] = light.bytes("svg")
        self.figures[f"{stem}.png"] = light.bytes("png", DPI)
        if len(light.svg) <= LARGEST:
            sources = [_address("svg+xml", _shorter(picture.svg).encode()) for picture in (dark, light)]
        else:
            sources = [_address("png", data) for data in (dark.bytes("png", DPI), self.figures[f"{stem}.png"])]
        if self.progress is not None:
            self.progress(min(number, self.expected), self.expected)
        width, height = (round(96 * inches) for inches in light.figure.get_size_inches())
        text = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return Markup(  # noqa: S704  # every part is ours or escaped
            f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{sources[0]}">'
            f'<img src="{sources[1]}" width="{width}" height="{height}" alt="{html.escape(light.alt)}"></picture>{text}'
            "</figure>"
        )


def render(results: Results, progress: Progress | None = None) -> Page:
    """The report of a study's results."""
    from fallline.report.chapters import chapters

    gallery = Gallery(progress)
    environment = Environment(
        loader=PackageLoader("fallline.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= FILTERS
    environment.globals["maths"] = Maths()
    found: list[dict[str, Any]] = []
    for name, title, context in chapters(results, gallery):
        body = environment.get_template(f"{name}.html").render(results=results, study=results.study, **context)
        found.append({"id": name.replace("_", "-"), "title": title, "body": Markup(body)})  # noqa: S704  # autoescaped
    style = PackageLoader("fallline.report").get_source(environment, "style.css")[0]
    page = environment.get_template("page.html").render(study=results.study, chapters=found, style=Markup(style))  # noqa: S704  # ours
    return Page(visible(page, keep="\n\t"), gallery.figures)


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def _shorter(svg: str) -> str:
    """Paths to a hundredth of a point: nobody sees more, and the page is a third shorter. Scales of letters stay exact."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
