"""The user's own samples, on which a gradient is checked instead of random ones."""

from __future__ import annotations

import csv
from pathlib import Path

from numpy.typing import ArrayLike

from fallline.data.dataset import Dataset
from fallline.errors import DataError
from fallline.files import read_text
from fallline.problems import NetworkObjective
from fallline.textbook.network import Network

__all__ = ["Data", "user_data"]

Data = Dataset | tuple[ArrayLike, ArrayLike] | str | Path


def user_data(data: Data | None, network: Network) -> Dataset | None:
    """The samples as a data set, whose columns must be those of the network. A CSV file's first columns are the inputs."""
    dataset = _dataset(data, network)
    return None if dataset is None else NetworkObjective(network, dataset).data


def _dataset(data: Data | None, network: Network) -> Dataset | None:
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        from fallline.data.tables import read_csv

        names = next(csv.reader([read_text(data, DataError).partition("\n")[0]]), [])
        n = network.sizes[0]
        if len(names) <= n:
            raise DataError(f"{data} must have {n} columns of inputs, then its targets; it has {len(names)} columns.")
        rest = names[n:]
        return read_csv(data, rest[0] if len(rest) == 1 else rest, inputs=names[:n])
    X, T = data
    return Dataset.of(X, T)
