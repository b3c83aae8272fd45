"""The report of a fitted model: its page, its numbers, and what they are computed from."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import fallline as fl
from fallline.data.reading import read_table
from fallline.errors import ExistsError, UsageError
from fallline.models.calibration import calibration
from fallline.models.evidence import judgement
from fallline.models.importance import REPEATS, importance
from fallline.models.model import Model
from fallline.report.fitted.findings import Findings
from fallline.report.fitted.sentences import headlines

RNG = np.random.default_rng(5)
N = 60
A, B, C = RNG.normal(size=(3, N))
ROWS = [
    f"{a:.3f},{b:.3f},{'u' if c > 0 else 'v'},{c:.3f},{'yes' if a > 0 else 'no'},{a + 0.1 * b:.3f},{int(a > 0)},{int(b > 0)}"
    for a, b, c in zip(A, B, C, strict=True)
]
TABLE = read_table("a,b,k,c,kind,value,p,q\n" + "\n".join(ROWS) + "\n", name="points.csv")
FIT = {"hidden": (4,), "ensemble": 4, "folds": 2, "epochs": 40}


def chapters_of(html: str) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', html)


@pytest.fixture(scope="module")
def classes() -> Model:
    return fl.fit(TABLE, "kind", inputs=["a", "b"], **FIT)


def test_a_report_of_classes_has_every_chapter(classes, tmp_path):
    files = classes.report(tmp_path / "r")
    html = files.html.read_text()
    assert chapters_of(html) == ["short", "data", "network", "training", "errors", "calibration", "regions", "importance", "reproduce"]  # fmt: skip
    assert "<script" not in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)  # it loads nothing
    assert sorted(path.stem for path in files.figures if path.suffix == ".svg") == [
        f"{k + 1:02}-{name}" for k, name in enumerate(["data", "network", "curves", "confusion", "calibration", "answers", "importance"])
    ]  # fmt: skip
    numbers = json.loads(files.results.read_text())
    assert sum(map(sum, numbers["confusion"])) == N
    right = np.trace(numbers["confusion"]) / N
    assert right == pytest.approx(numbers["validation"][0]["scores"]["accuracy"])
    with pytest.raises(ExistsError):
        classes.report(tmp_path / "r")


@pytest.mark.long
def test_a_report_of_tuned_settings_shows_how_they_were_chosen(tmp_path):
    model = fl.fit(TABLE, "kind", inputs=["a", "b"], hidden=(3,), ensemble=2, folds=2, epochs=5, tune=True)
    html = model.report(tmp_path / "r").html.read_text()
    assert "tuning" in chapters_of(html)
    assert "How the settings were chosen" in html


@pytest.mark.long
def test_a_report_has_the_same_bytes_again(classes, tmp_path):
    html = classes.report(tmp_path / "r").html.read_bytes()
    assert classes.report(tmp_path / "r", overwrite=True).html.read_bytes() == html


@pytest.mark.parametrize(
    ("target", "more", "chapters"),
    [
        ("value", {"test": 0.3}, ["short", "data", "network", "training", "errors", "importance", "reproduce"]),
        pytest.param(["p", "q"], {"folds": 1}, ["short", "data", "network", "training", "errors", "calibration", "importance", "reproduce"], marks=pytest.mark.long),
        pytest.param("kind", {"folds": 1, "validation": 0, "weights": "p"}, None, marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_reports_of_values_labels_and_without_kept_rows(target, more, chapters, tmp_path):
    inputs = ["a", "b", "k"]
    model = fl.fit(TABLE, target, inputs=inputs, **{**FIT, **more})
    html = model.report(tmp_path / "r").html.read_text()
    assert chapters is None or chapters_of(html) == chapters
    if chapters is None:
        assert "on other rows they are worse" in html


def test_a_model_from_a_file_has_no_report(classes, tmp_path):
    again = Model.load(classes.save(tmp_path / "m.safetensors"))
    with pytest.raises(UsageError, match="fit the model again"):
        again.report(tmp_path / "r")


def test_no_row_judges_a_network_that_learned_from_it(classes):
    judged = judgement(classes.fit, classes.evidence)
    assert sorted(judged.rows.tolist()) == list(range(N))
    assert len(judged.groups) == 2
    for k, (ensemble, rows) in enumerate(judged.groups):
        assert (classes.fit.row_fold[rows] == k).all()
        own = classes.fit.members.parameters[classes.fit.fold == k]
        assert (ensemble.parameters == own).all()
    assert (judged.answers(classes.evidence.X) == classes.fit.kept[judged.rows]).all()


def test_only_a_column_that_tells_the_target_is_worth_something():
    model = fl.fit(TABLE, "value", inputs=["a", "k", "c"], test=0.3, **FIT)
    judged = judgement(model.fit, model.evidence)
    assert judged.rows.tolist() == np.flatnonzero(model.evidence.test).tolist()
    falls = importance(model.preparation, model.kind, model.evidence, judged)
    assert {name: len(values) for name, values in falls.items()} == {"a": REPEATS, "k": REPEATS, "c": REPEATS}
    assert falls["a"].mean() > 1
    assert abs(falls["c"].mean()) < 0.2
    again = importance(model.preparation, model.kind, model.evidence, judged)
    assert all((again[name] == values).all() for name, values in falls.items())


def test_calibration_of_answers_that_are_right_as_often_as_they_say():
    chance = RNG.uniform(0.5, 1, 4000)
    answers = np.column_stack([chance, 1 - chance])
    labels = (RNG.random(4000) > chance).astype(int)
    found = calibration(answers, np.eye(2)[labels], "classes")
    assert found.error < 0.03
    assert found.count.sum() == 4000
    assert calibration(np.column_stack([chance**0.1, 1 - chance**0.1]), np.eye(2)[labels], "classes").error > 0.1
    assert calibration(answers, answers, "values") is None


def test_the_sentences_say_whether_a_linear_model_would_do(classes):
    lines = headlines(Findings(classes, classes.fit, classes.evidence))
    assert "60 rows, each judged by networks that did not learn from it" in lines[0]
    assert lines[1].startswith("A linear model may do as well")
    ring = [f"{a},{b},{'in' if a * a + b * b < 0.5 else 'out'}" for a, b in RNG.uniform(-1, 1, (120, 2)).round(3)]
    model = fl.fit(
        read_table("a,b,kind\n" + "\n".join(ring) + "\n"), "kind", hidden=(8,), ensemble=4, folds=2, epochs=150
    )
    better = headlines(Findings(model, model.fit, model.evidence))[1]
    assert re.match(r"On the same rows it is [0-9.]+ points better than a linear model \(± [0-9.]+", better)
