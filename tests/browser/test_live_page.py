"""A live page in a browser, opened from a disk: it trains by itself, with the bits of Python, and requests nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.lab.resolved_state import SIDE
from fallline.live import map_page
from fallline.live.shown_map import show_map
from fallline.maps.cells import at_cells
from fallline.maps.map import Map
from fallline.maps.replay import replay
from fallline.measures.measure import measure
from fallline.runs.confusion import confusion_on
from live_page import SMALL, study_map

PATIENCE = 30_000

KEEP = """() => {
    const { host } = window.fallline;
    const show = host.onmessage;
    window.kept = {};
    window.told = {};
    host.onmessage = (content, buffers) => {
        if (!content.sketch && !content.z && buffers.length) {
            const text = (view) => {
                const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
                let letters = "";
                for (let k = 0; k < bytes.length; k += 8192) letters += String.fromCharCode(...bytes.subarray(k, k + 8192));
                return btoa(letters);
            };
            window.told[content.kind] = content;
            window.kept[content.kind] = Object.fromEntries(content.arrays.map(({ name }, k) => [name, text(buffers[k])]));
        }
        show(content, buffers);
    };
}"""
"""Keeps the arrays of the newest answer of each kind; of tiles, of the whole plane."""


@dataclass
class Opened:
    """A page that was opened from a disk."""

    page: Any
    m: Map
    path: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def until(self, condition: str) -> None:
        for _ in range(PATIENCE // 50):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {condition}; notice: {self.page.locator('.notice').first.text_content()}")

    def ready(self) -> Opened:
        self.page.wait_for_selector("#lab[data-state=ready]", timeout=PATIENCE)
        return self


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Map, Any]:
    m = study_map()
    path = tmp_path_factory.mktemp("live") / "page.html"
    map_page(m, path, pins=[(0.06, 0.0)], command="fallline map study --live page.html")
    return m, path


@pytest.fixture
def open_page(chromium: Any, written: tuple[Map, Any]) -> Any:
    contexts = []

    def make(init: str = "", **options: Any) -> Opened:
        contexts.append(chromium.new_context(**{"viewport": {"width": 900, "height": 800}, **options}))
        contexts[-1].add_init_script(SMALL)
        contexts[-1].add_init_script(init)
        opened = Opened(contexts[-1].new_page(), *written)
        opened.page.set_default_timeout(PATIENCE)
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("console", lambda said: said.type == "error" and opened.errors.append(said.text))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(opened.path.as_uri())
        return opened

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def opened(open_page: Any) -> Any:
    page = open_page().ready()
    yield page
    assert page.errors == []
    assert {url for url in page.requests if not url.startswith("blob:")} == {page.path.as_uri()}


def tile_of(m: Map, **changes: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The whole plane as one tile, trained by Python for other numbers."""
    j, i = np.divmod(np.arange(SIDE * SIDE), SIDE)
    return at_cells(replace(show_map(m.spec).spec, **changes), i, j)


def lengths_map() -> Map:
    """A map of steps by batch, of a network with test samples."""
    problem = fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=12).split(0.25))
    return fl.map(
        problem, x="steps=1..9", y="batch=5..16", learning_rate=0.02, start=fl.draw_starts(problem, 1)[0],
        measures=["test_loss", "generalization_gap", "test_accuracy", "outcome", "best_loss"],
    )  # fmt: skip


@pytest.fixture
def lengths(chromium: Any, tmp_path: Any) -> Any:
    m = lengths_map()
    context = chromium.new_context(viewport={"width": 900, "height": 800})
    context.add_init_script(SMALL)
    opened = Opened(context.new_page(), m, map_page(m, tmp_path / "lengths.html"))
    opened.page.goto(opened.path.as_uri())
    yield opened.ready()
    context.close()


