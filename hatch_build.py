"""The README as a package index shows it: an index serves no files beside it, so links into the repository need its address.

With an address under `[project.urls]` as "Repository", links and pictures point to the files of this version there. Without
one, a picture becomes its description, and a link its text, so that nothing is broken.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>(?!https?:|#|mailto:)[^)]+)\)")


def for_index(readme: str, repository: str, version: str) -> str:
    """The README with every relative link made absolute, or made text if there is no repository to link to."""

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link["picture"], link["text"], link["path"]
        if not repository:
            return f"*{text}*" if picture else text
        return f"{picture}[{text}]({repository.rstrip('/')}/{'raw' if picture else 'blob'}/v{version}/{path})"

    return LINK.sub(absolute, readme)


class ReadmeHook(MetadataHookInterface):
    """Gives the project its README."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling with the project's table."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = for_index(readme, metadata.get("urls", {}).get("Repository", ""), metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
