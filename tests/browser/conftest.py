"""The lab in a real browser: a server on a free port, headless Chromium, pages that wait for conditions, never for times."""

from __future__ import annotations

import base64
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 30_000  # milliseconds until a condition counts as never met: slow machines share their cores


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A real browser on a machine that does something else too may stumble: a page's test counts as failed the third time."""
    if config.pluginmanager.hasplugin("rerunfailures"):
        for item in items:
            if item.path.parent == Path(__file__).parent:
                item.add_marker(pytest.mark.flaky(reruns=2))


class Server:
    """`fallline lab` as a user starts it."""

    def __init__(self, folder: Path, port: int = 0, *arguments: str) -> None:
        self.folder, self.port, self.arguments = folder, port, arguments
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "fallline", "lab", "--no-browser", "--port", str(self.port), *self.arguments]
        environment = os.environ | {
            "XDG_STATE_HOME": str(self.folder),
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        self.addresses: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        self.port = int(re.search(r":(\d+)", self.peek().removeprefix("http:")).group(1))  # type: ignore[union-attr]

    def _listen(self, output: Any) -> None:
        with output:
            for line in output:
                for found in re.findall(r"http://\S+", line):
                    self.addresses.put(found)

    def peek(self) -> str:
        """The address printed first, without using it."""
        address = self.address()
        self.addresses.put(address)
        return address

    def address(self) -> str:
        """An address for one more browser: each is good once, and then the server prints another."""
        try:
            return self.addresses.get(timeout=PATIENCE / 1000)
        except queue.Empty:
            pytest.fail("fallline lab printed no address")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Lab:
    """A page of the lab, with words for what a reader does."""

    page: Any
    server: Server
    errors: list[str] = field(default_factory=list)

    def open(self, url: str = "", *, rest: bool = True) -> Lab:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.goto(url or self.server.address())
        if rest:
            return self.ready()
        self.until("performance.getEntriesByName('lab: first picture').length > 0")
        return self

    def light(self) -> Lab:
        """The page with a tenth of the study's samples."""
        self.open(rest=False)
        self.page.goto(f"http://127.0.0.1:{self.server.port}/#{self.code(**LIGHT)}")
        self.page.reload()
        return self.ready()

    @staticmethod
    def code(**state: Any) -> str:
        """What the address of a state says behind its #."""
        return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")

    def ready(self) -> Lab:
        """Wait until nothing is outstanding, and the frame after."""
        self.page.wait_for_selector("#lab[data-state=ready]")
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self

    def says(self, text: str) -> None:
        """Wait until the address has a text in it, and all is drawn."""
        end = time.monotonic() + PATIENCE / 1000
        while text not in json.dumps(self.state):
            assert time.monotonic() < end, f"the address never said {text}"
        self.ready()

    def until(self, condition: str, argument: Any = None) -> None:
        """Wait for a JavaScript condition, or a function of the argument. (The page's policy forbids `wait_for_function`.)"""
        ask = f"a => {{ const c = {condition}; return Boolean(typeof c === 'function' ? c(a) : c); }}"
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(ask, argument):
            assert time.monotonic() < end, (
                f"never came true: {condition}; notice: {self.page.locator('.notice').first.text_content()}"
            )
            self.page.wait_for_timeout(20)

    @property
    def state(self) -> dict[str, Any]:
        """What the address says beyond the defaults, once it is written."""
        self.page.wait_for_timeout(350)  # the address is written a quarter of a second after the last change
        code = self.page.url.partition("#")[2]
        return json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))) if code else {}

    def pixels(self, canvas: str = ".map-cells") -> str:
        """All pixels of a canvas as text: equal pictures have equal texts."""
        return self.page.evaluate(f"document.querySelector({canvas!r}).toDataURL()")

    def pin(self, x: float, y: float) -> None:
        for box, value in zip(self.page.locator(".exact input").all(), (x, y), strict=True):
            box.fill(repr(value))
        count = self.page.locator(".pin").count()
        self.page.locator(".exact button").click()
        self.until("n => document.querySelectorAll('.pin').length === n", count + 1)
        self.ready()

    def rows(self) -> list[list[str]]:
        """The table that compares the pinned runs."""
        return [row.locator("td").all_inner_texts() for row in self.page.locator(".table-box tbody tr").all()]

    def step(self) -> str:
        return self.page.locator(".step").inner_text()

    def plot(self, u: float, v: float) -> tuple[float, float]:
        """Where a place of the map lies on the screen, from its lower left corner."""
        self.page.locator(".map-cells").scroll_into_view_if_needed()
        box = self.page.locator(".map-cells").bounding_box()
        return box["x"] + u * box["width"], box["y"] + (1 - v) * box["height"]


SMALL_MAP = """addEventListener("DOMContentLoaded", () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".fallline-lab .map-plot { right: auto; width: 370px; }");
    document.adoptedStyleSheets.push(sheet);
});"""
"""A map of a quarter of the tiles, unless a test asks for a page of a certain size."""


@pytest.fixture(scope="session")
def server(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("starlette", reason="browser tests need fallline[lab]")
    started = Server(tmp_path_factory.mktemp("lab"))
    yield started
    started.stop()


@pytest.fixture
def own_server(server: Server, tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone, to be killed."""
    started = Server(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def new_lab(chromium: Any, server: Server) -> Iterator[Callable[..., Lab]]:
    """Opens pages; each in a browser context of its own, which knows nothing of the others."""
    contexts = []

    def make(at: Server | None = None, **options: Any) -> Lab:
        contexts.append(chromium.new_context(**{"viewport": {"width": 800, "height": 800}, **options}))
        if not options:
            contexts[-1].add_init_script(SMALL_MAP)
        return Lab(contexts[-1].new_page(), at or server)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def study(new_lab: Callable[..., Lab]) -> Iterator[Lab]:
    """The page as it opens, with the whole study."""
    opened = new_lab().open()
    yield opened
    assert opened.errors == []


LIGHT = {"data": {"kind": "generated", "name": "three-gaussians", "samples": 10, "seed": 123}}


@pytest.fixture
def lab(new_lab: Callable[..., Lab]) -> Iterator[Lab]:
    """The study with a tenth of its samples: what it shows is drawn in a tenth of the time."""
    opened = new_lab().light()
    yield opened
    assert opened.errors == []
