"""Every control changes the state and the pictures; what cannot be is refused in words."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path


def choose(lab, key: str, label: str) -> None:
    """Choose an option of a control, whether it is drawn as a list or as segments."""
    field = lab.page.locator(f'[data-key="{key}"]')
    if field.locator("select").count():
        field.locator("select").first.select_option(label=label)
    else:
        field.get_by_text(label, exact=True).click()
    lab.ready()


def type_in(lab, key: str, value: str, *, exact: bool = False) -> None:
    box = lab.page.locator(f'[data-focus="{key}"]' if exact else f'[data-focus="{key} text"]')
    box.fill(value)
    box.press("Enter")
    lab.ready()


def test_a_slider_moves_the_map(lab):
    before = lab.pixels()
    slider = lab.page.locator('[data-focus="steps range"]')
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    lab.ready()
    assert lab.pixels() != before
    assert lab.state["steps"] > 30
    type_in(lab, "steps", "30")
    assert lab.pixels() == before
    assert "steps" not in lab.state


def test_the_newest_wins(lab):
    """Many changes at once: the picture is that of the last, as if there had been no other."""
    seeds = '[data-focus="seed range"]'
    lab.page.get_by_text("random", exact=True).click()  # no run of the notebook's start depends on the seed
    lab.ready()
    lab.page.locator(seeds).evaluate(
        "async r => { for (let k = 0; k < 30; k++) { r.value = String(30 * k); r.dispatchEvent(new Event('input'));"
        " await new Promise(requestAnimationFrame); } }"
    )
    lab.ready()
    dragged, last = lab.pixels(), lab.state.get("seed")
    type_in(lab, "seed", "3")
    assert lab.pixels() != dragged
    type_in(lab, "seed", str(last))
    assert lab.pixels() == dragged


def test_what_else_had_to_change_is_told(lab):
    lab.pin(0.001, 0.5)
    choose(lab, "optimizer", "gradient descent")
    told = lab.page.locator(".notice").inner_text()
    assert "The y axis is now initial scale: gradient descent has no momentum." in told
    assert "The pin was removed: the map has other axes." in told
    lab.page.locator(".notice").get_by_role("button", name="Undo").click()
    lab.until("document.querySelectorAll('.pin').length === 1")
    lab.ready()
    assert "optimizer" not in lab.state
    assert not lab.page.locator(".notice").is_visible()
    # When the axes change places, the pin goes with its run.
    lab.page.locator('[data-focus="map.y name"]').select_option(value="learning_rate")
    lab.ready()
    assert lab.state["pins"] == [{"x": 0.5, "y": 0.001}]
    lab.page.locator(".notice").get_by_label("Close").click()
    assert not lab.page.locator(".notice").is_visible()


def test_layers_units_and_activations(lab):
    before = lab.pixels()
    lab.page.get_by_role("button", name="layer", exact=True).click()
    lab.until("document.querySelectorAll('.layer input').length === 3")
    lab.ready()
    assert len(lab.state["objective"]["units"]) == 5
    lab.page.get_by_label("Units of hidden layer 1").fill("5")
    lab.page.get_by_label("Units of hidden layer 1").press("Tab")
    lab.ready()
    lab.page.get_by_label("Activation of hidden layer 2").select_option(label="tanh")
    lab.ready()
    objective = lab.state["objective"]
    assert objective["units"][1] == 5
    assert objective["activations"][1] == "tanh"
    assert lab.pixels() != before
    for _ in range(2):
        lab.page.get_by_role("button", name="Remove hidden layer 1").click()
        lab.ready()
    assert len(lab.state["objective"]["units"]) == 3


def test_optimizers_bring_their_settings(lab):
    choose(lab, "optimizer", "Adam")
    assert lab.page.locator('[data-key="settings.beta1"]').count() == 1
    assert lab.state["optimizer"] == "adam"
    choose(lab, "dtype", "float64")
    assert lab.state["dtype"] == "float64"


def test_axes_and_their_ranges(lab):
    before = lab.pixels()
    type_in(lab, "map.x low", "1e-3", exact=True)
    assert lab.state["map"]["x"]["low"] == 1e-3
    assert lab.pixels() != before
    lab.page.locator('[data-focus="map.y name"]').select_option(value="seed")
    lab.ready()
    assert lab.state["map"]["y"]["name"] == "seed"


def test_measures(lab):
    before = lab.pixels()
    choose(lab, "map.measure", "outcome")
    assert lab.pixels() != before
    assert "still descending" in lab.page.locator(".legend").inner_text()


def test_own_formula_and_its_refusal(lab):
    choose(lab, "objective.kind", "formula")
    box = lab.page.locator(".formula")
    box.fill("x^2 + 3*y^2")
    lab.says("x^2 + 3*y^2")
    assert lab.state["objective"]["text"] == "x^2 + 3*y^2"
    picture = lab.pixels()
    box.fill("__import__('os')")
    lab.until("document.querySelector('.refusal, .notice[data-kind=refused]:not([hidden])')")
    lab.ready()
    assert lab.pixels() == picture  # what stood there stays
    box.fill("x^2 + 4*y^2")
    lab.until("!document.querySelector('.refusal')")
    lab.says("x^2 + 4*y^2")
    assert lab.pixels() != picture


def test_a_value_out_of_range_is_refused_at_its_field(lab):
    type_in(lab, "steps", "-3")
    assert "steps" in lab.page.locator('[data-key="steps"] .refusal').inner_text()
    assert lab.page.locator('[data-focus="steps text"]').get_attribute("aria-invalid") == "true"
    type_in(lab, "steps", "31")
    assert lab.page.locator(".refusal").count() == 0


def test_generated_data_with_noise_and_seed(lab):
    before = lab.pixels()
    lab.page.locator('[data-key="data.name"] select').select_option(label="two moons")
    lab.ready()
    assert lab.pixels() != before
    type_in(lab, "seed", "3")  # of seed 0 every run is dead from the start, whatever the data
    moons = lab.pixels()
    type_in(lab, "data.noise", "0.3")
    noisy = lab.pixels()
    assert noisy != moons
    type_in(lab, "data.seed", "5")
    assert lab.pixels() != noisy


def test_points_drawn_dragged_and_removed(lab):
    choose(lab, "data.kind", "by hand")
    canvas = lab.page.locator(".points-canvas")
    canvas.scroll_into_view_if_needed()
    count = len(lab.state["data"]["points"])
    lab.page.get_by_role("button", name="1", exact=True).click()
    box = canvas.bounding_box()
    x, y = box["x"] + 0.93 * box["width"], box["y"] + 0.93 * box["height"]
    lab.page.mouse.click(x, y)
    lab.ready()
    points = lab.state["data"]["points"]
    assert len(points) == count + 1
    assert points[-1][2] == 1
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x - 60, y - 60, steps=5)
    lab.page.mouse.up()
    lab.ready()
    moved = lab.state["data"]["points"]
    assert len(moved) == count + 1
    assert moved[-1][:2] != points[-1][:2]
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        canvas.press(key)
    lab.ready()
    assert len(lab.state["data"]["points"]) == count + 2
    canvas.press("Delete")
    lab.ready()
    assert len(lab.state["data"]["points"]) == count + 1
    # With none the runs keep the old ones, and a sentence says so.
    lab.page.get_by_role("button", name="clear").click()
    assert "until then the runs keep the old ones" in lab.page.locator(".points-editor").inner_text()
    assert lab.page.locator(".refusal").count() == 0
    lab.page.get_by_role("button", name="bring back").click()
    lab.ready()
    assert len(lab.state["data"]["points"]) == count + 1


def test_own_csv(lab, tmp_path):
    path = tmp_path / "flowers.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["width", "length", "kind"])
        for k in range(60):
            kind = k % 2
            rows.writerow([random.Random(k).gauss(2 * kind, 0.5), random.Random(-k).gauss(-kind, 0.5), "ab"[kind]])
    with lab.page.expect_file_chooser() as asked:
        lab.page.locator('[data-key="data.kind"]').get_by_text("CSV", exact=True).click()
    asked.value.set_files(path)
    lab.until("document.querySelector('.notice').textContent.includes('3 columns')")
    lab.ready()
    assert lab.state["data"]["kind"] == "table"
    assert lab.state["objective"]["units"][-1] == 2
    lab.until("[...document.querySelectorAll('.regions')].some(c => c.clientWidth > 0)")


def test_examples(lab):
    before = lab.pixels()
    lab.page.get_by_text("Examples").click()
    examples = lab.page.locator(".menu-panel button:visible")
    assert examples.count() >= 2
    lab.page.locator(".menu-panel button", has_text="osenbrock").first.click()
    lab.ready()
    assert lab.pixels() != before
    assert lab.state["objective"]["kind"] == "landscape"


def test_exports(lab):
    lab.pin(0.001, 0.5)
    for what, beginning in (
        ("png", b"\x89PNG"),
        ("svg", b"<?xml"),
        ("gif", b"GIF89a"),
        ("map", b"SQLite format 3"),
        ("weights", b""),
    ):
        lab.page.get_by_text("Export").first.click()
        with lab.page.expect_download() as got:
            lab.page.locator(f'[data-what="{what}"]').click()
        content = Path(got.value.path()).read_bytes()
        assert content.startswith(beginning)
        if what == "gif":  # 30 steps
            assert lab.page.locator(".notice").inner_text().startswith("lab.gif: 31 frames, 3.5 s, ")
        if what == "weights":  # safetensors: the length of a header, the header, float32 numbers of run 1
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            assert header["W1"]["shape"] == [2, 3]
            assert {"W1", "b1", "W2", "b2", "W3", "b3"} <= set(header)
    for what, word in (("python", "import fallline"), ("study", "learning_rate")):
        lab.page.get_by_text("Export").first.click()
        lab.page.locator(f'[data-what="{what}"]').click()
        lab.page.locator("dialog[open]").wait_for()
        assert word in lab.page.locator("dialog pre").inner_text()
        lab.page.keyboard.press("Escape")
