"""What a study describes: a landscape, a network on data, runs of both, comparisons, a map, and published figures.

A study is data: it is read, checked and written, never executed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fallline.data.generated import GENERATED
from fallline.settings import SETTINGS
from fallline.studies.keys import (
    Choice,
    Flag,
    Kind,
    Names,
    Number,
    Numbers,
    Rest,
    Rows,
    Sizes,
    Table,
    Tables,
    Text,
    Whole,
    key,
)  # fmt: skip
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = [
    "SLIPS", "ComparisonPlan", "DataPlan", "Example", "Figure", "LandscapePlan", "MapPlan", "MethodPlan", "NetworkPlan",
    "RunPlan", "SchedulePlan", "StartPlan", "Study",
]  # fmt: skip

SLIPS = ("shapes", "bias_of_h2", "sign_of_loss", "free_indices", "overflow", "one_start")
"""Slips of the notebook that a report can show; see `fallline.report.slips`."""

QUANTITIES = ("probabilities", "sums", "start", "end", "start_loss", "end_loss", "derivative")
DRAWS = ("random", "notebook_normal", "notebook_uniform")


class _FigureValue:
    """A published value: a number, a list of numbers, or a formula as text."""

    def read(self, value: Any, place: Any) -> float | str | tuple[float, ...]:
        if isinstance(value, str):
            return value
        return Numbers().read(value, place) if isinstance(value, list) else Number().read(value, place)

    def write(self, value: Any) -> Any:
        return list(value) if isinstance(value, tuple) else value


class _Start:
    """Numbers, or a table that says how they are drawn."""

    def read(self, value: Any, place: Any) -> tuple[float, ...] | StartPlan:
        return Table(StartPlan).read(value, place) if isinstance(value, dict) else Numbers().read(value, place)

    def write(self, value: Any) -> Any:
        return list(value) if isinstance(value, tuple) else Table(StartPlan).write(value)


class _Schedule:
    """A schedule's name, or a table with its settings."""

    def read(self, value: Any, place: Any) -> str | SchedulePlan:
        if isinstance(value, dict):
            return SchedulePlan(**vars(Table(SchedulePlan).read(value, place)))
        return Choice("schedule", lambda: SCHEDULES).read(value, place)

    def write(self, value: Any) -> Any:
        return value if isinstance(value, str) else Table(SchedulePlan).write(value)


def _of_optimizer(values: Mapping[str, Any]) -> Iterable[str]:
    return OPTIMIZERS[values["optimizer"]].settings


def _of_schedule(values: Mapping[str, Any]) -> Iterable[str]:
    return SCHEDULES[values["name"]].settings if values.get("name") in SCHEDULES else ()


def _of_data(values: Mapping[str, Any]) -> Iterable[str]:
    name = values.get("name", "")
    return (
        [p for p in inspect.signature(GENERATED[name].function).parameters if p not in ("samples", "seed")]
        if name
        else ()
    )


def _number(name: str) -> Kind:
    return Number(name.split(".")[0]) if name.split(".")[0] in SETTINGS else Number()


def _weights(values: Mapping[str, Any]) -> Iterable[str]:
    return ("W1", "b1")


_LAYER_RATE = r"learning_rate\.[0-9]+"


@dataclass(frozen=True)
class Figure:
    """A published figure, to be compared with the measured one to its printed digits."""

    id: str = key(Text(), "what results.json and the report call it")
    quantity: str = key(Choice("quantity", lambda: QUANTITIES), f"what it is: {', '.join(QUANTITIES)}")
    value: float | str | tuple[float, ...] = key(_FigureValue(), "as published; a formula of a derivative as text")
    decimals: int = key(Whole(high=30), "digits after the point that were printed", 0)
    of: str = key(Text(), "which: the sample's number, or the coordinate of a derivative", "")


_FIGURES = "published figures of it: { id, quantity, value, decimals }"


@dataclass(frozen=True)
class SchedulePlan:
    """A learning-rate schedule with its settings."""

    name: str = key(Choice("schedule", lambda: SCHEDULES), "the schedule")
    settings: dict[str, float] = key(Rest(_of_schedule, _number), "its settings", {})


