"""Views: pictures and pages of results. They compute nothing new. matplotlib is loaded with the first picture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fallline.views.comparison import draw_comparison as draw_comparison
    from fallline.views.curves import draw_curves as draw_curves
    from fallline.views.data import draw_data as draw_data
    from fallline.views.landscape import draw_contours as draw_contours
    from fallline.views.landscape import draw_descents as draw_descents
    from fallline.views.map import draw_map as draw_map
    from fallline.views.network import draw_network as draw_network
    from fallline.views.picture import Picture as Picture
    from fallline.views.regions import draw_regions as draw_regions
    from fallline.views.run import run_picture as run_picture

_HOMES = {
    "Picture": "picture",
    "draw_comparison": "comparison",
    "draw_contours": "landscape",
    "draw_curves": "curves",
    "draw_data": "data",
    "draw_descents": "landscape",
    "draw_map": "map",
    "draw_network": "network",
    "draw_regions": "regions",
    "run_picture": "run",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
