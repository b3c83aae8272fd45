"""An experiment: an objective, a method, a start, and a plane of runs over two settings.

In JSON it is what the address of a page holds. Every key has a default; an unknown key is refused. Nothing in it is
evaluated, opened or fetched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from fallline.data.generated import generate
from fallline.errors import UsageError
from fallline.experiment.fields import key, setting_key
from fallline.experiment.kinds import Choice, Number, Numbers, OfSetting, Text, each, refuse, refuse_unknown
from fallline.experiment.objectives import Objective
from fallline.experiment.part import FORGIVING, OneOf
from fallline.experiment.record import Record
from fallline.experiment.records import InitialName, Network, Schedule
from fallline.experiment.sources import SOURCES, Generated, Source
from fallline.experiment.starts import notebook_start
from fallline.measures.measure import MEASURES
from fallline.problems import NetworkObjective
from fallline.settings import DTYPES, SETTINGS, Setting
from fallline.textbook.network import Network as TextbookNetwork
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from fallline.textbook.schedules import Schedule as TextbookSchedule
from fallline.textbook.schedules import schedule as textbook_schedule

__all__ = ["Experiment", "Pin", "Plane", "Span", "View", "settings_of_optimizer", "settings_of_schedule"]


@dataclass(frozen=True)
class AllSettings:
    """An annotation of a field: every setting of the member that the field `chooser` names, in the member's order."""

    chooser: str
    declared: Callable[[str], Mapping[str, Setting]]

    def read(self, value: Any, info: ValidationInfo) -> dict[str, float]:
        """Return the values of all settings; those that are not in the table have their defaults."""
        if self.chooser not in info.data:
            return {}  # the mistake in the chooser is reported
        declared = self.declared(info.data[self.chooser])
        if not isinstance(value, Mapping):
            refuse("an object of JSON")
        if info.context == FORGIVING:
            value = {name: inner for name, inner in value.items() if name in declared}

        def one(name: str, inner: Any) -> float:
            return OfSetting(declared[name]).read(inner) if name in declared else refuse_unknown(declared)

        values = each(value.items(), one)
        return {name: values.get(name, setting.default) for name, setting in declared.items()}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)


@cache
def settings_of_optimizer(name: str) -> Mapping[str, Setting]:
    """Every setting of runs with an optimizer: the optimizer's own, and the scale of the start.

    >>> list(settings_of_optimizer("momentum"))
    ['learning_rate', 'momentum', 'initial_scale']
    """
    from dataclasses import replace

    declared = {**OPTIMIZERS[name].declared, "initial_scale": SETTINGS["initial_scale"]}
    return {n: replace(s, default=FIRST_RATE) if n == "learning_rate" else s for n, s in declared.items()}


FIRST_RATE = 0.001
"""The learning rate to begin with: 0.01, that of a single run, is too large for most networks on a page."""


@cache
def settings_of_schedule(name: str | TextbookSchedule) -> Mapping[str, Setting]:
    """Every setting of a schedule that is not the number of steps, which is a setting of the run."""
    return {n: s for n, s in textbook_schedule(name).declared.items() if n != "steps"}


class Span(Record):
    """An axis of a plane: a setting and its range."""

    name: Annotated[str, Text()] = key("", "the setting")
    low: Annotated[float, Number()] = key(0.0, "the low end")
    high: Annotated[float, Number()] = key(1.0, "the high end")
    scale: Annotated[Literal["linear", "log"], Choice("scale", ("linear", "log"))] = key(
        "linear", "equal steps, or equal ratios"
    )

    @model_validator(mode="after")
    def _ends(self) -> Span:
        if not self.low < self.high:
            raise UsageError(f"{self.name} must run from low to high; got {self.low:g} to {self.high:g}.")
        if self.scale == "log" and self.low <= 0:
            raise UsageError(
                f"a log axis must have positive ends; {self.name} starts at {self.low:g}. "
                "Raise its low end or make it linear."
            )
        return self

    def fraction(self, value: float) -> float:
        """The place of a value on the axis: 0 at its low end, 1 at its high end.

        >>> Span(name="learning_rate", low=1e-4, high=1e-2, scale="log").fraction(1e-3)
        0.5
        """
        if self.scale == "linear":
            return (value - self.low) / (self.high - self.low)
        return math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else -math.inf


