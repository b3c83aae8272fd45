"""A map as a moving picture: its losses step by step have the bits of the map, and its frames are pictures of them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.test_python_runs import frames_of

import fallline as fl
from fallline.cli import main
from fallline.errors import UsageError
from fallline.maps.film import Film, filmed
from fallline.maps.map import Map
from fallline.measures.measure import MEASURES
from fallline.views.pictures import map_animation
from fallline.views.pictures.map_animation import moving_map
from fallline.views.pictures.moving import recorder

RATE, MOMENTUM = ("learning_rate", 1e-3, 0.3, "log"), ("momentum", 0, 0.95)


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def network():
    return fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=10))


CASES = {
    "starts": {"y": MOMENTUM, "optimizer": "momentum", "starts": 3, "seed": 4},
    "float32": {"y": MOMENTUM, "optimizer": "momentum", "dtype": "float32", "batch": 7},
    "choices": {"y": ("optimizer", ["sgd", "momentum", "adam"])},
    "widths": {"y": ("width", [2, 5])},
    "samples": {"y": ("samples", [5, 30])},
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_frame_has_the_bits_of_the_map(network, case):
    m = fl.map(network, x=RATE, size=6, steps=9, measures=["final_loss", "diverged_at"], **CASES[case])
    film = finished(filmed(m.spec, 4))
    assert film.steps.tolist() == [0, 3, 6, 9]
    finite = np.isfinite(m["final_loss"])
    assert film.values[-1][finite].tobytes() == m["final_loss"][finite].tobytes()
    assert np.isnan(film.values[-1][~finite]).all()
    assert film.diverged_at.tolist() == m["diverged_at"].tolist()


def test_each_frame_has_the_losses_of_the_runs_and_pieces_change_no_bit(network, monkeypatch):
    m = fl.map(network, x=RATE, y=MOMENTUM, optimizer="momentum", size=5, steps=8)
    film = finished(filmed(m.spec, 5))
    run = m.run_at(m.x.values[3], m.y.values[1])
    assert film.values[:, 1, 3].tolist() == run.losses[::2].tolist()
    monkeypatch.setattr("fallline.maps.film._WORK", 1.0)
    work = filmed(m.spec, 5)
    assert next(work) == (1, 25)
    assert finished(work).values.tobytes() == film.values.tobytes()


@pytest.mark.parametrize(
    "name", ["test_loss", "generalization_gap", "accuracy", "best_loss"],
)  # fmt: skip
def test_a_measure_of_the_parameters_after_a_step_is_shown_itself(name, monkeypatch):
    """The last frame has the bits of the map, each other one those of the map of so many steps; pieces change none."""
    data = fl.generate("moons", samples=20, noise=0.3).split(0.4, seed=1)
    problem = fl.NetworkObjective(fl.Network.of("2-3-2", activation="tanh"), data)
    axes = {"x": RATE, "y": ("l2", 0, 0.5), "size": 5, "starts": 2}
    m = fl.map(problem, steps=6, measures=[name, "final_loss"], **axes)
    film = finished(filmed(m.spec, 4))
    shown = "final_loss" if name == "best_loss" else name  # of a whole run: the loss is shown
    assert film.measure.name == shown
    for frame, steps in enumerate(film.steps):
        short = fl.map(problem, steps=int(steps), measures=[shown], **axes)[shown]
        assert film.values[frame].tobytes() == short.tobytes(), steps
    assert film.ends.tobytes() == m["final_loss"].tobytes()
    monkeypatch.setattr("fallline.maps.film._NUMBERS", 1)
    assert finished(filmed(m.spec, 4)).values.tobytes() == film.values.tobytes()


def test_a_cell_is_lost_from_its_step_of_divergence_on():
    losses = np.array([[[1.0, 1.0, 1.0]], [[2e6, 0.5, np.nan]], [[0.1, 0.5, np.nan]]])
    m = fl.map("booth", x=("learning_rate", [0.1, 0.2, 0.3]), y=("start.x", [0.5]), steps=2)
    film = Film(m.spec, MEASURES["final_loss"], np.arange(3), losses, np.array([[1, -1, 1]]), losses[-1])
    assert [film.lost(k)[0].tolist() for k in range(3)] == [
        [False, False, False],
        [True, False, True],
        [True, False, True],
    ]


def test_the_frames_are_pictures_of_the_losses(tmp_path):
    m = fl.map("himmelblau", x=("start.x", -5, 5), y=("start.y", -5, 5), size=16, steps=40, learning_rate=0.01)
    frames = frames_of(m.animate(tmp_path / "a.gif", frames=3, dpi=60, marks=[(1.0, 1.0, "here")], theme="dark"))
    assert len(frames) == 3
    # The title of the picture stays; cells and the step below it change.
    height = frames[0].shape[0]
    assert (frames[0][: height // 12] == frames[-1][: height // 12]).all()
    assert (frames[0] != frames[-1]).any(axis=-1).mean() > 0.3
    # The map ends a hundred million times lower than it begins: colours that span both show the first steps too.
    low, high = map_animation._limits(finished(filmed(m.spec, 3)))
    assert 10 < high < 1000
    assert low == high / map_animation.SPAN


def test_listed_values_at_unequal_distances_are_played(tmp_path):
    m = fl.map("booth", x=("learning_rate", [0.01, 0.03, 0.2]), y=("momentum", [0, 0.3]), optimizer="momentum", steps=6)
    assert len(frames_of(m.animate(tmp_path / "m.gif", frames=3))) == 3


def test_colours_are_those_of_the_map_where_they_show_the_first_losses(network):
    m = fl.map(
        network, x=RATE, y=MOMENTUM, optimizer="momentum", size=6, steps=4, measures=["final_loss", "diverged_at"]
    )
    norm = m.plot().image.norm
    assert map_animation._limits(finished(filmed(m.spec, 2))) == (norm.vmin, norm.vmax)


def test_what_cannot_be_played_is_refused(tmp_path, network):
    out = tmp_path / "a.gif"
    steps = fl.map(network, x=RATE, y=("steps", [2, 4]), size=3)
    with pytest.raises(UsageError, match="steps on an axis cannot be played"):
        steps.animate(out)
    with pytest.raises(UsageError, match="a map of one axis cannot be played"):
        fl.map(network, x=RATE, size=3, steps=2).animate(out)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_recording_leaves_nothing(tmp_path, network):
    m = fl.map(network, x=RATE, y=MOMENTUM, optimizer="momentum", size=3, steps=3)

    def stop(done, total):
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        m.animate(tmp_path / "a.gif", dpi=60, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_mp4_without_ffmpeg_says_what_to_install(monkeypatch, tmp_path):
    import matplotlib

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with (
        matplotlib.rc_context({"animation.ffmpeg_path": str(tmp_path / "nowhere")}),
        pytest.raises(UsageError, match=r"needs ffmpeg, .*apt install ffmpeg, .*fallline\[video\]"),
    ):
        recorder(".mp4")


def test_the_command_writes_it_and_replaces_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = [
        "map",
        "booth",
        "--x",
        "learning_rate=0.01..0.2",
        "--y",
        "momentum=0..0.9",
        "--size",
        "4",
        "--steps",
        "3",
        "--out",
        "a.fallmap",
    ]
    assert main([*command, "--animation", "a.gif"]) == 0
    assert "Moving picture written to a.gif." in capsys.readouterr().out
    assert len(frames_of(tmp_path / "a.gif")) == 4
    assert main(["map", "export", "a.fallmap", "b.gif"]) == 0
    assert (tmp_path / "b.gif").read_bytes() == (tmp_path / "a.gif").read_bytes()
    for flags, sentence in {
        "--animation a.gif": "a.gif exists and stays as it is",
        "--animation a.avi": "must be one of .gif, .mp4",
        "--animation c.gif --png c.gif": "--png and --animation must be two files",
    }.items():
        assert main([*command, *flags.split()]) != 0
        assert sentence in capsys.readouterr().err


def test_the_theory_of_a_film_is_that_of_the_map(network):
    """The bound at the end needs the best run, which is known when the film is."""
    m = fl.map(network, x=RATE, y=MOMENTUM, optimizer="momentum", size=4, steps=3)
    assert set(m.theory()) == {"start", "end"}
    of_computed, of_empty = (finished(moving_map(map_, frames=1, dpi=60, theory=True)) for map_ in (m, Map(m.spec)))
    assert of_computed == of_empty
