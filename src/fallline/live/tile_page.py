"""The page of a map's picture tiles: what it shows, and its document."""

from __future__ import annotations

import html
from typing import Any

from fallline.errors import UsageError, visible
from fallline.experiment.axes import Axis
from fallline.experiment.choices import CHOICES
from fallline.live.html_page import figure_element, html_page, style_of
from fallline.live.tile_pyramid import SIDE, deepest_level
from fallline.maps.large import LargeMap
from fallline.sentences import capital
from fallline.views.pictures.map_colours import MapColours
from fallline.views.words import axis_words

__all__ = ["figure_of", "page_of_tiles", "refuse_without_tiles", "style_of_tiles"]


def refuse_without_tiles(large: LargeMap) -> None:
    """Refuse a map that has no picture tiles.

    Raises
    ------
    UsageError
        An axis has choices, the map has one axis, or no cell is computed.
    """
    if large.spec.one_dimensional or any(name in CHOICES for name in large.spec.axes):
        raise UsageError("a map that is shown in picture tiles has two axes of numbers.")
    if not large.begun:
        raise UsageError("a map without a single cell has no picture: compute it first.")


def figure_of(large: LargeMap, **more: Any) -> dict[str, Any]:
    """What the page's script has to know of a map, and `more`."""
    spec = large.spec
    rows, columns = spec.shape
    return {
        "side": SIDE, "levels": deepest_level(rows, columns), "columns": columns, "rows": rows,
        "x": _axis(spec.x), "y": _axis(spec.y), **more,
    }  # fmt: skip


def style_of_tiles() -> str:
    """The page's style sheet."""
    return style_of("live.css", "folder.css")


def page_of_tiles(
    large: LargeMap, colours: MapColours, figure: dict[str, Any], *, head: str, script: str, picture: str
) -> str:
    """The document. `head` links or holds the style, `script` is the element of the script, `picture` the address of the
    picture of the small copy.
    """
    about = [
        visible(repr(large)),
        f"SHA-256 of its values: {large.sha256}" if large.complete else "It is not complete.",
    ]
    body = f"""<main id="map" class="fallline-lab folder-page"></main>
<figure class="legend-picture">
<img alt="{html.escape(colours.picture.alt, quote=True)}" src="{picture}">
<figcaption>{"".join(f"<p>{html.escape(line)}</p>" for line in about)}</figcaption>
</figure>
{figure_element(figure)}
{script}"""
    return html_page(large.spec.objective.name, head, body)


def _axis(axis: Axis) -> dict[str, Any]:
    """An axis from the outer edge of its first cell to that of its last: those of listed values are counted."""
    title = capital(axis_words(axis.name))
    if axis.listed or axis.count == 1:
        values = {"values": axis.values.tolist()} if axis.count <= 10_000 else {}
        return {
            "title": f"{title}, cell",
            "name": axis.name,
            "scale": "linear",
            "low": -0.5,
            "high": axis.count - 0.5,
        } | values
    first, last = float(axis.values[0]), float(axis.values[-1])
    if axis.scale == "log":
        half = (last / first) ** (0.5 / (axis.count - 1))
        return {"title": title, "name": axis.name, "scale": "log", "low": first / half, "high": last * half}
    half = 0.5 * (last - first) / (axis.count - 1)
    return {"title": title, "name": axis.name, "scale": "linear", "low": first - half, "high": last + half}