def test_axes_of_steps_and_batch_and_measures_of_test_samples_have_the_bits_of_python(lengths):
    """The map's own cells have its hash; a tile has Python's values after a change; a run has Python's numbers."""
    lengths.page.locator(".check-hash").click()
    lengths.page.evaluate(KEEP)
    typed(lengths, "settings.learning_rate", "0.015")
    changed = lengths.m.spec.method.with_({"learning_rate": 0.015})
    native = tile_of(lengths.m, method=changed)
    for name, dtype in (("test_loss", "<f8"), ("outcome", "u1"), ("diverged_at", "<i4")):
        assert kept(lengths, "tile", name, dtype).tobytes() == native[name].tobytes(), name
    lengths.until("document.querySelector('.about [data-equal]')?.dataset.equal === 'true'")
    lengths.ready()
    cells = lengths.page.locator(".map-cells").bounding_box()
    lengths.page.mouse.click(cells["x"] + 0.7 * cells["width"], cells["y"] + 0.5 * cells["height"])
    x, y = kept_pin(lengths)
    assert (x, y) == (int(x), int(y))
    run = replay(replace(show_map(lengths.m.spec).run_spec(x, y), method=changed), 0, 0)
    assert kept(lengths, "run", "losses", "<f8").tobytes() == run.losses.astype("<f8").tobytes()
    assert kept(lengths, "run", "test_losses", "<f8").tobytes() == run.test_losses.astype("<f8").tobytes()
    shown = {e["label"]: e["value"] for e in lengths.page.evaluate("window.told.run.numbers")}
    assert shown["test loss"] == run.test_losses[-1]
    assert shown["test accuracy"] == run.accuracy(lengths.m.spec.objective.data.test)
    lengths.page.get_by_role("button", name="Play the map").click()
    lengths.until("document.querySelector('.notice')?.textContent.includes('cannot be played')")


def kept_pin(opened: Opened) -> tuple[float, float]:
    """The place of the run that was answered last."""
    opened.until("Boolean(window.told?.run)")
    found = opened.page.evaluate("[window.told.run.x, window.told.run.y]")
    return found[0], found[1]


def kept(opened: Opened, kind: str, name: str, dtype: str) -> np.ndarray[Any, Any]:
    opened.until(f"Boolean(window.kept?.[{kind!r}]?.[{name!r}])")
    return np.frombuffer(base64.b64decode(opened.page.evaluate(f"window.kept[{kind!r}][{name!r}]")), dtype)


def typed(opened: Opened, key: str, text: str) -> None:
    box = opened.page.locator(f"[data-key='{key}'] input[type=text]")
    box.fill(text)
    box.press("Enter")


def test_a_slider_trains_the_map_again_with_the_bits_of_python(opened):
    opened.page.evaluate(KEEP)
    typed(opened, "steps", "17")
    native = tile_of(opened.m, steps=17)
    for name, dtype in (("final_loss", "<f4"), ("outcome", "u1")):
        assert kept(opened, "tile", name, dtype).tobytes() == native[name].tobytes(), name
    opened.ready()
    opened.until("location.hash.length > 1")  # the address holds the state
    opened.page.reload()
    opened.until("document.querySelector('[data-key=steps] input')?.value === '17'")


def test_random_starts_and_another_measure_have_the_bits_of_python(opened):
    opened.page.locator("[data-key=start]").get_by_text("random").click()
    opened.ready()
    opened.page.evaluate(KEEP)
    typed(opened, "starts", "3")
    opened.ready()
    opened.page.locator("[data-key='map.measure'] select").select_option(label="share of right answers")
    native = tile_of(opened.m, start=None, starts=3, measures=(measure("accuracy"),))
    assert kept(opened, "tile", "accuracy", "<f4").tobytes() == native["accuracy"].tobytes()
    opened.ready()


def test_the_map_plays(opened):
    opened.page.evaluate(KEEP)
    opened.page.get_by_role("button", name="Play the map").click()
    losses = kept(opened, "film", "values", "<f4").reshape(31, -1)
    native = tile_of(opened.m)["final_loss"]
    alive = np.isfinite(native)
    assert (losses[-1][alive] == native[alive]).all()


def test_a_weight_is_changed(opened):
    opened.page.evaluate(KEEP)
    opened.page.get_by_label("confusion matrix").check()
    opened.page.get_by_role("button", name="Change a weight").first.click()
    opened.page.locator(".what-if input[type=text]").first.fill("2")
    opened.page.locator(".what-if input[type=text]").first.press("Enter")
    w = kept(opened, "what_if", "w", "<f8")
    assert 2.0 in w
    problem = opened.m.spec.objective
    assert kept(opened, "what_if", "confusion", "<u4").tolist() == confusion_on(problem, w).ravel().tolist()
    opened.ready()


def test_the_hash_of_the_map_is_that_of_python(opened):
    assert opened.page.locator(".sha256").text_content() == opened.m.sha256
    opened.page.locator(".check-hash").click()
    opened.until("document.querySelector('.about [data-equal]')?.dataset.equal === 'true'")


