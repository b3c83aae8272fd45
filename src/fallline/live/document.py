"""A live page: one HTML file with the lab's modules, the kernel, and the figure. It requests nothing."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path

from fallline.errors import visible
from fallline.experiment.map_record import MapSpec
from fallline.files import write
from fallline.live.figure import figure
from fallline.live.html_page import digest, figure_element, html_page, inline_head, inline_script, style_of
from fallline.maps.map import Map
from fallline.problems import NetworkObjective

__all__ = ["LivePage", "document", "holds_samples", "map_page"]

DPI = 110
"""Pixels in an inch of the picture that stands in the page for readers without scripts, and in print."""


class LivePage(str):
    """The text of a page. A notebook shows the page in its cell.

    >>> LivePage("<p>")._repr_html_()[-28:]
    'srcdoc="&lt;p&gt;"></iframe>'
    """

    __slots__ = ()

    @property
    def policy(self) -> str:
        """The page's content policy. A page that shows this one in a frame must allow as much."""
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', self)
        return found[1] if found else ""

    def _repr_html_(self) -> str:
        frame = 'title="A map that trains in this page" style="width: 100%; height: 760px; border: 0"'
        return f'<iframe {frame} srcdoc="{html.escape(self, quote=True)}"></iframe>'


def map_page(
    m: Map, path: str | Path | None = None, *, overwrite: bool = False, data: bool = True,
    pins: Sequence[tuple[float, float]] = (), command: str = "",
) -> LivePage | Path:  # fmt: skip
    """A map as one HTML file; its text without a `path`, which a notebook shows.

    Parameters
    ----------
    data
        Whether the samples may stand in the page, which trains on them. Otherwise it shows a picture.
    pins, command
        As for `figure`.
    """
    text = document(m, pins=pins, command=command) if data else picture_document(m, command=command)
    return LivePage(text) if path is None else write(path, text.encode(), overwrite=overwrite)


def holds_samples(spec: MapSpec) -> str:
    """What a page of a map holds of the data, as a sentence; "" for a landscape."""
    if not isinstance(spec.objective, NetworkObjective):
        return ""
    data = spec.objective.data
    count = len(data) + (0 if data.test is None else len(data.test))
    return f"The page holds the {count:,} samples of {visible(data.name)} in clear: whoever has it can read them."


def document(m: Map, *, pins: Sequence[tuple[float, float]] = (), command: str = "") -> str:
    """The text of a live page."""
    script, holds = inline_script("live.js"), holds_samples(m.spec)
    shown = figure_element(figure(m, pins=pins, command=command, holds=holds))
    scripts = f'{shown}\n<script type="module">{script}</script>'
    return _document(m, command, scripts, f"'{digest(script)}' 'wasm-unsafe-eval'", holds)


def picture_document(m: Map, *, command: str = "") -> str:
    """The text of a page with the picture alone: neither samples nor scripts."""
    return _document(m, command, "", "'none'", "The page holds a picture of the map, and no samples.")


def _document(m: Map, command: str, scripts: str, script_source: str, holds: str) -> str:
    picture = m.plot()
    image = base64.b64encode(picture.bytes("png", DPI)).decode()
    policy = {
        "script-src": script_source, "img-src": "data: blob:", "worker-src": "blob:", "connect-src": "'none'",
        "font-src": "'none'", "object-src": "'none'",
    }  # fmt: skip
    sha = f"<p>SHA-256 of its values: <code>{m.sha256}</code></p>" if m.complete else ""
    made = f"<p>Made by <code>{html.escape(visible(command))}</code></p>" if command else ""
    lead = f"<p>{html.escape(holds)}</p>" if holds else ""
    body = f"""<main id="lab"></main>
<figure class="stored" id="stored">
<img alt="{html.escape(picture.alt, quote=True)}" src="data:image/png;base64,{image}">
<figcaption><p>{html.escape(visible(repr(m)))}</p>{sha}{made}{lead}</figcaption>
</figure>
{scripts}"""
    return html_page(m.spec.objective.name, inline_head(policy, style_of("live.css")), body)
