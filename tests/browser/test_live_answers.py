"""Networks' answers and landscapes' heights in a browser: those of Python to rounding, whatever the activation and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fallline as fl
from fallline.lab.work.frames import regions, scale_of
from fallline.lab.work.input_plane import input_plane
from fallline.lab.work.units import finite, shades
from fallline.live import answers
from fallline.problems.deaths import dead_units
from fallline.runs.confusion import has_classes, predicted_classes
from fallline.textbook import network as pages
from live_programs import Programs

POINTS = 1500


@pytest.fixture(scope="module")
def programs(chromium: Any) -> Iterator[Programs]:
    opened = Programs(chromium)
    yield opened
    opened.page.close()


def _problems() -> dict[str, fl.NetworkObjective]:
    data, rng = fl.generate("three-gaussians"), np.random.default_rng(2)
    features = fl.generate("moons").with_features("x1", "x1 x2", "sin x1").standardized()
    values = (data.X, data.X[:, 0] ** 2)
    five = (rng.normal(size=(40, 5)), rng.integers(0, 2, (40, 2)).astype(float))
    return {name: fl.NetworkObjective(fl.Network.of("2-4-3-3", activation=name), data) for name in fl.ACTIVATIONS} | {
        "features": fl.NetworkObjective(fl.Network.of("3-5-1", loss="logistic"), features),
        "values": fl.NetworkObjective(fl.Network.of("2-3-1", loss="squared_error"), values),
        "components": fl.NetworkObjective(fl.Network.of("5-3-2", loss="logistic", bias=False), five),
        "no hidden units": fl.NetworkObjective(fl.Network.of("2-3"), data),
    }


PROBLEMS = _problems()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_networks_answers_and_units_are_those_of_python(programs, name):
    net, rng = PROBLEMS[name], np.random.default_rng(1)
    plane = input_plane(net.data.raw)
    u0, u1, v0, v1 = plane.window
    u, v, w = rng.uniform(u0, u1, POINTS), rng.uniform(v0, v1, POINTS), rng.normal(size=net.dimension)
    drawn = programs.run(answers.over_plane(net, plane), POINTS, w=w, u=u, v=v)
    X = net.data.inputs_at(plane.at(u, v))
    answer = net.predict(w, X)
    assert_allclose(np.atleast_2d(drawn["answers"]), answer.T, rtol=1e-11, atol=1e-13)
    assert np.abs(drawn["regions"].astype(int) - regions(answer, scale_of(net))).sum() <= 1  # of one on a boundary
    if net.network.hidden:
        units = [layer.A.T for layer in pages.forward(net.network, net.network.unpack(w), X)[1][1:]]
        assert_allclose(drawn["units"], finite(np.concatenate(units)), rtol=1e-11, atol=1e-13)
    judged = programs.run(answers.at_samples(net), len(net.data), w=w, x=net.data.X)
    if has_classes(net):
        assert_array_equal(judged["class"], predicted_classes(net, w))
    for flat, dead in zip(
        judged.get("flat", ()), np.concatenate([*dead_units(net.network, w, net.data.X), []]), strict=True
    ):
        assert flat.all() == dead


def bumpy(x, y):
    return np.sin(x) * np.exp(-(y**2)) + np.log1p(x * x) ** 1.5 + np.where(x > y, np.cos(x), np.floor(y) / 3)


@pytest.mark.parametrize("name", [*fl.LANDSCAPES, bumpy])
def test_a_landscapes_height_is_that_of_python(programs, name):
    objective = fl.objective(name)
    w = np.random.default_rng(0).uniform(-4, 4, (POINTS, 2))
    drawn = programs.run(answers.height(objective), POINTS, x=w[:, 0], y=w[:, 1])["height"]
    assert_allclose(drawn, objective.loss(w), rtol=1e-9, atol=1e-11)


def test_shades_of_units(programs):
    values = np.array([-3.0, -1.5, 0.0, 1.0, 3.0])
    for size in (3.0, 0.0, 17.5):
        drawn = programs.run(answers.unit_shades(), 5, values=values, size=size)["shades"]
        assert_array_equal(drawn, shades(values, np.array(size)))


def test_a_network_that_has_diverged_has_finite_shades(programs):
    net = PROBLEMS["relu"]
    program = answers.over_plane(net, input_plane(net.data))
    for w in (np.full(net.dimension, np.nan), np.full(net.dimension, 1e308)):
        assert np.isfinite(programs.run(program, 3, w=w, u=np.ones(3), v=np.ones(3))["units"]).all()
