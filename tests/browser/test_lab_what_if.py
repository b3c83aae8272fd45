"""What the runs show on request: weights under the pointer and changed, gradient flow, confusion matrices, planes of inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import read_state
from fallline.lab.work.runs import train_run

from .conftest import LIGHT
from .test_lab_access import violations

CARD = ".run-card:not([hidden]):not(.passing)"
REGIONS, NETWORK = f"{CARD} .regions", f"{CARD} .network"
FLOWERS = "a,b,c,d,kind\n" + "\n".join(
    f"{k % 7},{k % 5},{(k * k) % 11},{k % 3},{('rose', 'lily')[k % 2]}" for k in range(24)
)  # fmt: skip


def run_of(state):
    return train_run(resolve_state(read_state(state), {}), 6e-3, 0.0)


def network(lab):
    """The pinned run's network, on the screen, and where its canvas lies."""
    canvas = lab.page.locator(NETWORK)
    canvas.scroll_into_view_if_needed()
    return canvas.bounding_box()


def between(lab, here, there, share=0.3):
    """A place on the connection of two units, given as fractions of the canvas by `wiring`."""
    box = network(lab)
    x, y = (a + share * (b - a) for a, b in zip(here, there, strict=True))
    return box["x"] + x, box["y"] + y


def spots(lab, layer):
    """Where the units of a layer are drawn, in pixels of the canvas."""
    return lab.page.evaluate(
        """async ([selector, layer, layers]) => {
          const { wiring } = await import('/wiring.js');
          const canvas = document.querySelector(selector);
          const w = wiring(layers, canvas.clientWidth, canvas.clientHeight, 18, true);
          return w.spots.filter(s => s.layer === layer).map(s => [s.x, s.y]);
        }""",
        [NETWORK, layer, [{"W": [2, 3], "at": 0, "b": 6}, {"W": [3, 2], "at": 9, "b": 15}, {"W": [2, 3], "at": 17, "b": 23}]],
    )  # fmt: skip


def test_weights_are_read_and_changed_and_put_back(lab):
    lab.pin(6e-3, 0.0)
    address, run = lab.state, run_of(LIGHT)
    regions, drawn, curve = lab.pixels(REGIONS), lab.pixels(NETWORK), lab.pixels(".curve")
    # Under the pointer stands the weight at the step shown.
    place = between(lab, spots(lab, 1)[0], spots(lab, 2)[1])
    lab.page.mouse.move(*place)
    tip = lab.page.locator(f"{CARD} .weight-tip")
    assert tip.inner_text() == f"w⁽²⁾₁₂ = {run.path[30][10]:.4g}".replace("-", "−")
    # A click opens the form, its number in focus.
    lab.page.mouse.click(*place)
    lab.until("document.activeElement.closest('.what-if') !== null")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("1.25")
    lab.page.keyboard.press("Enter")
    lab.until("document.querySelectorAll('.run-card.changed').length === 1")
    lab.ready()
    w = np.array(run.path[30])
    w[10] = 1.25
    told = lab.page.locator(f"{CARD} .what-if-told").inner_text()
    before, after = (f"{float(run.objective.loss(v)):.4g}" for v in (run.path[30], w))
    assert f"loss {before} → {after}; right answers" in told
    assert lab.pixels(REGIONS) != regions
    assert lab.pixels(".curve") != curve
    assert "with weights changed" in lab.page.locator(REGIONS).get_attribute("aria-label")
    assert violations(lab) == []
    # Another step shows the run itself; the what-if waits at its own.
    lab.page.get_by_role("button", name="First step").click()
    lab.until("document.querySelectorAll('.run-card.changed').length === 0")
    lab.page.get_by_role("button", name="Go to step 30").click()
    lab.until("document.querySelectorAll('.run-card.changed').length === 1")
    # What is not a number is refused where it stands.
    number = lab.page.locator(f"{CARD} .what-if input[type=text]")
    number.fill("three")
    number.press("Enter")
    lab.until("document.querySelector('.what-if .refusal')?.textContent.includes(\"finite number; got 'three'\")")
    lab.page.locator(f"{CARD} .what-if").get_by_role("button", name="Put back").click()
    lab.page.keyboard.press("Escape")
    lab.page.locator("#lab").hover(position={"x": 2, "y": 2})
    lab.until("document.querySelector('.what-if:not([hidden])') === null")
    lab.ready()
    assert (lab.pixels(REGIONS), lab.pixels(NETWORK), lab.pixels(".curve")) == (regions, drawn, curve)
    assert lab.state == address
    assert lab.page.locator(".pin").count() == 1
    # The same by keyboard: another weight from the lists, its slider.
    lab.page.get_by_role("button", name="Change a weight of run 1").press("Enter")
    form = lab.page.get_by_role("group", name="What if: run 1")
    form.get_by_label("Layer").select_option(label="layer 3")
    form.get_by_label("From").select_option(label="bias")
    form.get_by_label("To").select_option(label="of unit 2")
    label = lab.page.locator(f"{CARD} .what-if .field label")
    lab.until("l => document.querySelector('.what-if:not([hidden]) .field label')?.textContent === l", "b⁽³⁾₂")
    form.get_by_role("slider").focus()
    lab.page.keyboard.press("PageUp")
    lab.until("document.querySelectorAll('.run-card.changed').length === 1")
    assert label.inner_text() == "b⁽³⁾₂"
    form.get_by_role("button", name="Close the what-if").press("Enter")
    lab.until("document.activeElement.classList.contains('what-if-open')")
    # The run under the pointer stays while one of its weights is changed.
    lab.page.get_by_role("button", name="Change a weight of the run under the pointer").press("Enter")
    title = lab.page.locator(".run-card.passing h3").inner_text()
    lab.page.mouse.move(*lab.plot(0.2, 0.7))
    lab.page.mouse.move(*lab.plot(0.3, 0.6))
    lab.ready()
    assert lab.page.locator(".run-card.passing h3").inner_text() == title


