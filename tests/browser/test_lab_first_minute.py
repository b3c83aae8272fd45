"""A stranger's first minute: what a pixel is, what to do first, and the map played step by step."""

from __future__ import annotations

from .conftest import LIGHT


def hints(lab):
    return lab.page.locator(".hints li").evaluate_all("items => items.map(i => i.dataset.hint)")


def test_a_sentence_says_what_a_pixel_is(lab):
    lead = lab.page.locator(".lead p").inner_text()
    assert lead.startswith("Every pixel is one network, trained for 30 steps. Dark: it learned. Click the cliff.")
    assert lab.page.locator("#map-title").inner_text() == "3 classes, 2 hidden layers, momentum"
    lab.page.get_by_text("landscape", exact=True).click()
    lab.ready()
    assert (
        lab.page.locator(".lead p")
        .inner_text()
        .startswith("Every pixel is one descent of 30 steps. Dark: it came low.")
    )


def test_hints_go_away_when_done_and_come_back(lab):
    assert hints(lab) == ["pin", "change", "play"]
    lab.pin(0.001, 0.5)
    assert hints(lab) == ["change", "play"]
    lab.page.get_by_role("button", name="Dismiss hint 2").click()
    assert hints(lab) == ["play"]
    lab.page.reload()
    lab.ready()
    assert hints(lab) == ["play"]  # what was done stays done
    lab.page.get_by_role("button", name="hints").click()
    assert hints(lab) == ["pin", "change", "play"]


def test_the_map_plays_from_the_first_step_to_the_last(lab):
    end = lab.pixels()
    play = lab.page.get_by_role("button", name="Play the map")
    play.click()
    lab.until("document.querySelector('.map-step').textContent.startsWith('after ')")
    assert lab.pixels() != end
    lab.until("document.querySelector('.step').textContent === '30 / 30'")
    lab.until("document.querySelector('.map-step').textContent === ''")
    lab.ready()
    assert lab.pixels() == end
    # While it is switched on, the map follows the player.
    lab.page.get_by_role("button", name="First step").click()
    lab.until("document.querySelector('.map-step').textContent === 'after 0 steps'")
    lab.ready()
    assert lab.pixels() != end
    play.click()
    lab.ready()
    assert lab.pixels() == end


def test_the_legend_is_that_of_the_loss_while_the_map_plays(lab):
    lab.page.get_by_label("Colour shows").select_option(label="lowest loss on the way")
    lab.ready()
    lab.page.get_by_role("button", name="Play the map").click()
    lab.until("document.querySelector('.map-step').textContent.startsWith('loss after ')")
    assert lab.page.locator(".legend-title").inner_text() == "loss"
    lab.until("document.querySelector('.map-step').textContent === ''")
    assert lab.page.locator(".legend-title").inner_text() == "lowest loss on the way"


def test_with_test_samples_the_film_says_which_loss_it_plays(lab):
    lab.page.evaluate("state => { location.hash = state; }", lab.code(data=LIGHT["data"] | {"test_share": 0.3}))
    lab.says("test_share")
    lab.page.get_by_label("Colour shows").select_option(label="test loss")
    lab.ready()
    play = lab.page.get_by_role("button", name="Play the map")
    assert play.get_attribute("title") == "The test loss of every run after each step of the player"
    play.click()
    lab.until("/^after [1-9]/.test(document.querySelector('.map-step').textContent)")  # the map shows it at rest too
    assert lab.page.locator(".legend-title").inner_text() == "test loss"
    lab.until("document.querySelector('.map-step').textContent === ''")
    play.click()
    lab.page.get_by_label("Colour shows").select_option(label="lowest loss on the way")
    lab.ready()
    play.click()
    lab.until("document.querySelector('.map-step').textContent.startsWith('training loss after ')")
    assert lab.page.locator(".legend-title").inner_text() == "training loss"


def test_a_long_export_tells_how_far_it_is_and_stops(new_lab):
    lab = new_lab().open(rest=False)
    lab.page.locator("summary", has_text="Export").click()
    lab.page.locator("[data-what=map]").click()
    lab.page.locator(".exporting").wait_for()
    assert lab.page.locator(".exporting").inner_text().startswith("Map file: ")
    lab.page.get_by_role("button", name="Stop").click()
    assert lab.page.locator(".exporting").is_hidden()
    assert lab.errors == []


def test_better_is_dark_for_every_measure(lab):
    ends = lab.page.locator(".legend-end")
    assert ends.all_inner_texts() == ["better", "worse"]
    lab.page.get_by_label("Colour shows").select_option(label="share of right answers")
    lab.ready()
    assert ends.all_inner_texts() == ["worse", "better"]
    lab.page.get_by_label("Colour shows").select_option(label="convergence measure")
    lab.ready()
    assert ends.all_inner_texts() == ["better", "worse"]


