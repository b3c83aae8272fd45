"""A map's file served to a page: its tiles, its values, its runs, and who may ask for them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fallline.cli.app import main
from fallline.errors import FalllineError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.lab import lab
from fallline.lab.server.access import Access
from fallline.lab.server.guard import HEADERS
from fallline.live import serve_map, served_map, write_tile_folder
from fallline.live.map_server import DOORS_OF_A_MAP, map_application
from fallline.live.served_map import ServedMap, readable
from fallline.maps.growing import growing
from fallline.maps.large import LargeMap
from fallline.maps.map import compute_map
from fallline.maps.replay import replay

SPEC = map_spec(
    "himmelblau", x="start.x=-5..5", y="learning_rate=1e-3..0.3:log", size=(1100, 600), steps=4,
    measures=["final_loss", "outcome"],
)  # fmt: skip
"""Levels 0 to 3, of which the first three are kept in memory."""


@pytest.fixture(scope="module")
def whole():
    return compute_map(SPEC)


@pytest.fixture(scope="module")
def path(whole, tmp_path_factory):
    place = tmp_path_factory.mktemp("served") / "map.fallmap"
    whole.save(place)
    return place


@pytest.fixture(scope="module")
def served(path):
    return ServedMap(path)


@pytest.mark.parametrize("measure", [0, 1])
def test_its_tiles_are_those_of_a_folder(path, served, measure, tmp_path):
    write_tile_folder(LargeMap.open(path), tmp_path / "tiles", measure=SPEC.names[measure], data=False)
    files = sorted((tmp_path / "tiles").glob("*/*/*.png"))
    assert len(files) == 1 + 2 + 2 * 3 + 3 * 5
    for file in files:
        z, x, y = (int(word) for word in file.relative_to(tmp_path / "tiles").with_suffix("").parts)
        assert served.tile(measure, z, x, y) == file.read_bytes(), file
    for z, x, y in ((0, 0, 1), (3, 5, 7), (3, 0, 4), (4, 0, 0)):
        assert served.tile(measure, z, x, y) is None
    assert served.tile(2, 0, 0, 0) is None
    assert served.picture(2) is None
    assert served.picture(measure).startswith(b"\x89PNG")


def test_its_values_and_runs_are_the_map_s(whole, served):
    for column, row in ((0, 0), (1099, 599), (437, 211), (430, 540)):
        cell = served.cell(column, row)
        wanted = whole.at(column, row)
        values = [v["value"] for v in readable(cell)["values"]]
        assert values[1] == wanted["outcome"]
        told = served.run(column, row, cell)
        assert told["same"] is True
        run = replay(SPEC, column, row)
        assert told["outcome"]["sentence"] == run.outcome.sentence
        assert told["losses"] == [loss if np.isfinite(loss) else None for loss in run.losses.tolist()]
        if np.isfinite(run.loss):
            assert values[0] == wanted["final_loss"] == told["losses"][-1]
        else:
            assert values[0] == "∞"
        json.dumps(told | readable(cell), allow_nan=False)
    assert whole.at(430, 540)["outcome"] == "diverged"
    assert served.cell(1100, 0) is None
    assert served.cell(0, 600) is None


def test_other_values_are_told(served):
    cell = served.cell(5, 5)
    other = cell.plane("final_loss") + 1
    cell.fill({"final_loss": other, "outcome": cell.plane("outcome")}, cell.known)
    assert served.run(5, 5, cell)["same"] is False


@pytest.mark.parametrize(("most", "sent"), [(5, [0, 1, 2, 3, 4]), (3, [0, 2, 4]), (2, [0, 3, 4]), (1, [0, 4])])
def test_of_a_long_run_some_losses_are_sent(served, monkeypatch, most, sent):
    monkeypatch.setattr(served_map, "MOST_LOSSES", most)
    told = served.run(5, 5, served.cell(5, 5))
    losses = replay(SPEC, 5, 5).losses.tolist()
    assert told["losses"] == [losses[k] for k in sent]
    assert sent[:-1] == list(range(0, told["steps"], told["every"]))


def test_a_run_that_takes_too_long_is_refused(tmp_path):
    spec = map_spec("himmelblau", x="start.x=-5..5", y="start.y=-5..5", size=8, steps=3_000_000)
    work = growing(LargeMap(spec, tmp_path / "map.fallmap"), tile_cells=1)
    next(work)
    work.close()
    one = ServedMap(tmp_path / "map.fallmap")
    with pytest.raises(FalllineError, match="the path of one run takes 46 MB"):
        one.run(0, 0, one.cell(0, 0))


def test_an_unfinished_map_shows_what_it_has(tmp_path):
    work = growing(LargeMap(SPEC, tmp_path / "map.fallmap"), tile_cells=256)
    next(work)
    work.close()
    half = ServedMap(tmp_path / "map.fallmap")
    assert "It is not complete." in half.page()
    assert readable(half.cell(0, 0))["values"] != []
    assert readable(half.cell(1099, 599)) == {"values": []}
    assert half.run(1099, 599, half.cell(1099, 599))["same"] is None
    assert half.tile(0, 3, 4, 5).startswith(b"\x89PNG")  # transparent


def ask(app, target, cookie=None, method="GET", host="127.0.0.1:8421"):
    """The status, headers and content of the application's answer."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    name, _, query = target.partition("?")
    headers = [(b"host", host.encode())] + ([(b"cookie", cookie.encode())] if cookie else [])
    scope = {
        "type": "http", "method": method, "path": name, "raw_path": name.encode(), "query_string": query.encode(),
        "headers": headers, "scheme": "http", "server": ("127.0.0.1", 8421), "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    with ThreadPoolExecutor(1) as thread:  # a browser's test may have left an event loop in this one
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


@pytest.fixture(scope="module")
def server(path):
    reading = ThreadPoolExecutor(1)
    access = Access(8421, secret="s" * 43)
    app = map_application(access, reading.submit(ServedMap, path).result(), reading)
    yield app, f"{access.cookie}={access.secret}"
    reading.shutdown()


TARGETS = {
    "/": "text/html", "/served.js": "text/javascript", "/served.css": "text/css", "/picture/1.png": "image/png",
    "/tiles/0/3/1/6.png": "image/png", "/cell/3/4": "application/json", "/run/3/4": "application/json",
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_only_its_page_is_answered(server, target):
    app, cookie = server
    status, headers, content = ask(app, target, cookie)
    assert (status, headers[b"content-type"].decode().partition(";")[0]) == (200, TARGETS[target])
    assert content
    for name, value in HEADERS:
        assert headers[name] == value
    for changed in ({"cookie": None}, {"cookie": cookie[:-1]}, {"host": "evil.example"}):
        assert ask(app, target, **{"cookie": cookie} | changed)[0] == 403
    assert ask(app, target, cookie, method="POST")[0] == 405


@pytest.mark.parametrize("target", [
    "/served.py", "/map.fallmap", "/tiles/0/3/1/6", "/tiles/0/3/9/6.png", "/tiles/9/0/0/0.png", "/tiles/-1/0/0/0.png",
    "/tiles/0/0/0/../0.png", "/cell/1e3/0", "/cell/٣/0", "/cell/1100/0", "/run/0/600", "/run/0/9999999999", "/picture/2.png", "/socket",
    "/cell/0", "/tiles/0/30/1/1.png",
])  # fmt: skip
def test_what_the_map_does_not_have_is_not_there(server, target):
    app, cookie = server
    assert ask(app, target, cookie)[0] == 404


def test_every_route_is_a_door():
    assert {door.needs for door in DOORS_OF_A_MAP if door.path != "/"} == {"cookie"}


def test_what_cannot_be_served_is_said(path, tmp_path, capsys):
    line = tmp_path / "line.fallmap"
    compute_map(map_spec("rosenbrock", x="learning_rate=1e-4..1e-2", size=9, steps=2), out=line)
    with pytest.raises(UsageError, match="a map that is shown in picture tiles has two axes of numbers"):
        serve_map(line)
    assert main(["lab", str(path), "--target", "y"]) == 2
    assert "is a map file, which has its own data" in capsys.readouterr().err
    assert main(["lab", str(tmp_path / "none.fallmap")]) == 2
    assert "none.fallmap is not a file" in capsys.readouterr().err
    with pytest.raises(UsageError, match="is a map file: the command `fallline lab "):
        lab(path)
