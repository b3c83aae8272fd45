"""A zoom: its key frames, the frames between them, and the command."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from fallline import exact
from fallline.cli.app import main
from fallline.errors import SettingError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.maps import zoom as zoom_module
from fallline.maps.fractal import preset
from fallline.maps.key_frames import trains
from fallline.maps.zoom import Zoom, boundary_place, place_of
from fallline.views.pictures.zoom_film import zoom_film

WORDS = ["zoom", "quadratic", "--x", "learning_rate=0.01..0.4", "--y", "momentum=0..0.9", "--optimizer", "momentum",
         "--steps", "60", "--size", "16"]  # fmt: skip


def quadratic(size=16, **options):
    return map_spec("quadratic", x="learning_rate=0.01..0.4", y="momentum=0..0.9", optimizer_="momentum", steps=60,
                    measures="convergence", size=size, start=(1, 1), **options)  # fmt: skip


@pytest.mark.parametrize("place", [(0.3, 0.7), (0.0, 1.0), (0.999999, 1e-9)])
def test_each_key_frame_is_half_as_wide_and_lies_in_the_one_before(place):
    keys = Zoom(preset("fractal-tanh").spec(size=32), tuple(map(Fraction, place)), 1e12).keys
    assert len(keys) == 40
    for outer, inner in pairwise(keys):
        for name in ("x", "y"):
            (a, n), (b, m) = getattr(outer, name).part, getattr(inner, name).part
            assert m == 2 * n
            assert 2 * a <= b + 1
            assert b + 32 <= 2 * (a + 32) + 1


@pytest.mark.parametrize("place", [(0.3, 0.7), (0.01, 0.99)])
def test_the_cells_of_both_key_frames_lie_under_the_pixels(place):
    """The value of a cell under a pixel is that of the pixel's middle, to half a cell."""
    spec = map_spec("booth", x="start.x=0..1", y="start.y=0..1", size=32)
    zoom = Zoom(spec, tuple(map(Fraction, place)), 1000.0)
    for number in range(7):
        key, scale = zoom.frame(number, 7)
        width = 1 / (2**key * scale)
        for of_key in range(key, min(key + 2, len(zoom.keys))):
            columns, rows = zoom.cells_under(key, scale, of_key, 50)
            for axis, at, middle in ((zoom.keys[of_key].x, columns, place[0]), (zoom.keys[of_key].y, rows, place[1])):
                middle = min(max(middle, width / 2), 1 - width / 2)
                points = middle + (np.arange(50) + 0.5 - 25) / 50 * width
                off = np.abs(axis.values[at[at >= 0]] - points[at >= 0]) * 32 * 2**of_key
                assert off.max() <= 1.01
                assert (at >= 0).all() if of_key == key else (at >= 0).any()


def test_depths_have_equal_ratios():
    zoom = Zoom(quadratic(), (Fraction(1, 3), Fraction(1, 3)), 1e6)
    depths = [2.0**key * scale for key, scale in (zoom.frame(k, 25) for k in range(25))]
    np.testing.assert_allclose(depths, 10 ** np.linspace(0, 6, 25), rtol=1e-9)


def test_cells_differ_down_to_the_deepest_zoom_and_not_beyond():
    spec, place = preset("fractal-tanh").spec(size=512), (Fraction(5, 9), Fraction(5, 9))
    limit = Zoom(spec, place, 1.0).deepest
    assert 1e12 < limit < 1e15
    assert Zoom(spec, place, limit).ulps >= 1
    with pytest.raises(SettingError, match=r"depth must be at most 2\.8e\+14 here: deeper, neighbouring cells"):
        Zoom(spec, place, 1.01 * limit)
    key = Zoom(spec, place, limit).keys[-1].x
    first, cells = key.part
    deeper = exact.between(1e-3, 1e6, range(4 * first + 1, 4 * first + 2 * 512, 2), 4 * cells, logarithmic=True)
    assert (np.diff(deeper) == 0).any()


def test_single_precision_ends_earlier():
    place = (Fraction(1, 2), Fraction(1, 2))
    assert Zoom(quadratic(dtype="float32"), place, 1.0).deepest < 1e7 < Zoom(quadratic(), place, 1.0).deepest


@pytest.mark.parametrize("depth", [0.5, float("nan"), float("inf")])
def test_a_depth_below_1_is_refused(depth):
    with pytest.raises(SettingError, match="depth must be a number of at least 1"):
        Zoom(quadratic(), (Fraction(1, 2), Fraction(1, 2)), depth)