def test_back_undoes_every_change(lab):
    lab.page.get_by_label("Optimizer", exact=True).select_option(label="Nesterov")
    lab.says("nesterov")
    lab.page.locator("[data-key=steps] input[type=text]").fill("12")
    lab.page.keyboard.press("Enter")
    lab.says('"steps": 12')
    assert lab.page.locator("[data-key=steps] input[type=text]").input_value() == "12"  # not blank after Enter
    lab.page.go_back()
    lab.ready()
    assert "steps" not in lab.state
    assert lab.state["optimizer"] == "nesterov"
    lab.page.go_back()
    lab.ready()
    assert "optimizer" not in lab.state


def test_a_refused_formula_never_enters_the_address(lab):
    lab.page.get_by_text("formula", exact=True).click()
    lab.says('"formula"')
    before = lab.page.url
    box = lab.page.locator("input.formula")
    box.fill("sin(x")
    lab.until("document.querySelector('.refusal') !== null")
    assert 'the bracket of "sin(" is never closed' in lab.page.locator(".refusal").inner_text()
    lab.page.wait_for_timeout(400)
    assert lab.page.url == before
    first = lab.state["objective"]["text"]
    box.fill("x^2 + 7*y^2")
    lab.until("document.querySelector('.refusal') === null")
    lab.says("7*y^2")
    lab.page.go_back()
    lab.ready()
    assert box.input_value() == first  # although the reader is still in the box


def test_the_start_is_a_choice_that_can_be_undone(lab):
    lab.page.get_by_text("random", exact=True).click()
    lab.ready()
    assert lab.state["start"] is None
    random = lab.pixels()
    lab.page.get_by_text("the notebook's", exact=True).click()
    lab.ready()
    assert "start" not in lab.state
    assert lab.pixels() != random


def test_a_pin_outside_of_the_map_is_refused(lab):
    for box, value in zip(lab.page.locator(".exact input").all(), ("1e308", "0.5"), strict=True):
        box.fill(value)
    lab.page.locator(".exact button").click()
    assert "learning rate" in lab.page.locator(".notice").inner_text()
    assert lab.page.locator(".pin").count() == 0
    lab.pin(0.001, 0.5)
    assert not lab.page.locator(".notice").is_visible()  # cured


def test_quick_zooms_add_up(lab):
    for _ in range(3):
        lab.page.get_by_role("button", name="Zoom in").click()
    lab.ready()
    low, high = lab.state["view"]["x"]
    assert abs(high - low - 1 / 8) < 1e-9


def test_the_page_scrolls_where_the_map_cannot_zoom_out(lab):
    lab.page.mouse.move(*lab.plot(0.5, 0.5))
    before = lab.page.evaluate("scrollY")
    lab.page.mouse.wheel(0, 200)
    lab.until(f"scrollY > {before}")


def test_a_new_plane_forgets_the_runs_of_the_old_one(lab):
    """The best run of the old plane has no place on the new one; its title must not be shown with the new symbols."""
    axis = lab.page.locator("[data-key='map.y'] select").first
    other = next(text for text in axis.locator("option").all_inner_texts() if text not in ("momentum", "learning rate"))
    before = lab.page.locator(".run-card.passing h3").inner_text()
    axis.select_option(label=other)
    lab.ready()
    after = lab.page.locator(".run-card.passing h3").inner_text()
    assert after.startswith("Best of the map")
    assert after != before
    assert "α" not in after


def test_two_fingers_pinch_the_map_or_scroll_the_page(new_lab):
    lab = new_lab(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).light()
    devtools = lab.page.context.new_cdp_session(lab.page)

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def move(end):
        """Two fingers from beside the middle of the map: `end` gives their places at a share of the way."""
        touch("touchStart", end(0)[0])
        touch("touchStart", *end(0))
        for k in range(1, 9):
            touch("touchMove", *end(k / 8))
        touch("touchEnd")
        lab.ready()

    box = lab.page.locator(".map-cells").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    move(lambda t: [(x - 20 - 60 * t, y), (x + 20 + 60 * t, y)])
    view = lab.state["view"]
    assert view["x"][1] - view["x"][0] < 0.5
    assert lab.page.evaluate("scrollY") == 0
    move(lambda t: [(x - 30, y - 150 * t), (x + 30, y - 150 * t)])
    assert lab.page.evaluate("scrollY") > 80
    assert lab.state["view"] == view
