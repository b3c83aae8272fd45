"""Training and test samples: which samples of a data set are kept for the test, drawn by keyed random numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import DataError
from fallline.settings import Setting, Slider

__all__ = ["SPLIT_SEED", "TEST_SHARE", "held_out_rows"]

TEST_SHARE = Setting(
    "test_share", "", "share of the samples that are kept for the test and never trained on; 0 for none", 0.0, 0, 1,
    high_included=False, label="share for the test", slider=Slider(0, 0.9),
)  # fmt: skip

SPLIT_SEED = Setting(
    "split_seed", "", "key of the random split into training and test samples", 0, 0, 2**64 - 1, whole=True,
    label="seed of the split", slider=Slider(0, 99),
)  # fmt: skip


def held_out_rows(samples: int, share: float, seed: int, name: str = "data") -> NDArray[np.bool_]:
    """Return which of so many samples are kept for the test: round(share * samples) of them, (samples,).

    Each sample has a random number, which depends on the seed and the sample's place alone. The samples with the smallest
    numbers are kept. So a larger share keeps those of a smaller one, and more.

    Raises
    ------
    SettingError
        The share is not in [0, 1).
    DataError
        No sample would be left for the training, or none would be kept for the test.

    Examples
    --------
    >>> held_out_rows(8, 0.25, seed=1).tolist()
    [False, False, True, False, False, False, True, False]
    """
    share, seed = TEST_SHARE.check(share), int(SPLIT_SEED.check(seed))
    rows = np.zeros(samples, dtype=np.bool_)
    count = int(share * samples + 0.5)
    if share and not 0 < count < samples:
        raise DataError(
            f"test_share must leave at least one of the {samples} samples of {name} for the training and one for the test; "
            f"{share:g} leaves {samples - count} and {count}."
        )
    drawn = random.uniform(seed, "split", 1, np.arange(samples))[:, 0]
    rows[np.argsort(drawn, kind="stable")[:count]] = True
    return rows