def test_the_boundary_is_followed_to_any_depth():
    place = boundary_place(quadratic(), 1e6)
    for m in list(Zoom(quadratic(), place, 1e6).maps())[::6]:
        assert 0 < trains(m).mean() < 1
    rate, momentum = Zoom(quadratic(), place, 1e6).centre
    assert boundary_place(quadratic(), 1e6) == place != boundary_place(quadratic(), 1e6, seed=1)
    assert 0.15 < rate / (1 + momentum) < 0.25  # near 2/L, with L = 10


def test_places_are_where_their_values_are():
    spec = preset("fractal-linear").spec(size=8)
    zoom = Zoom(spec, place_of(spec, 1.2345678901234567, 98765.4321), 4.0)
    np.testing.assert_allclose(zoom.centre, (1.2345678901234567, 98765.4321), rtol=1e-15)
    with pytest.raises(UsageError, match=r"the centre must lie on the map: learning_rate\.2 in 0\.001"):
        place_of(spec, 1.0, 1e7)


def test_a_map_without_a_boundary_needs_a_centre():
    spec = map_spec("booth", x="learning_rate=0.001..0.002", y="start.x=0..1", size=8, steps=200, measures="diverged")
    with pytest.raises(UsageError, match="no boundary between training and divergence"):
        boundary_place(spec, 10)


def test_a_frame_at_the_depth_of_a_key_frame_shows_its_cells(tmp_path):
    spec = quadratic(size=240)
    zoom = Zoom(spec.over(spec.x, spec.y), boundary_place(quadratic(), 2.0), 2.0)
    keys = list(zoom.maps())
    zoom_film(zoom, keys, out=tmp_path / "frames", frames=2)
    for number, m in enumerate(keys):
        with Image.open(tmp_path / "frames" / f"frame-{number:04d}.png") as image:
            cells = np.asarray(image).astype(int)[36:516, 20:500]
        blue = (cells[..., 2] > cells[..., 0])[::-2, ::2]  # runs that train are blue, others orange
        assert (blue == trains(m)).mean() > 0.99


def test_the_command_makes_a_film_and_its_key_frames_are_kept(tmp_path, capsys, monkeypatch):
    out = tmp_path / "z.gif"
    words = [*WORDS, "--depth", "20", "--frames", "5"]
    assert main([*words, "--out", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    with Image.open(out) as film:
        assert film.n_frames == 5
    assert len(facts["sha256"]) == facts["key_frames"] == 5
    assert main([*words, "--out", str(out)]) == 1
    assert "exists and stays as it is" in capsys.readouterr().err
    monkeypatch.setattr("fallline.runs.engine.train", lambda *a, **k: pytest.fail("trained again"))
    assert main([*words, "--out", str(out), "--json", "--force"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == facts["sha256"]


def test_an_interrupted_zoom_is_resumed(tmp_path, capsys, monkeypatch):
    words = [*WORDS, "--depth", "20", "--frames", "3", "--center", "0.2", "0.5", "--json"]
    whole = zoom_module.compute_map

    def stopped(spec, **options):
        if "key-02" in str(options["out"]):
            raise KeyboardInterrupt
        return whole(spec, **options)

    monkeypatch.setattr(zoom_module, "compute_map", stopped)
    assert main([*words, "--out", str(tmp_path / "z.gif")]) == 130
    assert "2 of 5 key frames are done; they are safe in" in capsys.readouterr().err
    assert not (tmp_path / "z.gif").exists()
    monkeypatch.setattr(zoom_module, "compute_map", whole)
    assert main([*words, "--out", str(tmp_path / "z.gif")]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert main([*words, "--out", str(tmp_path / "fresh")]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == resumed["sha256"]
    assert sorted(p.name for p in (tmp_path / "fresh").iterdir()) == [f"frame-000{k}.png" for k in range(3)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*WORDS, "--depth", "1e18"], "neighbouring cells are the same number"),
        ([*WORDS, "--center", "0.2", "7"], "the centre must lie on the map: momentum"),
        ([*WORDS[:-1], "16x8"], "a zoom needs square key frames"),
        (["zoom", "quadratic", "--x", "learning_rate=0.01..0.4"], "a zoom needs a map of two axes"),
        (["zoom", "nothing"], "nothing"),
    ],
)
def test_wrong_words_are_sentences(words, sentence, tmp_path, capsys):
    assert main([*words, "--out", str(tmp_path / "z.gif")]) in (1, 2)
    error = capsys.readouterr().err
    assert sentence in error
    assert "internal error" not in error
    assert not list(tmp_path.iterdir())


def test_a_folder_with_files_and_another_suffix_are_refused(tmp_path, capsys):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "mine.txt").write_text("mine")
    assert main([*WORDS, "--out", str(tmp_path / "frames"), "--force"]) == 1
    assert main([*WORDS, "--out", str(tmp_path / "z.avi")]) == 2
    assert (tmp_path / "frames" / "mine.txt").read_text() == "mine"
