"""The records of a study: a landscape, a network on data, runs of both, comparisons, maps, and published figures.

A study is data: it is read, checked and written, never executed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, PrivateAttr

from fallline.experiment.fields import Free, key, setting_key
from fallline.experiment.kinds import (
    KEY,
    Adapted,
    Choice,
    Flag,
    Json,
    Kind,
    ListOf,
    Number,
    Numbers,
    OfSetting,
    Rows,
    Spread,
    Text,
    Whole,
)  # fmt: skip
from fallline.experiment.map_settings import MapSettings
from fallline.experiment.record import Record
from fallline.experiment.records import (
    LAYER_RATES,
    InitialName,
    Landscape,
    Method,
    Network,
    Start,
    settings_of,
)  # fmt: skip
from fallline.experiment.sources import Data
from fallline.plotting import Plotted, draw
from fallline.settings import DTYPES, SETTINGS
from fallline.textbook.optimizers import OPTIMIZERS

__all__ = [
    "QUANTITIES", "SLIPS", "Comparison", "Example", "Figure", "Map", "NamedMethod", "Run", "ShownLandscape", "Study",
]  # fmt: skip

SLIPS = ("shapes", "bias_of_h2", "sign_of_loss", "free_indices", "overflow", "one_start")
"""Slips of the notebook that a report can show; see `fallline.report.slips`."""

QUANTITIES = ("probabilities", "sums", "start", "end", "start_loss", "end_loss", "derivative")
"""The quantities of published figures."""


TABLES = ListOf(f"a list of tables, each opened by [[{KEY}]]")


class _FigureValue(Kind):
    """A published value: a number, a list of numbers, or a formula as text."""

    def read(self, value: Any) -> float | str | tuple[float, ...]:
        if isinstance(value, str):
            return value
        return tuple(Adapted(Numbers).read(value)) if isinstance(value, list | tuple) else Number().read(value)

    def schema(self) -> Json:
        return {"anyOf": [{"type": "string"}, Number().schema(), Adapted(Numbers).schema()]}


class Figure(Record):
    """A published figure, to be compared with the measured one to its printed digits."""

    id: Annotated[str, Text()] = key(..., "what results.json and the report call it")
    quantity: Annotated[str, Choice("quantity", QUANTITIES)] = key(..., f"what it is: {', '.join(QUANTITIES)}")
    value: Annotated[float | str | tuple[float, ...], _FigureValue()] = key(
        ..., "as published; a formula of a derivative as text"
    )
    decimals: Annotated[int, Whole(0, 30)] = key(0, "digits after the point that were printed")
    of: Annotated[str, Text()] = key("", "which: the sample's number, or the coordinate of a derivative")


Figures = Annotated[tuple[Figure, ...], TABLES]
_FIGURES = "published figures of it: { id, quantity, value, decimals }"
_ABOVE_0 = replace(SETTINGS["learning_rate"], low_included=False)
ObjectiveName = Annotated[str, Choice("objective", ("", "network", "landscape"))]
Steps = Annotated[int, OfSetting(SETTINGS["steps"])]
Seed = Annotated[int, OfSetting(SETTINGS["seed"])]
Batch = Annotated[int, OfSetting(SETTINGS["batch"])]
Starts = Annotated[int, OfSetting(SETTINGS["starts"])]
Switch = Annotated[bool, Flag()]
_REPLACEMENT = "whether each sample of a minibatch is drawn from all samples, not by shuffles"
_FULL_LOSS = "whether losses are those of all samples, not of the minibatch of the next step"


class NamedRecord(Record):
    """A record with a name of its own."""

    name: Annotated[str, Text()] = key("", "what tables and pictures call it; made of the settings unless given")


class NamedMethod(Method, NamedRecord):
    """A method of a comparison."""


class Run(Method, NamedRecord):
    """One run."""

    start: Start | None = key(None, "first parameters, or how they are drawn")
    steps: Steps = setting_key("steps")
    batch: Batch | None = key(None, "samples in a minibatch; all unless given")
    replacement: Switch = key(False, _REPLACEMENT)
    full_loss: Switch = key(False, _FULL_LOSS)
    seed: Seed = setting_key("seed", meaning="key of minibatches")
    published: Figures = key((), _FIGURES)


class ShownLandscape(Landscape):
    """A landscape with published figures of it."""

    published: Figures = key((), _FIGURES)


class Example(Record):
    """Given weights, and samples to send through the network number by number."""

    samples: Rows = key(..., "inputs, one row for each sample")
    weights: Annotated[
        dict[str, Any], Free("", {}, dict, (("W[0-9]+", Adapted(Rows)), ("b[0-9]+", Adapted(Numbers))))
    ] = key({}, "W1, b1, W2, ...: weights (units below by units above) and biases of each layer")
    published: Figures = key((), _FIGURES)


class Comparison(Record):
    """Methods over many random starts."""

    methods: Annotated[tuple[NamedMethod, ...], replace(TABLES, low=1)] = key(..., "the methods: a table for each")
    objective: ObjectiveName = key("", "network or landscape")
    starts: Starts = setting_key("starts")
    steps: Steps = setting_key("steps", meaning="number of updates of each run")
    target: Annotated[float, OfSetting(SETTINGS["target"])] | None = key(
        None, "loss to be reached; the best method's median unless given"
    )
    seed: Seed = setting_key("seed", meaning="key of the random starts")
    initial: InitialName = key("normal", "of a network's random weights", toml="distribution")
    tune: Annotated[tuple[Annotated[float, OfSetting(_ABOVE_0)], ...], ListOf("a list of numbers")] = key(
        (), "learning rates to try for each method on other starts, to compare all at their best"
    )


class Plane(Record):
    """Two settings, or one, and how many values of each."""

    x: Annotated[str, Text()] = key(
        ..., "setting across: name=low..high, with :log for equal ratios; or choices: optimizer=sgd,adam, width=4,8"
    )
    y: Annotated[str, Text()] = key("", "setting upwards; without it the map has one dimension")
    size: Annotated[str, Text()] = key("192x128", "columns x rows")


class Map(Method, Plane):
    """A plane of runs over two settings."""

    settings: Annotated[
        dict[str, float],
        MapSettings(
            "optimizer",
            OPTIMIZERS,
            settings_of,
            (
                *LAYER_RATES,
                ("initial_scale", OfSetting(SETTINGS["initial_scale"])),
                (r"initial_offset(\.[0-9]+)?", OfSetting(SETTINGS["initial_offset"])),
            ),
        ),
    ] = key({}, "settings of the optimizer, or of the optimizers of an axis")
    start: Start | None = key(None, "first parameters of every run")
    steps: Steps = setting_key("steps", meaning="number of updates of each run")
    batch: Batch | None = key(None, "samples in a minibatch; all unless given")
    replacement: Switch = key(False, _REPLACEMENT)
    full_loss: Switch = key(False, _FULL_LOSS)
    seed: Seed = setting_key("seed", meaning="key of random starts and minibatches")
    starts: Starts = setting_key("starts", 1, "number of random starts of each cell")
    initial: InitialName = key("normal", "of a network's random weights", toml="distribution")
    dtype: Annotated[str, Choice("dtype", DTYPES)] = key("float64", "precision of the arithmetic")
    measures: Annotated[tuple[Annotated[str, Text()], ...], Spread()] = key(
        ("final_loss", "outcome"), "what is kept of each run"
    )
    objective: ObjectiveName = key("", "network or landscape")


@dataclass(frozen=True)
class Origin:
    """The origin of a study. Studies with the same content are equal, whatever their origin."""

    name: str = field(default="study", compare=False)
    folder: Path = field(default=Path(), compare=False)


class Study(Record, Plotted):
    """A described set of runs.

    >>> from fallline.experiment.studies import study
    >>> three = study("three-gaussians")
    >>> len(three.descents), len(three.fits), three.network.units
    (9, 4, (2, 3, 2, 3))
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["network"]}, {"required": ["landscape"]}],
            "dependencies": {
                "data": ["network"], "example": ["network"], "fits": ["network", "data"], "descents": ["landscape"]
            },
        }
    )  # fmt: skip

    title: Annotated[str, Text()] = key(..., "the report's title")
    question: Annotated[str, Text()] = key("", "what the study asks, in a sentence or two")
    network: Network | None = key(None, "a network")
    example: Example | None = key(None, "a forward pass to show number by number")
    landscape: ShownLandscape | None = key(None, "a landscape")
    descents: Annotated[tuple[Run, ...], TABLES] = key((), "runs on the landscape")
    data: Data | None = key(None, "the network's samples")
    fits: Annotated[tuple[Run, ...], TABLES] = key((), "runs of the network on the data")
    comparisons: Annotated[tuple[Comparison, ...], TABLES] = key((), "methods over many starts")
    maps: Annotated[tuple[Map, ...], TABLES] = key((), "planes of runs")
    slips: Annotated[tuple[Annotated[str, Choice("slip", SLIPS)], ...], Spread()] = key(
        (), "slips of the notebook to show"
    )
    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def name(self) -> str:
        """The name of the built-in study or of the file."""
        return self._origin.name

    @property
    def folder(self) -> Path:
        """The folder at which the paths of its files begin."""
        return self._origin.folder

    def at(self, name: str, folder: Path | None = None) -> Study:
        """The same study with a name and a folder."""
        study = self.model_copy()
        study._origin = Origin(name, folder or Path())
        return study

    def plot(self, **options: Any) -> Any:
        """The study's network or landscape as a picture; see `fallline.views.pictures.study`."""
        return draw("study", self, **options)

    def _in_words(self) -> str:
        return f"Study {self.name!r}: {self.title}" + (f"\n{self.question}" if self.question else "")