def test_a_click_pins_a_run_with_its_outcome(opened):
    opened.page.evaluate(KEEP)
    cells = opened.page.locator(".map-cells")
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    opened.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    opened.until("document.querySelectorAll('.pin').length === 2")
    opened.ready()
    told = opened.page.locator(".sentences li").all_inner_texts()
    for place, text in zip(((0.06, 0.0), kept_pin(opened)), told, strict=True):  # stored in the page, and trained there
        run = replay(show_map(opened.m.spec).run_spec(*place), 0, 0)
        assert text.strip().endswith(run.outcome.sentence)


def test_a_number_out_of_range_is_refused_in_a_sentence(opened):
    typed(opened, "settings.initial_scale", "wide")
    opened.until("Boolean(document.querySelector('.refusal'))")
    assert opened.page.locator(".refusal").text_content() == "initial_scale must be a finite number; got 'wide'."


def test_axes_that_change_places_take_their_pins_with_them(opened):
    opened.page.locator("[data-key='map.x'] select").first.select_option("momentum")
    opened.until("document.querySelector('.notice')?.textContent.includes('changed places')")
    notice = opened.page.locator(".notice").first.text_content()
    assert "The y axis is now learning rate: the axes changed places." in notice
    assert "The pins show the same runs as before." in notice
    opened.until('JSON.stringify(window.fallline.host.state.pins) === \'[{"x":0,"y":0.06}]\'')
    opened.ready()


def test_zoom_trains_finer_tiles(opened):
    opened.page.get_by_role("button", name="Zoom in").click()
    opened.until("document.getElementById('lab').dataset.state === 'busy'")
    opened.ready()


LACKING = """(() => {
    const validate = WebAssembly.validate;
    let asked = 0;
    WebAssembly.validate = (bytes) => ++asked > %d && validate(bytes);
})()"""
"""A browser that does not know the first instructions that a page asks for."""


def test_without_relaxed_simd_a_page_from_a_disk_has_the_same_bits(open_page):
    page = open_page(init=LACKING % 1)
    page.until("document.querySelector('.about')?.textContent.includes('without relaxed SIMD')")
    page.page.locator(".check-hash").click()
    page.until("document.querySelector('.about [data-equal]')?.dataset.equal === 'true'")
    assert not page.errors


def test_without_simd_a_page_shows_what_was_stored(open_page):
    page = open_page(init=LACKING % 2)
    page.until("performance.getEntriesByName('lab: first picture').length > 0")
    page.until("document.querySelector('.about')?.textContent.includes('trains nothing')")
    assert not page.page.locator(".check-hash").is_visible()
    assert page.page.locator(".sentences li").first.inner_text().strip()


def test_keys_alone_pin_a_run_and_move_a_slider(opened):
    """From the top of the page, Tab reaches the map; arrows choose a run and Enter pins it."""
    page = opened.page
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.map-plot') !== null"):
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    opened.until("document.querySelectorAll('.pin').length === 2")
    slider = page.locator("[data-key=steps] input[type=range]")
    slider.focus()
    before = slider.input_value()
    page.keyboard.press("ArrowLeft")
    opened.until(f"document.querySelector('[data-key=steps] input[type=range]').value !== '{before}'")
    opened.ready()


def test_a_page_without_data_shows_its_picture_and_runs_nothing(open_page, tmp_path):
    secret = tmp_path / "picture.html"
    page = open_page()
    map_page(page.m, secret, data=False)
    page.requests.clear()
    page.page.goto(secret.as_uri())
    assert page.page.locator("#stored img").evaluate("(image) => image.complete && image.naturalWidth > 200")
    assert "no samples" in page.page.locator("#stored").inner_text()
    assert page.page.evaluate("document.scripts.length") == 0
    assert page.requests == [secret.as_uri()]


def test_without_scripts_there_is_a_picture(open_page):
    page = open_page(java_script_enabled=False).page
    assert page.locator("#stored img").is_visible()
    assert page.locator("#stored").inner_text().count("SHA-256") == 1


def test_a_phone_shows_it_without_scrolling_sideways(open_page):
    opened = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    opened.until("performance.getEntriesByName('lab: first picture').length > 0")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not opened.errors


def test_axe_finds_nothing(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(opened.page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []
