"""Tables of the user's own as sources of samples: a file that a study names, or one that a page read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import field_validator

from fallline.data.dataset import Dataset
from fallline.data.preparing.fitting import MISSING_RULES
from fallline.data.preparing.target import TASKS
from fallline.data.reading import Dialect
from fallline.data.tables import read_data
from fallline.experiment.fields import key
from fallline.experiment.kinds import Choice, Flag, Names, Spread, Text
from fallline.experiment.source import Call, Files, Source

__all__ = ["KeptTable", "Table"]

AUTO = "auto"
"""What is detected, or guessed."""

HEADERS: Mapping[str, bool | None] = MappingProxyType({AUTO: None, "yes": True, "no": False})

_DIALECT = ("separator", "decimal", "thousands", "header", "encoding")


class _OfTable(Source):
    """What a file and a table of a page have in common."""

    splits = True  # medians and categories come from the rows that are trained on
    of_every_source = ("task", "missing", *Source.of_every_source)

    task: Annotated[str, Choice("task", (AUTO, *TASKS))] = key(
        AUTO, "whether the target is learned as classes or as values; auto guesses, and says so"
    )
    missing: Annotated[str, Choice("missing", MISSING_RULES)] = key(
        "refuse", "missing cells: refuse them, or impute the median or the most frequent category",
        label="missing cells",
    )  # fmt: skip

    @property
    def told(self) -> dict[str, Any]:
        """The arguments of `read_data` that are not the defaults."""
        told: dict[str, Any] = {"task": self.task, "missing": self.missing}
        told = {name: value for name, value in told.items() if value != type(self).model_fields[name].default}
        split = {"test_share": self.test_share, "split_seed": self.split_seed}
        return told | (split if self.test_share else {})


class Table(_OfTable):
    """A table in a file."""

    kind, label, mark, example = "file", "CSV file", "file", 'file = "...", a table of your own'

    file: Annotated[str, Text()] = key(..., "a CSV or Parquet file, its path beginning at the study's folder")
    target: Annotated[str | tuple[str, ...], Names(Text())] = key(..., "the file's target column, or several")
    inputs: Annotated[tuple[Annotated[str, Text()], ...], Spread()] = key(
        (), "the file's input columns; all others unless given"
    )
    standardize: Annotated[bool, Flag()] = key(False, "whether inputs are brought to mean 0 and standard deviation 1")
    categories: Annotated[tuple[Annotated[str, Text()], ...], Spread()] = key(
        (), "columns of numbers that are categories, such as a code"
    )
    separator: Annotated[str, Text()] = key("", "the sign between cells; detected unless given")
    decimal: Annotated[str, Text()] = key("", "the sign between units and tenths; detected unless given")
    thousands: Annotated[str, Text()] = key(
        "", "the sign between groups of three digits; none unless given or detected"
    )
    header: Annotated[str, Choice("header", HEADERS)] = key(AUTO, "whether the first line names the columns")
    encoding: Annotated[str, Text()] = key("", "the text's encoding, such as cp1252; detected unless given")

    @field_validator(*_DIALECT)
    @classmethod
    def _known(cls, value: str, info: Any) -> str:
        told: dict[str, Any] = {info.field_name: value}
        if value and info.field_name != "header":
            Dialect(**told)
        return value

    def needed(self, files: Files) -> Files:
        return Files(files.folder)

    @property
    def standardizes(self) -> bool:
        return self.standardize

    @property
    def dialect(self) -> Dialect | None:
        """What the study says of the file's dialect; None if nothing."""
        told = {name: getattr(self, name) or None for name in _DIALECT}
        told["header"] = HEADERS[self.header]
        return Dialect(**told) if any(value is not None for value in told.values()) else None

    @property
    def told(self) -> dict[str, Any]:
        more = {"inputs": list(self.inputs), "categories": list(self.categories), "dialect": self.dialect}
        return {name: value for name, value in more.items() if value} | super().told

    def samples_in(self, files: Files) -> Dataset:
        return read_data(files.folder / self.file, self.target, **self.told)

    def call(self, files: Files) -> Call:
        target = self.target if isinstance(self.target, str) else list(self.target)
        more = {name: value for name, value in self.told.items() if name != "dialect"}
        words = "".join(f", {name}={value!r}" for name, value in more.items())
        if self.dialect is not None:
            of = {name: value for name, value in vars(self.dialect).items() if value is not None}
            words += f", dialect=fl.Dialect({', '.join(f'{name}={value!r}' for name, value in of.items())})"
        return Call("import fallline as fl", f"fl.read_data({self.file!r}, {target!r}{words})")


class KeptTable(_OfTable):
    """A CSV file that a page read, named by the hash of its text. One column is the target, all others are inputs."""

    kind, label = "table", "CSV"

    digest: Annotated[str, Text()] = key("", "a CSV file; it stays on this machine", label="table")
    target: Annotated[str, Text()] = key("", "the column to be learned")
    standardize: Annotated[bool, Flag()] = key(True, "bring each input to mean 0 and standard deviation 1")

    def needed(self, files: Files) -> Files:
        return Files(kept={self.digest: files.csv(self.digest)})

    @property
    def standardizes(self) -> bool:
        return self.standardize

    def samples_in(self, files: Files) -> Dataset:
        csv = files.csv(self.digest)
        return read_data(csv.table, self.target, name=Path(csv.name).stem, **self.told)

    def of_study(self, files: Files) -> Table:
        """The same table as a file beside the study."""
        same = {name: getattr(self, name) for name in ("target", "standardize", *self.of_every_source)}
        return Table(file=files.csv(self.digest).name, **same)

    @classmethod
    def of_file(cls, table: Table, digest: str) -> KeptTable:
        """The same table as a page has it."""
        same = {name: getattr(table, name) for name in ("target", "standardize", *cls.of_every_source)}
        return cls(digest=digest, **same)

    def call(self, files: Files) -> Call:
        return self.of_study(files).call(files)
