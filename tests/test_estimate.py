"""`--estimate`: what a map, a zoom or a test of laws will take, from a short probe."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fallline.cli.app import main
from fallline.experiment.map_spec import map_spec
from fallline.experiment.method import method
from fallline.laws import LAWS, Law, Trial, finding, rehearsal
from fallline.laws.rehearsal import LawsEstimate, estimate_laws
from fallline.maps import probe as module
from fallline.maps.probe import Estimate, probe, probe_maps
from fallline.problems import objective
from fallline.runs import engine
from fallline.runs.spent import Spent
from fallline.runs.training import Training

BOOTH = ["booth", "--x", "learning_rate=0.01..0.2", "--y", "start.x=-1..1", "--size", "64x64", "--steps", "20"]


def booth(size=64, **options):
    return map_spec("booth", x="learning_rate=0.01..0.2", y="start.x=-1..1", size=size, steps=20, **options)


def test_the_estimate_is_the_compiler_and_all_cells_at_the_probes_rate(monkeypatch):
    """The first row takes 3 s (4 s of processor time) with the compiler; each cell then 1 ms (2 ms) and 5 bytes."""
    calls = []

    def timed(spec, cells, execution):
        calls.append(len(cells[0]))
        if len(calls) == 1:
            return Spent(3.0, 4.0), 0
        return len(cells[0]) * Spent(1e-3, 2e-3), 5 * len(cells[0])

    monkeypatch.setattr(module, "_timed", timed)
    monkeypatch.setattr(module, "peak_memory", lambda: 1000)
    found = probe_maps([booth(256, starts=3)], seconds=1.0)
    cells = 256 * 256
    assert (found.cells, found.runs, found.steps) == (cells, 3 * cells, 20)
    assert found.seconds == pytest.approx(3 + 1e-3 * cells)
    assert found.processor_seconds == pytest.approx(4 + 2e-3 * cells)
    assert found.memory == 1000 + 8 * cells
    assert found.file == module.FILE + 5 * cells
    assert found.probed == sum(calls) <= cells / module.SHARE + module.ROW
    assert sum(calls[1:]) >= 500  # a second at 2 ms a cell


def test_frames_of_a_zoom_are_probed_here_and_there(monkeypatch):
    rates = {64: 1.0, 32: 3.0}
    monkeypatch.setattr(
        module, "_timed", lambda spec, cells, execution: (Spent(0.0, rates[spec.x.count] * len(cells[0])), 0)
    )
    specs = [booth(64)] * 3 + [booth(32)] * 3
    found = probe_maps(specs, first=100, seconds=1.0)
    assert found.cells == 100 + 3 * 64**2 + 3 * 32**2
    assert found.processor_seconds == pytest.approx(16 * 1.0 + 2.0 * found.cells)


@pytest.mark.parametrize("shape", [(64, 64), (300, 20), (5, 7), (1, 1), (4000, 1)])
def test_the_places_of_a_probe_fill_the_plane_evenly(shape):
    spec = map_spec("booth", x="learning_rate=0.01..0.2", y="start.x=-1..1", size=shape, steps=2)
    i, j = module._places(spec, 0, 64, module._block(spec))
    assert i.min() >= 0
    assert j.min() >= 0
    assert i.max() < shape[0]
    assert j.max() < shape[1]
    if min(shape) >= 64:
        counts = np.histogram2d(i, j, bins=4, range=[(0, shape[0]), (0, shape[1])])[0]
        assert counts.min() >= 0.5 * len(i) / 16
        assert counts.max() <= 1.7 * len(i) / 16


def test_seeds_are_probed_as_many_cells_together_as_tiles_have():
    """A seed's start is drawn once for all cells of a tile, and a kernel is compiled once for all cells of a choice."""
    spec = map_spec("booth", x="learning_rate=0.01..0.2", y="seed=0..255", size=256, steps=20)
    wide, high = module._block(spec)
    i, j = module._places(spec, 0, 2, (wide, high))
    assert (len(i), len(np.unique(j)) <= 2 * high, wide >= 64) == (2 * wide * high, True, True)
    assert module._block(booth(256)) == (16, 1)
    few = map_spec("booth", x="learning_rate=0.01..0.2", y="optimizer=adam,momentum,rmsprop", size=16, steps=20)
    assert probe(few, seconds=1e-9).cells <= max(16, few.cells / 8)


