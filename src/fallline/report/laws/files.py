"""From tested laws to a folder with index.html, a page for each law, results.json and figures/."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fallline.errors import visible
from fallline.laws.reproduce import Result, hash_of
from fallline.laws.trial import Trial
from fallline.report.folder import refuse_report, write_report
from fallline.runs.spent import Spent

__all__ = ["NAMES", "LawPages", "law_pages", "refuse_law_pages", "time_to_write"]

NAMES = ("index.html", "results.json", "laws", "figures")
"""Files and folders of the pages."""


@dataclass(frozen=True)
class LawPages:
    """The files of the pages."""

    folder: Path
    index: Path
    pages: tuple[Path, ...]
    results: Path
    figures: tuple[Path, ...]

    def __str__(self) -> str:
        count = len(self.pages)
        return (
            f"Written to {self.index}, with {count} {'page' if count == 1 else 'pages'} in laws/, {self.results.name} and "
            f"{len(self.figures)} files in figures/."
        )


def refuse_law_pages(folder: Path, overwrite: bool) -> None:
    """Raise OutputError if the folder is a file, or holds pages that may not be replaced."""
    refuse_report(folder, overwrite, NAMES)


def law_pages(
    results: Sequence[Result],
    trial: Trial,
    folder: Path,
    *,
    command: str,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> LawPages:
    """Write the pages of tested laws: all files or none.

    Parameters
    ----------
    results
        What the tests gave, as `fallline.laws.reproduce.reproduce` yields it.
    trial
        How they were tested.
    folder
        Where to write; it is created.
    command
        The command that makes the same pages.
    overwrite
        Whether to replace earlier pages in the folder. Other files in it are not changed.
    progress
        Called with (work done, total work).

    Raises
    ------
    OutputError
        If the folder holds pages already, or cannot be written.
    """
    from fallline.report.gallery import Gallery  # late: it loads the pictures
    from fallline.report.laws.chapters import index_chapters, law_chapters
    from fallline.report.page import page_of

    refuse_law_pages(folder, overwrite)
    content: dict[str, bytes] = {}
    for done, result in enumerate(results):
        gallery = Gallery()
        common = {"result": result, "law": result.law, "command": command, "trial": trial}
        page = page_of(result.law.title, law_chapters(result, gallery), gallery, common)
        content[f"laws/{result.law.name}.html"] = page.html.encode()
        content |= {f"figures/{result.law.name}-{name}": data for name, data in page.figures.items()}
        if progress is not None:
            progress(done + 1, len(results))
    common = {"results": results, "command": command, "trial": trial, "sha256": hash_of(results)}
    index = page_of("Laws, tested", index_chapters(results), Gallery(), common)
    data = {
        "starts": trial.starts,
        "seed": trial.seed,
        "sha256": hash_of(results),
        "laws": [r.to_dict(evidence=True) for r in results],
    }
    text = json.dumps(data, allow_nan=False, ensure_ascii=False) + "\n"
    content |= {"index.html": index.html.encode(), "results.json": visible(text, keep="\n").encode()}
    write_report(folder, content, overwrite, NAMES)
    return _written(folder, content)


def time_to_write(results: Sequence[Result], trial: Trial) -> Spent:
    """The time that the pages of these laws take on this machine: those of one law are written, twice.

    The first time loads the pictures. The second is that of so many pictures.
    """

    def pictures(result: Result) -> int:
        return len(result.evidence) + len(result.regions)

    some = min(results, key=lambda result: pictures(result) or 100)
    times = [Spent.now()]
    with tempfile.TemporaryDirectory() as folder:
        for part in ("first", "second"):
            law_pages([some], trial, Path(folder, part), command="")
            times.append(Spent.now())
    all_of_them = sum(map(pictures, results))
    return times[1] - times[0] + (all_of_them / max(1, pictures(some)) - 1) * (times[2] - times[1])


def _written(folder: Path, content: dict[str, Any]) -> LawPages:
    inside = {part: tuple(folder / name for name in content if name.startswith(part)) for part in ("laws/", "figures/")}
    return LawPages(folder, folder / "index.html", inside["laws/"], folder / "results.json", inside["figures/"])
