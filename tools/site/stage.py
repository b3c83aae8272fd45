"""The folder that Sphinx reads: the pages of `docs/` and of the repository, with links that fit there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
DOCS = HERE / "docs"
ROOT_PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the repository's root that are pages of the site, and their names there."""
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")


def copy_pages(folder: Path) -> None:
    """Copy all pages and their pictures; links between `docs/` and the root become links inside the folder."""
    shutil.copytree(DOCS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    shutil.copy(Path(__file__).with_name("conf.py"), folder)
    for source, name in ROOT_PAGES.items():
        text = (HERE / source).read_text(encoding="utf-8")
        (folder / name).write_text(linked(text, HERE, DOCS), encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        place = folder / page.relative_to(DOCS)
        text = page.read_text(encoding="utf-8")
        place.write_text(linked(text, page.parent, page.parent), encoding="utf-8")


def linked(text: str, written_in: Path, read_in: Path) -> str:
    """The text with its relative links changed: they were written for one folder, and are read in another.

    >>> linked("[a](docs/maps.md#axes), [b](ARCHITECTURE.md)", HERE, DOCS)
    '[a](maps.md#axes), [b](architecture.md)'
    """

    def change(link: re.Match[str]) -> str:
        target = (written_in / link["path"]).resolve()
        if target.parent == HERE and target.name in ROOT_PAGES:
            target = DOCS / ROOT_PAGES[target.name]
        if not target.is_relative_to(DOCS):
            return link[0]
        return relative(target, read_in) + (link["anchor"] or "")

    return LINK.sub(change, text)


def relative(target: Path, folder: Path) -> str:
    """The path of a target as seen from a folder (`Path.relative_to` climbs only from Python 3.12 on)."""
    return Path(os.path.relpath(target, folder)).as_posix()


def build(folder: Path, out: Path) -> int:
    """Let Sphinx make the pages, with warnings as errors; return its exit status."""
    from sphinx.cmd.build import build_main

    doctrees = folder / ".doctrees"
    return int(build_main(["-q", "-W", "--keep-going", "-b", "html", "-d", str(doctrees), str(folder), str(out)]))
