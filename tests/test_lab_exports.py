"""Whatever the lab saves gives the same bits as its picture."""

import io
import json
import queue
import re
import struct

import numpy as np
import pytest
from PIL import Image

from fallline.data.csv_file import CsvFile
from fallline.errors import UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.formats.toml import parse
from fallline.lab.resolved_state import resolve_state
from fallline.lab.session.session import Session
from fallline.lab.state import read_state
from fallline.lab.work.exports import export
from fallline.lab.work.pool import Pool
from fallline.lab.work.pyramid import TilePlace, view_spec
from fallline.lab.work.tile_training import compute_tile
from fallline.maps.loading import load_map
from fallline.maps.map import compute_map

CSV = CsvFile(
    "small.csv", "a,b,kind\n" + "\n".join(f"{k % 7},{k % 5},{'yes' if k % 3 else 'no'}" for k in range(20)) + "\n"
)
AXES = {"x": {"name": "learning_rate", "low": 1e-4, "high": 1.0, "scale": "log"},
        "y": {"name": "momentum", "low": 0.0, "high": 0.9, "scale": "linear"}}  # fmt: skip
SMALL = {"start": None, "steps": 5, "map": AXES}
STATES = {
    "network": {"steps": 5, "pins": [{"x": 0.006, "y": 0.0}]},
    "points": {**SMALL, "objective": {"kind": "network", "units": [2, 2, 2], "activations": ["tanh"]},
               "data": {"kind": "points", "points": [[0.0, 0.5, 0], [1.0, -1.0, 1], [0.3, 0.2, 1]]}, "dtype": "float64"},
    "table": {**SMALL, "objective": {"kind": "network", "units": [2, 2, 2], "activations": ["tanh"]},
              "data": {"kind": "table", "digest": CSV.digest, "target": "kind"}},
    "landscape": {**SMALL, "objective": {"kind": "landscape", "name": "booth"}, "dtype": "float64",
                  "schedule": "exponential", "schedule_settings": {"decay": 0.9}, "pins": [{"x": 0.01, "y": 0.5}]},
    "formula": {**SMALL, "objective": {"kind": "formula", "text": "exp(x/3) + 2*abs(x)^2 - cos(3)"}, "seed": 4},
    "starts": {**SMALL, "objective": {"kind": "network", "units": [2, 2, 3], "activations": ["relu"]}, "starts": 3,
               "initial": "he_normal", "batch": 10, "settings": {"learning_rate": 0.1, "initial_scale": 0.5}},
}  # fmt: skip
ZOOMED = {"x": [0.25, 0.5], "y": [0.5, 0.75]}


