"""Laws: each holds over a few starts, and a law that is false is found to fail."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fallline.cli.app import main
from fallline.laws import LAWS, Trial, catapult, edge_of_stability, finding
from fallline.laws.regions import edge_region
from fallline.laws.reproduce import find, lines_of


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds(name):
    findings = list(LAWS[name].test(Trial(8)))
    assert findings
    for f in findings:
        assert f.verdict == "holds", f


def test_a_false_bound_fails(monkeypatch):
    """Gradient descent at the bound of momentum."""
    monkeypatch.setattr(edge_of_stability, "CASES", (("gradient_descent", 0.4, 0.0),))
    monkeypatch.setattr(edge_of_stability, "stable_learning_rate", lambda *_: 2.2)
    (f,) = LAWS["edge-of-stability"].test(Trial(4))
    assert f.verdict == "fails"


def test_the_edge_holds_with_little_momentum_and_not_with_much():
    region = edge_region([0.3, 0.9], [0.2, 0.6], Trial(8))
    assert region.at_edge[0, 0] == 1
    assert region.at_edge[1, 0] < 0.5
    assert region.diverged[1, 1] > 0.5
    whole = region.at_edge + region.left + region.short + region.diverged
    assert (whole == 1).all()


def test_runs_that_are_cut_short_reach_no_edge(monkeypatch):
    monkeypatch.setattr(edge_of_stability, "STEPS", 40)
    first = next(LAWS["edge-of-stability"].test(Trial(3)))
    assert (first.verdict, first.note) == ("could not tell", "0 of 3 starts reach the edge")


def test_in_a_narrow_network_the_loss_rises_later(monkeypatch):
    """The first step's loss has a term f^2 / width: its threshold is 2 in wide networks alone."""
    monkeypatch.setattr(catapult, "WIDTH", 3)
    rises, learns = LAWS["catapult"].test(Trial(8))
    assert (rises.verdict, learns.verdict) == ("fails", "holds")


def test_starts_without_a_finite_value_do_not_agree():
    f = finding("case", "quantity", 1.0, [1.0, float("nan")], 0.1)
    assert (f.share, f.measured, f.verdict) == (0.5, 1.0, "fails")
    assert finding("case", "quantity", 1.0, [], 0.1).verdict == "could not tell"


def test_every_law_tells_where_it_is_from():
    for name, law in LAWS.items():
        assert law.name == name
        assert law.statement.endswith(".")
        assert law.setting.endswith(".")
        assert any(c.isdigit() for c in law.source)


def test_the_command(capsys, tmp_path, monkeypatch):
    out = tmp_path / "laws.json"
    assert main(["reproduce", "momentum-rate", "best-momentum", "--starts", "5", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("momentum-rate\n  On a quadratic")
    assert "100% of 5 within 1e-07 %: holds" in text
    assert [found["law"] for found in json.loads(out.read_text())] == ["momentum-rate", "best-momentum"]
    assert main(["reproduce", "gravity"]) == 2
    assert "momentum-rate" in capsys.readouterr().err
    false = replace(LAWS["momentum-rate"], test=lambda trial: iter([finding("c", "q", 1.0, [2.0], 0.1)]))
    monkeypatch.setitem(LAWS, "momentum-rate", false)
    assert main(["reproduce", "momentum-rate", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["findings"][0]["verdict"] == "fails"


def test_lines_are_short_enough_to_read():
    for law in find([]):
        for line in lines_of(law, [finding("case", "quantity", 1.0, [1.0], 0.05)]):
            assert len(line) < 200
