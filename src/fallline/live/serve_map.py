"""`serve_map`: a map's file as a page of the browser, until Ctrl-C."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fallline.lab.server.running import needing_extra, run_server
from fallline.live.served_map import ServedMap

__all__ = ["serve_map"]


def serve_map(path: str | Path, *, port: int | None = None, browser: bool = True) -> int:
    """Serve the map in a file on this machine and open it in the browser; ends with Ctrl-C.

    The page pans and zooms over all cells, shows the values of the one under the pointer, and trains the run of a cell again. The
    values stay in the file, so the map may be larger than memory.

    Parameters
    ----------
    path
        The map's file.
    port
        Of the local server; the first free one from 8421 on by default.
    browser
        Whether to open the page.

    Raises
    ------
    UsageError
        The file holds no map of two axes of numbers, or the extra `lab` is missing.
    """
    with needing_extra():
        from fallline.live.map_server import map_application
    reading = ThreadPoolExecutor(1, "fallline map")
    served = reading.submit(ServedMap, Path(path)).result()
    return run_server(lambda access: map_application(access, served, reading), port, browser=browser)
