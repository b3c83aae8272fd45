"""No request leaves a live page, wherever it is opened from: a proxy counts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counting_proxy import CountingProxy
from fallline.live import LivePage, map_page
from live_page import SMALL, study_map

PATIENCE = 30_000
HERE = "http://localhost:8765/page.html"
PLAIN = "http://colleague.example/page.html"
"""An address that is neither of this machine nor encrypted: browsers give its pages less than others."""

OF_THE_BROWSER = ("CONNECT", "content-autofill.googleapis.com:443")
"""Chromium asks its own service about every page with several boxes that it does not open from a disk."""

STRICT, OPEN = "http://colleague.example/strict.html", "http://colleague.example/open.html"
LEAK = """async elsewhere => {
    const image = new Image();
    image.src = elsewhere + "image.png";
    navigator.sendBeacon(elsewhere + "beacon", "what the reader did");
    await Promise.allSettled([image.decode(), fetch(elsewhere + "fetched"), import(elsewhere + "module.js")]);
}"""


@pytest.fixture(scope="module")
def text() -> LivePage:
    page = map_page(study_map(), pins=[(0.06, 0.0)])
    assert isinstance(page, LivePage)
    return page


@pytest.fixture
def proxy(text: LivePage) -> Iterator[CountingProxy]:
    strict = f'<meta http-equiv="Content-Security-Policy" content="{text.policy}"><title>strict</title>'
    opened = CountingProxy({HERE: text, PLAIN: text, STRICT: strict, OPEN: "<title>open</title>"})
    yield opened
    opened.close()


@pytest.fixture
def page(chromium: Any, proxy: CountingProxy) -> Iterator[Any]:
    """A page that reaches everything through the proxy, this machine too."""
    context = chromium.new_context(
        proxy={"server": proxy.address, "bypass": "<-loopback>"}, viewport={"width": 900, "height": 800}
    )
    context.add_init_script(SMALL)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    yield opened
    context.close()


def counted(proxy: CountingProxy) -> list[tuple[str, str]]:
    return [request for request in proxy.requests if request != OF_THE_BROWSER]


def use(page: Any) -> None:
    """What a reader does: move a slider, zoom, pin a run, play the map, train all of it."""
    ready = "#lab[data-state=ready]"
    page.wait_for_selector(ready)
    page.locator("[data-key=steps] input[type=range]").press("PageDown")
    page.get_by_role("button", name="Zoom in").click()
    page.locator(".map-cells").click(position={"x": 50, "y": 40})
    page.locator(".pin").nth(1).wait_for()
    page.get_by_role("button", name="Play the map").click()
    page.locator(".check-hash").click()
    page.locator(".about [data-equal=true]").wait_for()
    page.wait_for_selector(ready)


@pytest.mark.parametrize("address", ["file", pytest.param(HERE, marks=pytest.mark.long), PLAIN])
def test_nothing_is_requested_but_the_page(
    page: Any, proxy: CountingProxy, text: LivePage, tmp_path: Path, address: str
) -> None:
    if address == "file":
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        address = (tmp_path / "page.html").as_uri()
    page.goto(address)
    use(page)
    assert counted(proxy) == ([("GET", address)] if address.startswith("http") else [])


def test_the_policy_of_a_page_stops_requests_that_the_proxy_would_count(page: Any, proxy: CountingProxy) -> None:
    page.goto(STRICT)
    page.evaluate(LEAK, "http://strict.example/")
    page.goto(OPEN)
    page.evaluate(LEAK, "http://open.example/")
    expected = {("GET", "image.png"), ("POST", "beacon"), ("GET", "fetched"), ("GET", "module.js")}
    for _ in range(PATIENCE // 50):  # nothing says when a beacon has arrived
        if {(method, url.rpartition("/")[2]) for method, url in counted(proxy)} >= expected:
            break
        page.wait_for_timeout(50)
    else:
        pytest.fail(f"the proxy counted {counted(proxy)} only")
    assert [url for _, url in counted(proxy) if "strict.example/" in url] == []
