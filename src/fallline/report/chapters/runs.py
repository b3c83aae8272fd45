"""The chapters on single runs: descents of a landscape, and fits of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fallline import views
from fallline.problems import NetworkObjective, has_plane
from fallline.report.chapters.subject import window_of
from fallline.report.gallery import Gallery
from fallline.report.named_run import NamedRun
from fallline.report.results import Results
from fallline.textbook.schedules import SCHEDULES
from fallline.views.equations import Equations
from fallline.views.equations.steps import rates_of_layers, step_sections

__all__ = ["descents_chapter", "fits_chapter"]

MOST_PATHS = 3
"""Largest number of descents whose paths are drawn over the same contours; more are drawn side by side."""


def descents_chapter(
    results: Results, runs: Sequence[NamedRun], gallery: Gallery, name: str, explained: set[str]
) -> dict[str, Any]:
    """Descents of the landscape: their paths, their losses, and the update rules that no earlier chapter explained."""
    hill = results.hill
    assert hill is not None
    names, bare, pictures = [r.name for r in runs], [r.run for r in runs], []
    if hill.dimension == 2 and len(runs) <= MOST_PATHS:
        window = window_of(results)
        if window is not None and not all(_inside(run.start, window) for run in bare):
            window = None
        pictures.append(
            gallery.show(name, lambda theme: views.draw_contours(hill, bare, window=window, names=names, theme=theme))
        )
    elif hill.dimension == 2:
        pictures.append(gallery.show(name, lambda theme: views.draw_descents(hill, bare, names=names, theme=theme)))
    pictures.append(gallery.show(f"{name}-losses", lambda theme: views.draw_curves(bare, names=names, theme=theme)))
    return {"runs": runs, "pictures": pictures, "rules": _rules(runs, explained), "labels": hill.labels}


def fits_chapter(results: Results, gallery: Gallery, explained: set[str]) -> dict[str, Any]:
    """Fits of the network: their losses, and the answers of the best and the worst of them."""
    problem, fits = results.problem, results.fits
    assert problem is not None
    names, bare = [f.name for f in fits], [f.run for f in fits]
    pictures = [gallery.show("fits", lambda theme: views.draw_curves(bare, names=names, theme=theme))]
    finite = sorted((f for f in fits if np.isfinite(f.run.end).all()), key=lambda f: f.run.loss)
    if has_plane(problem) and finite:
        pictures.append(_answers(problem, finite[0], "best", gallery))
        if len(finite) > 1:
            pictures.append(_answers(problem, finite[-1], "worst", gallery))
    accuracy = None
    if problem.network.loss.targets != "values":
        accuracy = [float(problem.accuracy(w)) if np.isfinite(w).all() else None for w in (run.end for run in bare)]
    return {
        "runs": fits,
        "pictures": pictures,
        "rules": _rules(fits, explained),
        "accuracy": accuracy,
        "samples": len(problem.data),
    }


def _rules(runs: Sequence[NamedRun], explained: set[str]) -> list[Any]:
    """The update rules of these runs that were not explained before; they count as explained from now on.

    A rule with learning rates of layers is another one than that with one learning rate.
    """
    rules: dict[str, tuple[str, Equations]] = {}
    for r in runs:
        how, problem = r.run.method, r.run.objective
        network = problem.network if isinstance(problem, NetworkObjective) else None
        rates = rates_of_layers(how.optimizer, network, how.values) if network is not None else ()
        name = f"{how.optimizer.name}: {', '.join(map(str, rates))}" if rates else how.optimizer.name
        if name not in explained:
            label = how.optimizer.label + (" with learning rates of the layers" if rates else "")
            constant = replace(how, schedule=SCHEDULES["constant"])
            rules[name] = label, Equations(label, step_sections(constant, network).all)
    explained.update(rules)
    return list(rules.values())


def _answers(problem: NetworkObjective, fit: NamedRun, word: str, gallery: Gallery) -> Any:
    title = f"What the network answers after {fit.name}"
    return gallery.show(
        f"answer-{word}", lambda theme: views.draw_regions(problem, fit.run.end, title=title, theme=theme)
    )


def _inside(point: Any, window: Any) -> bool:
    return all(low <= v <= high for v, (low, high) in zip(point, window, strict=True))
