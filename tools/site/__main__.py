"""The command: stage, generate, build, check."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tools.site import figures, gallery, laws, reference, stage
from tools.site.offline import requests_in


def main() -> int:
    """Build the site. Exit status 1 if a map's hash differs, Sphinx warns, or a page would load something from elsewhere."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=stage.HERE / "build/site", metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--record", action="store_true", help="record the hashes of the gallery's maps, and build nothing"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep the gallery's maps there and use them again, for a quick look at words",
    )
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="of each section, only the first map and every Nth: a quick check",
    )
    arguments = parser.parse_args()
    if arguments.record:
        changed = gallery.record()
        print(f"{len(changed)} hashes changed: {', '.join(changed) or 'none'}")
        return 0
    with tempfile.TemporaryDirectory(prefix="fallline-site-") as name:
        folder = Path(name)
        stage.copy_pages(folder)
        wrong = gallery.write_pages(folder, arguments.keep, arguments.every)
        if wrong:
            print("\n".join(wrong), file=sys.stderr)
            return 1
        reference.write_pages(folder)
        laws.write_pages(folder)
        figures.draw_figures(folder)
        if arguments.out.exists():
            shutil.rmtree(arguments.out)
        if status := stage.build(folder, arguments.out):
            return status
    outside = requests_in(arguments.out)
    if outside:
        print("\n".join(outside), file=sys.stderr)
        return 1
    pages = sum(1 for _ in arguments.out.rglob("*.html"))
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file()) / 1e6
    print(f"{pages} pages, {size:.1f} MB, in {arguments.out}: open index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
