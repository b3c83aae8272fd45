"""Laws: each holds over a few starts, and a law that is false is found to fail."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tools.site.offline import addresses

from fallline.cli.app import main
from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.laws import LAWS, Law, Plane, Trial, catapult, edge_of_stability, edges, finding, fractal_dimension, mup
from fallline.laws.evidence import evidence_from
from fallline.laws.reproduce import Result, find, hash_of, lines_of, reproduce


@pytest.mark.parametrize("name", sorted(LAWS.keys() - {"catapult-relu", "momentum-batches", "fractal-boundary"}))
def test_a_law_holds(name, monkeypatch):
    monkeypatch.setattr(mup, "CASES", mup.CASES[:1])  # the others take long to compile: tests/long/mup.py
    findings = LAWS[name].findings(Trial(8))
    assert findings
    for f in findings:
        assert f.verdict == "holds", f


def test_a_false_bound_fails(monkeypatch):
    """Gradient descent at the bound of momentum."""
    monkeypatch.setattr(edge_of_stability, "CASES", (("gradient_descent", 0.4, 0.0),))
    monkeypatch.setattr(edge_of_stability, "bound", lambda *_: 2.2)
    (f,) = LAWS["edge-of-stability"].findings(Trial(4))
    assert f.verdict == "fails"


def test_the_edge_holds_with_little_momentum_and_not_with_much():
    x, y = Axis.of("learning_rate", [0.2, 0.6]), Axis.of("momentum", [0.3, 0.9])
    region = edges.edge_region(Trial(8), "momentum", x, y, lambda settings: 2 * (1 + settings["momentum"]), 0.05)
    assert region.agree[0, 0] == 1
    assert region.agree[1, 0] < 0.5
    assert region.shares["diverge"][1, 1] > 0.5
    assert (sum(region.shares.values()) == 1).all()


@pytest.mark.parametrize("name", ["momentum-rate", "best-momentum", "mode-curves", "catapult", "effective-rate"])
def test_a_region_holds_the_setting_of_its_law_and_ends_somewhere(name):
    (region,) = LAWS[name].region(Trial(2), 4)
    assert 0.1 < region.agree.mean() <= 1
    assert np.allclose(sum(region.shares.values()), 1)
    assert (region.agree.mean() == 1) == (name == "momentum-rate")


def test_the_region_of_mup_counts_bootstrap_samples(monkeypatch):
    """With one start every sample is that start; a network whose widths need other rates moves."""
    monkeypatch.setattr(mup, "LEAST", 1)
    monkeypatch.setattr(mup, "PLANES", (mup.Case("gradient_descent", 1, "tanh", 20, (-7, 4)),))
    (region,) = LAWS["mup"].region(Trial(1), 3)
    assert region.agree.shape == (4, 3)
    assert set(np.unique(region.agree)) <= {0.0, 1.0}
    assert "Of 2,400 bootstrap samples of 1 starts, 200 in each of 12 cells" in region.sentence
    best = mup.best_rates(Trial(1), mup.PLANES[0], mup.losses_after(Trial(1), mup.PLANES[0], np.array([20]))[0])
    last = mup.best_rates(Trial(1), mup.PLANES[0], mup.last_losses(Trial(1), mup.PLANES[0], "mup"))
    np.testing.assert_array_equal(best, last)
    assert region.agree[0, -1] == (best[0].max() - best[0].min() <= 1)


def test_some_boundaries_are_fractal_and_the_law_can_fail(monkeypatch):
    """The quadratic in the place of the network: no start lies above the null model."""
    null, above, published = LAWS["fractal-boundary"].findings(Trial(8))
    assert (null.verdict, null.starts, above.above) == ("holds", 16, True)
    assert above.predicted == null.high or above.predicted <= 1.1
    assert (above.share, above.verdict, published.verdict) == (0.5, "fails", "holds")
    monkeypatch.setattr(fractal_dimension, "PRESETS", {fractal_dimension.VARIANT: Smooth})
    _, above, published = LAWS["fractal-boundary"].findings(Trial(8))
    assert (above.share, published.verdict) == (0.0, "fails")


class Smooth:
    """A preset whose boundary is a smooth line."""

    title, published = "a quadratic", 1.17
    spec = staticmethod(lambda seed, size: fractal_dimension.null_spec(size))


def test_the_largest_rate_of_relu_networks_depends_on_their_depth():
    """About 12 / L0 was published. One wide layer stops at 5, for almost all starts; three narrow ones come near."""
    wide, last, *deeper = LAWS["catapult-relu"].findings(Trial(8))
    assert (wide.verdict, last.verdict) == ("holds", "fails")
    assert last.measured < 6.5
    assert all(f.measured > 7 for f in deeper[1::2])


def test_runs_that_are_cut_short_reach_no_edge(monkeypatch):
    monkeypatch.setattr(edges, "STEPS", 40)
    first, *_ = LAWS["edge-of-stability"].findings(Trial(3))
    assert (first.verdict, first.note) == ("could not tell", "0 of 3 starts reach the edge")


def test_a_bound_is_exceeded_or_not():
    f = finding("case", "quantity", 1, [1, 2, 3, float("nan")], 0, above=True)
    assert (f.share, f.measured, f.agreement) == (0.5, 2.0, "above")
    assert "predicted > 1" in lines_of(Result(LAWS["mup"], (f,)))[3]


def test_in_a_narrow_network_the_loss_rises_later(monkeypatch):
    """The first step's loss has a term f^2 / width: its threshold is 2 in wide networks alone."""
    monkeypatch.setattr(catapult, "WIDTH", 3)
    rises, learns, _ = LAWS["catapult"].findings(Trial(8))
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


