"""The page on a phone or a narrow window: nothing is wider than the screen, and map and controls stay in view and cover nothing."""

from __future__ import annotations

import pytest

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}

WITHIN = """selector => [...document.querySelectorAll(selector)].every(e => {
  const { left, right } = e.getBoundingClientRect();
  return left >= 0 && right <= innerWidth;
})"""


@pytest.fixture
def phone(new_lab):
    lab = new_lab(**PHONE).light()
    yield lab
    assert lab.errors == []


def test_nothing_is_wider_than_the_screen(phone):
    for y in (0.0, 0.3, 0.6, 0.9):
        phone.pin(0.001, y)
    phone.page.locator(".table-box").scroll_into_view_if_needed()
    # All columns of the comparison are on the screen.
    assert phone.page.locator(".table-box").evaluate("box => box.scrollWidth <= box.clientWidth")
    assert phone.page.evaluate(WITHIN, ".table-box :is(th, td)")
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # A column for each run.
    lefts = phone.page.locator(".table-box tbody tr").evaluate_all(
        "rows => rows.map(r => r.getBoundingClientRect().left)"
    )
    assert lefts == sorted(set(lefts))


def test_menus_lie_on_the_screen(phone):
    for name in ("Examples", "Export"):
        phone.page.get_by_label(name, exact=True).first.click()
        assert phone.page.evaluate(WITHIN, "details[open] .menu-panel")
        phone.page.keyboard.press("Escape")


def test_the_map_stays_in_view_over_the_sheet_of_controls(phone):
    phone.page.get_by_role("button", name="Controls").click()
    phone.page.locator("[data-key='steps'] input[type=range]").scroll_into_view_if_needed()
    map_, sheet, close = (
        phone.page.locator(name).bounding_box() for name in (".map-cells", ".controls", ".sheet-button")
    )
    assert map_["y"] >= 0
    assert map_["y"] + map_["height"] <= sheet["y"]
    # The button that closes the sheet covers its heading alone.
    assert sheet["y"] <= close["y"] < close["y"] + close["height"] <= sheet["y"] + 46
    phone.page.get_by_role("button", name="Close").click()
    assert phone.page.locator(".controls").is_hidden()


def test_the_controls_that_stay_in_view_cover_nothing(new_lab):
    lab = new_lab(viewport={"width": 900, "height": 700}).light()
    lab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    lab.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    controls, equations = (lab.page.locator(f".panel.{name}").bounding_box() for name in ("controls", "equations"))
    assert 0 <= controls["y"] < 20
    assert equations["y"] < 700
    assert equations["x"] >= controls["x"] + controls["width"]
