"""Where the samples of a network come from. A source is one record: its fields, its data set, its line of Python.

Its fields make its keys in TOML and JSON, its controls on a page, and its part of the JSON Schema.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import Discriminator, Tag, field_validator

from fallline.data.csv_file import CsvFile
from fallline.data.dataset import Dataset
from fallline.data.features import FEATURES, checked_features
from fallline.data.generated import GENERATED, generate
from fallline.data.points import points_by_hand
from fallline.data.split import SPLIT_SEED, TEST_SHARE
from fallline.data.tables import read_csv, table
from fallline.experiment.fields import Free, key
from fallline.experiment.kinds import Adapted, Choice, Flag, Kind, Names, OfSetting, Rows, Spread, Text, Whole
from fallline.experiment.part import Part, PartError
from fallline.experiment.record import Record
from fallline.settings import SETTINGS

__all__ = ["SOURCES", "STUDY_SOURCES", "Call", "Data", "Files", "Generated", "KeptTable", "Points", "Source", "Table"]


@dataclass(frozen=True)
class Files:
    """The files that a source may name: those in a folder, and CSV files that were read, by their digest."""

    folder: Path = Path()
    kept: Mapping[str, CsvFile] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.folder, *self.kept))

    def csv(self, digest: str) -> CsvFile:
        """The CSV file of that digest."""
        if digest not in self.kept:
            raise PartError(
                "the table of this state is not here: choose its CSV file again. A link holds the name of a table, "
                "not its contents.", "data.digest",
            )  # fmt: skip
        return self.kept[digest]


@dataclass(frozen=True)
class Call:
    """A call in Python: the line that imports the function, and the call itself."""

    needs: str
    text: str


class Source(Part):
    """Samples for a network.

    Attributes
    ----------
    mark
        The key in TOML that tells this source from the others; "" if studies have no such source.
    example
        That key with a value, as an error shows it.
    of_every_source
        The fields that every source has, after its own.
    """

    mark: ClassVar[str] = ""
    example: ClassVar[str] = ""
    of_every_source: ClassVar[tuple[str, ...]] = ("features", "test_share", "split_seed")

    features: Annotated[tuple[Annotated[str, Choice("feature", FEATURES)], ...], Spread()] = key(
        (), f"the network's inputs as functions of two inputs: {', '.join(FEATURES)}", label="input features"
    )
    test_share: Annotated[float, OfSetting(TEST_SHARE)] = key(TEST_SHARE.default, TEST_SHARE.meaning)
    split_seed: Annotated[int, OfSetting(SPLIT_SEED)] = key(SPLIT_SEED.default, SPLIT_SEED.meaning)

    @field_validator("features")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return checked_features(names)

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        fields = cls.model_fields  # in the order of tables and controls: a source's own come first
        for name in cls.of_every_source:
            fields[name] = fields.pop(name)

    def needed(self, files: Files) -> Files:
        """The files that the source reads, alone."""
        return Files()

    def of_study(self, files: Files) -> Any:
        """The same source as a study has it."""
        return self

    def samples_in(self, files: Files) -> Dataset:
        """All samples, before any is kept for the test."""
        raise NotImplementedError

    def call(self, files: Files) -> Call:
        """Return the Python call that makes all samples."""
        raise NotImplementedError

    @property
    def standardizes(self) -> bool:
        """Whether inputs are brought to mean 0 and standard deviation 1 over the samples for the training."""
        return False

    def build(self, files: Files) -> Dataset:
        """Make the data set, with its test samples."""
        data = self.samples_in(files)
        if self.features:
            data = data.with_features(*self.features)
        data = data.split(self.test_share, self.split_seed)
        return data.standardized() if self.standardizes else data

    def python(self, files: Files) -> Call:
        """Return the Python call that makes the data set."""
        call = self.call(files)
        features = f".with_features({', '.join(map(repr, self.features))})" if self.features else ""
        split = f".split({self.test_share!r}, seed={self.split_seed!r})" if self.test_share else ""
        return replace(call, text=f"{call.text}{features}{split}{'.standardized()' if self.standardizes else ''}")


def _options(member: Any) -> dict[str, Kind]:
    """The kinds of a generated set's options: its own settings; an argument that is no number takes rows of numbers."""
    settings: dict[str, Kind] = {k: OfSetting(s) for k, s in member.declared.items() if k not in _COMMON}
    parameters = inspect.signature(member.function).parameters
    return settings | {name: Adapted(Rows) for name in parameters if name not in member.declared}


_COMMON = ("samples", "seed")


