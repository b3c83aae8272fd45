"""Pictures and equations of results. They compute nothing new. matplotlib is loaded with the first picture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fallline.views.pictures.animation import animate_run as animate_run
    from fallline.views.pictures.answers import draw_answers as draw_answers
    from fallline.views.pictures.calibration import draw_calibration as draw_calibration
    from fallline.views.pictures.comparison import draw_comparison as draw_comparison
    from fallline.views.pictures.confusion import draw_confusion as draw_confusion
    from fallline.views.pictures.curves import draw_curves as draw_curves
    from fallline.views.pictures.data import draw_data as draw_data
    from fallline.views.pictures.descents import draw_descents as draw_descents
    from fallline.views.pictures.evidence import draw_evidence as draw_evidence
    from fallline.views.pictures.fit_curves import draw_fit_curves as draw_fit_curves
    from fallline.views.pictures.importance import draw_importance as draw_importance
    from fallline.views.pictures.landscape import draw_contours as draw_contours
    from fallline.views.pictures.map import draw_map as draw_map
    from fallline.views.pictures.map_animation import animate_map as animate_map
    from fallline.views.pictures.map_picture import map_picture as map_picture
    from fallline.views.pictures.network import draw_network as draw_network
    from fallline.views.pictures.picture import Picture as Picture
    from fallline.views.pictures.regions import draw_regions as draw_regions
    from fallline.views.pictures.residuals import draw_residuals as draw_residuals
    from fallline.views.pictures.run import run_picture as run_picture
    from fallline.views.pictures.study import study_picture as study_picture
    from fallline.views.pictures.tuning import draw_tuning as draw_tuning

_HOMES = {
    "Picture": "pictures.picture",
    "animate_map": "pictures.map_animation",
    "animate_run": "pictures.animation",
    "draw_answers": "pictures.answers",
    "draw_calibration": "pictures.calibration",
    "draw_comparison": "pictures.comparison",
    "draw_confusion": "pictures.confusion",
    "draw_contours": "pictures.landscape",
    "draw_curves": "pictures.curves",
    "draw_data": "pictures.data",
    "draw_descents": "pictures.descents",
    "draw_evidence": "pictures.evidence",
    "draw_fit_curves": "pictures.fit_curves",
    "draw_importance": "pictures.importance",
    "draw_map": "pictures.map",
    "draw_network": "pictures.network",
    "draw_regions": "pictures.regions",
    "draw_tuning": "pictures.tuning",
    "draw_residuals": "pictures.residuals",
    "map_picture": "pictures.map_picture",
    "run_picture": "pictures.run",
    "study_picture": "pictures.study",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