@dataclass(frozen=True)
class StartPlan:
    """How a start is drawn."""

    draw: str = key(Choice("draw", lambda: DRAWS), f"how: {', '.join(DRAWS)}")
    seed: int = key(Whole("seed"), "key of the random numbers", 0)
    index: int = key(Whole(high=1_000_000), "which of the draws of that seed, from 0", 0)
    low: float = key(Number(), "lower end of notebook_uniform", -1.0)
    high: float = key(Number(), "upper end of notebook_uniform", 1.0)
    distribution: str = key(Choice("initial weights", lambda: INITIALS), "of a network's random weights", "normal")


@dataclass(frozen=True)
class MethodPlan:
    """An optimizer with its settings."""

    name: str = key(Text(), "what tables and pictures call it; made of the settings unless given", "")
    optimizer: str = key(Choice("optimizer", lambda: OPTIMIZERS), "the update rule", "gradient_descent")
    schedule: str | SchedulePlan = key(_Schedule(), "of the learning rate: a name, or { name, ... }", "constant")
    settings: dict[str, float] = key(Rest(_of_optimizer, _number, _LAYER_RATE), "settings of the optimizer", {})


@dataclass(frozen=True)
class RunPlan:
    """One run."""

    name: str = key(Text(), "what tables and pictures call it; made of the settings unless given", "")
    optimizer: str = key(Choice("optimizer", lambda: OPTIMIZERS), "the update rule", "gradient_descent")
    settings: dict[str, float] = key(Rest(_of_optimizer, _number, _LAYER_RATE), "settings of the optimizer", {})
    schedule: str | SchedulePlan = key(_Schedule(), "of the learning rate: a name, or { name, ... }", "constant")
    start: tuple[float, ...] | StartPlan | None = key(_Start(), "first parameters, or how they are drawn", None)
    steps: int = key(Whole("steps"), "number of updates", 100)
    batch: int | None = key(Whole("batch"), "samples in a minibatch; all unless given", None)
    seed: int = key(Whole("seed"), "key of minibatches", 0)
    published: tuple[Figure, ...] = key(Tables(Figure), _FIGURES, ())


@dataclass(frozen=True)
class LandscapePlan:
    """A landscape and the part of it that pictures show."""

    name: str = key(Choice("landscape", lambda: LANDSCAPES), "the function to descend; or a formula", "")
    formula: str = key(Text(), 'a function of x and y as text, as "x^2 + 3*y^2", in place of a name', "")
    window: tuple[tuple[float, ...], ...] | None = key(
        Rows(), "what pictures show: [[x low, x high], [y low, y high]]", None
    )
    published: tuple[Figure, ...] = key(Tables(Figure), _FIGURES, ())


@dataclass(frozen=True)
class NetworkPlan:
    """A network and its loss."""

    sizes: str = key(Sizes(), "units of each layer, inputs first")
    activation: str | tuple[str, ...] = key(
        Names(Choice("activation", lambda: ACTIVATIONS)), "of the hidden layers: one name, or one for each", "relu"
    )
    loss: str = key(Choice("loss", lambda: LOSSES), "what is minimised", "cross_entropy")
    reduction: str = key(
        Choice("reduction", lambda: ("sum", "mean")), "sum or mean of the loss over the samples", "sum"
    )
    bias: bool = key(Flag(), "whether layers have biases", True)
    l2: float = key(Number("l2"), "L2 penalty: l2/2 times the sum of squared weights", 0.0)


@dataclass(frozen=True)
class Example:
    """Given weights, and samples to send through the network number by number."""

    samples: tuple[tuple[float, ...], ...] = key(Rows(), "inputs, one row for each sample")
    weights: dict[str, Any] = key(
        Rest(_weights, lambda name: Rows() if name[0] == "W" else Numbers(), r"[Wb][0-9]+"),
        "W1, b1, W2, ...: weights (units below by units above) and biases of each layer", {},
    )  # fmt: skip
    published: tuple[Figure, ...] = key(Tables(Figure), _FIGURES, ())


