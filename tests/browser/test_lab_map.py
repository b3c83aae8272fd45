"""The map: pictures, zoom, pan, pins, colours, the address."""

from __future__ import annotations

import math

import pytest


def test_first_picture_has_axes_colours_and_theory(lab):
    assert lab.page.locator("#map-title").inner_text() == "3 classes, 2 hidden layers, momentum"
    assert "final loss" in lab.page.locator(".legend").inner_text()
    colours = lab.page.evaluate(
        """() => { const c = document.querySelector('.map-cells');
        const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
        return new Set(d).size; }"""
    )
    assert colours > 40  # a ramp, not a blank sheet
    assert lab.page.get_by_label("stability bound").is_checked()


def test_readout_tells_the_run_under_the_pointer(lab):
    lab.page.mouse.move(*lab.plot(0.5, 0.5))
    lab.until("document.querySelector('.readout').textContent.includes('final loss')")
    text = lab.page.locator(".readout").inner_text()
    assert "learning rate" in text
    assert "momentum" in text
    lab.until("document.querySelector('.run-card.passing h3').textContent.startsWith('Under the pointer')")


def find_cliff(lab, v: float) -> float:
    """Where along a row the loss jumps: the place u with the largest step between neighbouring pixels."""
    return lab.page.evaluate(
        """v => { const c = document.querySelector('.map-cells'), g = c.getContext('2d');
        const d = g.getImageData(0, Math.round((1 - v) * c.height), c.width, 1).data; let best = 0, at = 0;
        for (let k = 1; k < c.width; k++) { const s = [0, 1, 2].reduce((n, p) => n + Math.abs(d[4 * k + p] - d[4 * k - 4 + p]), 0);
          if (s > best) [best, at] = [s, k]; }
        return at / c.width; }""",
        v,
    )


def zoomed(lab) -> float:
    text = lab.page.locator(".depth").inner_text().rstrip("×")
    if not text:
        return 1.0
    mantissa, _, power = text.partition("×10")
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return (
        float(mantissa) * 10.0 ** float(power.translate(digits))
        if power
        else (
            10.0 ** float(mantissa[2:].translate(digits))
            if mantissa.startswith("10") and len(mantissa) > 2 and not mantissa.isdigit()
            else float(mantissa)
        )
    )


@pytest.mark.long
def test_zoom_in_on_the_cliff_to_a_million_and_back(study):
    lab = study
    first = lab.pixels()
    steps = lab.page.locator('[data-focus="steps text"]')
    steps.fill("5")  # the cliff stands from the first step on, so a short run shows it as well
    steps.press("Enter")
    lab.ready()
    lab.page.evaluate("document.querySelector('[data-focus=\"dtype 1\"]').click()")
    lab.ready()
    double = lab.pixels()
    assert double != first
    for _ in range(12):
        u = find_cliff(lab, 0.3)
        lab.page.mouse.move(*lab.plot(u, 0.3))
        for _ in range(6):
            lab.page.mouse.wheel(0, -270)
        lab.ready()
        if zoomed(lab) >= 1e6:
            break
    assert zoomed(lab) >= 1e6
    # The cliff is still a cliff, drawn with cells of one pixel: both of its sides are there.
    count = lab.page.evaluate(
        """() => { const c = document.querySelector('.map-cells');
        return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size; }"""
    )
    assert count >= 2
    view = lab.state["view"]["x"]
    assert 0 < view[1] - view[0] < 1e-6
    lab.page.get_by_role("button", name="Whole map").click()
    lab.until("document.querySelector('.depth').textContent === ''")
    lab.ready()
    assert lab.pixels() == double


def test_drag_pans_and_shift_drag_zooms_to_a_box(lab):
    lab.page.mouse.move(*lab.plot(0.5, 0.5))
    lab.page.mouse.wheel(0, -350)
    lab.ready()
    before = lab.state["view"]["x"]
    lab.page.mouse.down()
    lab.page.mouse.move(*lab.plot(0.3, 0.5), steps=4)
    lab.page.mouse.up()
    lab.ready()
    after = lab.state["view"]["x"]
    assert math.isclose(after[1] - after[0], before[1] - before[0])
    assert after[0] > before[0]
    assert lab.page.locator(".pin").count() == 0  # a drag is no click
    lab.page.keyboard.down("Shift")
    lab.page.mouse.move(*lab.plot(0.2, 0.2))
    lab.page.mouse.down()
    lab.page.mouse.move(*lab.plot(0.4, 0.7), steps=4)
    lab.page.mouse.up()
    lab.page.keyboard.up("Shift")
    lab.until("v => Number(document.querySelector('.depth').textContent.replace('×', '')) > 1.5 * v", zoomed(lab))
    lab.ready()
    box = lab.state["view"]
    assert math.isclose(box["x"][1] - box["x"][0], 0.2 * (after[1] - after[0]), rel_tol=0.05)


