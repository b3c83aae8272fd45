"""`Preparation`: how the columns of a table become inputs of a network, fitted on training rows and applied to any rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.closed import from_plain, to_plain
from fallline.data.preparing.faults import Faults
from fallline.data.preparing.fitting import Missing, fitted_inputs
from fallline.data.preparing.inputs import CategoryInput, Input
from fallline.data.preparing.levels import codes
from fallline.data.preparing.scaling import Scaling
from fallline.data.reading.columns import Table
from fallline.errors import DataError, ShapeError
from fallline.sentences import listed

__all__ = ["Preparation"]


@dataclass(frozen=True)
class Preparation:
    """How the columns of a table become inputs of a network.

    Parameters
    ----------
    inputs
        What each column becomes, in the order of the network's inputs.
    notes
        What was done to the training rows' columns, a sentence each.

    Examples
    --------
    >>> from fallline.data.reading import read_table
    >>> trees = read_table("size,kind\\n1,oak\\n3,ash\\n", name="trees.csv")
    >>> preparation = Preparation.of(trees, scaling="standard")
    >>> preparation.names, preparation(trees).tolist()
    (('size', 'kind=ash', 'kind=oak'), [[-1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    >>> preparation(read_table("kind,size\\nelm,2\\n")).tolist()
    [[0.0, 0.0, 0.0]]
    >>> Preparation.from_json(preparation.to_json()) == preparation
    True
    """

    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        table: Table,
        columns: Sequence[str] | None = None,
        *,
        rows: NDArray[np.bool_] | None = None,
        scaling: Scaling = "none",
        missing: Missing = "refuse",
        categories: Sequence[str] = (),
    ) -> Preparation:
        """Fit a preparation on the training rows of a table.

        Parameters
        ----------
        table
            The table.
        columns
            The input columns; by default, all.
        rows
            Which rows are trained on; by default, all. No other row has a part in any statistic.
        scaling
            What is done to numbers: "none", "standard" or "robust"; see `SCALINGS`.
        missing
            "refuse" for a sentence with row and column; "impute" for the median or the most frequent category, and a column
            of 0 and 1 that tells which cells were missing.
        categories
            Columns of numbers that are categories, such as a code.

        Raises
        ------
        DataError
            A column is neither numbers nor a category, or a cell is missing. All faults are told together.
        """
        inputs, notes = fitted_inputs(
            table, list(table.columns if columns is None else columns), rows, scaling, missing, categories
        )
        return cls(inputs, notes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that are needed."""
        return tuple(dict.fromkeys(part.column for part in self.inputs))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the network's inputs."""
        return tuple(name for part in self.inputs for name in part.names)

    def __call__(self, table: Table) -> NDArray[np.float64]:
        """Return the inputs of the rows of a table, (rows, inputs).

        Raises
        ------
        DataError
            A column is absent, or a cell is not what it was in training.
        """
        faults = Faults(table)
        imputed = {part.column for part in self.inputs if getattr(part, "fill", None) is not None}
        imputed |= {part.column for part in self.inputs if part.kind == "indicator"}
        kinds = {part.column: part.kind for part in self.inputs}
        kinds |= {part.column: part.kind for part in self.inputs if part.kind != "indicator"}
        for name, kind in kinds.items():
            column = table[name]
            if kind == "number":
                faults.numbers(column)
            elif column.kind in ("date", "other") and kind == "category":
                faults.kind(column)
            if name not in imputed:
                faults.missing(column, "Fill it in: rows with missing cells were refused when this was fitted.")
        faults.check()
        with np.errstate(over="ignore"):
            X = np.concatenate([part(table[part.column]) for part in self.inputs], axis=1)
        if not np.isfinite(X).all():
            row, k = (int(v) for v in np.argwhere(~np.isfinite(X))[0])
            raise DataError(
                f"{table.file}, {table.place(row)}: {self.names[k]!r} is too far from all rows of the training."
            )
        return X

    def unseen(self, table: Table) -> list[str]:
        """A sentence for each category with levels that no training row had; all inputs of the category are 0 for them.

        >>> from fallline.data.reading import read_table
        >>> fitted = Preparation.of(read_table("size,kind\\n1,oak\\n3,ash\\n"))
        >>> fitted.unseen(read_table("size,kind\\n1,elm\\n3,ash\\n", name="new.csv"))
        ["new.csv, column 'kind': no training row had elm (line 2)."]
        """
        told = []
        for part in self.inputs:
            if isinstance(part, CategoryInput):
                column = table[part.column]
                rows = np.flatnonzero((codes(column, part.levels) < 0) & ~column.missing)
                texts = list(dict.fromkeys(str(column.texts[int(row)]) for row in rows))
                if texts:
                    told.append(
                        f"{table.file}, column {part.column!r}: no training row had {listed(texts)} "
                        f"({table.places([int(row) for row in rows])})."
                    )
        return told

    def to_json(self) -> dict[str, Any]:
        """Return the preparation as plain data of the closed schema in `fallline.data.preparing.closed`."""
        return to_plain(self.inputs, self.notes)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Preparation:
        """The inverse of `to_json`, to the bit.

        Raises
        ------
        DataError
            The data are not of the schema.

        Examples
        --------
        >>> Preparation.from_json({"inputs": [{"kind": "number", "column": "a", "code": "x"}]})
        Traceback (most recent call last):
        fallline.errors.DataError: a preparation's inputs.0.number.code: Extra inputs are not permitted.
        """
        return cls(*from_plain(plain))

    def check_width(self, inputs: int) -> None:
        """Raise ShapeError if a network has another number of inputs."""
        if len(self.names) != inputs:
            raise ShapeError(
                f"the table gives {len(self.names)} inputs, {listed(self.names)}; the network has {inputs}."
            )
