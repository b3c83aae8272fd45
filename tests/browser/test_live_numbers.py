"""A page puts the numbers of its runs into the equations as Python does."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fallline as fl
from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_sections import sections_of
from fallline.lab.work.runs import train_run
from fallline.live import map_page
from fallline.live.equation_numbers import content_of
from fallline.live.figure import figure
from fallline.live.shown_map import show_map
from fallline.textbook.network import Network
from fallline.views.equations.breaking import fragments
from fallline.views.equations.outlines import mathml
from live_page import SMALL, LivePage, study_map

NETWORK = fl.Network.of("2-3-9-3", activation="tanh", loss="cross_entropy", l2=0.01)
DATA = fl.generate("three-gaussians", samples=5)
CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "the seed study": (fl.NetworkObjective(Network.of("2-3-2-3", activation="relu", loss="cross_entropy"), DATA),
                       {"optimizer": "momentum", "x": "learning_rate=0.001..1:log", "y": "momentum=0..0.9"}, "units"),
    "a large layer": (fl.NetworkObjective(NETWORK, DATA), {
        "x": "learning_rate=0.001..1:log", "y": "l2=0..1", "optimizer": "adam", "schedule": "cosine"}, "matrix"),
    "a landscape and a list of rates": ("rosenbrock", {
        "optimizer": "momentum", "x": "start.x=-1..1", "y": "momentum=0..0.9", "schedule": [4e-4] * 4 + [0.9] * 4}, "matrix"),
}  # fmt: skip


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[LivePage]:
    opened = LivePage(chromium)
    yield opened
    opened.page.close()


def text_of(math: str) -> str:
    """The characters of a formula in MathML."""
    return html.unescape(re.sub(r"<[^>]*>", "", math))


def as_text(resolved: ResolvedState, form: str, x: float, y: float, step: int) -> list[Any]:
    """The sections that Python writes, as the characters of their formulas."""
    return [
        [s.title, [[text_of(content_of(mathml(left))), "".join(text_of(content_of(mathml(p))) for p in fragments(f"= {right}"))] for left, right in s.rows]]
        for s in sections_of(resolved, form, train_run(resolved, x, y), step)
    ]  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_that_python_writes(live: LivePage, name: str) -> None:
    objective, options, form = CASES[name]
    m = fl.map(objective, size=2, steps=8, **options)
    spec: MapSpec = m.spec
    resolved = show_map(spec)
    live.open_host(figure(m))
    for x, y in [
        (spec.x.values[0], spec.y.values[1]),
        (spec.x.values[1], spec.y.values[0]),
    ]:
        for step in (0, 3, 8):
            asked = {"form": form, "x": float(x), "y": float(y), "step": step}
            blocks = live.ask("numbered", "m.numbered(window.host, a)", asked)
            found = [
                [b["title"], [[text_of(r["left"]["math"]), "".join(text_of(p["math"]) for p in r["right"])] for r in b["rows"]]]
                for b in blocks
            ]  # fmt: skip
            assert found == as_text(resolved, form, float(x), float(y), step)


def test_a_reader_puts_the_numbers_in_on_a_phone(chromium: Any, tmp_path: Path) -> None:
    path = map_page(study_map(), tmp_path / "page.html", pins=[(0.06, 0.0)])
    context = chromium.new_context(viewport={"width": 390, "height": 800})
    context.add_init_script(SMALL)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(Path(str(path)).as_uri())
    panel = page.locator(".equations")
    panel.scroll_into_view_if_needed()
    panel.get_by_label("put the numbers in").check()
    panel.get_by_text("numbers of run 1 at step 30").wait_for()
    panel.locator("h3", has_text="In numbers, at step 30").wait_for()
    assert panel.locator("svg").count() == 0
    rate = panel.locator(".equation").first
    assert rate.text_content() == "=0.06"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(page, ".equations", options={"resultTypes": ["violations"]}).response["violations"]
        assert found == [], scheme
    panel.get_by_label("put the numbers in").uncheck()
    panel.locator(".equation svg").first.wait_for()
    assert not errors
    context.close()