def test_a_probe_takes_as_long_as_it_may_and_a_small_part_of_the_map(monkeypatch):
    trained = []
    train = engine.train
    monkeypatch.setattr(engine, "train", lambda t, *a, **k: trained.append(t.runs) or train(t, *a, **k))
    assert probe(booth(64), seconds=60).cells + 16 == sum(trained) <= 64 * 64 / 8 + 16


@pytest.mark.parametrize("size", ["1x1", "3x2", "40"])
def test_small_maps_have_estimates(size, capsys):
    words = ["map", *BOOTH[:1], "--x", "learning_rate=0.01..0.2", "--size", size, "--steps", "5", "--estimate"]
    assert main([*words] if size == "40" else [*words, "--y", "start.x=-1..1"]) == 0
    assert "floating-point operations" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["map", "zoom"])
def test_an_estimate_computes_nothing_and_writes_nothing(command, tmp_path, capsys):
    out = tmp_path / ("a.fallmap" if command == "map" else "a.gif")
    more = [] if command == "map" else ["--depth", "100"]
    words = [command, *BOOTH, *more, "--out", str(out), "--estimate"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts.keys() == Estimate.__dataclass_fields__.keys()
    assert facts["cells"] == (64 * 64 if command == "map" else 7 * 64 * 64 + 3 * 64 * 64)
    assert 0 < facts["probed"] < facts["cells"]
    assert main(words) == 0
    assert "of processor time" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


class Clock:
    """A clock that stands still until work is counted; so the times of a rehearsal are exact."""

    def __init__(self, monkeypatch):
        self.spent = self.compiling = Spent()
        monkeypatch.setattr(Spent, "now", lambda: self.spent)
        monkeypatch.setattr(rehearsal, "compiling", lambda: self.compiling)

    def takes(self, seconds, *, compiling=False):
        self.spent += Spent(seconds, 2 * seconds)
        if compiling:
            self.compiling += Spent(seconds, 2 * seconds)


def test_a_law_takes_its_code_its_compiling_and_all_runs_at_the_rate_of_some(monkeypatch):
    clock = Clock(monkeypatch)
    seen = []

    def steps(some):
        seen.append(some.method.values["learning_rate"])
        clock.takes(7.0, compiling=True)
        clock.takes(0.5 * some.runs)
        return {"rates": seen[-1]}

    def law(trial):
        clock.takes(3.0)
        rates = np.arange(10.0 * trial.starts)
        training = Training(
            objective("booth"), method("gradient_descent").with_({"learning_rate": rates}), 5, np.ones(2)
        )
        found = trial.of_runs(training, steps)["rates"]
        assert found.shape == rates.shape
        assert np.abs(found - rates).mean() < 60  # those of a run near by
        yield finding("c", "q", 1.0, found, 0.1)

    found = estimate_laws([Law("own", "S.", "", "", "", law)], Trial(100))
    assert (found.laws[0].runs, found.runs) == (1000, 1000)
    assert found.probed == len(seen[-1]) < 200
    assert found.seconds == pytest.approx(3 + 7 + 0.5 * 1000)
    assert found.processor_seconds == pytest.approx(2 * found.seconds)


def test_a_law_that_trains_by_itself_is_tested_with_fewer_starts(monkeypatch):
    clock = Clock(monkeypatch)

    def law(trial):
        clock.takes(10 + 2 * trial.starts)
        yield finding("c", "q", 1.0, [1.0], 0.1)

    found = estimate_laws([Law("own", "S.", "", "", "", law)], Trial(100))
    assert found.seconds == pytest.approx(210)
    assert clock.spent.seconds < 60
    assert "own: 3.5 minutes (7.0 minutes of processor time)" in str(found)


def test_a_rehearsal_trains_part_of_the_runs_of_a_law_and_of_its_region():
    whole = estimate_laws([LAWS["momentum-rate"]], Trial(500), region=20)
    assert whole.runs == 500 + 81 * 81 + 20 * 20
    assert whole.probed < whole.runs / 4
    assert str(whole).startswith("1 law with 7,461 runs: ")
    assert "of memory. From 9" in str(whole)
    assert "\n  momentum-rate: 7,461 runs, " in str(whole)


def test_the_estimate_of_laws_writes_nothing(tmp_path, capsys):
    words = ["reproduce", "mode-curves", "--starts", "5", "--region", "3", "--out", str(tmp_path / "a"), "--estimate"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts.keys() == LawsEstimate.__dataclass_fields__.keys()
    assert facts["processor_seconds"] > facts["laws"][0]["processor_seconds"]
    assert not list(tmp_path.iterdir())