class Generated(Source):
    """A generated data set."""

    kind, label, mark, example = "generated", "generated", "name", 'name = "...", a generated set'
    first: ClassVar[Mapping[str, Any]] = {"name": "three-gaussians"}

    name: Annotated[str, Choice("data set", GENERATED)] = key(..., "a generated set", label="set")
    samples: Annotated[int, Whole(1, 1_000_000)] = key(
        100, "samples of each class; of the whole set where targets are values", label="samples a class"
    )
    seed: Annotated[int, OfSetting(SETTINGS["seed"])] | None = key(
        None, "key of its random numbers; the set's own unless given", label="seed of the data"
    )
    options: Annotated[dict[str, Any], Free("name", GENERATED, _options)] = key({}, "its settings")

    def complete(self) -> Self:
        declared = GENERATED[self.name].declared
        values = {name: self.options.get(name, s.default) for name, s in declared.items() if name not in _COMMON}
        seed = int(declared["seed"].default) if self.seed is None else self.seed
        return self.model_copy(update={"seed": seed, "options": values | self.options})

    def samples_in(self, files: Files) -> Dataset:
        seed = {} if self.seed is None else {"seed": self.seed}
        return generate(self.name, samples=self.samples, **seed, **self.options)

    def call(self, files: Files) -> Call:
        options = {"samples": self.samples, "seed": self.seed} | self.options
        text = ", ".join(f"{name}={value!r}" for name, value in options.items() if value is not None)
        return Call("import fallline as fl", f"fl.generate({self.name!r}, {text})")


class Points(Source):
    """Points of two inputs."""

    kind, label, mark, example = "points", "by hand", "points", "points = [[x, y, class], ...]"
    first: ClassVar[Mapping[str, Any]] = {
        "points": ((-1, -0.5, 0), (-0.6, -0.9, 0), (-1.3, -1, 0), (0.8, 0.7, 1), (1.2, 0.3, 1), (0.6, 1.2, 1))
    }

    points: Rows = key(..., "points of two inputs: [x, y, class], classes 0, 1, ...")

    @field_validator("points")
    @classmethod
    def _whole_classes(cls, rows: tuple[tuple[float, ...], ...]) -> Any:
        """Classes are whole numbers; building the data set refuses other values."""
        return tuple((*row[:2], *(int(v) if v == int(v) else v for v in row[2:])) for row in rows)

    def samples_in(self, files: Files) -> Dataset:
        return points_by_hand(self.points)

    def call(self, files: Files) -> Call:
        points = [list(point) for point in self.points]
        return Call("from fallline.data.points import points_by_hand", f"points_by_hand({points!r})")


class Table(Source):
    """A table in a file."""

    kind, label, mark, example = "file", "CSV file", "file", 'file = "...", a table of your own'

    file: Annotated[str, Text()] = key(..., "a CSV file, its path beginning at the study's folder")
    target: Annotated[str | tuple[str, ...], Names(Text())] = key(..., "the file's target column, or several")
    inputs: Annotated[tuple[Annotated[str, Text()], ...], Spread()] = key(
        (), "the file's input columns; all others unless given"
    )
    standardize: Annotated[bool, Flag()] = key(False, "whether inputs are brought to mean 0 and standard deviation 1")

    def needed(self, files: Files) -> Files:
        return Files(files.folder)

    @property
    def standardizes(self) -> bool:
        return self.standardize

    def samples_in(self, files: Files) -> Dataset:
        return read_csv(files.folder / self.file, self.target, inputs=self.inputs)

    def call(self, files: Files) -> Call:
        inputs = f", inputs={list(self.inputs)!r}" if self.inputs else ""
        target = self.target if isinstance(self.target, str) else list(self.target)
        return Call("from fallline.data.tables import read_csv", f"read_csv({self.file!r}, {target!r}{inputs})")


class KeptTable(Source):
    """A CSV file that a page read, named by the hash of its text. One column is the target, all others are inputs."""

    kind, label = "table", "CSV"

    digest: Annotated[str, Text()] = key("", "a CSV file with a line of names; it stays on this machine", label="table")
    target: Annotated[str, Text()] = key("", "the column to be learned")
    standardize: Annotated[bool, Flag()] = key(True, "bring each input to mean 0 and standard deviation 1")

    def needed(self, files: Files) -> Files:
        return Files(kept={self.digest: files.csv(self.digest)})

    @property
    def standardizes(self) -> bool:
        return self.standardize

    def samples_in(self, files: Files) -> Dataset:
        csv = files.csv(self.digest)
        return table(csv.text, csv.name, self.target)

    def of_study(self, files: Files) -> Table:
        """The same table as a file beside the study."""
        same = {name: getattr(self, name) for name in ("target", "standardize", *self.of_every_source)}
        return Table(file=files.csv(self.digest).name, **same)

    def call(self, files: Files) -> Call:
        return self.of_study(files).call(files)


SOURCES: dict[str, type[Part]] = {source.kind: source for source in (Generated, Points, KeptTable)}
"""The sources that a page offers, by kind."""

STUDY_SOURCES: dict[str, type[Source]] = {source.mark: source for source in (Generated, Table, Points)}
"""The sources that a study may have, by the key that tells them apart."""


def _source(value: Any) -> str | None:
    """The record that a table of data is: the one whose key it has, and no other's."""
    if isinstance(value, Record):
        return type(value).__name__
    kinds = [record.__name__ for mark, record in STUDY_SOURCES.items() if isinstance(value, Mapping) and mark in value]
    return kinds[0] if len(kinds) == 1 else None


Data: TypeAlias = Annotated[
    Annotated[Generated, Tag("Generated")] | Annotated[Points, Tag("Points")] | Annotated[Table, Tag("Table")],
    Discriminator(
        _source,
        custom_error_type="bare",
        custom_error_message=f"data must have either {', or '.join(s.example for s in STUDY_SOURCES.values())}.",
    ),
]
"""The samples of a network in a study."""