@dataclass(frozen=True)
class DataPlan:
    """The samples: a generated set, or a table in a file."""

    name: str = key(Choice("data set", lambda: GENERATED), "a generated set", "")
    samples: int = key(Whole(low=1, high=1_000_000), "samples of each class of a generated set", 100)
    seed: int | None = key(Whole("seed"), "key of its random numbers; the set's own unless given", None)
    options: dict[str, Any] = key(
        Rest(_of_data, lambda name: Rows() if name == "centres" else Number()), "its settings", {}
    )
    points: tuple[tuple[float, ...], ...] = key(Rows(), "or points of two inputs: [x, y, class], classes 0, 1, ...", ())
    file: str = key(Text(), "or a CSV file, its path beginning at the study's folder", "")
    target: str | tuple[str, ...] = key(Names(Text()), "the file's target column, or several", "")
    inputs: tuple[str, ...] = key(Names(Text()), "the file's input columns; all others unless given", ())
    standardize: bool = key(Flag(), "whether inputs are brought to mean 0 and standard deviation 1", False)


@dataclass(frozen=True)
class ComparisonPlan:
    """Methods over many random starts."""

    methods: tuple[MethodPlan, ...] = key(Tables(MethodPlan), "the methods: a table for each")
    objective: str = key(Choice("objective", lambda: ("", "network", "landscape")), "network or landscape", "")
    starts: int = key(Whole("starts", 1), "number of random starts", 1000)
    steps: int = key(Whole("steps"), "number of updates of each run", 100)
    target: float | None = key(Number("target"), "loss to be reached; the best method's median unless given", None)
    seed: int = key(Whole("seed"), "key of the random starts", 0)
    distribution: str = key(Choice("initial weights", lambda: INITIALS), "of a network's random weights", "normal")
    tune: tuple[float, ...] = key(
        Numbers(), "learning rates to try for each method on other starts, to compare all at their best", ()
    )


@dataclass(frozen=True)
class MapPlan:
    """A plane of runs over two settings."""

    x: str = key(Text(), "setting across: name=low..high, with :log for equal ratios")
    y: str = key(Text(), "setting upwards")
    size: str = key(Text(), "columns x rows", "192x128")
    optimizer: str = key(Choice("optimizer", lambda: OPTIMIZERS), "the update rule", "gradient_descent")
    settings: dict[str, float] = key(
        Rest(_of_optimizer, _number, f"{_LAYER_RATE}|initial_scale"), "settings of the optimizer", {}
    )
    schedule: str | SchedulePlan = key(_Schedule(), "of the learning rate: a name, or { name, ... }", "constant")
    start: tuple[float, ...] | StartPlan | None = key(_Start(), "first parameters of every run", None)
    steps: int = key(Whole("steps"), "number of updates of each run", 100)
    batch: int | None = key(Whole("batch"), "samples in a minibatch; all unless given", None)
    seed: int = key(Whole("seed"), "key of random starts and minibatches", 0)
    starts: int = key(Whole("starts", 1), "number of random starts of each cell", 1)
    distribution: str = key(Choice("initial weights", lambda: INITIALS), "of a network's random weights", "normal")
    dtype: str = key(Choice("dtype", lambda: ("float32", "float64")), "precision of the arithmetic", "float64")
    measures: tuple[str, ...] = key(Names(Text()), "what is kept of each run", ("final_loss", "outcome"))
    objective: str = key(Choice("objective", lambda: ("", "network", "landscape")), "network or landscape", "")


@dataclass(frozen=True)
class Study:
    """A described set of runs.

    >>> from fallline.studies import study
    >>> three = study("three-gaussians")
    >>> len(three.descents), len(three.fits), three.network.sizes
    (9, 4, '2-3-2-3')
    """

    title: str = key(Text(), "the report's title")
    question: str = key(Text(), "what the study asks, in a sentence or two", "")
    network: NetworkPlan | None = key(Table(NetworkPlan), "a network", None)
    example: Example | None = key(Table(Example), "a forward pass to show number by number", None)
    landscape: LandscapePlan | None = key(Table(LandscapePlan), "a landscape", None)
    descents: tuple[RunPlan, ...] = key(Tables(RunPlan), "runs on the landscape", ())
    data: DataPlan | None = key(Table(DataPlan), "the network's samples", None)
    fits: tuple[RunPlan, ...] = key(Tables(RunPlan), "runs of the network on the data", ())
    comparisons: tuple[ComparisonPlan, ...] = key(Tables(ComparisonPlan), "methods over many starts", ())
    maps: tuple[MapPlan, ...] = key(Tables(MapPlan), "planes of runs", ())
    slips: tuple[str, ...] = key(Names(Choice("slip", lambda: SLIPS)), "slips of the notebook to show", ())
    folder: Path = field(default=Path(), compare=False, repr=False)
    name: str = field(default="study", compare=False)