def test_the_command(capsys, monkeypatch):
    assert main(["reproduce", "momentum-rate", "best-momentum", "--starts", "5", "--region", "3"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("momentum-rate\n  On a quadratic")
    assert "100% of 5 within 1e-09: holds" in text
    assert "Of 9 runs, 1 in each of 9 cells: 100.0 % agree" in text
    assert main(["reproduce", "gravity"]) == 2
    assert "momentum-rate" in capsys.readouterr().err
    false = replace(LAWS["momentum-rate"], test=lambda trial: iter([finding("c", "q", 1.0, [2.0], 0.1)]))
    monkeypatch.setitem(LAWS, "momentum-rate", false)
    assert main(["reproduce", "momentum-rate", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["laws"][0]["findings"][0]["verdict"] == found["laws"][0]["verdict"] == "fails"
    assert found["sha256"] == hash_of([Result(false, tuple(false.findings(Trial(1))))])


def test_pages(capsys, tmp_path):
    out = tmp_path / "laws"
    words = ["reproduce", "mode-curves", "--starts", "3", "--region", "3", "--out", str(out)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    page = (out / "laws/mode-curves.html").read_text()
    assert page.count("<figure>") == 2
    assert "<svg" in page
    assert "fallline reproduce mode-curves --starts 3 --region 3 --out laws" in page
    assert not addresses(page)
    assert not addresses((out / "index.html").read_text())
    data = json.loads((out / "results.json").read_text())
    assert data["sha256"] in printed
    assert data["sha256"] in (out / "index.html").read_text()
    assert {f.name for f in (out / "figures").iterdir()} >= {
        "mode-curves-01-modes.svg",
        "mode-curves-02-region-modes.png",
    }
    assert main(words) == 1
    assert "--force" in capsys.readouterr().err
    (out / "mine.txt").write_text("kept")
    assert main(["reproduce", "mode-curves", "--starts", "1", "--out", str(out), "--force"]) == 0
    assert len(list((out / "figures").iterdir())) == 2
    assert (out / "mine.txt").read_text() == "kept"


def test_the_hash_is_that_of_the_findings_alone():
    some, more = (list(reproduce(find(["momentum-rate"]), Trial(3), region=n)) for n in (0, 2))
    other = list(reproduce(find(["momentum-rate"]), Trial(4)))
    assert hash_of(some) == hash_of(more) != hash_of(other)


def test_evidence_is_plain_data_and_back():
    result, *_ = reproduce(find(["mode-curves"]), Trial(2), region=2)
    plane = Plane("p", "P", Axis("momentum", 0, 1, 2), Axis("learning_rate", 1, 2, 2), "v", np.array([[1.0, np.nan], [3, 4]]), {"l": (np.arange(2.0), np.arange(2.0))})  # fmt: skip
    for e in (*result.evidence, *result.regions, plane):
        again = evidence_from(json.loads(json.dumps(e.to_dict())))
        assert again.to_dict() == e.to_dict()
        assert type(again) is type(e)
        assert again.plot().alt == e.plot().alt


MINE = """
from fallline.laws import Law, Plane, finding

def halves(trial):
    "Each step halves the distance."
    print("aside")
    yield finding("case", "quantity", 0.5, [0.5] * trial.starts, 0.01)

law = Law("my-law", "Mine.", "x = 1", "me", "none", halves, region=lambda trial, side: [3])
def number(trial): yield 3
def nothing(trial): pass
def broken(trial): yield 1 / 0
def several(a, b): pass
def inside(trial): return list(3)
"""


def test_a_law_of_ones_own(capsys, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    assert main(["reproduce", str(file), "--starts", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("my-law\n  Mine.")
    assert shown.err == "aside\n"
    assert main(["reproduce", f"{file}:halves", "--starts", "2", "--out", str(tmp_path / "out")]) == 0
    assert "Each step halves the distance." in (tmp_path / "out/laws/halves.html").read_text()
    for name, words in {
        "number": "it yielded a value of type int", "nothing": "it returned None", "inside": "raises TypeError on line 14", "broken": "raises ZeroDivisionError on line 12",
        "several": "takes a Trial and yields findings", "other": "holds no function 'other'",
    }.items():  # fmt: skip
        capsys.readouterr()
        assert main(["reproduce", f"{file}:{name}"]) in (1, 2)
        assert words in capsys.readouterr().err
    assert main(["reproduce", str(file), "--region", "2"]) == 2
    assert "must yield regions" in capsys.readouterr().err
    assert main(["reproduce", str(file), f"{file}:law"]) == 2
    assert "two are called my-law" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [({"name": "a b"}, "letters and digits"), ({"statement": 3}, "must be a text"), ({"test": None}, "must be a function"), ({"region": 3}, "must be a function")],
)  # fmt: skip
def test_a_wrong_law_is_refused(change, words):
    with pytest.raises(UsageError, match=words):
        Law(**{"name": "a", "statement": "A.", "equation": "", "source": "", "setting": "", "test": iter} | change)


def test_lines_are_short_enough_to_read():
    for law in find([]):
        for line in lines_of(Result(law, (finding("case", "quantity", 1.0, [1.0], 0.05),))):
            assert len(line) < 200