def test_gradient_flow_and_confusion_matrix(lab):
    lab.pin(6e-3, 0.0)
    weights, run = lab.pixels(NETWORK), run_of(LIGHT)
    lab.page.get_by_label("gradient flow").check()
    lab.page.get_by_role("checkbox", name="confusion matrix").check()
    lab.ready()
    assert lab.pixels(NETWORK) != weights
    lab.page.get_by_role("button", name="First step").click()
    lab.until("document.querySelector('.step').textContent === '0 / 30'")
    lab.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    norms = [math.hypot(*layer.W[0].ravel(), *layer.b[0].ravel()) for layer in run.network.unpack(run.gradients)]
    told = lab.page.locator(NETWORK).get_attribute("aria-label")
    assert told.startswith("Network 2-3-2-3; norms of the gradient: layer 1 ")
    for text, norm in zip(told.split("layer ")[1:], norms, strict=True):
        assert float(text.split()[1].rstrip(",")) == pytest.approx(norm, rel=0.01)
    cells = lab.page.locator(f"{CARD} .confusion tbody td").all_inner_texts()
    assert np.array(cells, dtype=int).reshape(3, 3).tolist() == run.confusion_matrix(step=0).tolist()
    assert violations(lab) == []
    assert lab.state["look"]["gradients"]
    lab.page.reload()
    lab.ready()
    assert lab.page.locator(f"{CARD} .confusion tbody td").all_inner_texts() == cells  # a link shows the same
    lab.page.get_by_role("checkbox", name="confusion matrix").uncheck()
    lab.ready()
    assert lab.page.locator(".confusion:visible").count() == 0


def test_four_inputs_are_drawn_over_components_or_two_inputs(lab):
    lab.page.evaluate(
        """text => {
          const files = new DataTransfer();
          files.items.add(new File([text], 'flowers.csv'));
          document.querySelector('#lab').dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true, bubbles: true }));
        }""",
        FLOWERS,
    )
    lab.until("document.querySelector('.passing .plane-axes').textContent === 'component 1 →, component 2 ↑'")
    lab.ready()
    assert "of the variance" in lab.page.locator(".run-tools .note").inner_text()
    components = lab.pixels(".run-card.passing .regions")
    lab.page.get_by_label("Regions over").select_option(label="c")
    lab.until("document.querySelector('.passing .plane-axes').textContent === 'c →, d ↑'")
    lab.page.get_by_label("and", exact=True).select_option(label="a")
    lab.until("document.querySelector('.passing .plane-axes').textContent === 'c →, a ↑'")
    lab.ready()
    assert lab.pixels(".run-card.passing .regions") != components
    assert lab.page.locator(".run-tools .note").inner_text() == "The other inputs are at their means."
    assert lab.state["look"]["plane"] == [2, 0]
    assert violations(lab) == []
