"""The report's chapters, in their order: each with its template, title and what the template needs.

A chapter whose parts the study does not have is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from fallline import views
from fallline.experiment.studies import BUILTIN, to_toml
from fallline.measures.outcome import OUTCOMES
from fallline.problems import NetworkObjective
from fallline.report.answer import answers, from_one_start, headlines, of_pair, stuck
from fallline.report.maths import blocks_of, equations_of
from fallline.report.page import Gallery
from fallline.report.published import printed
from fallline.report.results import Compared, Mapped, NamedRun, Results
from fallline.report.slips import slips_of
from fallline.runs.comparison import Comparison
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.views.equations import equations
from fallline.views.numerals import named

__all__ = ["chapters"]

Chapter = tuple[str, str, dict[str, Any]]
SMALL = 60
"""Parameters up to which a network's equations are also written unit by unit."""


def chapters(r: Results, gallery: Gallery) -> Iterator[Chapter]:
    """Template, title and context of each chapter that the study has."""
    told: set[str] = set()
    question = _question(r)
    if r.study.question or question["answers"] or question["total"]:
        yield "question", "The question" if r.study.question else "In short", question
    if r.network is not None:
        yield "network", "The network and its equations", _network(r, gallery)
    if r.forward is not None:
        yield "forward", "The forward pass, number by number", {"forward": r.forward, "columns": _columns(r)}
    if r.hill is not None:
        yield "landscape", f"{named(r.hill.name)}: a landscape", _landscape(r, gallery)
    plain = [d for d in r.descents if d.run.method.optimizer.name == "gradient_descent"]
    moved = [d for d in r.descents if d not in plain]
    if plain:
        yield "descents", "The descents", _descents(r, plain, gallery, "descents", told)
    if moved:
        only = all(d.run.method.optimizer.name.startswith("momentum") for d in moved)
        yield "momentum", "Momentum" if only else "Other update rules", _descents(r, moved, gallery, "momentum", told)
    if r.problem is not None and r.gradient is not None:
        yield "gradients", "The gradients, derived and checked", _gradients(r)
    if r.problem is not None:
        yield "data", "The data", _data(r, gallery)
    if r.fits:
        yield "fits", "The fits", _fits(r, gallery, told)
    for k, compared in enumerate(r.comparisons):
        yield (
            "comparison",
            "The comparison, and the answer" if k == 0 else f"Comparison {k + 1}",
            _comparison(r, k, compared, gallery),
        )
    if r.maps:
        yield "maps", "The whole plane", {"maps": [_map(r, k, m, gallery) for k, m in enumerate(r.maps)]}
    slips = slips_of(r)
    if slips:
        yield "slips", "The notebook's slips", {"slips": slips}
    if r.published:
        yield (
            "published",
            "Published and measured",
            {"rows": [(p, printed(p.figure.value, p.figure.decimals), _measured(p)) for p in r.published]},
        )
    yield "reproduce", "How to reproduce", _reproduce(r)


def _question(r: Results) -> dict[str, Any]:
    lines = [line for compared in r.comparisons[:1] for line in headlines(compared, r.fits)]
    lines = lines or [line for line in [from_one_start(r.fits)] if line]
    return {"answers": lines, "agree": sum(p.agrees for p in r.published), "total": len(r.published)}


def _network(r: Results, gallery: Gallery) -> dict[str, Any]:
    network = r.network
    assert network is not None
    data = r.problem.data if r.problem is not None else None
    names: dict[str, Any] = (
        {"inputs": data.columns or None, "outputs": data.classes or None} if data is not None else {}
    )
    units = equations_of(network, "units") if network.parameter_count <= SMALL else None
    return {
        "network": network,
        "picture": gallery.show("network", lambda theme: views.draw_network(network, theme=theme, **names)),
        "matrix": [s for s in equations_of(network, "matrix").sections if s.title in ("Forward", "Functions", "Loss")],
        "units": [] if units is None else [s for s in units.sections if s.title.startswith("Forward")],
    }


