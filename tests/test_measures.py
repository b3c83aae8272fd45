"""Measures: the same from curves and from a kernel's columns, documented, and each added by one file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import UsageError
from fallline.measures.ends import distance
from fallline.measures.measure import FOLDED, MEASURES, check_objective, lacking, measure
from fallline.measures.statistics import Statistics
from fallline.runs import batched, lanes
from fallline.runs.training import Training
from parity import small_problem

ROOT = Path(__file__).parents[1]


def test_the_documentation_shows_the_measures():
    page = (ROOT / "docs/maps.md").read_text(encoding="utf-8")
    rows = [f"| `{m.name}{'=40' if m.needs == 'target' else ''}` | {m.meaning} |" for m in MEASURES.values()]
    assert "\n".join(["| measure | meaning |", "|---|---|", *rows]) in page


def test_both_engines_give_the_same_measures():
    problem = small_problem("relu", reduction="sum")
    how = fl.method().with_({"learning_rate": np.geomspace(1e-4, 30, 60)})
    training = Training(problem, how, 40, fl.draw_starts(problem, 1, seed=4)[0])
    names = [name for name, m in FOLDED.items() if not lacking(m, problem)]
    by_lanes = lanes.train(training, names, target=5.0)
    by_numpy = batched.train(training, names, target=5.0)
    for name in names:
        assert len(np.unique(by_lanes[name])) > 1, name
        np.testing.assert_allclose(by_lanes[name], by_numpy[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", FOLDED)
def test_drawn_values_are_those_of_the_measure_or_missing(name):
    losses = np.array([[4.0, 2.0, 1.0], [4.0, 5.0, 6.0], [4.0, np.inf, np.inf]])
    curves = Statistics.of_curves(losses, np.ones_like(losses), np.ones((3, 2)), 2.0, 0.5)
    ends = {"distance": np.array([0.5, 2.0, np.inf]), "minimum": np.array([1, -1, 0])}
    on_test = {"test_last": np.array([2.0, 5.0, np.inf]), "test_right": np.array([0.5, 0.25, 0.0])}
    values = np.asarray(MEASURES[name].rule(replace(curves, **ends, **on_test)))
    shown = MEASURES[name].shown(values.astype(float), 2)
    expected = {"steps_to": [1, np.nan, np.nan], "diverged_at": [3, 3, 1], "minimum": [1, np.nan, 0]}.get(name, values)
    np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("power", [-1070, -700, -300, 0, 300, 700, 1020])
def test_a_distance_neither_overflows_nor_vanishes(power):
    end = np.ldexp([[3.0, -4.0], [0.0, 0.0]], power)
    assert distance(np.zeros(2), end).tolist() == [np.ldexp(5.0, power), 0.0]
    assert distance(-end[0], end[:1]).tolist() == [np.ldexp(10.0, power)]


def test_measures_that_need_classes_are_refused_without():
    values = small_problem(loss="squared_error")
    for objective, words in (
        (fl.objective("rosenbrock"), "is a landscape"),
        (values, "squared_error has values as targets"),
    ):
        check_objective([MEASURES["final_loss"]], objective)
        with pytest.raises(UsageError, match=words):
            check_objective([measure("accuracy").measure], objective)
