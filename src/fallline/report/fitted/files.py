"""From a fitted model to a folder with report.html, results.json and figures/: what `Model.report` calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fallline.errors import visible
from fallline.models.model import Model
from fallline.report.fitted.findings import Findings
from fallline.report.folder import refuse_report, write_report

__all__ = ["ModelReport", "model_report"]


@dataclass(frozen=True)
class ModelReport:
    """The files of a report."""

    folder: Path
    html: Path
    results: Path
    figures: tuple[Path, ...]

    def __str__(self) -> str:
        return f"Report written to {self.html}, with {self.results.name} and {len(self.figures)} files in figures/."


def model_report(
    model: Model, *, folder: Path, overwrite: bool = False, progress: Callable[[int, int], None] | None = None
) -> ModelReport:
    """Write the report of a model that was fitted in this process; see `Model.report`."""
    from fallline.report.fitted.chapters import chapters  # late: it loads the pictures
    from fallline.report.gallery import Gallery
    from fallline.report.page import page_of

    refuse_report(folder, overwrite)
    assert model.fit is not None  # checked by Model.report
    assert model.evidence is not None
    found = Findings(model, model.fit, model.evidence)
    gallery = Gallery(progress, expected=7)
    title = f"{', '.join(model.target.columns)} from {model.evidence.table.file}"
    page = page_of(title, chapters(found, gallery), gallery, {"model": model, "summary": model.summary})
    text = json.dumps(_finite(found.to_dict()), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    content = {"report.html": page.html.encode(), "results.json": visible(text, keep="\n").encode()}
    content |= {f"figures/{name}": data for name, data in page.figures.items()}
    write_report(folder, content, overwrite)
    figures = tuple(folder / "figures" / name for name in page.figures)
    return ModelReport(folder, folder / "report.html", folder / "results.json", figures)


def _finite(value: object) -> object:
    """The same with null for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value
