"""From a study to a folder with report.html, results.json and figures/."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fallline.errors import visible
from fallline.experiment.studies import Study
from fallline.experiment.studies import study as as_study
from fallline.report.collect import collect
from fallline.report.folder import refuse_report, write_report
from fallline.report.results import Results

__all__ = ["ReportFiles", "report"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ReportFiles:
    """The files of a report."""

    folder: Path
    html: Path
    results: Path
    figures: tuple[Path, ...]
    content: Results

    def __str__(self) -> str:
        published = self.content.published
        agree = sum(p.agrees for p in published)
        text = f"Written to {self.html}, with {self.results.name} and {len(self.figures)} files in figures/."
        if published:
            text += f"\n{agree} of {len(published)} published figures agree to the printed digits."
            text += "".join(f"\n{p.figure.id} does not: {p.what}." for p in published if not p.agrees)
        return text


def report(
    study: str | Path | Study = "three-gaussians",
    out: str | Path = "report",
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ReportFiles:
    """Run a study and write its report.

    Parameters
    ----------
    study
        A built-in name, a TOML file, or a study.
    out
        The folder for report.html, results.json and figures/; it is created.
    overwrite
        Whether to replace an earlier report in the folder. Other files in it are not changed.
    progress
        Called with (work done, total work).

    Raises
    ------
    StudyError
        If the study is not valid.
    OutputError
        If the folder holds a report already, or cannot be written.
    """
    from fallline.report.page import render  # late: it loads jinja2

    described, folder = as_study(study), Path(out)
    refuse_report(folder, overwrite)
    results = collect(described, _share(progress, 0.0, 0.7))
    page = render(results, _share(progress, 0.7, 1.0))
    content = {"report.html": page.html.encode(), "results.json": _json(results)}
    content |= {f"figures/{name}": data for name, data in page.figures.items()}
    write_report(folder, content, overwrite)
    figures = tuple(folder / "figures" / name for name in page.figures)
    return ReportFiles(folder, folder / "report.html", folder / "results.json", figures, results)


def _share(progress: Progress | None, low: float, high: float) -> Progress | None:
    """Map the progress of a part of the work to thousandths of the whole."""
    if progress is None:
        return None
    return lambda done, total: progress(int(1000 * (low + (high - low) * done / max(1, total))), 1000)


def _json(results: Results) -> bytes:
    text = json.dumps(results.to_dict(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    return visible(text, keep="\n").encode()
