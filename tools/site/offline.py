"""Whether built pages load anything from elsewhere: scripts, style sheets, pictures, fonts, frames. Links may lead there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

LOADED = {
    "script": ("src",), "img": ("src", "srcset"), "source": ("src", "srcset"), "iframe": ("src", "srcdoc"), "link": ("href",),
    "video": ("src", "poster"), "audio": ("src",), "embed": ("src",), "object": ("data",), "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"), "form": ("action",), "base": ("href",),
}  # fmt: skip
"""The attributes whose address a browser loads by itself."""
OUTSIDE = re.compile(r"^\s*(https?:|//)", re.IGNORECASE)
IN_STYLES = re.compile(r"""(?:@import\s+|url\(\s*)["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
IN_SCRIPTS = re.compile(r"""(?:fetch|import|importScripts)\s*\(\s*["'`]((?:https?:)?//[^"'`]+)""")


def requests_in(site: Path) -> list[str]:
    """A line for each address outside the site that a page would load; none if it works without a network."""
    found = []
    for path in sorted(site.rglob("*")):
        if path.suffix not in (".html", ".css", ".js", ".svg"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for address in addresses(text, path.suffix):
            found.append(f"{path.relative_to(site)} loads {address}")
    return found


def addresses(text: str, suffix: str = ".html") -> list[str]:
    """The addresses outside that a file loads.

    >>> addresses('<a href="https://x.org">x</a><script src="https://cdn.org/a.js"></script>')
    ['https://cdn.org/a.js']
    >>> addresses("body { background: url(//fonts.org/a.woff) }", ".css")
    ['//fonts.org/a.woff']
    """
    found = IN_STYLES.findall(text) if suffix != ".js" else []
    if suffix in (".html", ".js"):
        found += IN_SCRIPTS.findall(text)
    if suffix in (".html", ".svg"):
        reader = _Loaded()
        reader.feed(text)
        found += reader.found
    return found


class _Loaded(HTMLParser):
    """Collects what elements load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and (values.get("rel") or "") in ("canonical", "license", "author", "help"):
            return
        for name in LOADED.get(tag, ()):
            value = values.get(name) or ""
            parts = value.split(",") if name == "srcset" else [value]
            self.found += [part.strip() for part in parts if OUTSIDE.match(part)]
