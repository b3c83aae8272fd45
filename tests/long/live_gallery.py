"""Every live map of the gallery, trained in headless Chromium, has the hash that the gallery records.

    python -m tools.site
    python tests/long/live_gallery.py build/site [--plain] [--pictures FOLDER] [--only NAME ...]

Opens each live page of the site from the disk, lets it train all cells of its map, and compares. With `--plain` the browser has no
relaxed SIMD. Prints a line for each map; exit status 1 if any hash differs or a page reports an error.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))
from tools.site.gallery import entries

from live_page import SMALL

PATIENCE = 600_000


def trained(context: Any, page: Path, picture: Path | None) -> tuple[str, str, list[str]]:
    """The hash that the page prints, what it says after it has trained the map, and its errors."""
    opened, errors = context.new_page(), []
    opened.set_default_timeout(PATIENCE)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(page.as_uri())
    opened.wait_for_selector("#lab[data-state=ready]")
    printed = opened.locator(".sha256").text_content()
    opened.locator(".check-hash").click()
    told = opened.locator(".about [data-equal]")
    told.wait_for()
    said = told.text_content()
    if picture:
        opened.screenshot(path=picture, full_page=True)
    opened.close()
    return printed, said, errors


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("site", type=Path, help="folder of the built site")
    options.add_argument("--plain", action="store_true", help="switch relaxed SIMD off")
    options.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep a picture of each page there")
    options.add_argument("--only", nargs="*", default=(), metavar="NAME", help="these maps alone")
    chosen = options.parse_args()
    if chosen.pictures:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox", *(["--js-flags=--no-experimental-wasm-relaxed-simd"] if chosen.plain else [])]
    wrong = live = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        context = browser.new_context(viewport={"width": 900, "height": 800})
        context.add_init_script(SMALL)
        for entry in entries():
            page = (chosen.site / "_static/gallery" / entry.name / "live.html").resolve()
            if not page.exists() or (chosen.only and entry.name not in chosen.only):
                continue
            began = time.monotonic()
            picture = chosen.pictures / f"{entry.name}.png" if chosen.pictures else None
            printed, said, errors = trained(context, page, picture)
            good = printed == entry.sha256 and said.startswith("Equal") and not errors
            live, wrong = live + 1, wrong + (not good)
            line = f"{'ok    ' if good else 'FAILED'} {entry.name:<22} {entry.spec.cells:>6,} cells, {time.monotonic() - began:.0f} s"
            print(line if good else f"{line}: {printed}; {said}; {errors}", flush=True)
        browser.close()
    print(f"{live} live maps, {wrong} differ.")
    raise SystemExit(wrong > 0 or not live)


if __name__ == "__main__":
    main()
