"""The gallery: each map is computed from its study, compared with its recorded hash, drawn, and given a page."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import shlex
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomlkit
from tools.site.stage import DOCS, HERE

from fallline.errors import UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.map_record import MapSpec
from fallline.experiment.studies import Study, study
from fallline.maps.map import Map, compute_map
from fallline.views.pictures.theme import THEMES

__all__ = ["Entry", "entries", "live_frame", "record", "sections", "write_pages", "wrong_hash"]

FOLDER = DOCS / "gallery"
DECLARED = FOLDER / "gallery.toml"
THUMBNAIL = 2.4, 100
"""Side of a thumbnail in inches, and its pixels in an inch."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A map of the gallery.

    Attributes
    ----------
    name
        Its study is NAME.toml beside the declaration.
    sees
        What one sees in the picture, in a sentence or two.
    sha256
        The recorded hash of its values.
    theory
        Whether the stability bound is drawn over it.
    """

    name: str
    sees: str
    sha256: str = ""
    theory: bool = False

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.toml"

    @cached_property
    def study(self) -> Study:
        return study(self.path)

    @property
    def command(self) -> str:
        """The command that computes and draws the map, from the root of the repository."""
        words = ["fallline", "map", self.path.relative_to(HERE).as_posix(), "--png", f"{self.name}.png"]
        return shlex.join(words + ["--theory"] * self.theory)

    @property
    def key(self) -> str:
        """A text that changes with the map and its hash, but not with the code that draws it."""
        text = repr((self.sha256, self.theory, self.path.read_text(encoding="utf-8")))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def spec(self) -> MapSpec:
        described = self.study.maps[0]
        return build_map(described, objective_of(self.study, described.objective))

    def compute(self) -> Map:
        """Train the map's runs."""
        return compute_map(self.spec)


def sections(every: int = 1) -> list[dict[str, Any]]:
    """The sections of the gallery, in order: title, text, and the maps as entries; of these the first, and every so many."""
    declared = tomlkit.parse(DECLARED.read_text(encoding="utf-8")).unwrap()
    return [part | {"maps": [Entry(**entry) for entry in part["maps"][::every]]} for part in declared["sections"]]


def entries() -> Iterator[Entry]:
    """All maps, in order."""
    for section in sections():
        yield from section["maps"]


def wrong_hash(entry: Entry, m: Map) -> str:
    """A sentence if the map's hash is not the recorded one; empty if it is."""
    if m.sha256 == entry.sha256:
        return ""
    return f"{entry.path.relative_to(HERE)}: the map's SHA-256 is {m.sha256}, and docs/gallery/gallery.toml has {entry.sha256 or 'none'}."


def record() -> list[str]:
    """Write the hashes of all maps into the declaration; return the names of those that changed."""
    document = tomlkit.parse(DECLARED.read_text(encoding="utf-8"))
    changed = []
    for section in document["sections"]:  # type: ignore[union-attr]
        for table in section["maps"]:  # type: ignore[index]
            entry = Entry(**table.unwrap())
            found = entry.compute().sha256
            if found != entry.sha256:
                table["sha256"] = found
                changed.append(entry.name)
    DECLARED.write_text(tomlkit.dumps(document), encoding="utf-8")
    return changed


def write_pages(folder: Path, kept: Path | None = None, every: int = 1) -> list[str]:
    """Write a page for each map, and the page of thumbnails. Return a sentence for each map with another hash.

    With `every`, the gallery has only some of the maps.
    What was computed and drawn for a map is kept in `kept` and used again if its study and its hash are the same.
    """
    static, parts = folder / "_static/gallery", sections(every)
    shown = [entry for section in parts for entry in section["maps"]]
    places = {entry: static / entry.name if kept is None else kept / entry.key for entry in shown}
    missing = [(entry, place) for entry, place in places.items() if not place.is_dir()]
    context = multiprocessing.get_context("spawn")  # threads of a compiled kernel do not survive a fork
    with ProcessPoolExecutor(min(len(missing), os.cpu_count() or 1) or 1, mp_context=context) as pool:
        wrong = [sentence for sentence in pool.map(_make, *zip(*missing, strict=True)) if sentence] if missing else []
    for entry, place in places.items():
        if kept is not None:
            shutil.copytree(place, static / entry.name)
        page = _page(entry, static / entry.name)
        (folder / "gallery" / f"{entry.name}.md").write_text(page, encoding="utf-8")
    (folder / "gallery/index.md").write_text(
        _index([_tiles(section) for section in parts], len(places)), encoding="utf-8"
    )
    return wrong


