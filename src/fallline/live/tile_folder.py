"""A map as a folder of picture tiles with a page that shows them: any host of files serves it, and it opens from a disk."""

from __future__ import annotations

import html
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline.errors import OutputError, UsageError, visible
from fallline.experiment.axes import Axis
from fallline.experiment.choices import CHOICES
from fallline.files import refuse_existing
from fallline.lab.page_files import PAGE as LAB_PAGE
from fallline.lab.page_files import bundled
from fallline.live.document import PAGE, digest, favicon, map_page
from fallline.live.tile_pyramid import SIDE, deepest_level, write_tiles
from fallline.maps.large import LargeMap
from fallline.sentences import capital
from fallline.views.pictures.map_colours import MapColours
from fallline.views.words import axis_words

__all__ = ["write_tile_folder"]

DPI = 220
"""Pixels in an inch of the picture below the map: sharp on dense screens, too."""

SMALL = 256
"""Cells along an axis of the map whose page trains, at most."""


def write_tile_folder(
    large: LargeMap, folder: Path, *, measure: str | None = None, data: bool = True, overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:  # fmt: skip
    """Write the tiles of a map's file, `index.html` that shows them, `map.png`, and `live.html` that trains where a page can.

    Parameters
    ----------
    large
        The map, which need not be complete.
    folder
        The folder to make.
    measure
        The measure to draw; by default, the first.
    data
        Whether `live.html` is written, which holds the samples of a network's data.
    overwrite
        Whether a folder that an earlier call has made is replaced.
    progress
        Called with the number of finished tiles of the deepest level, and of all.

    Returns
    -------
    The number of tiles, of levels, and why there is no `live.html`, or "".
    """
    chosen = [name for name in large.spec.axes if name in CHOICES]
    if large.spec.one_dimensional or chosen:
        raise UsageError("a folder of picture tiles needs a map of two axes of numbers.")
    if not large.begun:
        raise UsageError("a map without a single cell has no picture: compute it first.")
    refuse_existing(folder, overwrite=overwrite)
    if folder.exists() and not (folder / "index.html").is_file():
        raise OutputError(f"{folder} holds something else, and stays as it is: choose another name.")
    parent = folder.resolve().parent
    if not parent.is_dir():
        raise OutputError(f"{parent} is not a directory: make it first, or choose another place.")
    with tempfile.TemporaryDirectory(dir=parent, prefix=".") as place:
        whole = Path(place) / "tiles"
        whole.mkdir()
        small = large.thinned()
        colours = MapColours(small, measure)
        with large.regions() as regions:
            count = write_tiles(regions, colours.of, whole, progress)
        (whole / "map.png").write_bytes(colours.picture.bytes("png", DPI))
        no_page = _live_page(large, whole) if data else "it was not asked for"
        (whole / "index.html").write_text(_document(large, colours, live=not no_page), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        whole.rename(folder)
    return {"tiles": count, "levels": deepest_level(*large.spec.shape) + 1, "no_page": no_page}


def _live_page(large: LargeMap, folder: Path) -> str:
    """Write the page that trains the runs of the same plane. Returns why it cannot be written, or "" if it was."""
    try:
        map_page(large.thinned(SMALL), folder / "live.html")
    except UsageError as error:
        return str(error).rstrip(".")
    return ""


def _document(large: LargeMap, colours: MapColours, *, live: bool) -> str:
    """The page. Its script and style stand in it, so a host needs no rule for them; its pictures are files beside it."""
    spec = large.spec
    rows, columns = spec.shape
    facts = {
        "side": SIDE, "levels": deepest_level(rows, columns), "columns": columns, "rows": rows,
        "x": _axis(spec.x), "y": _axis(spec.y), "live": live,
    }  # fmt: skip
    script = bundled(PAGE, "folder.js").replace("</script", "<\\/script")
    style = "\n".join(
        path.read_text(encoding="utf-8") for path in (LAB_PAGE / "lab.css", PAGE / "live.css", PAGE / "folder.css")
    )
    policy = (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; img-src 'self' file: data:; "
        "base-uri 'none'; form-action 'none'"
    )
    title = capital(visible(spec.objective.name))
    about = [
        visible(repr(large)),
        f"SHA-256 of its values: {large.sha256}" if large.complete else "It is not complete.",
    ]
    shown = json.dumps(facts, allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)} · fallline</title>
<link rel="icon" href="data:image/svg+xml;base64,{favicon()}" type="image/svg+xml">
<style>{style}</style>
</head>
<body>
<main id="map" class="fallline-lab folder-page"></main>
<figure class="legend-picture">
<img alt="{html.escape(colours.picture.alt, quote=True)}" src="map.png">
<figcaption>{"".join(f"<p>{html.escape(line)}</p>" for line in about)}</figcaption>
</figure>
<script type="application/json" id="figure">{shown}</script>
<script type="module">{script}</script>
</body>
</html>
"""


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
