"""The text of the script that trains in a page's workers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fallline.lab.page_files import bundled

__all__ = ["worker_text"]

PAGE = Path(__file__).parent / "page"


@cache
def worker_text() -> str:
    """All modules of a worker as one classic script. A page makes a worker of its text, so that it needs no other file.

    >>> worker_text().splitlines()[-1]
    '})();'
    """
    # a module without exports of its own: the last line of the bundle, which exports one, is for other hosts
    text, _, _ = bundled(PAGE, "worker.js").rpartition("\nexport default")
    return text + "\n"
