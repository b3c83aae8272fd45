"""What happens when the server goes away, and when several pages are open."""

from __future__ import annotations

import pytest


def test_killed_and_restarted(new_lab, own_server):
    lab = new_lab(at=own_server).light()
    lab.pin(6e-3, 0.0)
    picture, rows = lab.pixels(), lab.rows()
    own_server.kill()
    lab.until("document.getElementById('lab').dataset.state === 'lost'")
    assert "connection" in lab.page.locator(".notice").inner_text()
    assert lab.pixels() == picture  # what was there stays to be looked at
    own_server.start()
    lab.ready()
    assert not lab.page.locator(".notice").is_visible()
    assert lab.pixels() == picture
    assert lab.rows() == rows
    slider = lab.page.locator('[data-focus="steps range"]')
    slider.focus()
    for _ in range(5):  # a press alone is less than a step
        slider.press("ArrowRight")
    lab.ready()
    assert lab.pixels() != picture


def test_a_neighbour_that_leaves_in_mid_computation(new_lab):
    one, other = new_lab().light(), new_lab().light()
    other.page.locator('[data-focus="steps range"]').evaluate(
        "r => { r.value = '1000'; r.dispatchEvent(new Event('input')); }"
    )
    other.page.close()
    slider = one.page.locator('[data-focus="steps range"]')
    slider.focus()
    slider.press("ArrowRight")
    one.ready()
    assert one.errors == []


@pytest.mark.parametrize("address", ["#not-an-address", "#eyJzdGVwcyI6LTV9"])
def test_an_address_that_cannot_be_read(new_lab, server, address):
    lab = new_lab()
    lab.open()
    lab.page.goto(f"http://127.0.0.1:{server.port}/{address}")
    lab.page.reload()
    lab.until("document.querySelector('.notice:not([hidden])')")
    lab.ready()
    assert lab.page.locator(".notice").inner_text()
