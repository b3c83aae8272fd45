"""The user's own samples, on which a gradient is checked instead of random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from fallline.data.dataset import Dataset
from fallline.errors import DataError
from fallline.problems import NetworkObjective
from fallline.textbook.network import Network

__all__ = ["Data", "user_data"]

Data = Dataset | tuple[ArrayLike, ArrayLike] | str | Path


def user_data(data: Data | None, network: Network) -> Dataset | None:
    """The samples as a data set, whose columns must be those of the network. A table's first columns are the inputs."""
    dataset = _dataset(data, network)
    return None if dataset is None else NetworkObjective(network, dataset).data


def _dataset(data: Data | None, network: Network) -> Dataset | None:
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        from fallline.data.reading import read_table
        from fallline.data.tables import read_data

        read = read_table(Path(data))
        names = [*read.columns]
        n = network.sizes[0]
        if len(names) <= n:
            raise DataError(f"{data} must have {n} columns of inputs, then its targets; it has {len(names)} columns.")
        rest = names[n:]
        return read_data(read, rest[0] if len(rest) == 1 else rest, inputs=names[:n])
    return Dataset.of(*_in_rows(*data, network))


def _in_rows(X: ArrayLike, T: ArrayLike, network: Network) -> tuple[ArrayLike, ArrayLike]:
    """X and T as rows of samples, where they are columns; and class numbers as a vector, where they are a column."""
    inputs, targets = np.shape(X), np.shape(T)
    if len(inputs) == 2 and inputs[0] == network.sizes[0] != inputs[1]:
        X, inputs = np.asarray(X).T, inputs[::-1]
    if len(targets) == 2 and targets[1] == inputs[0] != targets[0]:
        T, targets = np.asarray(T).T, targets[::-1]
    if len(targets) == 2 and targets[1] == 1 < network.sizes[-1]:
        T = np.asarray(T)[:, 0]
    return X, T
