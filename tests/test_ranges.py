"""What shorter code is allowed for: seen in the graph, refused where the graph does not say it, and the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import fallline as fl
from fallline.data import Dataset
from fallline.problems import NetworkObjective
from fallline.readings.graph import Graph, Node
from fallline.readings.machine import ranges
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.samples import straight, tiles
from fallline.runs import kernels
from fallline.runs.lanes import train
from fallline.textbook.losses import LOSSES
from fallline.textbook.operations import log_sum_exp, magnitude, shift, softmax, total


def nodes(*arrays) -> list[Node]:
    return [n for a in arrays for n in np.asarray(a, dtype=object).ravel()]


def narrowed(*arrays) -> list[str]:
    """Operations of the nodes that may be written as shorter code, in alphabetical order."""
    outputs = nodes(*arrays)
    return sorted(outputs[0].graph.nodes[index].op for index in ranges.narrow(outputs))


def logits(count: int = 3):
    return Graph().inputs("x", (1, count))


RECOGNISED = {
    "softmax": (lambda Z: [softmax(Z)], ["exp"] * 3 + ["maximum"] * 2),
    "log-sum-exp": (lambda Z: [log_sum_exp(Z)], ["exp"] * 3 + ["log"] + ["maximum"] * 2),
    "both": (lambda Z: [log_sum_exp(Z), softmax(Z)], ["exp"] * 3 + ["log"] + ["maximum"] * 2),
    "exp of -|x|": (lambda Z: [np.exp(-magnitude(Z))], ["exp"] * 3),
    "exp of -|-x|": (lambda Z: [np.exp(-magnitude(-Z))], ["exp"] * 3),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_the_graph_says_it(name):
    page, expected = RECOGNISED[name]
    assert narrowed(*page(logits())) == expected


def another_largest(Z):
    """exp(z - m) where m is the largest of two others."""
    return np.exp(Z[..., :1] - shift(Z[..., 1:]))


REFUSED = {
    "exp of anything": lambda Z: [np.exp(Z)],
    "exp of |x|": lambda Z: [np.exp(magnitude(Z))],
    "exp of another choice": lambda Z: [np.exp(-np.where(Z > 1, Z, -Z))],
    "exp of a smaller choice": lambda Z: [np.exp(-np.where(Z < 0, Z, -Z))],
    "exp above the largest": lambda Z: [np.exp(shift(Z) - Z)],
    "log of anything": lambda Z: [np.log(Z)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_graph_does_not_say_it(name):
    assert not set(narrowed(*REFUSED[name](logits()))) - {"maximum"}


def test_a_value_is_not_below_the_largest_of_others():
    assert "exp" not in narrowed(another_largest(logits()))


def test_a_sum_without_one_of_the_terms_may_be_below_one():
    Z = logits()
    E = np.exp(Z - shift(Z))
    assert "log" in narrowed(np.log(total(E)))
    assert "log" not in narrowed(np.log(total(E[..., 1:])))
    assert "log" not in narrowed(np.log(total(E) - 0.5))


def test_nan_must_win_where_it_reaches_an_output_in_no_other_way():
    Z = logits()
    assert "maximum" not in narrowed(np.maximum.reduce(Z, axis=-1))  # the largest itself is an answer
    assert "maximum" not in narrowed(log_sum_exp(Z), shift(Z))
    assert "maximum" not in narrowed(log_sum_exp(Z), np.where(shift(Z) > 0, 1, 2))  # a choice hides NaN
    E = np.exp(Z - shift(Z))
    assert "maximum" not in narrowed(E)  # exp(z_0 - m) is a number where z_1 alone is NaN, unless m is NaN
    assert "maximum" not in narrowed(np.maximum(Z, 0))  # one instruction already


def problem(loss: str, activation: str, sizes="2-3-3") -> NetworkObjective:
    rng = np.random.default_rng(5)
    T = np.eye(3)[rng.integers(0, 3, 13)] if LOSSES[loss].targets != "values" else rng.normal(size=(13, 3))
    return NetworkObjective(
        fl.Network.of(sizes, activation=activation, loss=loss), Dataset(rng.normal(size=(13, 2)), T, "random")
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("plan", [Plan(8, 5), Plan(8, 3, True)], ids=["straight", "tiled"])
@pytest.mark.parametrize(("loss", "activation"), [("cross_entropy", "relu"), ("logistic", "softplus")])
def test_shorter_code_changes_no_bit(loss, activation, plan, dtype, monkeypatch):
    """From tame starts to those that overflow, and with infinities and NaN among the parameters."""
    target = problem(loss, activation)
    starts = fl.draw_starts(target, 40, seed=1) * np.geomspace(1e-20, 1e20, 40)[:, None]
    rng = np.random.default_rng(2)
    for row, value in zip(starts[:18:2], [np.inf, -np.inf, np.nan] * 3, strict=True):
        row[rng.integers(target.dimension)] = value

    def bits():
        got = train(
            target, "momentum", steps=9, starts=starts, settings={"learning_rate": np.linspace(1e-3, 1, 40)},
            measures=["history", "parameters", "convergence"], dtype=dtype, plan=plan,
        )  # fmt: skip
        return [got[name].tobytes() for name in ("history", "parameters", "convergence")]

    short = bits()
    for module in (straight, tiles):
        monkeypatch.setattr(module, "narrow", lambda outputs: frozenset())
    monkeypatch.setattr(kernels, "_cache", kernels.KernelCache())
    assert bits() == short
