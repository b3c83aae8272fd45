"""Where the samples of a network come from. A source is one record: its fields, its data set, its line of Python.

Its fields make its keys in TOML and JSON, its controls on a page, and its part of the JSON Schema.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import Discriminator, Tag, field_validator

from fallline.data.dataset import Dataset
from fallline.data.generated import GENERATED, generate
from fallline.data.points import points_by_hand
from fallline.experiment.fields import Free, key
from fallline.experiment.kinds import Adapted, Choice, Kind, OfSetting, Rows, Whole
from fallline.experiment.part import Part
from fallline.experiment.record import Record
from fallline.experiment.source import Call, Files, Source
from fallline.experiment.table_sources import KeptTable, Table
from fallline.settings import SETTINGS

__all__ = ["SOURCES", "STUDY_SOURCES", "Call", "Data", "Files", "Generated", "KeptTable", "Points", "Source", "Table"]


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
