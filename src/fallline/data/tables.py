"""Read data sets from CSV files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fallline.data.csv_rows import Row, columns_and_rows, number_in
from fallline.data.dataset import Dataset, one_hot
from fallline.data.standardize import Standardization
from fallline.data.targets import MOST_CLASSES
from fallline.errors import DataError, UnknownNameError
from fallline.files import read_text
from fallline.sentences import listed

__all__ = ["read_csv", "table"]


def read_csv(
    path: str | Path, target: str | Sequence[str], *, inputs: Sequence[str] = (), standardize: bool = False
) -> Dataset:
    """Read a data set from a CSV file whose first line names the columns. Commas, semicolons or tabs separate them.

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
        If the file cannot be read, or is not such a table. Faults in several cells are told together.

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
    file, stem = Path(name).name, Path(name).stem
    names, rows = columns_and_rows(text, file)
    targets = (target,) if isinstance(target, str) else tuple(target)
    for name in (*targets, *inputs):
        if name not in names:
            raise DataError(f"{file}: {UnknownNameError('a column', name, names)}")
    chosen = tuple(inputs) or tuple(n for n in names if n not in targets)
    if not chosen:
        raise DataError(
            f"{file} must have an input column beside its target {', '.join(targets)}; it has no other column. Columns are "
            "separated by commas, semicolons or tabs."
        )
    cells = _Table(file, names, rows)
    X = np.column_stack([cells.numbers(name) for name in chosen])
    if len(targets) > 1:
        T = np.column_stack([cells.numbers(name) for name in targets])
        cells.check()
        return Dataset(_scaled(X, chosen, file, standardize), T, stem, chosen)
    texts = cells.texts(targets[0])
    cells.check()
    X = _scaled(X, chosen, file, standardize)
    kinds = _sorted_classes(texts)
    if kinds is None:
        T = cells.numbers(targets[0])[:, None]
        cells.check()
        return Dataset(X, T, stem, chosen)
    if len(kinds) < 2:
        raise DataError(f"{file}: the target {targets[0]!r} is {kinds[0]!r} in every row; there is nothing to learn.")
    place = {kind: k for k, kind in enumerate(kinds)}
    return Dataset(X, one_hot([place[text] for text in texts], len(kinds)), stem, chosen, tuple(kinds))


def _scaled(X: NDArray[np.float64], columns: Sequence[str], file: str, standardize: bool) -> NDArray[np.float64]:
    return Standardization.of(X, columns, file)(X) if standardize else X


class _Table:
    """The cells of a file, and the faults found in them so far: all are told together."""

    def __init__(self, file: str, names: list[str], rows: list[Row]) -> None:
        self.file, self.names, self.rows = file, names, rows
        self.faults: list[str] = []

    def cells(self, name: str) -> list[tuple[int, str]]:
        """The line and the cell of each row in a column."""
        column = self.names.index(name)
        return [(line, row[column]) for line, row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; a cell that holds none is a fault."""
        cells = self.cells(name)
        values = [number_in(cell) for _, cell in cells]
        wrong = [at for at, value in zip(cells, values, strict=True) if value is None]
        if wrong:
            (line, cell), others = wrong[0], wrong[1:]
            cure = "Fill it in, or remove the row or the column."
            if len(wrong) == len(cells) > 1:
                cure = "No cell of the column is: remove the column."
            elif others:
                cure = f"So must {listed([f'{c!r} in line {l}' for l, c in others])}. Fill them in, or remove the rows or the column."
            if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell):
                cure = f"Write decimals with a point: {cell.strip().replace(',', '.')}."
            self.faults.append(
                f"{self.file}, line {line}, column {name!r}: a cell must be a finite number; got {cell!r}. {cure}"
            )
        return np.array([0.0 if value is None else value for value in values])

    def texts(self, name: str) -> list[str]:
        """A column of texts; an empty one is a fault."""
        cells = [(line, cell.strip()) for line, cell in self.cells(name)]
        empty = [line for line, cell in cells if not cell]
        if empty:
            also = f" It is in {listed([f'line {line}' for line in empty[1:]])}, too." if empty[1:] else ""
            self.faults.append(
                f"{self.file}, line {empty[0]}, column {name!r}: the target is empty.{also} Fill it in or remove the row."
            )
        return [cell for _, cell in cells]

    def check(self) -> None:
        """Raise DataError with all faults."""
        if self.faults:
            raise DataError(" ".join(self.faults))


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
