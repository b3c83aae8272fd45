"""The dive: the map zooms along the boundary, and counts the networks that it trains."""

from __future__ import annotations

import re

import pytest
from tests.browser.test_lab_access import violations

WIDE = {"width": 1100, "height": 800}  # where the controls stand beside the map


def count(lab) -> int:
    """The networks trained, as the map says."""
    found = re.match(r"([\d,]+) networks trained", lab.page.locator(".dive-count").inner_text())
    return int(found.group(1).replace(",", "")) if found else 0


def depth(lab) -> float:
    return lab.page.evaluate(
        "Number(document.querySelector('.dive-count').textContent.match(/· ([\\d,]+)×/)?.[1].replaceAll(',', '') ?? 1)"
    )


def dive(lab):
    return lab.page.get_by_role("button", name="Dive")


def until_deeper(lab, than: float) -> None:
    lab.until(
        "than => Number(document.querySelector('.dive-count').textContent"
        ".match(/· ([\\d,]+)×/)?.[1].replaceAll(',', '')) > than",
        than,
    )


def test_a_dive_follows_the_boundary(lab):
    dive(lab).click()
    until_deeper(lab, 100)
    assert count(lab) >= 4 * 64 * 64
    assert dive(lab).get_attribute("aria-pressed") == "true"
    assert violations(lab) == []
    lab.page.keyboard.press("Escape")
    assert dive(lab).get_attribute("aria-pressed") == "false"
    lab.ready()
    reached = lab.state["view"]
    assert 100 < 1 / (reached["x"][1] - reached["x"][0]) < 1e5
    assert lab.state["dtype"] == "float64"
    # Runs on both sides of the boundary are in view.
    colours = lab.page.evaluate(
        """() => {
            const c = document.querySelector('.map-cells');
            const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return new Set(new Uint32Array(p.buffer)).size;
        }"""
    )
    assert colours > 2
    shown = lab.page.locator(".dive-line").inner_text()
    assert "networks trained" in shown
    lab.page.go_back()
    lab.ready()
    assert "view" not in lab.state
    assert "dtype" not in lab.state
    assert lab.page.locator(".dive-count").inner_text() == ""


def test_a_click_ends_the_dive_and_pins_nothing(lab):
    dive(lab).click()
    until_deeper(lab, 2)
    lab.page.mouse.click(*lab.plot(0.5, 0.5))
    assert dive(lab).get_attribute("aria-pressed") == "false"
    lab.ready()
    assert lab.page.locator(".pin").count() == 0
    lab.page.mouse.click(*lab.plot(0.5, 0.5))
    lab.until("document.querySelectorAll('.pin').length === 1")


@pytest.mark.long
def test_the_button_and_a_change_end_the_dive(new_lab):
    lab = new_lab(viewport=WIDE).light()
    dive(lab).focus()
    lab.page.keyboard.press("Enter")
    until_deeper(lab, 2)
    lab.page.keyboard.press("Enter")
    lab.ready()
    assert "view" in lab.state
    lab.page.keyboard.press("Enter")
    lab.until("document.querySelector('.dive-count').textContent !== ''")
    lab.page.get_by_label("Optimizer", exact=True).select_option(label="Nesterov")
    lab.ready()
    assert dive(lab).get_attribute("aria-pressed") == "false"
    assert lab.page.locator(".dive-count").text_content() == ""
    assert lab.errors == []


@pytest.mark.long
def test_with_less_motion_the_dive_steps(new_lab):
    lab = new_lab(reduced_motion="reduce").light()
    dive(lab).click()
    until_deeper(lab, 3)
    assert depth(lab) in {4, 8, 16}
    dive(lab).click()
    lab.ready()
    assert lab.errors == []


@pytest.mark.long
def test_where_all_runs_are_alike_there_is_no_dive(new_lab):
    lab = new_lab(viewport=WIDE).light()
    lab.page.get_by_text("formula", exact=True).click()
    lab.ready()
    lab.page.locator("input.formula").fill("0*x")
    lab.says("0*x")
    dive(lab).click()
    lab.until("document.querySelector('.dive-line').textContent.includes('there is no boundary')")
    assert dive(lab).get_attribute("aria-pressed") == "false"
    assert lab.errors == []
