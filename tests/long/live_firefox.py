"""Live pages in Firefox, opened from a disk: all that a reader does, with and without relaxed SIMD and scripts, and on a phone.

    python tests/long/live_firefox.py [--pictures FOLDER] [PAGE ...]

Without a PAGE, a small page of the seed study is written and used. Each page trains its map and compares the hash. Prints a line for
each thing tried; exit status 1 if any of them fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))
import firefox as driver
from fallline.live import map_page
from firefox import Firefox, path_of_firefox
from live_page import study_map

READY = "document.getElementById('lab')?.dataset.state === 'ready'"
EQUAL = "document.querySelector('.about [data-equal]')?.dataset.equal === 'true'"
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
WHICH = "window.fallline.host.model.trainer().then((trainer) => trainer?.which ?? 'none')"
PLAY = "[...document.querySelectorAll('button')].find((button) => button.innerText === 'Play the map')"
PAGE_DOWN, TAB = "\ue00f", "\ue004"
"""Keys, as WebDriver names them."""


class Tries:
    """What was tried, each a line and whether it holds."""

    def __init__(self, pictures: Path | None) -> None:
        self.failed, self.pictures = 0, pictures

    def expect(self, what: str, holds: bool, *, of: object = "") -> None:
        self.failed += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {what}{f': {of}' if of != '' else ''}", flush=True)

    @contextmanager
    def browser(self, name: str, page: Path, **settings: Any) -> Iterator[Firefox]:
        """A browser with the page open; at its end, no error and no request."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            with Firefox(Path(profile), path_of_firefox() or "firefox", **settings) as firefox:
                firefox.open(page.as_uri())
                try:
                    yield firefox
                except (AssertionError, RuntimeError) as error:
                    self.expect(name, False, of=error)
                if self.pictures:
                    (self.pictures / f"{name}.png").write_bytes(firefox.screenshot())
            self.expect(f"{name}: no errors", not firefox.errors, of=firefox.errors or "")
            left = [url for url in firefox.requests if not url.startswith(("data:", "blob:", "file:"))]
            self.expect(f"{name}: no requests", not left, of=left or "")


def hash_of(firefox: Firefox) -> str:
    """The hash that the page prints, after it has trained the map and found the same."""
    firefox.click(".check-hash")
    firefox.until(EQUAL)
    return str(firefox.ask("document.querySelector('.sha256').textContent"))


def read(tries: Tries, page: Path, expected: str) -> None:
    """What a reader does with the page of the seed study."""
    with tries.browser("relaxed", page) as firefox:
        first = "performance.getEntriesByName('lab: first picture')[0]?.startTime"
        firefox.until(first)
        tries.expect("first picture", True, of=f"{firefox.ask(first):.0f} ms after navigation began")
        firefox.until(READY)
        tries.expect("the page chooses the module", firefox.ask(WHICH) == "relaxed", of=firefox.ask(WHICH))
        tries.expect("hash", hash_of(firefox) == expected)
        use(tries, firefox)
    with tries.browser("plain", page, **{"javascript.options.wasm_relaxed_simd": False}) as firefox:
        firefox.until(READY)
        tries.expect("without relaxed SIMD", firefox.ask(WHICH) == "plain", of=firefox.ask(WHICH))
        tries.expect("hash without relaxed SIMD", hash_of(firefox) == expected)
    with tries.browser("phone", page, width=390, height=844) as firefox:
        firefox.until(READY)
        tries.expect("390 pixels: nothing sideways", firefox.ask(SIDEWAYS) <= 0, of=firefox.ask(SIDEWAYS))
    with tries.browser("no scripts", page, **{"javascript.enabled": False}) as firefox:
        colours = len(Image.open(BytesIO(firefox.screenshot())).convert("RGB").getcolors(1 << 24))
        tries.expect("without scripts there is the picture", colours > 50, of=f"{colours} colours")


def use(tries: Tries, firefox: Firefox) -> None:
    """Pin, play a run, slide, zoom, play the map; by pointer and by keyboard."""
    pins = "document.querySelectorAll('.pin').length"
    before = firefox.ask(pins)
    firefox.click(".map-cells", 0.3, 0.5)
    firefox.until(f"{pins} === {before + 1}")
    firefox.until(READY)
    tries.expect(
        "a click pins a run",
        True,
        of=firefox.ask("document.querySelector('.sentences li:last-child').innerText.trim().slice(-60)"),
    )

    def changed(what: str, act: Callable[[], None], of: str) -> None:
        firefox.ask(f"(window.old = {of}, 0)")
        act()
        firefox.until(f"({of}) !== window.old")
        firefox.until(READY)
        tries.expect(what, True)

    def slide() -> None:
        firefox.ask("document.querySelector('[data-key=steps] input[type=range]').focus()")
        firefox.press(PAGE_DOWN)

    def by_tab(selector: str) -> None:
        for _ in range(60):
            firefox.press(TAB)
            if firefox.ask(f"document.activeElement.matches({json.dumps(selector)})"):
                return firefox.ask("document.activeElement.click()")
        raise AssertionError(f"the keyboard does not reach {selector}")

    pixels = "document.querySelector('.map-cells').toDataURL()"
    changed("a slider trains the map again", slide, pixels)
    changed("zooming trains finer cells", lambda: by_tab("[aria-label='Zoom in']"), pixels)
    changed("a run steps back", lambda: by_tab("[aria-label='Step back']"), "document.querySelector('.step').innerText")
    panel = "document.querySelector('.equations')"
    changed(
        "the numbers are put into the equations", lambda: firefox.click(".equations .check input"), f"{panel}.innerText"
    )
    firefox.until(f"{panel}.querySelectorAll('h3').length > 1 && !{panel}.querySelector('.old')")
    equation = firefox.ask(
        f"[...{panel}.querySelectorAll('math')].filter(m => m.getBoundingClientRect().width > 20).length"
    )
    tries.expect("formulas with numbers have a width", equation > 5, of=equation)
    tries.expect("the equations stay within the page", firefox.ask(SIDEWAYS) <= 0, of=firefox.ask(SIDEWAYS))
    if tries.pictures:
        firefox.ask(f"({panel}.scrollIntoView(), 0)")
        (tries.pictures / "numbers.png").write_bytes(firefox.screenshot())
    changed("the map plays", lambda: firefox.ask(f"{PLAY}.click()"), pixels)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="live pages on this disk")
    options.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep a picture of each page there")
    chosen = options.parse_args()
    driver.PATIENCE = 300  # other work may share the cores
    if path_of_firefox() is None:
        raise SystemExit("no Firefox is installed")
    if chosen.pictures:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    tries = Tries(chosen.pictures)
    if chosen.pages:
        for page in chosen.pages:
            with tries.browser(page.stem, page.resolve()) as firefox:
                firefox.until(READY)
                tries.expect(f"{page.name} hash", True, of=hash_of(firefox))
    else:
        with tempfile.TemporaryDirectory() as folder:
            m, page = study_map(), Path(folder) / "page.html"
            map_page(m, page, pins=[(0.06, 0.0)], command="fallline map study --live page.html")
            read(tries, page, m.sha256)
    raise SystemExit(tries.failed > 0)


if __name__ == "__main__":
    main()
