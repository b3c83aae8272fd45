"""The chapters of the report of a model, in their order: for each, its template, its title, and what the template needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from fallline import views
from fallline.data.dataset import Dataset
from fallline.data.preparing.inputs import CategoryInput, NumberInput
from fallline.report.chapters.subject import SMALL
from fallline.report.fitted.findings import Findings
from fallline.report.fitted.sentences import headlines
from fallline.report.gallery import Gallery
from fallline.report.maths import equations_of
from fallline.report.page import Chapter

__all__ = ["chapters"]

MOST_ROWS = 3000
"""The most rows that are drawn."""

MOST_TARGETS = 4
"""The most columns of values whose residuals are drawn."""


def chapters(found: Findings, gallery: Gallery) -> Iterator[Chapter]:
    """Template, title and context of each chapter."""
    model = found.model
    tables = [(title, rows) for title, rows in (
        (f"On {model.summary.test_rows:,} rows kept for the test", model.summary.test),
        ("By networks that did not learn from the row", model.summary.validation)) if rows]  # fmt: skip
    yield "fitted/short", "In short", {"lines": headlines(found), "tables": tables}
    yield (
        "fitted/data",
        "The data",
        {"picture": _data(found, gallery), "columns": _columns(found), "notes": model.summary.notes},
    )
    yield "fitted/network", "The network and its equations", _network(found, gallery)
    members = found.fit.members
    picture = gallery.show("curves", lambda theme: views.draw_fit_curves(members, theme=theme))
    yield "fitted/training", "The training", {"picture": picture, "members": members}
    tuning = model.tuning
    if tuning is not None:
        picture = gallery.show("tuning", lambda theme: tuning.plot(theme=theme))
        yield "fitted/tuning", "How the settings were chosen", {"picture": picture, "tuning": tuning}
    yield "fitted/errors", "Where it is wrong", _errors(found, gallery)
    calibrated = found.calibration
    if calibrated is not None:
        picture = gallery.show("calibration", lambda theme: views.draw_calibration(calibrated, theme=theme))
        yield "fitted/calibration", "How sure it is", {"picture": picture, "calibration": calibrated}
    plane = _plane(found)
    if plane is not None:
        picture = gallery.show("answers", lambda theme: views.draw_answers(plane, model.ensemble.answers, theme=theme))
        yield "fitted/regions", "Its answers over both inputs", {"picture": picture}
    picture = gallery.show("importance", lambda theme: views.draw_importance(found.falls, found.score, theme=theme))
    yield (
        "fitted/importance",
        "What each column is worth",
        {"picture": picture, "score": found.score, "words": found.judged.words},
    )
    yield "fitted/reproduce", "How to reproduce", _reproduce()


def _data(found: Findings, gallery: Gallery) -> Any:
    """The rows over the two most important columns of numbers, or over the only one."""
    model, e = found.model, found.evidence
    numbers = [part.column for part in model.preparation.inputs if isinstance(part, NumberInput)]
    numbers = sorted(numbers, key=lambda name: -float(found.falls[name].mean()))[:2]
    numbers = [name for name in model.preparation.columns if name in numbers]  # in the table's order
    if not numbers or model.kind == "labels":
        return ""
    X = np.column_stack([e.table[name].numbers for name in numbers])
    rows = np.flatnonzero(np.isfinite(X).all(axis=-1))
    rows = rows[:: max(1, len(rows) // MOST_ROWS)]
    if not len(rows):
        return ""
    shown = Dataset(X[rows], e.T[rows], "the rows", tuple(numbers), model.target.classes)
    return gallery.show("data", lambda theme: views.draw_data(shown, theme=theme))


def _columns(found: Findings) -> list[tuple[str, str, str]]:
    """Each input column, what it became, and what it holds."""
    rows = []
    for part in found.model.preparation.inputs:
        column = found.evidence.table[part.column]
        if isinstance(part, CategoryInput):
            levels = ", ".join(part.levels[:6]) + (", ..." if len(part.levels) > 6 else "")
            rows.append((part.column, f"{len(part.levels)} inputs of 0 and 1", levels))
        elif isinstance(part, NumberInput):
            known = column.numbers[np.isfinite(column.numbers)]
            low, middle, high = (f"{v:.4g}" for v in (known.min(), np.median(known), known.max()))
            rows.append((part.column, "a number", f"{low} to {high}, median {middle}"))
        else:
            gone = int(column.missing.sum())
            rows.append((part.column, "whether the cell is missing", f"{gone:,} of {len(column.missing):,} rows"))
    return rows


def _network(found: Findings, gallery: Gallery) -> dict[str, Any]:
    model = found.model
    network = model.ensemble.network
    names: dict[str, Any] = {"inputs": model.preparation.names, "outputs": model.target.classes or model.target.columns}
    units = equations_of(network, "units").sections if network.parameter_count <= SMALL else ()
    return {
        "network": network, "model": model, "clipped": model.ensemble.scaling.clipped,
        "picture": gallery.show("network", lambda theme: views.draw_network(network, theme=theme, **names)),
        "matrix": [s for s in equations_of(network, "matrix").sections if s.title in ("Forward", "Functions", "Loss")],
        "units": [s for s in units if s.title.startswith("Forward")],
    }  # fmt: skip


def _errors(found: Findings, gallery: Gallery) -> dict[str, Any]:
    model, pictures, labels = found.model, [], []
    counts = found.confusion
    if counts is not None:
        pictures.append(
            gallery.show("confusion", lambda theme: views.draw_confusion(counts, model.target.classes, theme=theme))
        )
    elif model.kind == "values":
        for k, name in enumerate(model.target.columns[:MOST_TARGETS]):
            answers, targets = found.answers[:, k], found.targets[:, k]
            pictures.append(gallery.show("residuals", lambda theme, a=answers, t=targets, n=name: views.draw_residuals(a, t, n, theme=theme)))  # type: ignore[misc]  # fmt: skip  # mypy sees no defaults of a lambda
    else:
        said, held = found.answers > 0.5, found.targets > 0.5
        for k, name in enumerate(model.target.columns):
            labels.append(
                (name, int(held[:, k].sum()), int((said & held)[:, k].sum()), int((said & ~held)[:, k].sum()))
            )
    return {
        "pictures": pictures,
        "labels": labels,
        "judged": found.judged,
        "kind": model.kind,
        "rows": len(found.targets),
    }


def _plane(found: Findings) -> Dataset | None:
    """The rows over both inputs, if there are two, and both are numbers as they are."""
    parts = found.model.preparation.inputs
    if (
        len(parts) != 2
        or not all(isinstance(p, NumberInput) and p.scale is None for p in parts)
        or found.model.kind == "labels"
    ):
        return None
    e = found.evidence
    rows = np.arange(0, len(e.X), max(1, len(e.X) // MOST_ROWS))
    return Dataset(e.X[rows], e.T[rows], e.table.file, found.model.preparation.names, found.model.target.classes)


def _reproduce() -> dict[str, Any]:
    import matplotlib

    import fallline

    return {"versions": {
        "fallline": fallline.__version__, "Python": ".".join(map(str, sys.version_info[:3])), "NumPy": np.__version__,
        "matplotlib": matplotlib.__version__,
    }}  # fmt: skip
