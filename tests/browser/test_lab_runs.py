"""The runs, what happened to them, and the equations."""

from __future__ import annotations

import json

from .conftest import LIGHT

NOTEBOOK = [(6e-3, 0.0, "33.51"), (1e-3, 0.0, "63.92"), (6.5e-3, 0.0, "148.3"), (1e-3, 0.9, "34.47")]


def test_the_four_runs_of_the_notebook(study):
    lab = study
    for x, y, _ in NOTEBOOK:
        lab.pin(x, y)
    lab.until("document.querySelectorAll('.table-box tbody tr').length === 4")
    for row, (_, _, loss) in zip(lab.rows(), NOTEBOOK, strict=True):
        assert loss in row
    sentences = lab.page.locator(".sentences li").all_inner_texts()
    assert len(sentences) == 4
    assert "died" in sentences[2]
    assert "Run 4" in lab.page.locator(".happened [aria-live]").text_content()
    assert lab.page.locator(".run-card:visible").count() == 4
    # A fifth is refused in words.
    lab.page.mouse.click(*lab.plot(0.3, 0.5))
    assert "Four runs" in lab.page.locator(".notice").inner_text()


def test_scrub_step_back_and_play(lab):
    lab.pin(6e-3, 0.0)
    lab.ready()
    assert lab.step() == "30 / 30"
    end = lab.pixels(".run-card:not([hidden]):not(.passing) .regions")
    lab.page.get_by_role("button", name="Step back").click()
    lab.until("document.querySelector('.step').textContent === '29 / 30'")
    lab.page.get_by_role("button", name="First step").click()
    lab.until("document.querySelector('.step').textContent === '0 / 30'")
    start = lab.pixels(".run-card:not([hidden]):not(.passing) .regions")
    assert start != end
    lab.page.get_by_role("button", name="Step forward").click()
    lab.until("document.querySelector('.step').textContent === '1 / 30'")
    lab.page.get_by_label("Step", exact=True).focus()
    lab.page.keyboard.press("ArrowLeft")
    lab.until("document.querySelector('.step').textContent === '0 / 30'")
    lab.page.get_by_role("button", name="Play", exact=True).click()
    lab.until("document.querySelector('.step').textContent === '30 / 30'")
    lab.until("document.querySelector('.player [aria-label=Play]')")
    lab.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert lab.pixels(".run-card:not([hidden]):not(.passing) .regions") == end


def test_weights_are_drawn_at_the_step_shown(lab):
    lab.pin(6e-3, 0.0)
    network = ".run-card:not([hidden]):not(.passing) .network"
    end = lab.pixels(network)
    lab.page.get_by_role("button", name="First step").click()
    lab.until("document.querySelector('.step').textContent === '0 / 30'")
    lab.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert lab.pixels(network) != end
    assert "Network 2-3-2-3" in lab.page.locator(network).get_attribute("aria-label")


def test_drag_the_start_on_rosenbrock(lab):
    lab.page.get_by_text("landscape", exact=True).click()
    lab.until("[...document.querySelectorAll('.landscape')].some(c => c.clientWidth > 0)")
    lab.ready()
    before = lab.pixels()
    handle = lab.page.locator(".start-handle:visible").first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + 40, y - 50, steps=6)
    lab.page.mouse.up()
    lab.ready()
    start = lab.state["start"]
    assert len(start) == 2
    assert lab.pixels() != before  # the whole map follows the start
    handle.focus()
    lab.page.keyboard.press("ArrowRight")
    lab.ready()
    assert lab.state["start"][0] > start[0]


def test_equations_have_outlines_and_mathml(lab):
    lab.page.locator(".equations").scroll_into_view_if_needed()
    lab.until("document.querySelectorAll('.equation svg').length > 3")
    assert lab.page.locator(".equation math").count() > 3
    lab.page.get_by_label("Form of the equations").select_option("units")
    lab.until("n => document.querySelectorAll('.equation svg').length !== n", lab.page.locator(".equation svg").count())
    text = lab.page.locator(".equation-list").text_content()
    lab.page.get_by_label("put the numbers in").check()
    lab.until("t => document.querySelector('.equation-list').textContent !== t", text)
    # Long sums go on in the next line where there is no room.
    lab.page.set_viewport_size({"width": 390, "height": 844})
    wide = "[...document.querySelectorAll('.equation svg')].filter(s => s.getBoundingClientRect().right > innerWidth - 8).length"
    lab.until(f"({wide}) === 0")


def test_equations_stand_in_columns_of_about_the_same_height(lab):
    lab.page.set_viewport_size({"width": 1300, "height": 900})
    lab.page.locator(".equations").scroll_into_view_if_needed()
    columns = ".equation-columns:not(.coming) > div"
    lab.until(f"document.querySelectorAll('{columns}').length === 2")
    heights = lab.page.evaluate(
        f"[...document.querySelectorAll('{columns}')].map(c => c.lastElementChild.getBoundingClientRect().bottom)"
    )
    top = lab.page.locator(columns).first.bounding_box()["y"]
    assert min(heights) - top > 0.6 * (max(heights) - top)
    titles = lab.page.locator(f"{columns} h3").all_text_contents()
    text = lab.page.locator(columns).all_text_contents()
    lab.page.set_viewport_size({"width": 390, "height": 844})
    lab.until(f"document.querySelectorAll('{columns}').length === 1")
    assert lab.page.locator(f"{columns} h3").all_text_contents() == titles  # nothing is lost or moved
    assert "".join(text) == lab.page.locator(columns).text_content()


def test_equations_that_are_here_are_not_waited_for(lab):
    """Other steps, or a rest, ask nothing new without the numbers of a run."""
    lab.page.locator(".equations").scroll_into_view_if_needed()
    lab.until("document.querySelectorAll('.equation').length > 3")
    note = "document.querySelector('.equations .note').textContent"
    lab.until(f"{note} === ''")
    lab.page.get_by_role("button", name="Step back").click()
    lab.page.wait_for_timeout(600)  # a rest, after which questions are asked
    assert lab.page.evaluate(note) == ""
    assert lab.page.locator(".equation-list.old").count() == 0


def test_finer_tiles_wait_while_the_reader_watches_steps(lab):
    asked = []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda text: asked.append(text)))
    lab.page.goto(f"http://127.0.0.1:{lab.server.port}/#{lab.code(steps=1500, **LIGHT)}")
    lab.page.reload()
    lab.until("performance.getEntriesByName('lab: first picture').length > 0")
    lab.until("document.querySelector('.status').textContent.startsWith('refining')")

    def tiles():
        return [json.loads(text)["tiles"] for text in asked if isinstance(text, str) and '"kind":"tiles"' in text]

    before = len(tiles())
    lab.page.get_by_role("button", name="Step back").click()
    lab.until("document.querySelector('.step').textContent === '1499 / 1500'")
    lab.page.wait_for_timeout(50)
    assert tiles()[before:] == [[]]  # none is wanted now
    lab.until("document.querySelector('.status').textContent.startsWith('refining')")  # and after a rest, those again
    assert len(tiles()[-1]) > 4


def test_unpinning_keeps_the_others(study):
    lab = study
    for x, y, _ in NOTEBOOK[:2]:
        lab.pin(x, y)
    lab.page.get_by_role("button", name="Unpin run 1").click()
    lab.until("document.querySelectorAll('.table-box tbody tr').length === 1")
    lab.ready()
    assert "63.92" in lab.rows()[0]