def _make(entry: Entry, place: Path) -> str:
    """Compute a map, draw it and write its live page into a new folder. Return a sentence if its hash differs."""
    m = entry.compute()
    place.mkdir(parents=True)
    _draw(entry, m, place)
    _write_live(m, place / "live.html")
    return wrong_hash(entry, m)


def _write_live(m: Map, path: Path) -> None:
    """Write the live page of a map, if there can be one: both axes are numbers that one kernel takes."""
    with contextlib.suppress(UsageError):
        m.to_html(path)


def _draw(entry: Entry, m: Map, folder: Path) -> None:
    """Draw the picture in both themes, and the thumbnail: the map alone, in the light theme's colours. Keep its words, too."""
    from matplotlib.figure import Figure

    for theme in THEMES:
        picture = m.plot(theme=theme, theory=entry.theory)
        picture.save(folder / f"{theme}.svg")
    side, dpi = THUMBNAIL
    figure = Figure(figsize=(side, side))
    axes = figure.add_axes((0, 0, 1, 1))
    m.plot(ax=axes, colorbar=False)
    axes.set_axis_off()
    figure.savefig(folder / "thumbnail.png", dpi=dpi)
    (folder / "words.txt").write_text(picture.alt, encoding="utf-8")


def _page(entry: Entry, drawn: Path) -> str:
    spec = entry.spec
    alt = (drawn / "words.txt").read_text(encoding="utf-8")
    steps = ("up to " if "steps" in spec.axes else "") + f"{spec.steps} steps"
    live = live_frame(f"../_static/gallery/{entry.name}/live.html") if (drawn / "live.html").exists() else ""
    return f"""# {entry.study.title}

*{entry.study.question}*

```{{image}} ../_static/gallery/{entry.name}/light.svg
:class: only-light map
:alt: {alt}
```
```{{image}} ../_static/gallery/{entry.name}/dark.svg
:class: only-dark map
:alt: {alt}
```

{entry.sees}

{live}
{spec.cells:,} runs of {steps}. Make it yourself, with the same bits:

```sh
{entry.command}
```

```text
sha256 {entry.sha256}
```

The study, {{download}}`{entry.name}.toml <{entry.name}.toml>`:

```{{literalinclude}} {entry.name}.toml
:language: toml
```
"""


def live_frame(address: str) -> str:
    """Markdown that opens a live page inside a page: it is loaded when it is opened."""
    return f"""```{{raw}} html
<details class="live"><summary>Train it here: zoom, move a slider, click a run</summary>
<iframe src="{address}" title="Live map" loading="lazy"></iframe></details>
<p class="live"><a href="{address}">The live page by itself</a>: one file that trains in your browser, with the same bits, also offline.</p>
```
"""


def _tiles(section: dict[str, Any]) -> str:
    tiles = section["maps"]
    cards = "\n".join(
        f'<a href="{entry.name}.html"><img src="../_static/gallery/{entry.name}/thumbnail.png" alt="" width="240" height="240" '
        f'loading="lazy"><span>{entry.study.title}</span></a>'
        for entry in tiles
    )
    names = "\n".join(entry.name for entry in tiles)
    return (
        f'## {section["title"]}\n\n{section["text"]}\n\n<div class="tiles">\n{cards}\n</div>\n\n'
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def _index(parts: list[str], count: int) -> str:
    head = (
        f"# Gallery\n\n{count} maps. Each cell of a map is a training run of its own, from its first step to its last. "
        "Each page has the study, the command that makes the map, and the SHA-256 of its values, which is the same on every "
        "machine.\n\n"
    )
    return head + "\n".join(parts)
