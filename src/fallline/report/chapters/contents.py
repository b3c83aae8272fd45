"""The report's chapters in their order. A study without the parts of a chapter has a report without that chapter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from fallline.experiment.studies import BUILTIN, to_toml
from fallline.report.answer import from_one_start, headlines
from fallline.report.chapters.comparison import comparison_chapter
from fallline.report.chapters.maps import maps_chapter
from fallline.report.chapters.runs import descents_chapter, fits_chapter
from fallline.report.chapters.subject import (
    data_chapter,
    forward_chapter,
    gradients_chapter,
    landscape_chapter,
    network_chapter,
)
from fallline.report.gallery import Gallery
from fallline.report.published import printed
from fallline.report.results import Results
from fallline.report.slips import slips_of
from fallline.views.numerals import named

__all__ = ["chapters"]

Chapter = tuple[str, str, dict[str, Any]]


def chapters(r: Results, gallery: Gallery) -> Iterator[Chapter]:
    """Template, title and context of each chapter that the study has."""
    explained: set[str] = set()
    question = _question(r)
    if r.study.question or question["answers"] or question["total"]:
        yield "question", "The question" if r.study.question else "In short", question
    network = r.network
    if network is not None:
        yield "network", "The network and its equations", network_chapter(r, network, gallery)
    if r.forward is not None:
        yield "forward", "The forward pass, number by number", forward_chapter(r.forward)
    if r.hill is not None:
        yield "landscape", f"{named(r.hill.name)}: a landscape", landscape_chapter(r, gallery)
    plain = [d for d in r.descents if d.run.method.optimizer.name == "gradient_descent"]
    others = [d for d in r.descents if d not in plain]
    if plain:
        yield "descents", "The descents", descents_chapter(r, plain, gallery, "descents", explained)
    if others:
        momentum = all(d.run.method.optimizer.name.startswith("momentum") for d in others)
        title = "Momentum" if momentum else "Other update rules"
        yield "momentum", title, descents_chapter(r, others, gallery, "momentum", explained)
    if r.problem is not None and r.gradient is not None:
        yield "gradients", "The gradients, derived and checked", gradients_chapter(r)
    if r.problem is not None:
        yield "data", "The data", data_chapter(r, gallery)
    if r.fits:
        yield "fits", "The fits", fits_chapter(r, gallery, explained)
    for k, compared in enumerate(r.comparisons):
        title = "The comparison, and the answer" if k == 0 else f"Comparison {k + 1}"
        yield "comparison", title, comparison_chapter(r, k, compared, gallery)
    if r.maps:
        yield "maps", "The whole plane", maps_chapter(r, gallery)
    slips = slips_of(r)
    if slips:
        yield "slips", "The notebook's slips", {"slips": slips}
    if r.published:
        yield "published", "Published and measured", {"rows": [_published_row(p) for p in r.published]}
    yield "reproduce", "How to reproduce", _reproduce(r)


def _question(r: Results) -> dict[str, Any]:
    lines = [line for compared in r.comparisons[:1] for line in headlines(compared, r.fits)]
    lines = lines or [line for line in [from_one_start(r.fits)] if line]
    return {"answers": lines, "agree": sum(p.agrees for p in r.published), "total": len(r.published)}


def _published_row(p: Any) -> tuple[Any, str, str]:
    return p, printed(p.figure.value, p.figure.decimals), printed(p.measured, p.figure.decimals)


def _reproduce(r: Results) -> dict[str, Any]:
    import matplotlib
    import scipy
    import sympy

    import fallline

    versions = {
        "fallline": fallline.__version__, "Python": ".".join(map(str, sys.version_info[:3])), "NumPy": np.__version__,
        "SciPy": scipy.__version__, "SymPy": sympy.__version__, "matplotlib": matplotlib.__version__,
    }  # fmt: skip
    return {"versions": versions, "toml": to_toml(r.study), "builtin": r.study.name in BUILTIN}