def _columns(r: Results) -> list[tuple[str, int]]:
    """Names of what the forward pass gives, layer by layer, and how many numbers each has."""
    assert r.forward is not None
    sizes = r.forward.network.sizes
    found = [("x", sizes[0])]
    for layer, n in enumerate(sizes[1:], start=1):
        found.append((f"z{layer}", n))
        if layer < len(sizes) - 1:
            found.append((f"h{layer}", n))
    return [*found, ("y", sizes[-1])]


def _landscape(r: Results, gallery: Gallery) -> dict[str, Any]:
    assert r.hill is not None
    assert r.study.landscape is not None
    hill, window = r.hill, r.study.landscape.window
    two = hill.dimension == 2
    return {
        "hill": hill,
        "sections": equations(hill.landscape).sections,
        "picture": gallery.show("contours", lambda t: views.draw_contours(hill, window=_window(window), theme=t))
        if two
        else "",
        "window": window or hill.landscape.window,
    }


def _descents(r: Results, runs: list[NamedRun], gallery: Gallery, name: str, told: set[str]) -> dict[str, Any]:
    assert r.hill is not None
    assert r.study.landscape is not None
    hill, names = r.hill, [d.name for d in runs]
    window = _window(r.study.landscape.window)
    bare = [d.run for d in runs]
    pictures = []
    if hill.dimension == 2:
        if len(runs) <= 3:
            inside = window is not None and all(_inside(d.run.start, window) for d in runs)
            frame = window if inside else None
            pictures.append(
                gallery.show(name, lambda t: views.draw_contours(hill, bare, window=frame, names=names, theme=t))
            )
        else:
            pictures.append(gallery.show(name, lambda t: views.draw_descents(hill, bare, names=names, theme=t)))
    pictures.append(gallery.show(f"{name}-losses", lambda t: views.draw_curves(bare, names=names, theme=t)))
    return {"runs": runs, "pictures": pictures, "rules": _rules(runs, told), "labels": hill.labels}


def _rules(runs: list[NamedRun], told: set[str]) -> list[Any]:
    """The update rules of these runs that were not told before."""
    fresh = dict.fromkeys(d.run.method.optimizer.name for d in runs if d.run.method.optimizer.name not in told)
    told.update(fresh)
    return [(name.replace("_", " "), equations(OPTIMIZERS[name])) for name in fresh]


def _gradients(r: Results) -> dict[str, Any]:
    assert r.problem is not None
    network = r.problem.network
    forms = [("In matrices", "matrix")] + ([("Unit by unit", "units")] if network.parameter_count <= SMALL else [])
    wanted = ("Pre-activations", "Backward", "Gradient")
    sections: list[Any] = [
        (
            title,
            [
                (s, blocks_of(s, network) if form == "units" and s.title == "Gradient" else [])
                for s in equations_of(network, form).sections
                if s.title in wanted
            ],
        )
        for title, form in forms
    ]
    kinks = any("1[" in e.text for _, found in sections for s, _ in found for e in s.equations)
    return {"sections": sections, "kinks": kinks, "check": r.gradient, "depth": network.depth}


def _data(r: Results, gallery: Gallery) -> dict[str, Any]:
    assert r.problem is not None
    data = r.problem.data
    drawn = gallery.show("data", lambda t: views.draw_data(data, theme=t))
    rows = []
    for k, name in enumerate(data.classes):
        mine = data.X[data.labels == k]
        rows.append((name, len(mine), mine.mean(axis=0), mine.std(axis=0)))
    return {"data": data, "picture": drawn, "rows": rows if data.X.shape[1] <= 4 else []}


def _fits(r: Results, gallery: Gallery, told: set[str]) -> dict[str, Any]:
    assert r.problem is not None
    problem, names, bare = r.problem, [f.name for f in r.fits], [f.run for f in r.fits]
    pictures = [gallery.show("fits", lambda t: views.draw_curves(bare, names=names, theme=t))]
    alive = [f for f in r.fits if np.isfinite(f.run.end).all()]
    if problem.network.sizes[0] == 2 and alive:
        ordered = sorted(alive, key=lambda f: f.run.loss)
        pictures.append(_answer(problem, ordered[0], "best", gallery))
        if len(ordered) > 1:
            pictures.append(_answer(problem, ordered[-1], "worst", gallery))
    accuracy = None
    if problem.network.loss.targets != "values":
        accuracy = [float(problem.accuracy(w)) if np.isfinite(w).all() else None for w in (f.run.end for f in r.fits)]
    return {
        "runs": r.fits,
        "pictures": pictures,
        "rules": _rules(list(r.fits), told),
        "accuracy": accuracy,
        "samples": len(problem.data),
    }


