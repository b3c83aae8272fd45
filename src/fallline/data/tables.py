"""Read data sets from CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset, one_hot
from fallline.data.standardize import Standardization
from fallline.data.targets import MOST_CLASSES
from fallline.errors import DataError, UnknownNameError
from fallline.files import read_text

__all__ = ["read_csv", "table"]


def read_csv(
    path: str | Path, target: str | Sequence[str], *, inputs: Sequence[str] = (), standardize: bool = False
) -> Dataset:
    """Read a data set from a CSV file whose first line names the columns.

    Parameters
    ----------
    path
        The file, in UTF-8.
    target
        The column to learn. Texts or whole numbers are classes, other numbers are values. Several columns are values,
        or labels if all entries are 0 or 1.
    inputs
        The input columns; by default, all columns but the target.
    standardize
        Bring each input to mean 0 and standard deviation 1.

    Raises
    ------
    DataError
        If the file cannot be read, or is not such a table.

    Examples
    --------
    >>> import tempfile; folder = tempfile.TemporaryDirectory()
    >>> _ = Path(folder.name, "flowers.csv").write_text("width,height,kind\\n1,2,rose\\n2,1,tulip\\n")
    >>> read_csv(Path(folder.name, "flowers.csv"), "kind")
    Dataset('flowers', 2 samples, 2 inputs, 2 classes)
    >>> folder.cleanup()
    """
    return table(read_text(path, DataError), Path(path).name, target, inputs=inputs, standardize=standardize)


def table(
    text: str, name: str, target: str | Sequence[str], *, inputs: Sequence[str] = (), standardize: bool = False
) -> Dataset:
    """Read a data set from the text of a CSV file; messages call the file `name`. Otherwise like `read_csv`.

    >>> table("a,b,kind\\n1,2,no\\n3,4,yes\\n", "small.csv", "kind")
    Dataset('small', 2 samples, 2 inputs, 2 classes)
    """
    path = Path(name)
    names, rows = columns_and_rows(text, path)
    targets = (target,) if isinstance(target, str) else tuple(target)
    for name in (*targets, *inputs):
        if name not in names:
            raise DataError(f"{path.name}: {UnknownNameError('a column', name, names)}")
    chosen = tuple(inputs) or tuple(n for n in names if n not in targets)
    if not chosen:
        raise DataError(
            f"{path.name} must have an input column beside its target {', '.join(targets)}; it has no other column."
        )
    X = np.column_stack([_numbers(path, rows, names, name) for name in chosen])
    if standardize:
        X = Standardization.of(X, chosen, path.name)(X)
    if len(targets) > 1:
        return Dataset(X, np.column_stack([_numbers(path, rows, names, n) for n in targets]), path.stem, chosen)
    texts = [row[names.index(targets[0])].strip() for _, row in rows]
    for (line, _), text in zip(rows, texts, strict=True):
        if not text:
            raise DataError(
                f"{path.name}, line {line}, column {targets[0]!r}: the target is empty. Fill it in or remove the row."
            )
    kinds = _sorted_classes(texts)
    if kinds is None:
        return Dataset(X, _numbers(path, rows, names, targets[0])[:, None], path.stem, chosen)
    if len(kinds) < 2:
        raise DataError(
            f"{path.name}: the target {targets[0]!r} is {kinds[0]!r} in every row; there is nothing to learn."
        )
    place = {kind: k for k, kind in enumerate(kinds)}
    return Dataset(X, one_hot([place[text] for text in texts], len(kinds)), path.stem, chosen, tuple(kinds))


def columns_and_rows(text: str, path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and each row with its line number."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = [name.strip() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{path.name}, line {reader.line_num}: this is not CSV ({error}).") from None
    for k, name in enumerate(names):
        if not name or name in names[:k]:
            raise DataError(f"{path.name}, line 1, column {k + 1}: a column must have a name of its own; got {name!r}.")
    if not rows:
        raise DataError(f"{path.name} must have a line of names and at least one row; it has no row.")
    for line, row in rows:
        if len(row) != len(names):
            raise DataError(
                f"{path.name}, line {line}: a row must have {len(names)} cells, as line 1 has; got {len(row)}."
            )
    return names, rows


def _numbers(path: Path, rows: list[tuple[int, list[str]]], names: list[str], name: str) -> NDArray[np.float64]:
    column, values = names.index(name), []
    for line, row in rows:
        try:
            value = float(row[column])
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise DataError(
                f"{path.name}, line {line}, column {name!r}: a cell must be a finite number; got {row[column]!r}. "
                "Fill it in, or remove the row or the column."
            )
        values.append(value)
    return np.array(values)


def _sorted_classes(texts: Sequence[str]) -> list[str] | None:
    """Return the classes in order, or None if the target holds values."""
    kinds = sorted(set(texts))
    try:
        numbers = {text: float(text) for text in kinds}
    except ValueError:
        return kinds
    if any(value != int(value) for value in numbers.values() if np.isfinite(value)) or len(kinds) > MOST_CLASSES:
        return None
    return sorted(kinds, key=lambda text: numbers[text])
