"""The report's pictures, drawn in both themes and kept as files, and its live pages; nothing links to elsewhere."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from fallline.views.pictures.picture import Picture

__all__ = ["Gallery"]

LARGEST = 250_000
"""Length of an SVG, in characters, beyond which the page shows pixels: contours and thousands of dots would make it slow."""
DPI = 200
"""Resolution of pictures in pixels."""


@dataclass
class Gallery:
    """The report's pictures in their order. Each is drawn in both themes, and its files are kept."""

    progress: Callable[[int, int], None] | None = None
    expected: int = 12
    figures: dict[str, bytes] = field(default_factory=dict)
    policies: list[str] = field(default_factory=list)
    """The content policies of the live pages."""

    def show(self, name: str, draw: Callable[[str], Picture], caption: str = "") -> Markup:
        """Return the picture as a `figure` element. `draw` takes the name of a theme."""
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

    def live(self, page: Any) -> Markup:
        """Return a live page, as `Map.to_html` gives it, in a frame."""
        self.policies.append(page.policy)
        return Markup(page._repr_html_())  # noqa: S704  # ours, and its text is escaped


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def _shorter(svg: str) -> str:
    """The SVG with paths rounded to a hundredth of a point: the page is a third smaller. Scales of letters stay exact."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
