"""Tests that you can run while you work: python -m pytest tests"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fallline.testing import assert_gradient
from gradient import forward, gradient


def test_probabilities_sum_to_one():
    import numpy as np

    rng = np.random.default_rng(0)
    _, P = forward(rng.normal(size=(4, 5)), np.zeros(5), rng.normal(size=(5, 3)), np.zeros(3), rng.normal(size=(6, 4)))
    assert np.allclose(P.sum(axis=1), 1)


def test_gradient():
    assert_gradient(gradient, "4-5-3", activation="tanh", reduction="mean", hint=2)
