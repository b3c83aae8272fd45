"""The parts of an experiment: a network or a landscape, data, a method, a start.

Studies and the lab are built of these; `fallline.experiment.build` makes the objects that they describe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from fallline.errors import SettingError
from fallline.experiment.fields import Free, key, setting_key
from fallline.experiment.kinds import (
    Choice,
    Flag,
    Json,
    Kind,
    ListOf,
    Number,
    Numbers,
    OfSetting,
    Spread,
    Text,
    Units,
    Whole,
    refuse,
)  # fmt: skip
from fallline.experiment.part import Part
from fallline.experiment.record import Record
from fallline.settings import SETTINGS
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.parametrizations import PARAMETRIZATIONS
from fallline.textbook.schedules import SCHEDULES

__all__ = [
    "DRAWS", "LAYER_RATES", "Draw", "InitialName", "Landscape", "Method", "Network", "Schedule", "Start", "settings_of",
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


class Network(Part):
    """A network and its loss.

    >>> Network(units="2-3-2-3").activations
    ('relu', 'relu')
    """

    kind, label = "network", "network"
    first: ClassVar[Mapping[str, Any]] = {"units": (2, 3, 2, 3)}

    units: Annotated[tuple[int, ...], Units()] = key(
        ..., "units of each layer, inputs first", label="layers", toml="sizes"
    )
    activations: Annotated[tuple[ActivationName, ...], Spread()] = key(
        "relu", "the activation of each hidden layer, or one name for all", toml="activation", validate_default=True
    )
    loss: Annotated[str, Choice("loss", LOSSES)] = key("cross_entropy", "what is minimised")
    reduction: Annotated[str, Choice("reduction", ("sum", "mean"))] = key(
        "sum", "sum or mean of the loss over the samples", label="over samples"
    )
    bias: Annotated[bool, Flag()] = key(True, "whether layers have biases", label="biases")
    l2: Annotated[float, OfSetting(SETTINGS["l2"])] = key(
        SETTINGS["l2"].default, SETTINGS["l2"].meaning, label="L2 penalty"
    )
    parametrization: Annotated[str, Choice("parametrization", PARAMETRIZATIONS)] = key(
        "standard", "how first weights and learning rates depend on the width"
    )
    base_width: Annotated[int, OfSetting(SETTINGS["base_width"])] = setting_key("base_width")

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


def _rising(side: tuple[float, ...]) -> tuple[float, ...]:
    return side if side[0] < side[1] else refuse("[low, high], the low end first")


Side: TypeAlias = Annotated[
    tuple[Annotated[float, Number()], ...], ListOf("[low, high]", 2, 2), AfterValidator(_rising)
]
Window: TypeAlias = Annotated[tuple[Side, ...], ListOf("[[x low, x high], [y low, y high]]", 2, 2)]


class Landscape(Record):
    """A function of coordinates, by its name or as a formula, and the part of it that pictures show."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["name"]}, {"required": ["formula"]}]})

    name: Annotated[str, Choice("landscape", LANDSCAPES)] = key("", "the function to descend; or a formula")
    formula: Annotated[str, Text()] = key("", 'a function of x and y as text, as "x^2 + 3*y^2", in place of a name')
    window: Window | None = key(None, "what pictures show: [[x low, x high], [y low, y high]]")

    @model_validator(mode="after")
    def _one(self) -> Landscape:
        if bool(self.name) == bool(self.formula):
            raise PydanticCustomError("bare", "[landscape] must have a name or a formula, one of the two.")
        return self


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