class Plane(Record):
    """Two axes, and what the colours between them show."""

    x: Span = key(
        Span(name="learning_rate", low=1e-5, high=1e-2, scale="log"), "the setting from left to right", label="x axis"
    )
    y: Span = key(Span(name="momentum", low=0.0, high=0.99), "the setting from bottom to top", label="y axis")
    measure: Annotated[str, Choice("measure", MEASURES)] = key(
        "final_loss", "what of each run the colour shows", label="colour shows"
    )
    target: Annotated[float, OfSetting(SETTINGS["target"])] = key(
        40.0, SETTINGS["target"].meaning, label="loss to be reached"
    )

    @property
    def axes(self) -> dict[str, Span]:
        """The axes by their letters."""
        return {"x": self.x, "y": self.y}


@dataclass(frozen=True)
class Ends:
    """An annotation of a pair: its ends lie in [-1, 2], the low one first."""

    def read(self, value: Any) -> tuple[float, float]:
        good = isinstance(value, list | tuple) and len(value) == 2
        if not good or not all(isinstance(v, int | float) and not isinstance(v, bool) and -1 <= v <= 2 for v in value):
            refuse("[low, high] with both ends from -1 to 2")
        low, high = (float(v) for v in value)
        return (low, high) if low < high else refuse("[low, high], the low end first")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


class View(Record):
    """The part of the plane in view; [0, 1] is all of it."""

    x: Annotated[tuple[float, float], Ends()] = key((0.0, 1.0), "the part in view from left to right")
    y: Annotated[tuple[float, float], Ends()] = key((0.0, 1.0), "the part in view from bottom to top")


class Pin(Record):
    """A run that is marked on the plane."""

    x: Annotated[float, Number()] = key(..., "its value on the x axis")
    y: Annotated[float, Number()] = key(..., "its value on the y axis")


def _first_network() -> Network:
    return Network(**Network.first)


def _first_data() -> Generated:
    return Generated(**Generated.first).complete()


@cache
def _first_start() -> tuple[float, ...]:
    """The notebook's start, for the first network on the first data."""
    problem = NetworkObjective(TextbookNetwork.of(_first_network().text), generate("three-gaussians"))
    return tuple(notebook_start(problem).tolist())


class Experiment(Record):
    """A plane of runs, with the part of it in view and the runs that are marked on it.

    Without arguments, it is the built-in study's network, data and start over learning rate and momentum.

    >>> Experiment().map.x
    Span(name='learning_rate', low=1e-05, high=0.01, scale='log')
    """

    objective: Objective = Field(default_factory=_first_network, description="what is minimised")
    data: Annotated[Source, OneOf("data", SOURCES)] = Field(
        default_factory=_first_data, description="a network's samples"
    )
    optimizer: Annotated[str, Choice("optimizer", OPTIMIZERS)] = key("momentum", "the update rule")
    settings: Annotated[dict[str, float], AllSettings("optimizer", settings_of_optimizer)] = key(
        {}, "settings of the optimizer", validate_default=True
    )
    schedule: Annotated[str, Choice("schedule", SCHEDULES)] = key(
        "constant", "how the learning rate changes with the steps"
    )
    schedule_settings: Annotated[dict[str, float], AllSettings("schedule", settings_of_schedule)] = key(
        {}, "settings of the schedule", validate_default=True
    )
    initial: InitialName = key("normal", "distribution of random starts", label="initial weights")
    start: Numbers | None = Field(default_factory=_first_start, description="first parameters of every run")
    seed: Annotated[int, OfSetting(SETTINGS["seed"])] = setting_key("seed")
    starts: Annotated[int, OfSetting(SETTINGS["starts"])] = setting_key("starts", 1)
    steps: Annotated[int, OfSetting(SETTINGS["steps"])] = setting_key("steps", 30)
    batch: Annotated[int, OfSetting(SETTINGS["batch"])] | None = key(None, SETTINGS["batch"].meaning)
    dtype: Annotated[Literal["float32", "float64"], Choice("dtype", DTYPES)] = key(
        "float32", "of the arithmetic; float64 zooms deeper", label="precision"
    )
    map: Plane = key(Plane(), "the plane of runs")
    view: View = key(View(), "the part of the plane in view")
    pins: tuple[Pin, ...] = key((), "runs that are marked on the plane")

    @property
    def is_network(self) -> bool:
        """Whether a network is trained."""
        return isinstance(self.objective, Network)

    @property
    def scheduled(self) -> Schedule:
        """The schedule with its settings."""
        return Schedule(name=self.schedule, settings=self.schedule_settings)
