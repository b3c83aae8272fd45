"""A map as a folder of picture tiles with a page that shows them: any host of files serves it, and it opens from a disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline.errors import OutputError, UsageError
from fallline.files import refuse_existing
from fallline.live.document import map_page
from fallline.live.html_page import digest, inline_head, inline_script
from fallline.live.tile_page import figure_of, page_of_tiles, refuse_without_tiles, style_of_tiles
from fallline.live.tile_pyramid import deepest_level, write_tiles
from fallline.maps.large import LargeMap
from fallline.views.pictures.map_colours import MapColours

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
    refuse_without_tiles(large)
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
            count, absent = write_tiles(regions, colours.of, whole, progress)
        (whole / "map.png").write_bytes(colours.picture.bytes("png", DPI))
        no_page = _live_page(large, whole) if data else "it was not asked for"
        (whole / "index.html").write_text(_document(large, colours, live=not no_page, absent=absent), encoding="utf-8")
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


def _document(large: LargeMap, colours: MapColours, *, live: bool, absent: list[str]) -> str:
    """The page. Its script and style stand in it, so a host needs no rule for them; its pictures are files beside it."""
    script = inline_script("folder.js")
    policy = {"script-src": f"'{digest(script)}'", "img-src": "'self' file: data:"}
    return page_of_tiles(
        large, colours, figure_of(large, live=live, absent=absent), picture="map.png", script=f'<script type="module">{script}</script>',
        head=inline_head(policy, style_of_tiles()),
    )  # fmt: skip
