"""Data sets from tables: CSV in any usual dialect, Parquet files, data frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fallline.data.dataset import Dataset
from fallline.data.preparing import Preparation, Target
from fallline.data.preparing.fitting import Missing
from fallline.data.preparing.target import Task
from fallline.data.preparing.twins import twins_of_target
from fallline.data.reading import Dialect, Table, read_table
from fallline.data.reading.text import text_table
from fallline.data.split import held_out_rows
from fallline.errors import DataError

__all__ = ["read_csv", "read_data", "table"]


def read_data(
    source: Any,
    target: str | Sequence[str],
    *,
    inputs: Sequence[str] = (),
    standardize: bool = False,
    task: Task | None = None,
    missing: Missing = "refuse",
    categories: Sequence[str] = (),
    dialect: Dialect | None = None,
    name: str | None = None,
    test_share: float = 0.0,
    split_seed: int = 0,
) -> Dataset:
    """Read a data set from a table: a CSV file in any usual dialect, a Parquet file, or a data frame.

    Columns of numbers are inputs as they are. A column of texts is a category: an input of 0 and 1 for each of its levels. Dates
    are refused. What was detected and done is in the data set's `notes`.

    Parameters
    ----------
    source
        A path; a data frame of pandas, polars or pyarrow; or a table that `read_table` read.
    target
        The column to learn. Several columns are values, or labels if all entries are 0 or 1.
    inputs
        The input columns; by default, all columns but the target.
    standardize
        Bring each input to mean 0 and standard deviation 1.
    task
        "classification" or "regression". By default, texts and at most 20 different whole numbers are classes, other numbers
        values.
    missing
        "refuse" for a sentence with row and column of a missing cell; "impute" for the median of the column or its most
        frequent category, and a further input that tells which cells were missing. A missing target is always refused.
    categories
        Columns of numbers that are categories, such as a code.
    dialect
        How a CSV file is written, where that is not to be detected.
    name
        The name of the data set; by default, that of the file.
    test_share, split_seed
        The share of the samples that are kept for the test, and the key of the draw; see `Dataset.split`. Medians, categories,
        means and deviations come from the other rows alone.

    Raises
    ------
    DataError
        If it cannot be read, or is not such a table. Faults in several cells are told together.

    Examples
    --------
    >>> import pyarrow
    >>> trees = pyarrow.table({"height": [1.0, 2.0, 3.0], "bark": ["rough", "rough", "smooth"], "kind": ["oak", "oak", "ash"]})
    >>> data = read_data(trees, "kind", name="trees")
    >>> data, data.columns
    (Dataset('trees', 3 samples, 3 inputs, 2 classes), ('height', 'bark=rough', 'bark=smooth'))
    """
    read = read_table(source, dialect=dialect)
    if name is None:
        name = Path(read.file).stem if len(read.lines) or not read.file.startswith("the ") else "data"
    targets = (target,) if isinstance(target, str) or not isinstance(target, Sequence) else tuple(target)
    for column in (*targets, *inputs):
        read[column]
    chosen = tuple(inputs) or tuple(column for column in read.columns if column not in targets)
    if not chosen:
        raise DataError(
            f"{read.file} must have an input column beside its target {', '.join(targets)}; it has no other column. Columns are "
            "separated by commas, semicolons, tabs, bars or spaces."
        )
    rows = ~held_out_rows(len(read), test_share, split_seed, name) if test_share else None
    learned = _both(read, targets, task, chosen, rows=rows, missing=missing, categories=categories)
    if isinstance(learned, str):
        raise DataError(learned)
    what, preparation = learned
    notes = (*read.notes, what.note, *preparation.notes, *twins_of_target(read, what, chosen))
    data = Dataset(
        preparation(read), what(read), name, preparation.names, what.classes, notes=tuple(filter(None, notes))
    )
    data = data.split(test_share, split_seed)
    return data.standardized() if standardize else data


def _both(
    read: Table, targets: Sequence[str], task: Task | None, chosen: Sequence[str], **more: Any
) -> tuple[Target, Preparation] | str:
    """The target and the preparation of the inputs; or the faults of both, told together."""
    faults = []
    made: list[Any] = []
    for make in (
        lambda: Preparation.of(read, chosen, **more),
        lambda: Target.of(read, targets[0] if len(targets) == 1 else targets, task),
    ):
        try:
            made.append(make())
        except DataError as error:
            faults.append(str(error))
    return " ".join(faults) if faults else (made[1], made[0])


def read_csv(
    path: str | Path, target: str | Sequence[str], *, inputs: Sequence[str] = (), standardize: bool = False, **more: Any
) -> Dataset:
    """Read a data set from a file: `read_data`, by its older name.

    Examples
    --------
    >>> import tempfile; folder = tempfile.TemporaryDirectory()
    >>> _ = Path(folder.name, "flowers.csv").write_text("width,height,kind\\n1,2,rose\\n2,1,tulip\\n")
    >>> read_csv(Path(folder.name, "flowers.csv"), "kind")
    Dataset('flowers', 2 samples, 2 inputs, 2 classes)
    >>> folder.cleanup()
    """
    return read_data(Path(path), target, inputs=inputs, standardize=standardize, **more)


def table(
    text: str,
    name: str,
    target: str | Sequence[str],
    *,
    inputs: Sequence[str] = (),
    standardize: bool = False,
    **more: Any,
) -> Dataset:
    """Read a data set from the text of a CSV file; messages call the file `name`. Otherwise like `read_data`.

    >>> table("a,b,kind\\n1,2,no\\n3,4,yes\\n", "small.csv", "kind")
    Dataset('small', 2 samples, 2 inputs, 2 classes)
    """
    file = Path(name).name
    read = text_table(text, file, more.pop("dialect", None))
    return read_data(read, target, inputs=inputs, standardize=standardize, name=Path(name).stem, **more)
