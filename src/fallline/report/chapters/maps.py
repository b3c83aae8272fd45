"""The chapter on maps: planes of runs, with the study's own runs marked in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from fallline.errors import FalllineError
from fallline.experiment.setting_names import is_offset, within_start
from fallline.maps.map import Map
from fallline.measures.outcome import failed
from fallline.report.gallery import Gallery
from fallline.report.results import Mapped, Results

__all__ = ["maps_chapter"]

PINS = 4
"""The most runs that a live page shows side by side."""

_OWN_STARTS = ("seed", "initial", "initial_scale", "width", "depth")
"""Axes of which each value has starts of its own."""


def maps_chapter(results: Results, gallery: Gallery) -> dict[str, Any]:
    """All maps of the study."""
    return {"maps": [_map(results, k, mapped, gallery) for k, mapped in enumerate(results.maps)]}


def _map(results: Results, k: int, mapped: Mapped, gallery: Gallery) -> dict[str, Any]:
    m = mapped.map
    marks = _marks(results, mapped)
    picture = gallery.show("map" if k == 0 else f"map-{k + 1}", lambda theme: m.plot(marks=marks, theme=theme))
    return {
        "map": m,
        "record": mapped.record,
        "picture": picture,
        "live": _live(m, marks, gallery),
        "marks": len(marks),
        "jump": _jump(results, mapped),
        "cells": int(m.values.size),
        "x": m.x.name,
        "y": m.y.name,
        "starts": any(name in _OWN_STARTS or is_offset(name) or within_start(name) is not None for name in m.axes),
        "diverged": int(failed(m["outcome"]).sum()),
    }


def _live(m: Map, marks: list[tuple[float, float, str]], gallery: Gallery) -> Markup | None:
    """The map as a page that trains, with the first of the marked runs; None if a page cannot train these runs."""
    try:
        page = m.to_html(pins=[(x, y) for x, y, _ in marks[:PINS]])
    except FalllineError:
        return None
    return gallery.live(page)


def _marks(results: Results, mapped: Mapped) -> list[tuple[float, float, str]]:
    """The study's fits that are points of the map: the same start and optimizer, and a value for each axis."""
    m, marks = mapped.map, []
    for fit in results.fits if m.spec.start is not None else ():
        method = fit.run.method
        settings = {"momentum": 0.0} | method.settings
        if (
            np.array_equal(fit.run.start, m.spec.start)
            and m.x.name in settings
            and m.y.name in settings
            and method.optimizer.name in (mapped.record.optimizer, "gradient_descent")
        ):
            marks.append((settings[m.x.name], settings[m.y.name], fit.name))
    return marks


def _jump(results: Results, mapped: Mapped) -> tuple[int, int] | None:
    """In how many rows, of how many, the final loss more than doubles from one column to the next across the cliff."""
    cliff, m = results.cliff, mapped.map
    if cliff is None or m.x.name != "learning_rate" or m.spec.start is None:
        return None
    rates = np.asarray(m.x.values)
    if not np.array_equal(m.spec.start, cliff.victim.start) or not rates[0] < cliff.below < cliff.above < rates[-1]:
        return None
    after = int(np.searchsorted(rates, cliff.above))
    losses = np.asarray(m.plane("final_loss"), dtype=np.float64)
    return int((losses[:, after] > 2 * losses[:, after - 1]).sum()), len(losses)
