"""Pictures of the lab, to be looked at: every example at three widths, light and dark; and the picture and film of the documentation.

python tests/long/lab_pictures.py FOLDER [words of an example ...]
python tests/long/lab_pictures.py --docs
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from browser.conftest import Lab, Server
from fallline.views.pictures.theme import THEMES

WIDTHS = {1440: 900, 1024: 768, 390: 844}
IMAGES = Path(__file__).parents[2] / "docs/images"
REFINING = 9_000
"""Milliseconds that a picture waits for the finest tiles."""

COLOURS = 128
"""Of the film: with more it would be larger than 3 MB."""


@contextmanager
def browser() -> Iterator[tuple[Any, Server]]:
    """A browser and a server, as the browser tests have them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        path = shutil.which("chromium") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium, server
        chromium.close()
        server.stop()


def opened(chromium: Any, server: Server, width: int, height: int, scheme: str, scale: float = 1) -> Lab:
    """A page of that size."""
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
    )
    lab = Lab(context.new_page(), server).open(rest=False)
    settled(lab)
    return lab


def settled(lab: Lab) -> None:
    """Wait for all tiles, or for a while on a slow machine: the coarse ones are there before."""
    with contextlib.suppress(Exception):
        lab.page.wait_for_selector("#lab[data-state=ready]", timeout=REFINING)


def examples(folder: Path, words: list[str]) -> None:
    """The whole page of every example, as NUMBER-WIDTH-SCHEME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as (chromium, server):
        for scheme in ("light", "dark"):
            for width, height in WIDTHS.items():
                lab = opened(chromium, server, width, height, scheme)
                buttons = lab.page.locator(".menu-panel.examples button")
                for k, text in enumerate(buttons.all_text_contents()):
                    if words and not any(word in text for word in words):
                        continue
                    lab.page.evaluate("k => document.querySelectorAll('.menu-panel.examples button')[k].click()", k)
                    settled(lab)
                    lab.page.locator(".equations").scroll_into_view_if_needed()
                    lab.page.wait_for_timeout(600)  # a rest, then the equations are asked for
                    lab.until("document.querySelectorAll('.equation').length > 0")
                    lab.page.evaluate("scrollTo(0, 0)")
                    settled(lab)
                    lab.page.screenshot(path=folder / f"{k}-{width}-{scheme}.png", full_page=True)
                    print(f"{k}-{width}-{scheme}.png", text.strip()[:40], flush=True)
                lab.page.context.close()


def documentation() -> None:
    """docs/images/lab.png: the notebook's four runs; docs/images/lab.gif: a slider moved, a run pinned, the map played."""
    from PIL import Image

    with browser() as (chromium, server):
        lab = opened(chromium, server, 1440, 1420, "light")
        lab.page.evaluate("document.querySelectorAll('.menu-panel.examples button')[2].click()")
        settled(lab)
        lab.page.screenshot(path=IMAGES / "lab.png")
        lab.page.context.close()

        lab = opened(chromium, server, 1100, 760, "light")
        frames: list[tuple[bytes, int]] = []

        def take(milliseconds: int = 120) -> None:
            frames.append((lab.page.screenshot(), milliseconds))

        film(lab, take)
        pictures = [
            Image.open(io.BytesIO(png)).convert("RGB").resize((880, 608), Image.Resampling.LANCZOS) for png, _ in frames
        ]
        source = pictures[len(pictures) // 2].copy()
        for k, colour in enumerate(THEMES["light"].series):  # the colours of pins, which are small
            source.paste(colour, (60 * k, 0, 60 * k + 60, 60))
        palette = source.quantize(COLOURS)
        pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
        pictures[0].save(
            IMAGES / "lab.gif", save_all=True, append_images=pictures[1:], duration=[ms for _, ms in frames], loop=0
        )  # fmt: skip
        print(f"{len(frames)} pictures, {(IMAGES / 'lab.gif').stat().st_size / 1e6:.2f} MB")


def film(lab: Lab, take: Any) -> None:
    """What a reader does in the film."""
    take(900)
    slider = lab.page.locator('[data-focus="settings.initial_scale range"]')
    slider.scroll_into_view_if_needed()
    start = int(slider.evaluate("input => Number(input.value)"))
    for value in [*range(start + 25, start + 176, 25), *range(start + 150, start - 1, -25)]:
        count = "performance.getEntriesByName('lab: change to picture').length"
        before = lab.page.evaluate(count)
        moved = "(input, v) => { input.value = v; input.dispatchEvent(new Event('input', { bubbles: true })); }"
        slider.evaluate(moved, value)
        lab.until(f"n => {count} > n", before)
        take()
    settled(lab)
    take(600)
    x, y = lab.plot(0.82, 0.3)
    lab.page.mouse.move(x, y)
    settled(lab)
    take(700)
    lab.page.mouse.click(x, y)
    settled(lab)
    take(900)
    step = lab.page.get_by_label("Step", exact=True)
    lab.page.get_by_role("button", name="Play the map").click()
    lab.until("document.querySelector('.map-step').textContent.includes('after ')")
    lab.page.get_by_role("button", name="First step").click()
    for k in range(int(step.get_attribute("max") or 0) + 1):
        step.evaluate("(input, v) => { input.value = v; input.dispatchEvent(new Event('input')); }", k)
        lab.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        take()
    take(1800)


if __name__ == "__main__":
    if sys.argv[1:] == ["--docs"]:
        documentation()
    elif len(sys.argv) > 1:
        examples(Path(sys.argv[1]), sys.argv[2:])
    else:
        sys.exit(__doc__)
