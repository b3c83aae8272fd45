"""One table for every command: `fit`, `map`, `report`, `study` and `lab` take the same file and the same flags."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from fallline.cli import main
from fallline.data.tables import read_data
from fallline.errors import DataError
from fallline.experiment.build import build_objective
from fallline.experiment.sources import Files
from fallline.experiment.studies import parse, to_toml
from fallline.experiment.table_study import table_study

LINES = [f"{k % 5};{'uv'[k % 2]};{k % 3 if k else 'NA'};{'yes' if k % 4 else 'no'};{k % 2};{k * 0.5}".replace(".", ",") for k in range(16)]  # fmt: skip
TEXT = "a;b;zip;kind;p;value\n" + "\n".join(LINES) + "\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / 'my "trees".csv'
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize(
    ("target", "more", "loss", "outputs"),
    [
        ("kind", {"missing": "impute", "categories": ["zip"]}, "cross_entropy", 2),
        ("value", {"inputs": ["a", "b"]}, "half_squared_error", 1),
        ("a", {"inputs": ["b", "value"], "task": "regression"}, "half_squared_error", 1),
        ("a", {"inputs": ["b", "value"]}, "cross_entropy", 5),
        (["p", "kind01"], {"inputs": ["a"]}, "logistic", 2),
    ],
)
def test_a_table_becomes_a_study_with_the_same_samples(table, target, more, loss, outputs):
    if "kind01" in target:
        table.write_text(TEXT.replace("kind", "kind01").replace("yes", "1").replace("no", "0"))
    study = table_study(table, target, **more)
    assert (study.network.loss, study.network.units[-1]) == (loss, outputs)
    problem = build_objective(study.network, study.data, Files(study.folder))
    same = read_data(table, target, standardize=True, **more)
    assert (problem.data.X == same.X).all()
    assert (problem.data.T == same.T).all()
    assert parse(to_toml(study), folder=table.parent).data == study.data


def test_a_missing_cell_of_the_table_is_refused_in_the_same_sentence(table):
    with pytest.raises(DataError, match="line 2, column 'zip': a cell is missing"):
        table_study(table, "kind")


def test_map_and_study_take_the_flags_of_fit(table, tmp_path, capfd, monkeypatch):
    flags = ["--target", "kind", "--missing", "impute", "--categories", "zip", "--task", "classification"]
    assert main(["study", str(table), *flags]) == 0
    study = parse(capfd.readouterr().out, folder=table.parent)
    assert study.data.target == "kind"
    assert study.data.categories == ("zip",)
    assert main(["map", str(table), *flags, "--size", "4x3", "--steps", "5", "--out", str(tmp_path / "m.fallmap")]) == 0
    out = capfd.readouterr()
    assert "4 x 3 cells" in out.out
    assert "learned as 2 classes" in out.err or "task" not in out.err
    assert main(["report", str(table)]) == 2
    assert "needs the column to learn: give --target COLUMN" in capfd.readouterr().err
    for words in (["map", "rosenbrock"], ["report"], ["study"], ["map", "three-gaussians"]):
        assert main([*words, "--target", "kind"]) == 2
        assert "--target" in capfd.readouterr().err


def test_the_lab_takes_a_table_in_the_place_of_a_study(table, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        import_module("fallline.lab"), "serve", lambda study, **more: asked.update(study=study, **more) or 0
    )
    assert main(["lab", str(table), "--target", "kind", "--no-browser"]) == 0
    assert asked["study"] is None
    assert asked["data"] == table
    assert asked["target"] == "kind"


def test_numbers_are_read_at_once_as_they_are_one_by_one(monkeypatch):
    """The fast reading of a column makes the same floats, kinds and marks as cell by cell, in every form of numbers."""
    import random

    from damaged_tables import CELLS
    from fallline.data.reading import typed as reading
    from fallline.data.reading.cells import NumberForm

    fast, rng, taken = reading._all_numbers, random.Random(1), 0
    pools = [CELLS, ["1", "-2.5", "", "NA", "1e5", "1,5", ".5", "5.", "+3", "1e999", "-0", "007"], ["1", "2", "", "1\n2"],
             ["1.5", "e", "-", "1e", "--1", "1.2.3", "1E-5"]]  # fmt: skip
    for _ in range(3000):
        form = rng.choice([NumberForm(), NumberForm(","), NumberForm(",", "."), NumberForm(".", ",")])
        pool = rng.choice(pools)
        cells = [rng.choice(pool) for _ in range(rng.randrange(1, 6))]
        monkeypatch.setattr(reading, "_all_numbers", fast)
        a = reading.typed("x", cells, form)
        taken += fast(a.texts, form) is not None
        monkeypatch.setattr(reading, "_all_numbers", lambda texts, form: None)
        b = reading.typed("x", cells, form)
        assert (a.kind, a.texts, a.marks, a.numbers.tobytes()) == (b.kind, b.texts, b.marks, b.numbers.tobytes()), cells
    assert taken > 300
    assert np.isnan(fast(["1", None], NumberForm())[1])
