"""What a study is about, as a picture: its landscape, or its network."""

from __future__ import annotations

from typing import Any

from fallline.experiment.build import build_landscape, build_network
from fallline.experiment.study_records import Study
from fallline.views.pictures.landscape import draw_contours
from fallline.views.pictures.network import draw_network
from fallline.views.pictures.picture import Picture

__all__ = ["study_picture"]


def study_picture(study: Study, **options: Any) -> Picture:
    """Draw the contours of the study's landscape, or its network. Options as for `draw_contours` and `draw_network`.

    Examples
    --------
    >>> from fallline.experiment.studies import study
    >>> study_picture(study()).title
    'Network 2-3-2-3: 26 parameters'
    """
    if study.network is not None:
        return draw_network(build_network(study.network), **options)
    assert study.landscape is not None  # a study has one of them
    return draw_contours(build_landscape(study.landscape), **options)
