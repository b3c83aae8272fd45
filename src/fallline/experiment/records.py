"""The parts of an experiment: a network or a landscape, data, a method, a start.

Studies and the lab are built of these; `fallline.experiment.build` makes the objects that they describe.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, GetJsonSchemaHandler, Tag, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from fallline.data.generated import GENERATED
from fallline.errors import SettingError
from fallline.experiment.fields import (
    Adapted,
    Choice,
    Flag,
    Free,
    Json,
    Kind,
    Names,
    Number,
    Numbers,
    OfSetting,
    Rows,
    Spread,
    Text,
    Units,
    Whole,
    key,
    refuse,
    setting_key,
)  # fmt: skip
from fallline.experiment.record import Record
from fallline.settings import SETTINGS
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = [
    "DRAWS", "LAYER_RATES", "Data", "Draw", "Generated", "InitialName", "Landscape", "Method", "Network", "Points", "Schedule",
    "Start", "Table", "settings_of",
]  # fmt: skip

DRAWS = ("random", "notebook_normal", "notebook_uniform")
"""Ways to draw a start."""

ActivationName: TypeAlias = Annotated[str, Choice("activation", ACTIVATIONS)]
InitialName: TypeAlias = Annotated[str, Choice("initial weights", INITIALS)]
"""The name of a distribution of a network's random weights."""


def settings_of(member: Any) -> dict[str, Kind]:
    """The kinds of the settings that a member of a family declares."""
    return {name: OfSetting(setting) for name, setting in member.declared.items()}


# What is minimised ----------------------------------------------------------------------------------------------------


class Network(Record):
    """A network and its loss.

    >>> Network(units="2-3-2-3").activations
    ('relu', 'relu')
    """

    units: Annotated[tuple[int, ...], Units()] = key(..., "units of each layer, inputs first", toml="sizes")
    activations: Annotated[tuple[ActivationName, ...], Spread()] = key(
        "relu", "of the hidden layers: one name, or one for each", toml="activation", validate_default=True
    )
    loss: Annotated[str, Choice("loss", LOSSES)] = key("cross_entropy", "what is minimised")
    reduction: Annotated[str, Choice("reduction", ("sum", "mean"))] = key(
        "sum", "sum or mean of the loss over the samples"
    )
    bias: Annotated[bool, Flag()] = key(True, "whether layers have biases")
    l2: Annotated[float, OfSetting(SETTINGS["l2"])] = setting_key("l2")

    @field_validator("activations", mode="wrap")
    @classmethod
    def _spread(cls, value: Any, handler: Any, info: ValidationInfo) -> Any:
        """One name is that of every hidden layer."""
        if not isinstance(value, str):
            return handler(value)
        return handler((value,)) * max(0, len(info.data.get("units", ())) - 2)

    def write(self) -> Json:
        table = super().write() | {"sizes": self.text}
        if len({*self.activations}) == 1:
            table["activation"] = self.activations[0]
        return {k: v for k, v in table.items() if (k, v) != ("activation", "relu")}

    @property
    def text(self) -> str:
        """The units as text: "2-3-2-3"."""
        return "-".join(map(str, self.units))


Window: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


class Landscape(Record):
    """A function of coordinates, by its name or as a formula, and the part of it that pictures show."""

    name: Annotated[str, Choice("landscape", LANDSCAPES)] = key("", "the function to descend; or a formula")
    formula: Annotated[str, Text()] = key("", 'a function of x and y as text, as "x^2 + 3*y^2", in place of a name')
    window: Annotated[Window, Adapted(Rows)] | None = key(
        None, "what pictures show: [[x low, x high], [y low, y high]]"
    )

    @field_validator("window")
    @classmethod
    def _sides(cls, window: Any) -> Any:
        sides = window is None or (len(window) == 2 and all(len(side) == 2 and side[0] < side[1] for side in window))
        return window if sides else refuse("[[x low, x high], [y low, y high]]")

    @model_validator(mode="after")
    def _one(self) -> Landscape:
        if bool(self.name) == bool(self.formula):
            raise PydanticCustomError("bare", "[landscape] must have a name or a formula, one of the two.")
        return self


# The samples ----------------------------------------------------------------------------------------------------------


def _options(member: Any) -> dict[str, Kind]:
    """The kinds of a generated set's options: its own settings; an argument that is no number takes rows of numbers."""
    rows = {
        name: Adapted(Rows) for name in inspect.signature(member.function).parameters if name not in member.declared
    }
    return {k: kind for k, kind in settings_of(member).items() if k not in ("samples", "seed")} | rows