def done(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def made(name, **more):
    state = read_state(STATES[name] | {"view": ZOOMED} | more)
    return state, resolve_state(state, {CSV.digest: CSV})


@pytest.fixture(scope="module", params=STATES)
def shown(request):
    """State, plan, and the values that the page shows: the tile that fills the view."""
    state, resolved = made(request.param)
    return request.param, state, resolved, compute_tile(resolved, TilePlace(2, 1, 2))


def test_the_view_is_the_tile(shown):
    _, state, resolved, tile = shown
    spec = view_spec(resolved, state.view, 64)
    m = compute_map(spec)
    assert (spec.x.values == tile["x"]).all()
    assert (spec.y.values == tile["y"]).all()
    for name in m.measures:
        assert m[name].tobytes() == tile[name].tobytes()


def test_python_lines_give_the_same_bits(shown, tmp_path, monkeypatch, capsys):
    _, state, resolved, tile = shown
    told, _ = done(export("python", state, resolved, {CSV.digest: CSV}, size=64))
    (tmp_path / CSV.name).write_text(CSV.text)
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(compile(told["text"].replace("m.plot()", "#"), "lab.py", "exec"), space)
    for name in space["m"].measures:
        assert space["m"][name].tobytes() == tile[name].tobytes()
    assert space["m"].sha256 in capsys.readouterr().out


def test_the_study_gives_the_same_bits(shown, tmp_path):
    _, state, resolved, tile = shown
    told, _ = done(export("study", state, resolved, {CSV.digest: CSV}, size=64))
    (tmp_path / CSV.name).write_text(CSV.text)
    study = parse(told["text"], folder=tmp_path)
    m = compute_map(build_map(study.maps[0], objective_of(study, "")))
    for measure in m.measures:
        assert m[measure].tobytes() == tile[measure].tobytes()
    assert len(study.fits + study.descents) == len(state["pins"])


def test_the_map_file_gives_the_same_bits(shown, tmp_path):
    _, state, resolved, tile = shown
    _, body = done(export("map", state, resolved, {}, size=64))
    (tmp_path / "lab.fallmap").write_bytes(body)
    m = load_map(tmp_path / "lab.fallmap")
    for measure in m.measures:
        assert m[measure].tobytes() == tile[measure].tobytes()
    cell = m.run_at(m.x.values[7], m.y.values[9])  # trained again from what the file says alone
    assert np.asarray(cell.losses[-1], tile["final_loss"].dtype).tobytes() == tile["final_loss"][9, 7].tobytes()


@pytest.mark.parametrize("what", ["png", "svg"])
def test_pictures(what):
    state, resolved = made("landscape")
    told, body = done(export(what, state, resolved, {}, size=64, theme="dark"))
    assert told["name"] == f"lab.{what}"
    assert body.startswith(b"\x89PNG" if what == "png" else b"<?xml")


def test_a_live_page_holds_the_map_in_view_and_the_pins():
    state, resolved = made("landscape")
    told, body = done(export("live", state, resolved, {}, size=64))
    figure = json.loads(re.search(r'id="figure">(.*?)</script>', body.decode())[1])
    assert told == {"name": "lab.html", "mime": "text/html"}
    assert figure["map"]["sha256"] == compute_map(view_spec(resolved, state.view, 64)).sha256
    assert figure["welcome"]["state"]["pins"] == [{"x": 0.01, "y": 0.5}]


def test_weights_are_those_of_the_pinned_run_at_its_step():
    state, resolved = made("network", look={"step": 3})
    _, body = done(export("weights", state, resolved, {}, pin=0))
    length = struct.unpack("<Q", body[:8])[0]
    header = json.loads(body[8 : 8 + length])
    run = compute_map(resolved.run_spec(0.006, 0.0)).run_at(0.006, 0.0)
    first, last = header["W2"]["data_offsets"]
    W2 = np.frombuffer(body[8 + length + first : 8 + length + last], "<f4").reshape(header["W2"]["shape"])
    assert W2.tobytes() == np.asarray(resolved.network.network.unpack(run.path[3])[1].W).tobytes()
    assert header["__metadata__"]["step"] == "3"
    with pytest.raises(UsageError, match="pin one"):
        done(export("weights", state, resolved, {}, pin=2))


def test_a_map_of_a_million_million_cells_is_refused():
    state, resolved = made("network")
    with pytest.raises(UsageError, match="1,000,000,000,000 runs"):
        done(export("map", state, resolved, {}, size=10**6))


def test_a_picture_keeps_every_pin_in_view_with_its_number_and_the_lines_of_theory():
    pins = [{"x": 0.006, "y": 0.0}, {"x": 0.0095, "y": 0.5}, {"x": 1e-5, "y": 0.0}]
    state = read_state({"steps": 5, "pins": pins, "view": {"x": [0.0, 0.95], "y": [0.0, 1.0]}})
    _, content = done(export("svg", state, resolve_state(state, {}), {}, size=64))
    text = content.decode()
    for expected in ("1 learning rate 0.006, momentum 0", "3 learning rate 1e-05, momentum 0", "L at the start"):
        assert expected in text
    assert "0.0095" not in text  # outside of the view


def test_a_moving_picture_tells_its_length_and_how_far_it_has_come():
    state, resolved = made("landscape", steps=5)
    done_of = []
    told, content = done(
        export("gif", state, resolved, {}, size=16, progress=lambda done, total: done_of.append(done / total))
    )
    assert told == {"name": "lab.gif", "mime": "image/gif", "frames": 6, "seconds": 1 + 5 / 12}
    assert done_of == sorted(done_of)
    assert done_of[-1] == 1
    with Image.open(io.BytesIO(content)) as image:
        assert image.n_frames == 6
        assert image.size[0] % 2 == image.size[1] % 2 == 0


def test_an_export_is_stopped_alone():
    """The page goes on: only the work on the file is dropped."""
    pool, answers = Pool(), queue.Queue()
    session = Session(lambda content, buffers: answers.put(content), pool)
    try:
        session.receive({"kind": "hello", "id": 1, "state": None})
        session.receive({"kind": "export", "id": 2, "what": "map", "size": 512})
        assert session.page.desk.holds("export")
        session.receive({"kind": "tiles", "id": 3, "tiles": [[0, 0, 0]]})
        session.receive({"kind": "cancel", "id": 4, "what": "export"})
        assert not session.page.desk.holds("export")
        kinds = set()
        while "tile" not in kinds:
            kinds.add(answers.get(timeout=20)["kind"])
        assert "export" not in kinds
    finally:
        session.close()
        pool.close()
