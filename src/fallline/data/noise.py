"""Fewer training samples, and wrong labels: which samples are taken and which targets change, drawn by keyed random numbers.

Smaller subsets are parts of larger ones, and labels that are wrong at a small share are wrong at a larger one, so that data sets
of different size and noise differ in nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.data.targets import one_hot
from fallline.errors import DataError
from fallline.settings import Setting, Slider

__all__ = ["DRAW_SEED", "LABEL_NOISE", "SUBSET", "TRAINING_SAMPLES", "noisy_targets", "subset_rows"]

TRAINING_SAMPLES = Setting(
    "samples", "n", "samples for the training, drawn from those of the data set", 100, 1, whole=True,
    label="training samples", slider=Slider(10, 300, "log"),
)  # fmt: skip

LABEL_NOISE = Setting(
    "label_noise", "", "probability that the class of a training sample is replaced by another one; where targets are "
    "values, the standard deviation of normal noise added to each", 0.0, 0, slider=Slider(0, 0.5),
)  # fmt: skip

SUBSET = Setting(
    "subset", "", "samples for the training, drawn from those of the data set; 0 for all", 0, 0, whole=True,
    label="training samples, 0 for all", slider=Slider(0, 300),
)  # fmt: skip

DRAW_SEED = Setting(
    "draw_seed", "", "key of the random numbers that choose wrong labels and the subset", 0, 0, 2**64 - 1, whole=True,
    label="seed of noise and subset", slider=Slider(0, 99),
)  # fmt: skip


def subset_rows(samples: int, count: int, seed: int, name: str = "data") -> NDArray[np.bool_]:
    """Return which `count` of so many samples are taken, (samples,).

    Each sample has a random number, which depends on the seed and its place alone. The samples with the smallest numbers are
    taken. So a larger subset contains the smaller ones.

    Raises
    ------
    SettingError
        The count is not a whole number of at least 1.
    DataError
        There are fewer samples.

    Examples
    --------
    >>> subset_rows(6, 2, seed=1).tolist(), subset_rows(6, 3, seed=1).tolist()
    ([False, True, False, True, False, False], [False, True, False, True, True, False])
    """
    count = int(TRAINING_SAMPLES.check(count))
    if count > samples:
        raise DataError(f"samples must be at most {samples:,}, the training samples of {name}; got {count:,}.")
    drawn = random.uniform(seed, "subset", 1, np.arange(samples))[:, 0]
    rows = np.zeros(samples, dtype=np.bool_)
    rows[np.argsort(drawn, kind="stable")[:count]] = True
    return rows


def noisy_targets(T: NDArray[np.float64], noise: float, seed: int, name: str = "data") -> NDArray[np.float64]:
    """Return targets, (samples, columns), of which some are wrong.

    One-hot rows, or a column of 0 and 1, are classes: sample k has u_k, uniform in (0, 1). Where u_k < noise, the class becomes
    one of the others, each equally likely. Other targets are values: noise z is added, with z standard normal. u, the new class
    and z depend on the seed and the sample's place alone.

    Raises
    ------
    SettingError
        The noise is negative or no number.
    DataError
        Targets are classes, and the noise is above 1.

    Examples
    --------
    >>> noisy_targets(np.array([[0.0], [0.0], [1.0], [1.0]]), 0.5, seed=1).T.tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    """
    noise = LABEL_NOISE.check(noise)
    if noise == 0:
        return T
    samples, columns = T.shape
    single = columns == 1
    if not (np.isin(T, (0, 1)).all() and (single or (T.sum(axis=1) == 1).all())):
        return T + noise * random.normal(seed, "noise of values", columns, np.arange(samples))
    classes = 2 if single else columns
    if noise > 1:
        raise DataError(f"label_noise must be at most 1, since the targets of {name} are classes; got {noise:g}.")
    u = random.uniform(seed, "label noise", 2, np.arange(samples))
    labels = T[:, 0].astype(np.int64) if single else T.argmax(axis=1)
    other = (labels + 1 + np.floor(u[:, 1] * (classes - 1)).astype(np.int64)) % classes
    labels = np.where(u[:, 0] < noise, other, labels)
    return labels[:, None].astype(np.float64) if single else one_hot(labels, classes)