def test_a_click_pins_exactly_the_run_of_the_pixel(lab):
    lab.page.mouse.click(*lab.plot(0.4, 0.6))
    lab.until("document.querySelectorAll('.table-box tbody tr').length === 1")
    lab.ready()
    pin = lab.state["pins"][0]
    assert lab.page.locator(".readout").inner_text()
    cells = [math.log(pin["x"] / low) / math.log(high / low) for low, high in [axis_range(lab, "x")]]
    assert abs(cells[0] - 0.4) < 0.01
    lab.page.get_by_role("button", name="Unpin run 1").click()
    lab.until("document.querySelectorAll('.pin').length === 0")


def test_pins_at_nearly_the_same_place_can_each_be_hit(lab):
    lab.pin(0.003, 0.5)
    lab.pin(0.00301, 0.5)
    hit = lab.page.evaluate(
        """[...document.querySelectorAll('.pin')].filter(pin => {
            const { left, top, width, height } = pin.getBoundingClientRect();
            return pin.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }).length"""
    )
    assert hit == 2
    lab.page.locator(".pin").first.press("Delete")
    lab.until("document.querySelectorAll('.pin').length === 1")
    assert [pin["x"] for pin in lab.state["pins"]] == [0.00301]


def axis_range(lab, which: str) -> tuple[float, float]:
    field = lab.page.locator(f'[data-key="map.{which}"]')
    return tuple(float(box.input_value()) for box in field.locator("input").all())


def test_share_link_gives_the_same_pixels_elsewhere(lab, new_lab):
    lab.page.mouse.move(*lab.plot(0.85, 0.85))
    lab.page.mouse.wheel(0, -900)
    lab.ready()
    lab.pin(0.006, 0.0)
    assert lab.state["pins"] == [{"x": 0.006, "y": 0.0}]
    other = new_lab().open()  # takes the cookie of its own
    other.page.goto(lab.page.url)
    other.page.reload()
    other.ready()
    assert other.pixels() == lab.pixels()
    assert other.rows() == lab.rows()


def test_colours_follow_the_view_unless_they_are_locked(lab):
    locked = lab.page.get_by_label("lock colours")
    locked.check()
    lab.ready()
    low, high = lab.state["look"]["colours"]
    assert low < high
    lab.page.mouse.move(*lab.plot(0.1, 0.1))
    lab.page.mouse.wheel(0, -600)
    lab.ready()
    assert lab.state["look"]["colours"] == [low, high]
    whole = lab.pixels()
    locked.uncheck()
    lab.ready()
    assert lab.pixels() != whole
    assert lab.state.get("look", {}).get("colours") is None


def test_back_button_goes_to_the_state_before(lab):
    lab.pin(0.006, 0.0)
    lab.page.go_back()
    lab.until("document.querySelectorAll('.pin').length === 0")


@pytest.mark.long
def test_a_slow_map_is_sketched_and_says_how_far_it_is(study):
    """Many steps: blocks of cells at once, of at least two by two, a count, and then each cell."""
    blocks = """() => {
      const canvas = document.querySelector('.map-cells'), c = canvas.getContext('2d'), w = canvas.width / 64, t = canvas.height / 64;
      const at = (i, j) => c.getImageData(Math.floor((i + 0.5) * w), Math.floor((j + 0.5) * t), 1, 1).data.join();
      let same = 0;
      for (let j = 0; j < 64; j += 2) for (let i = 0; i < 64; i += 2) if (at(i, j) === at(i + 1, j) && at(i, j) === at(i, j + 1)) same += 1;
      return same;
    }"""
    study.page.locator('[data-focus="steps text"]').fill("2000")  # some seconds on two cores, long enough on many
    study.page.locator('[data-focus="steps text"]').press("Enter")
    study.until("document.querySelector('.status').textContent.startsWith('training')")
    study.until(f"({blocks})() > 700")  # of 1024; hatching and antialiasing at their borders
    study.until("document.querySelector('.status').textContent.startsWith('refining')")
    assert study.page.evaluate(blocks) < 500