def _answer(problem: NetworkObjective, fit: NamedRun, word: str, gallery: Gallery) -> Any:
    title = f"What the network answers after {fit.name}"
    return gallery.show(f"answer-{word}", lambda t: views.draw_regions(problem, fit.run.end, title=title, theme=t))


def _comparison(r: Results, k: int, c: Compared, gallery: Gallery) -> dict[str, Any]:
    mark = "" if k == 0 else f"-{k + 1}"
    pictures = [gallery.show(f"comparison{mark}", lambda t: views.draw_comparison(c.comparison, theme=t))]
    if c.tuning is not None:
        tuned = c.tuning.comparison
        pictures.append(
            gallery.show(
                f"comparison-tuned{mark}",
                lambda t: views.draw_comparison(tuned, title="Each method at its best learning rate", theme=t),
            )
        )
    return {
        "compared": c, "pictures": pictures, "answers": answers(c, r.fits if k == 0 else ()), "stuck": stuck(c),
        "pairs": _pairs(c.comparison), "number": k + 1,
        "diverged": [s for s in c.comparison.summaries if s.diverged.value > 0],
    }  # fmt: skip


def _pairs(comparison: Comparison) -> list[Any]:
    labels = list(comparison.losses)
    return [of_pair(comparison, a, b) for i, a in enumerate(labels) for b in labels[i + 1 :]][:15]


def _map(r: Results, k: int, m: Mapped, gallery: Gallery) -> dict[str, Any]:
    x, y = m.map.x.name, m.map.y.name
    marks = []
    for fit in r.fits if m.map.spec.start is not None else ():
        settings = {"momentum": 0.0} | fit.run.method.settings
        same = np.array_equal(fit.run.start, m.map.spec.start)
        if (
            same
            and x in settings
            and y in settings
            and fit.run.method.optimizer.name in (m.plan.optimizer, "gradient_descent")
        ):
            marks.append((settings[x], settings[y], fit.name))
    mark = "" if k == 0 else f"-{k + 1}"
    picture = gallery.show(f"map{mark}", lambda t: m.map.plot(marks=marks, theme=t))
    return {
        "map": m.map,
        "plan": m.plan,
        "picture": picture,
        "marks": len(marks),
        "jump": _jump(r, m),
        "cells": int(m.map.values.size),
        "x": x,
        "y": y,
        "starts": any(name.startswith(("start.", "seed")) for name in (x, y)),
        "diverged": int((np.asarray(m.map["outcome"]) == OUTCOMES.index("diverged")).sum()),
    }


def _jump(r: Results, m: Mapped) -> tuple[int, int] | None:
    """In how many rows of the map the final loss more than doubles from the last column before the cliff to the first after."""
    if r.cliff is None or m.map.x.name != "learning_rate" or m.map.spec.start is None:
        return None
    rates = np.asarray(m.map.x.values)
    if (
        not np.array_equal(m.map.spec.start, r.cliff.victim.start)
        or not rates[0] < r.cliff.below < r.cliff.above < rates[-1]
    ):
        return None
    after = int(np.searchsorted(rates, r.cliff.above))
    losses = np.asarray(m.map["final_loss"], dtype=np.float64)
    return int((losses[:, after] > 2 * losses[:, after - 1]).sum()), len(losses)


def _measured(p: Any) -> str:
    return printed(p.measured, p.figure.decimals)


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


def _window(window: Any) -> Any:
    return None if window is None else tuple((float(low), float(high)) for low, high in window)


def _inside(point: Any, window: Any) -> bool:
    return all(low <= v <= high for v, (low, high) in zip(point, window, strict=True))
