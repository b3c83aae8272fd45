"""Live pages: a map as one HTML file that trains in the reader's browser, with the bits of this package and without a server."""

from fallline.live.document import LivePage, holds_samples, map_page
from fallline.live.figure import check_page
from fallline.live.serve_map import serve_map
from fallline.live.tile_folder import write_tile_folder

__all__ = ["LivePage", "check_page", "holds_samples", "map_page", "serve_map", "write_tile_folder"]
