"""The gallery: each map is computed from its study, compared with its recorded hash, drawn, and given a page."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomlkit

from fallline.experiment.build import build_map, objective_of
from fallline.experiment.studies import Study, study
from fallline.maps.map import Map, compute_map
from fallline.views.pictures.theme import THEMES
from tools.site.stage import DOCS, HERE

__all__ = ["Entry", "entries", "record", "sections", "wrong_hash", "write_pages"]

FOLDER = DOCS / "gallery"
DECLARED = FOLDER / "gallery.toml"
ENDS = ("-light.svg", "-dark.svg", ".png")
"""Ends of the names of a map's pictures."""
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
        """A text that changes with anything that the page shows, but not with the code that draws it."""
        text = repr((self.name, self.sees, self.sha256, self.theory, self.path.read_text(encoding="utf-8")))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def compute(self) -> Map:
        """Train the map's runs."""
        described = self.study.maps[0]
        return compute_map(build_map(described, objective_of(self.study, described.objective)))


def sections() -> list[dict[str, Any]]:
    """The sections of the gallery, in order: title, text, and the maps as entries."""
    declared = tomlkit.parse(DECLARED.read_text(encoding="utf-8")).unwrap()
    return [part | {"maps": [Entry(**entry) for entry in part["maps"]]} for part in declared["sections"]]


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


def write_pages(folder: Path, kept: Path | None = None) -> list[str]:
    """Write a page for each map, and the page of thumbnails. Return a sentence for each map with another hash.

    Maps, pictures and pages in `kept` are used again if the study, the hash and the words are the same.
    """
    pictures = folder / "_static/gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    wrong = []
    for entry in entries():
        page = folder / "gallery" / f"{entry.name}.md"
        files = [page, *(pictures / f"{entry.name}{end}" for end in ENDS)]
        store = None if kept is None else kept / entry.key
        if store is not None and store.is_dir():
            for file in files:
                shutil.copy(store / file.name, file)
            continue
        m = entry.compute()
        wrong += [sentence] if (sentence := wrong_hash(entry, m)) else []
        page.write_text(_page(entry, m, _draw(entry, m, pictures)), encoding="utf-8")
        if store is not None and not wrong:
            store.mkdir(parents=True)
            for file in files:
                shutil.copy(file, store)
    (folder / "gallery/index.md").write_text(_index([_tiles(section) for section in sections()]), encoding="utf-8")
    return wrong


def _draw(entry: Entry, m: Map, folder: Path) -> str:
    """Draw the picture in both themes, and the thumbnail: the map alone, in the light theme's colours.

    Returns the picture in words.
    """
    from matplotlib.figure import Figure

    for theme in THEMES:
        picture = m.plot(theme=theme, theory=entry.theory)
        picture.save(folder / f"{entry.name}-{theme}.svg")
    side, dpi = THUMBNAIL
    figure = Figure(figsize=(side, side))
    axes = figure.add_axes((0, 0, 1, 1))
    m.plot(ax=axes, colorbar=False)
    axes.set_axis_off()
    figure.savefig(folder / f"{entry.name}.png", dpi=dpi)
    return str(picture.alt)


def _page(entry: Entry, m: Map, alt: str) -> str:
    return f"""# {entry.study.title}

*{entry.study.question}*

```{{image}} ../_static/gallery/{entry.name}-light.svg
:class: only-light map
:alt: {alt}
```
```{{image}} ../_static/gallery/{entry.name}-dark.svg
:class: only-dark map
:alt: {alt}
```

{entry.sees}

{m.spec.cells:,} runs of {_steps(m)}. Make it yourself, with the same bits:

```sh
{entry.command}
```

```text
sha256 {m.sha256}
```

The study, {{download}}`{entry.name}.toml <{entry.name}.toml>`:

```{{literalinclude}} {entry.name}.toml
:language: toml
```
"""


def _steps(m: Map) -> str:
    return "up to " * ("steps" in m.axes) + f"{m.spec.steps} steps"


def _tiles(section: dict[str, Any]) -> str:
    tiles = section["maps"]
    cards = "\n".join(
        f'<a href="{entry.name}.html"><img src="../_static/gallery/{entry.name}.png" alt="" width="240" height="240" '
        f'loading="lazy"><span>{entry.study.title}</span></a>'
        for entry in tiles
    )
    names = "\n".join(entry.name for entry in tiles)
    return (
        f'## {section["title"]}\n\n{section["text"]}\n\n<div class="tiles">\n{cards}\n</div>\n\n'
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def _index(parts: list[str]) -> str:
    count = sum(1 for _ in entries())
    head = (
        f"# Gallery\n\n{count} maps. Each cell of a map is a training run of its own, from its first step to its last. "
        "Each page has the study, the command that makes the map, and the SHA-256 of its values, which is the same on every "
        "machine.\n\n"
    )
    return head + "\n".join(parts)
