"""The report's pictures: drawn in both themes, kept as files, and put into the page without a link to elsewhere."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from markupsafe import Markup

from fallline.views.pictures.picture import Picture

__all__ = ["Gallery"]

LARGEST = 250_000
"""Length of an SVG, in characters, beyond which the page shows pixels: contours and thousands of dots would make it slow."""
DPI = 200
"""Resolution of pictures in pixels."""


@dataclass
class Gallery:
    """The report's pictures, in their order: each is drawn light and dark, and saved as it is drawn."""

    progress: Callable[[int, int], None] | None = None
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


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def _shorter(svg: str) -> str:
    """Paths to a hundredth of a point: nobody sees more, and the page is a third shorter. Scales of letters stay exact."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
