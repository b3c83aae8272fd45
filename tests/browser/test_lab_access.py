"""The lab for everybody: keyboard only, assistive technology, small screens, large letters, dark, calm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def violations(lab) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    lab.page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = lab.page.evaluate("axe.run().then(r => r.violations)")
    return [f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found for n in v["nodes"]]


def test_everything_by_keyboard(lab):
    """From the map to a pinned run, its steps, and back, without a mouse."""
    plot = lab.page.locator(".map-plot")
    for _ in range(80):
        lab.page.keyboard.press("Tab")
        if plot.evaluate("e => e === document.activeElement"):
            break
    assert plot.evaluate("e => e === document.activeElement && getComputedStyle(e).outlineStyle !== 'none'")
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowUp")
    lab.until("document.querySelector('.readout').textContent.length > 10")
    lab.until(
        "[...document.querySelectorAll('.map-panel [aria-live]')].some(e => e.textContent.includes('learning rate'))"
    )
    lab.page.keyboard.press("Enter")
    lab.until("document.querySelectorAll('.pin').length === 1")
    lab.ready()
    lab.page.keyboard.press("+")
    lab.until("document.querySelector('.depth').textContent.startsWith('2')")
    lab.page.keyboard.press("Shift+ArrowRight")
    lab.page.keyboard.press("Home")
    lab.until("document.querySelector('.depth').textContent === ''")
    lab.ready()
    before = lab.state["pins"]
    lab.page.keyboard.press("Tab")  # the pin
    lab.page.keyboard.press("Shift+ArrowLeft")
    lab.ready()
    assert lab.state["pins"] != before
    lab.page.keyboard.press("Delete")
    lab.until("document.querySelectorAll('.pin').length === 0")
    assert plot.evaluate("e => e === document.activeElement")  # focus is not lost with the pin
    lab.page.get_by_label("Step", exact=True).focus()
    lab.page.keyboard.press("Home")
    lab.until("document.querySelector('.step').textContent.startsWith('0')")


def fits(lab) -> None:
    """Nothing reaches beyond the page to the right, and no button's or heading's letters are cut."""
    assert lab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = lab.page.evaluate(
        """[...document.querySelectorAll('button, h1, h2, h3, label, .chip, .badge')].filter(e => e.offsetParent
        && !e.closest('.unseen') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
        .map(e => e.className + ': ' + e.textContent)"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [360, 640, 820, 1280, 1920])
def test_widths(new_lab, width):
    lab = new_lab(viewport={"width": width, "height": 800}).open(rest=False)
    fits(lab)
    size = lab.page.locator(".map-cells").bounding_box()
    assert size["width"] > 0.6 * min(width, 400)
    assert size["height"] > 200


def test_twice_the_size(new_lab):
    """200 % zoom is a page of half the pixels, each twice as large."""
    lab = new_lab(viewport={"width": 640, "height": 450}, device_scale_factor=2).open()
    fits(lab)
    lab.pin(6e-3, 0.0)
    fits(lab)


def test_a_telephone(new_lab):
    lab = new_lab(viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True, has_touch=True).open()
    fits(lab)
    lab.page.touchscreen.tap(*lab.plot(0.4, 0.5))
    lab.until("document.querySelectorAll('.pin').length === 1")
    lab.ready()
    fits(lab)


def test_dark_mode_at_once(lab):
    before = (
        lab.pixels(),
        lab.page.evaluate("getComputedStyle(document.querySelector('.fallline-lab')).backgroundColor"),
    )
    lab.page.emulate_media(color_scheme="dark")
    lab.until("document.querySelector('.fallline-lab').dataset.theme === 'dark'")
    lab.ready()
    after = lab.pixels(), lab.page.evaluate("getComputedStyle(document.querySelector('.fallline-lab')).backgroundColor")
    assert before[1] != after[1]


def test_reduced_motion_jumps(new_lab):
    lab = new_lab(reduced_motion="reduce").open()
    lab.page.get_by_role("button", name="Zoom in").click()
    # No flight: the view stands where it should in the very same task.
    assert lab.page.locator(".depth").inner_text() == "2×"
    assert lab.page.evaluate("document.getAnimations().length") == 0


def test_the_policy_is_strict(lab):
    policy = lab.page.evaluate("fetch('/').then(r => r.headers.get('content-security-policy'))")
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert "unsafe" not in policy.replace("unsafe-inline' 'none", "")
