"""Initial weights: the factors of the papers, and the distributions that starts really have."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fallline.errors import UnknownNameError
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective
from fallline.textbook.initial import INITIALS, Initial, initial
from fallline.textbook.network import Network

# Variance of a weight between 6 and 10 units: Glorot 2/(6 + 10), He 2/6; uniform in [-a, a) has a^2/3.
VARIANCE = {
    "glorot_normal": 1 / 8, "glorot_uniform": 1 / 8, "he_normal": 1 / 3, "he_uniform": 1 / 3,
    "normal": 1.0, "notebook": 1.0, "uniform": 1 / 3, "zeros": 0.0,
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", sorted(INITIALS))


def test_every_distribution_is_here() -> None:
    assert set(VARIANCE) == set(INITIALS)


@EVERY
def test_weights_have_the_variance_that_the_paper_asks_for(name: str) -> None:
    record = INITIALS[name]
    variates = {"normal": 1.0, "uniform": 1 / 3, "zeros": 0.0}[record.variates]
    assert variates * record.deviation(6, 10) ** 2 == pytest.approx(VARIANCE[name])
    network = Network.of("6-10-2")
    problem = NetworkObjective(network, _data())
    first = network.unpack(draw_starts(problem, 2000, initial=name))[0]
    # 120,000 numbers: the variance is known to 0.4 % or better (one standard error), the mean to 0.3 % of a deviation.
    assert first.W.var() == pytest.approx(VARIANCE[name], rel=0.02)
    assert abs(first.W.mean()) <= 0.015 * math.sqrt(VARIANCE[name])
    if record.variates == "uniform":
        assert np.abs(first.W).max() <= record.deviation(6, 10)
    assert (first.b.any()) == record.biases


def _data():
    from fallline.data.dataset import Dataset

    return Dataset(np.zeros((1, 6)), np.array([[1.0, 0.0]]))


@EVERY
def test_start_k_depends_on_seed_and_k_alone(name: str) -> None:
    problem = NetworkObjective(Network.of("6-10-2"), _data())
    many = draw_starts(problem, 5, seed=3, initial=name)
    np.testing.assert_array_equal(draw_starts(problem, 2, seed=3, initial=name, first=3), many[3:])
    np.testing.assert_array_equal(draw_starts(problem, 5, seed=3, initial=name, scale=2.0), 2 * many)
    if name != "zeros":
        assert not (draw_starts(problem, 5, seed=4, initial=name) == many).any(axis=0)[:60].any()


def test_lookup_by_name_by_record_and_by_mistake() -> None:
    mine = Initial("mine", "normal", lambda n_in, n_out: 1 / n_in)
    assert initial(mine) is mine
    with pytest.raises(UnknownNameError, match=r"initial weights must be one of .* Did you mean 'he_normal'"):
        initial("he_norml")
