"""A live page: one HTML file with the lab's modules, the kernel, and the figure. It requests nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fallline.errors import visible
from fallline.experiment.map_record import MapSpec
from fallline.files import write
from fallline.lab.page_files import PAGE as LAB_PAGE
from fallline.lab.page_files import bundled
from fallline.live.figure import figure
from fallline.maps.map import Map
from fallline.problems import NetworkObjective
from fallline.sentences import capital

__all__ = ["PAGE", "LivePage", "digest", "document", "favicon", "holds_samples", "map_page"]

PAGE = Path(__file__).parent / "page"
"""The folder of the modules that only live pages have."""

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
    facts = figure(m, pins=pins, command=command, holds=holds_samples(m.spec))
    script = _script()
    facts_text = json.dumps(facts, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    scripts = (
        f'<script type="application/json" id="figure">{facts_text}</script>\n<script type="module">{script}</script>'
    )
    return _document(m, command, scripts, f"'{digest(script)}' 'wasm-unsafe-eval'", holds_samples(m.spec))


def picture_document(m: Map, *, command: str = "") -> str:
    """The text of a page with the picture alone: neither samples nor scripts."""
    return _document(m, command, "", "'none'", "The page holds a picture of the map, and no samples.")


def _document(m: Map, command: str, scripts: str, script_source: str, holds: str) -> str:
    picture = m.plot()
    image = base64.b64encode(picture.bytes("png", DPI)).decode()
    style = _style()
    policy = "; ".join((
        "default-src 'none'", f"script-src {script_source}", f"style-src '{digest(style)}'", "img-src data: blob:",
        "worker-src blob:", "connect-src 'none'", "font-src 'none'", "base-uri 'none'", "form-action 'none'",
        "object-src 'none'",
    ))  # fmt: skip
    title = capital(visible(m.spec.objective.name))
    sha = f"<p>SHA-256 of its values: <code>{m.sha256}</code></p>" if m.complete else ""
    made = f"<p>Made by <code>{html.escape(visible(command))}</code></p>" if command else ""
    lead = f"<p>{html.escape(holds)}</p>" if holds else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{html.escape(title)} · fallline</title>
<link rel="icon" href="data:image/svg+xml;base64,{favicon()}" type="image/svg+xml">
<style>{style}</style>
</head>
<body>
<main id="lab"></main>
<figure class="stored" id="stored">
<img alt="{html.escape(picture.alt, quote=True)}" src="data:image/png;base64,{image}">
<figcaption><p>{html.escape(visible(repr(m)))}</p>{sha}{made}{lead}</figcaption>
</figure>
{scripts}
</body>
</html>
"""


@cache
def _script() -> str:
    return bundled(PAGE, "live.js").replace("</script", "<\\/script")


@cache
def _style() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (LAB_PAGE / "lab.css", PAGE / "live.css"))


def favicon() -> str:
    """The page's icon, in base 64."""
    return base64.b64encode((LAB_PAGE / "favicon.svg").read_bytes()).decode()


def digest(text: str) -> str:
    """The hash of an inline script or style, as a content policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
