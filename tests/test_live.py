"""Live pages on Python's side: what they hold, what they refuse, and that they request nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.errors import ExistsError, UsageError
from fallline.experiment.studies import study
from fallline.live import check_page, map_page
from fallline.live.controls import sentences
from fallline.live.shown_map import show_map
from fallline.maps.map import compute_map

PLANE = {"x": "learning_rate=1e-3..1e-1:log", "y": "start.x=-2..2", "size": 6, "steps": 9}


@pytest.fixture(scope="module")
def booth():
    return fl.map("booth", **PLANE)


@pytest.fixture(scope="module")
def text(booth):
    return booth.to_html(pins=[(0.01, 0.5)], command="fallline map booth <script> --live a.html")


def figure_of(text):
    return json.loads(re.search(r'<script type="application/json" id="figure">(.*?)</script>', text)[1])


def test_a_page_holds_the_map(booth, text):
    figure = figure_of(text)
    assert figure["map"]["sha256"] == booth.sha256
    assert figure["welcome"]["state"]["map"]["x"] == {"name": "learning_rate", "low": 1e-3, "high": 0.1, "scale": "log"}
    assert figure["stored"]["runs"][0]["content"]["outcome"]["sentence"].startswith("Still descending")
    assert figure["command"] == "fallline map booth <script> --live a.html"


def test_its_policy_names_its_one_script_and_style(text):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    for tag in ('script type="module"', "style"):
        content = re.search(f"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(re.findall("<script", text)) == 2
    assert not re.findall(r'(?:src|href)="(?!data:)', text)


def test_a_page_is_written_once(booth, tmp_path):
    path = tmp_path / "a.html"
    assert booth.to_html(path, data=False) == path
    with pytest.raises(ExistsError):
        booth.to_html(path, data=False)
    assert booth.to_html(path, data=False, overwrite=True) == path


def test_without_data_it_is_a_picture(tmp_path):
    secret = np.array([[123.456, 1.0], [654.321, 2.0], [0.5, -1.0], [0.7, 3.0]])
    network = fl.NetworkObjective(fl.Network.of("2-2-2"), (secret, [0, 1, 0, 1]))
    m = fl.map(network, x="learning_rate=1e-3..1e-1:log", y="momentum=0..0.9", optimizer="momentum", size=3, steps=2)
    text = map_page(m, data=False)
    assert "<script" not in text
    assert "script-src 'none'" in text
    assert m.sha256 in text
    assert "123.456" not in text


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ({"x": "learning_rate=1e-3..1e-1"}, "a live page needs a map of two axes; this one has learning_rate alone."),
        (
            {"x": "learning_rate=1e-3..1e-1", "y": "optimizer=sgd,momentum"},
            "a live page has one kernel, and an axis of optimizer needs one for each optimizer. Choose another axis, such as "
            "learning_rate, steps or seed.",
        ),
        (
            {"x": "learning_rate=1e-3..1e-1", "y": "start.x=1"},
            "a live page needs a range on each axis; start.x has one value, 1.",
        ),
    ],
)
def test_maps_that_no_page_can_show_are_refused(axes, sentence):
    spec = fl.map("booth", **axes, size=2, steps=1).spec
    with pytest.raises(UsageError, match=re.escape(sentence)):
        check_page(spec)


def test_listed_values_span_a_range():
    axis = fl.map("booth", x="learning_rate=0.01,0.02,0.04", y="start.x=-1,1", steps=1).spec
    assert show_map(axis).state["map"]["x"] == {"name": "learning_rate", "low": 0.01, "high": 0.04, "scale": "log"}


def test_the_sentences_are_those_of_the_experiments_rules():
    assert sentences() == {
        "order": "{name} must run from low to high; got {low} to {high}.",
        "log": "a log axis must have positive ends; {name} starts at {low}. Raise its low end or make it linear.",
        "film": "a map with steps on an axis cannot be played: its runs do not have the same steps.",
    }


def test_a_function_of_ones_own_has_a_page():
    def valley(x, y):
        return x**2 + 10 * (y - x**2) ** 2

    m = fl.map(valley, x="start.x=-1..1", y="start.y=-1..1", size=3, steps=5, learning_rate=0.01)
    figure = figure_of(m.to_html())
    assert figure["welcome"]["objective"]["name"] == "valley"


def test_the_command_writes_a_page(tmp_path, capsys):
    path = tmp_path / "page.html"
    words = ["map", "booth", "--x", PLANE["x"], "--y", PLANE["y"], "--size", "4x4", "--steps", "9", "--live", str(path)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert f"Live page written to {path}." in said.out
    assert re.search("sha256 ([0-9a-f]{64})", said.out)[1] in path.read_text(encoding="utf-8")
    assert main(words) != 0  # it exists


def test_the_command_says_that_the_users_data_stand_in_the_page(tmp_path, capsys):
    table = tmp_path / "table.csv"
    table.write_text("a,b,kind\n" + "\n".join(f"{k},{k % 7},{'xy'[k % 2]}" for k in range(12)) + "\n")
    (tmp_path / "mine.toml").write_text(
        'title = "mine"\n[network]\nsizes = "2-2-2"\n[data]\nfile = "table.csv"\ntarget = "kind"\n'
    )
    words = [
        "map",
        str(tmp_path / "mine.toml"),
        "--x",
        "learning_rate=1e-3..1e-2",
        "--y",
        "momentum=0..0.9",
        "--size",
        "2x2",
    ]
    words += ["--steps", "2", "--without-data", "--live"]
    assert main([*words, str(tmp_path / "without.html")]) == 0
    assert "in clear" not in capsys.readouterr().err
    words.remove("--without-data")
    assert main([*words, str(tmp_path / "with.html")]) == 0
    assert "holds the 12 samples of" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--live", "page.png"], ["--without-data"]])
def test_flags_that_mean_nothing_are_refused(words, capsys):
    assert main(["map", "booth", "--x", PLANE["x"], "--y", PLANE["y"], "--size", "2x2", *words]) != 0
    assert "--live" in capsys.readouterr().err


def test_the_page_of_the_seed_study_is_small():
    from fallline.experiment.build import build_map, objective_of

    described = study("three-gaussians")
    spec = build_map(described.maps[0].model_copy(update={"size": "8x8"}), objective_of(described))
    text = map_page(compute_map(spec))
    assert len(gzip.compress(text.encode())) < 400_000
