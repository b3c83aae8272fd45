"""Hypothesis strategies: networks, data, parameters and settings as users have them, and the awkward ones among them.

They draw shapes, names and a seed, and fill arrays from the seed: drawing each float by itself would make Hypothesis
spend its time on shrinking numbers that do not matter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallline.data.dataset import Dataset, one_hot
from fallline.problems import NetworkObjective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS

seeds = st.integers(0, 2**32 - 1)
activations = st.sampled_from(sorted(ACTIVATIONS))
losses = st.sampled_from(sorted(LOSSES))
optimizers = st.sampled_from(sorted(OPTIMIZERS))


@st.composite
def networks(draw: st.DrawFn, **fixed: Any) -> Network:
    """A network of up to three hidden layers with any activation in each; `fixed` sets fields of `Network.of`."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    fields: dict[str, Any] = {
        "activation": [draw(activations) for _ in sizes[1:-1]],
        "loss": draw(losses),
        "reduction": draw(st.sampled_from(["sum", "mean"])),
        "bias": draw(st.booleans()),
        "scales": draw(st.sampled_from([(), tuple(1 / math.sqrt(n) for n in sizes[:-1])])),
        "l2": draw(st.sampled_from([0.0, 0.3])),
    }
    return Network.of(sizes, **fields | fixed)


def data_for(network: Network, samples: int, seed: int) -> Dataset:
    """Random inputs, and targets of the kind that the network's loss wants."""
    state = np.random.RandomState(seed)
    X = state.randn(samples, network.sizes[0])
    n = network.sizes[-1]
    if network.loss.targets == "classes":
        return Dataset(X, one_hot(state.randint(n, size=samples), n))
    if network.loss.targets == "labels":
        return Dataset(X, state.randint(2, size=(samples, n)).astype(float))
    return Dataset(X, state.randn(samples, n))


@st.composite
def objectives(draw: st.DrawFn, **fixed: Any) -> NetworkObjective:
    """A network on data of 1 to 12 samples."""
    network = draw(networks(**fixed))
    return NetworkObjective(network, data_for(network, draw(st.integers(1, 12)), draw(seeds)))


def weights(network: Network, seed: int, *batch: int) -> NDArray[np.float64]:
    """Random parameters of moderate size, (*batch, P)."""
    return np.random.RandomState(seed).randn(*batch, network.parameter_count)


@st.composite
def values_of(draw: st.DrawFn, setting: Setting) -> float:
    """A value inside the setting's range, its ends among them where they are included."""
    low, high = max(setting.low, -1e6), min(setting.high, 1e6)
    if setting.whole:
        return draw(st.integers(int(low), int(high)))
    return draw(
        st.floats(low, high, exclude_min=not setting.low_included and low == setting.low,
                  exclude_max=not setting.high_included and high == setting.high, allow_nan=False)
    )  # fmt: skip


settings_declared = st.sampled_from(sorted(SETTINGS)).map(SETTINGS.__getitem__)
