"""axe finds nothing to mend on the page: in both schemes, at desktop and phone width, in the states that a reader meets."""

from __future__ import annotations

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")


def found(lab, *rules: str) -> list[str]:
    """What axe finds by these rules, or by all: a line for each element."""
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    violations = axe.Axe().run(lab.page, options={"resultTypes": ["violations"], **only}).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def pinned(lab):
    lab.pin(0.001, 0.5)
    lab.pin(0.006, 0.0)


def examined(lab):
    """The tools of the runs that are open."""
    for name in ("gradient flow", "confusion matrix"):
        lab.page.get_by_label(name).check()
    lab.page.get_by_role("button", name="Change a weight").first.click()
    lab.ready()


def noticed(lab):
    for box, value in zip(lab.page.locator(".exact input").all(), ("1e308", "0.5"), strict=True):
        box.fill(value)
    lab.page.locator(".exact button").click()
    lab.until("!document.querySelector('.notice').hidden")


def playing(lab):
    lab.page.get_by_role("button", name="Play the map").click()
    lab.until("document.querySelector('.map-step').textContent.startsWith('after ')")


def examples(lab):
    lab.page.locator("summary", has_text="Examples").click()


def exports(lab):
    lab.page.locator("summary", has_text="Export").click()


def refused(lab):
    lab.page.get_by_text("formula", exact=True).click()
    lab.ready()
    lab.page.locator("input.formula").fill("x^2 +")
    lab.until("document.querySelector('.refusal') !== null")


def equations(lab):
    lab.page.locator(".equations").scroll_into_view_if_needed()
    lab.until("document.querySelector('.equation svg') !== null")


def dialog(lab):
    exports(lab)
    lab.page.locator("[data-what=python]").click()
    lab.page.locator("dialog[open]").wait_for()


STATES = (pinned, examined, noticed, playing, examples, exports, equations, dialog, refused)
COLOURED = (pinned, noticed, refused)
"""States with colours of their own."""


@pytest.mark.parametrize(
    ("scheme", "states", "rules"),
    [("light", STATES, ()), ("dark", COLOURED, ("color-contrast",))],
    ids=["light", "dark"],
)
def test_axe_finds_nothing(new_lab, scheme, states, rules):
    lab = new_lab(color_scheme=scheme, viewport={"width": 1300, "height": 900}).light()
    assert found(lab, *rules) == []
    for state in states:
        state(lab)
        assert (state.__name__, found(lab, *rules)) == (state.__name__, [])
        lab.page.keyboard.press("Escape")
    assert lab.errors == []


def test_axe_finds_nothing_on_a_phone(new_lab):
    lab = new_lab(viewport={"width": 390, "height": 844}, has_touch=True).light()
    lab.page.get_by_role("button", name="Controls").click()
    assert found(lab) == []


def test_axe_sees_faults(lab):
    """The test itself: text in the colour of its background, and a button without a name, are found."""
    lab.page.evaluate("document.querySelector('.lead p').style.color = '#f8f8f8'")
    lab.page.evaluate("document.querySelector('.zoom button').removeAttribute('aria-label')")
    lab.page.evaluate("document.querySelector('.zoom button').removeAttribute('title')")
    kinds = {line.partition(":")[0] for line in found(lab, "color-contrast", "button-name")}
    assert kinds == {"color-contrast", "button-name"}