class Generated(Record):
    """A generated data set."""

    name: Annotated[str, Choice("data set", GENERATED)] = key(..., "a generated set")
    samples: Annotated[int, Whole(1, 1_000_000)] = key(100, "samples of each class of a generated set")
    seed: Annotated[int, OfSetting(SETTINGS["seed"])] | None = key(
        None, "key of its random numbers; the set's own unless given"
    )
    options: Annotated[dict[str, Any], Free("name", GENERATED, _options)] = key({}, "its settings")


class Points(Record):
    """Points of two inputs."""

    points: Rows = key(..., "points of two inputs: [x, y, class], classes 0, 1, ...")


class Table(Record):
    """A table in a file."""

    file: Annotated[str, Text()] = key(..., "a CSV file, its path beginning at the study's folder")
    target: Annotated[str | tuple[str, ...], Names(Text())] = key(..., "the file's target column, or several")
    inputs: Annotated[tuple[Annotated[str, Text()], ...], Spread()] = key(
        (), "the file's input columns; all others unless given"
    )
    standardize: Annotated[bool, Flag()] = key(False, "whether inputs are brought to mean 0 and standard deviation 1")


_SOURCES = {"name": Generated, "file": Table, "points": Points}


def _source(value: Any) -> str | None:
    """The record that a table of data is: the one whose key it has, and no other's."""
    if isinstance(value, Record):
        return type(value).__name__
    kinds = [record.__name__ for key, record in _SOURCES.items() if isinstance(value, Mapping) and key in value]
    return kinds[0] if len(kinds) == 1 else None


Data: TypeAlias = Annotated[
    Annotated[Generated, Tag("Generated")] | Annotated[Points, Tag("Points")] | Annotated[Table, Tag("Table")],
    Discriminator(
        _source,
        custom_error_type="bare",
        custom_error_message=(
            'data must have either name = "...", a generated set, or file = "...", a table of your own, or '
            "points = [[x, y, class], ...]."
        ),
    ),
]
"""The samples of a network."""


# How it is trained ----------------------------------------------------------------------------------------------------


LAYER_RATES = ((r"learning_rate\.[0-9]+", OfSetting(SETTINGS["learning_rate"])),)
"""The learning rate of one layer: learning_rate.2."""


class Schedule(Record):
    """A schedule of the learning rate, with its settings. The name alone stands for a schedule without any."""

    name: Annotated[str, Choice("schedule", SCHEDULES)] = key(..., "the schedule")
    settings: Annotated[dict[str, float], Free("name", SCHEDULES, settings_of)] = key({}, "its settings")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    def write(self) -> Any:
        return super().write() if self.settings else self.name

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return {"anyOf": [Choice("schedule", SCHEDULES).schema(), super().__get_pydantic_json_schema__(core, handler)]}


class Method(Record):
    """An optimizer with its settings and a schedule.

    >>> Method(optimizer="momentum", learning_rate=0.1).settings
    {'learning_rate': 0.1}
    """

    optimizer: Annotated[str, Choice("optimizer", OPTIMIZERS)] = key("gradient_descent", "the update rule")
    settings: Annotated[
        dict[str, float],
        Free("optimizer", OPTIMIZERS, settings_of, LAYER_RATES),
    ] = key({}, "settings of the optimizer")
    schedule: Schedule = key(Schedule(name="constant"), "of the learning rate: a name, or { name, ... }")


class Draw(Record):
    """How a start is drawn."""

    draw: Annotated[str, Choice("draw", DRAWS)] = key(..., f"how: {', '.join(DRAWS)}")
    seed: Annotated[int, OfSetting(SETTINGS["seed"])] = setting_key("seed")
    index: Annotated[int, Whole(0, 1_000_000)] = key(0, "which of the draws of that seed, from 0")
    low: Annotated[float, Number()] = key(-1.0, "lower end of notebook_uniform")
    high: Annotated[float, Number()] = key(1.0, "upper end of notebook_uniform")
    initial: InitialName = key("normal", "of a network's random weights", toml="distribution")

    @model_validator(mode="after")
    def _ends(self) -> Draw:
        if self.draw == "notebook_uniform" and not 0 < self.high - self.low < float("inf"):
            raise SettingError(f"low must be below high; got {self.low:g} and {self.high:g}.")
        return self


Start: TypeAlias = Annotated[
    Annotated[Draw, Tag("Draw")] | Annotated[Numbers, Tag("numbers")],
    Discriminator(lambda value: "Draw" if isinstance(value, Mapping | Draw) else "numbers"),
]
"""The first parameters: numbers, or how they are drawn."""
