"""Names from elsewhere reach no terminal, table, page or picture with characters that act, hide or turn text around."""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata
import warnings
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import fallline as fl
from fallline import views
from fallline.cli import main
from fallline.errors import FalllineError, UnknownNameError, UsageError, visible
from fallline.experiment.formats.toml import parse, to_toml
from fallline.files import csv_cell, write_csv
from fallline.maps.mapping import map as train_map

ACTING = [chr(k) for k in (*range(32), *range(127, 160), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))]  # fmt: skip
HOSTILE = "=cats\x1b[2J\x9b31m\u202e\u2066\u200f\u2028\n\r\t\0\ufffe\ud800$x_1^"
SEEN = r"=cats\u001b[2J\u009b31m\u202e\u2066\u200f\u2028\u000a\u000d\u0009\u0000\ufffe\ud800$x_1^"


@pytest.fixture
def network():
    data = fl.Dataset(
        np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.eye(2)[[0, 1, 0]], HOSTILE, (HOSTILE, "b"), (HOSTILE, "c")
    )
    return fl.NetworkObjective(fl.Network.of("2-2-2"), data)  # fmt: skip


@pytest.fixture
def m(network):
    return train_map(network, x="learning_rate=0.1..1", y="seed=0..3", size=4, steps=3)


def test_what_is_visible_stays_and_what_acts_becomes_an_escape():
    for character in ACTING:
        assert visible(f"a{character}b") == f"a\\u{ord(character):04x}b"
        assert unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    kept = "naïve Ω 日本語 🙂 \\ \" ' \u00a0 עברית"
    assert visible(kept) == kept
    assert visible("a\nb\tc\r", keep="\n\t") == "a\nb\tc\\u000d"
    assert visible(visible(HOSTILE)) == visible(HOSTILE) == SEEN


def test_an_error_is_one_visible_line():
    for error in (UsageError(f"{HOSTILE} is wrong."), UnknownNameError("measure", "x", [HOSTILE])):
        assert SEEN in str(error)
        assert visible(str(error)) == str(error)
    assert issubclass(UnknownNameError, FalllineError)


def test_whatever_a_command_prints(capsys, monkeypatch):
    def chatty(arguments, **options):
        print(HOSTILE, "line\nnext\tcolumn")
        print(HOSTILE, file=sys.stderr)
        raise OSError(2, HOSTILE, HOSTILE)

    before = sys.stdout, sys.stderr
    monkeypatch.setattr("fallline.cli.app.app", chatty)
    assert main([]) == 1
    assert (sys.stdout, sys.stderr) == before
    out, err = capsys.readouterr()
    for text in (out, err):
        assert visible(text, keep="\n\t") == text
        assert r"cats\u001b[2J" in text
    assert "line\nnext\tcolumn" in out


def test_json_stays_json_on_the_terminal():
    text = json.dumps({"name": HOSTILE.replace("\ud800", "")}, ensure_ascii=False)
    assert json.loads(visible(text)) == json.loads(text)


def test_colours_of_rich_pass():
    from rich.console import Console

    from fallline.cli.terminal import escaped_output

    kept, sys.stdout = sys.stdout, io.StringIO()
    try:
        with escaped_output():
            Console(force_terminal=True, color_system="standard").print("[red]right")
            print("\x1b[31mwrong")
        assert sys.stdout.getvalue() == "\x1b[31mright\x1b[0m\n\\u001b[31mwrong\n"
    finally:
        sys.stdout = kept


def test_map_info_and_reprs(m, tmp_path, capsys):
    clean = fl.Dataset(m.spec.objective.data.X, m.spec.objective.data.T, HOSTILE.replace("\ud800", ""))
    path = tmp_path / "m.fallmap"
    train_map(
        fl.NetworkObjective(m.spec.objective.network, clean), x="learning_rate=0.1..1", y="seed=0..3", size=4, out=path
    )
    assert main(["map", "info", str(path)]) == 0
    out = capsys.readouterr().out
    assert r"cats\u001b[2J" in out
    assert visible(out, keep="\n") == out
    assert len(out.splitlines()) == 14  # a name with an end of line makes no line of its own
    for text in (repr(m), repr(m.spec)):
        assert SEEN in text
        assert visible(text) == text


def pictures(m):
    yield m.plot()
    yield m.plot(marks=[(0.2, 1, HOSTILE)], title=HOSTILE)
    yield views.draw_data(m.spec.objective.data)
    yield views.draw_network(m.spec.objective.network)
    yield m.run_at(0.2, 1).plot()


def test_pictures_are_valid_and_show_escapes(m):
    for picture in pictures(m):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of glyphs that its font does not have
            svg, png = picture.bytes("svg"), picture.bytes("png", 40)
        text = svg.decode()
        ElementTree.fromstring(text)
        assert visible(text, keep="\n") == text
        assert png.startswith(b"\x89PNG")
        assert visible(picture.title + picture.alt) == picture.title + picture.alt


def test_a_study_is_visible_and_says_the_same():
    title = HOSTILE.replace("\ud800", "")
    text = to_toml(fl.study().with_(title=title))
    assert visible(text, keep="\n") == text
    assert parse(text).title == title


def test_the_report_is_visible(network, monkeypatch):
    pytest.importorskip("jinja2")
    from fallline.report.page import render

    chapter = ("data", HOSTILE, {"data": network.data, "picture": "", "rows": []})
    monkeypatch.setattr("fallline.report.page.chapters", lambda results, gallery: [chapter])
    page = render(SimpleNamespace(study=fl.study().with_(title=HOSTILE)))
    assert r"cats\u001b[2J" in page.html
    assert visible(page.html, keep="\n\t") == page.html


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1", "-"])
def test_no_cell_is_a_formula(text):
    stream = io.StringIO()
    write_csv(stream, [[text, 1.5], ["-1.5", text]])
    for row in csv.reader(io.StringIO(stream.getvalue())):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "＝")), cell
            assert cell == "-1.5" or not cell.startswith("-")


@pytest.mark.parametrize("number", ["-1.5", "+3", "-inf", "1e-300", "nan", -0.0, 5e-324, 7, None])
def test_numbers_stay_numbers(number):
    assert csv_cell(number) is number or csv_cell(number) == number
