"""A map in picture tiles in a browser, from a disk, from a host of files, and from the lab: it pans, zooms and reads."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fallline.experiment.map_spec import map_spec
from fallline.live import write_tile_folder
from fallline.maps.large import LargeMap
from fallline.maps.map import compute_map
from fallline.maps.tiles import layout
from fallline.maps.writer import MapWriter

from .conftest import Server

PATIENCE = 30_000

SPEC = map_spec("himmelblau", x="start.x=-5..5", y="start.y=-5..5", size=(1100, 900), steps=8, learning_rate=0.01,
                measures=["final_loss", "outcome"])  # fmt: skip
"""Four levels of tiles: 1, 4, 9 and 20 pictures."""


@dataclass
class Folder:
    """A page of tiles, with words for what a reader does."""

    page: Any
    wrong: list[str] = field(default_factory=list)
    tiles: set[str] = field(default_factory=set)

    def open(self, url: str) -> Folder:
        page = self.page
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.wrong.append(message.text))
        page.on("requestfailed", lambda request: self.wrong.append(f"{request.url}: {request.failure}"))
        page.on(
            "response",
            lambda response: response.status >= 400 and self.wrong.append(f"{response.status} {response.url}"),
        )
        page.on("requestfinished", lambda request: self.tiles.add("/".join(request.url.split("/")[-3:])))
        page.goto(url)
        return self

    def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(PATIENCE // 20):
            if condition():
                return
            self.page.wait_for_timeout(20)
        pytest.fail(f"it never came true; {self.wrong}")

    def colour(self, u: float, v: float) -> list[int]:
        """The pixel of the map at a place of the view, from its lower left corner; transparent where no tile is drawn yet."""
        return self.page.evaluate(
            """([u, v]) => {
                const canvas = document.querySelector(".map-cells");
                const [x, y] = [Math.floor(u * canvas.width), Math.floor((1 - v) * canvas.height)];
                return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data];
            }""",
            [u, v],
        )

    def place(self, u: float, v: float) -> tuple[float, float]:
        box = self.page.locator(".map-cells").bounding_box()
        return box["x"] + u * box["width"], box["y"] + (1 - v) * box["height"]

    def read(self, u: float, v: float) -> str:
        """What the page says about the cell under the pointer."""
        self.page.mouse.move(*self.place(u, v))
        self.until(lambda: "column" in self.page.locator(".readout").inner_text())
        return self.page.locator(".readout").inner_text()

    def column(self, u: float, v: float) -> int:
        return int(self.read(u, v).split("column ")[1].split(",")[0])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("folder") / "map.fallmap"
    compute_map(SPEC, out=path)
    return path


@pytest.fixture(scope="module")
def tiles(kept: Path) -> Path:
    write_tile_folder(LargeMap.open(kept), kept.parent / "tiles")
    return kept.parent / "tiles"


@pytest.fixture(scope="module")
def address(tiles: Path) -> Iterator[str]:
    """The folder on a host of files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tiles)) as host:
        thread = threading.Thread(target=host.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{host.server_port}/"
        host.shutdown()


@pytest.fixture
def folder(chromium: Any) -> Iterator[Folder]:
    # A pixel of the screen is more than two cells, so the whole map needs no picture of the deepest level.
    context = chromium.new_context(viewport={"width": 560, "height": 520})
    yield Folder(context.new_page())
    context.close()


def test_it_opens_pans_zooms_and_reads(folder: Folder, address: str) -> None:
    folder.open(address)
    folder.until(lambda: folder.colour(0.1, 0.1)[3] == folder.colour(0.9, 0.9)[3] == 255)
    assert not any(name.startswith("3/") for name in folder.tiles)
    assert folder.read(0.002, 0.9).startswith("start.x −4.9")
    folder.page.mouse.move(*folder.place(0.75, 0.25))
    for _ in range(4):
        folder.page.mouse.wheel(0, -300)
    # The cell under the pointer stays there, and its picture of the deepest level comes.
    folder.until(lambda: "3/3/7.png" in folder.tiles)
    assert abs(folder.column(0.75, 0.25) - 825) <= 1
    before = folder.column(0.5, 0.5)
    folder.page.mouse.down()
    folder.page.mouse.move(*folder.place(0.9, 0.5), steps=4)
    folder.page.mouse.up()
    assert folder.column(0.5, 0.5) < before
    folder.page.get_by_role("button", name="Whole map").click()
    assert folder.column(0.5, 0.5) == 550
    assert folder.wrong == []


def test_it_opens_from_a_disk(folder: Folder, tiles: Path) -> None:
    folder.open((tiles / "index.html").as_uri())
    folder.until(lambda: {"0/0/0.png", "2/0/3.png", "2/2/2.png"} <= folder.tiles)
    assert abs(folder.column(0.5, 0.5) - 550) <= 1
    assert folder.wrong == []


@pytest.fixture
def lab_of_map(kept: Path, tmp_path: Path) -> Iterator[Server]:
    pytest.importorskip("starlette", reason="the lab needs fallline[lab]")
    server = Server(tmp_path, 0, str(kept))
    yield server
    server.stop()


def test_the_lab_serves_it_and_trains_a_run_again(folder: Folder, lab_of_map: Server) -> None:
    folder.open(lab_of_map.address())
    folder.until(lambda: folder.colour(0.1, 0.1)[3] == folder.colour(0.9, 0.9)[3] == 255)
    before = folder.colour(0.5, 0.5)
    folder.page.get_by_label("Measure").select_option("outcome")
    folder.until(lambda: folder.colour(0.5, 0.5)[3] == 255 and folder.colour(0.5, 0.5) != before)
    assert folder.page.locator(".legend-picture img").get_attribute("src") == "picture/1.png"
    readout, run = folder.page.locator(".readout"), folder.page.locator(".run-panel")
    folder.read(0.5, 0.5)
    folder.until(lambda: ": final loss " in readout.inner_text())
    folder.page.mouse.click(*folder.place(0.5, 0.5))
    folder.until(lambda: "trained again, it has the same values, to the bit." in run.inner_text())
    assert readout.inner_text().partition(": ")[2] in run.inner_text()
    folder.page.locator(".map-plot").press("ArrowRight")
    folder.until(lambda: ": final loss " in readout.inner_text())
    folder.page.locator(".map-plot").press("Enter")
    folder.until(lambda: readout.inner_text().partition(": ")[2] in run.inner_text())
    assert folder.wrong == []


def test_a_page_of_an_unfinished_map_requests_only_what_is_there(folder: Folder, tmp_path: Path) -> None:
    whole = compute_map(SPEC)
    with MapWriter.create_or_resume(tmp_path / "part.fallmap", SPEC) as file:
        for tile in [tile for tile in layout(SPEC) if tile.stride == 1][:6]:
            file.add(SPEC, tile, {name: whole.plane(name)[tile.indices()[::-1]].copy() for name in SPEC.names})
    write_tile_folder(LargeMap.open(tmp_path / "part.fallmap"), tmp_path / "tiles")
    assert '"absent":[]' not in (tmp_path / "tiles" / "index.html").read_text(encoding="utf-8")
    there = {path.relative_to(tmp_path / "tiles").as_posix() for path in (tmp_path / "tiles").glob("*/*/*.png")}
    folder.open((tmp_path / "tiles" / "index.html").as_uri())
    for u in (0.1, 0.9):
        folder.page.get_by_role("button", name="Whole map").click()
        folder.page.mouse.move(*folder.place(u, u))
        for _ in range(4):
            folder.page.mouse.wheel(0, -300)
        folder.page.wait_for_timeout(200)
    folder.until(lambda: any(name.startswith("3/") for name in folder.tiles))
    assert {name for name in folder.tiles if name.endswith(".png") and name[0].isdigit()} <= there
    assert not folder.wrong
