"""Stand-ins for functions of the user's own, which a map file knows by name and fingerprint only.

With them a map can be described, drawn and exported. A call of the function raises an error.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fallline.errors import UsageError
from fallline.measures.own import OwnMeasure, measure
from fallline.problems import LandscapeObjective, Objective
from fallline.settings import SETTINGS, Setting, latex_symbol
from fallline.textbook.activations import Activation
from fallline.textbook.initial import Initial
from fallline.textbook.landscapes import Landscape
from fallline.textbook.losses import Loss
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.parametrizations import Parametrization
from fallline.textbook.schedules import Schedule

__all__ = ["AbsentFunction", "AbsentObjective", "absent_landscape", "absent_measure", "absent_record", "refuse_absent"]


@dataclass(frozen=True)
class AbsentFunction:
    """A stand-in for a function that is not here.

    Parameters
    ----------
    name
        The function's name.
    sha256
        Its fingerprint.
    arguments
        Names of its coordinates, which are positional, or of its settings, which are keywords.
    keywords
        Whether they are keywords.
    """

    name: str
    sha256: str
    arguments: tuple[str, ...] = ()
    keywords: bool = False

    def __post_init__(self) -> None:
        # what `inspect.signature` reports of the instance: labels and settings are read from there
        kind = inspect.Parameter.KEYWORD_ONLY if self.keywords else inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = [inspect.Parameter(name, kind) for name in self.arguments if name.isidentifier()]
        object.__setattr__(self, "__signature__", inspect.Signature(names))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        raise UsageError(
            f"{self.name!r} is a function of your own, which a map file knows by name only: give it to load_map in "
            f"Python, or to the command again as FILE.py:{self.name}."
        )


@dataclass(frozen=True)
class AbsentObjective(Objective):
    """A stand-in for an objective of the user's own class."""

    name: str
    dimension: int
    loss_and_gradient: AbsentFunction

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.dimension))

    @property
    def loss(self) -> AbsentFunction:
        return self.loss_and_gradient


def absent_landscape(
    own: Mapping[str, Any], dimension: int, window: tuple[tuple[float, float], tuple[float, float]] | None
) -> LandscapeObjective:
    """The landscape of a description, with a stand-in for its function."""
    function = AbsentFunction(own["own"], own["sha256"], tuple(own.get("coordinates", ())))
    record = Landscape(own["own"], function, function, dimension=dimension)
    return LandscapeObjective(record if window is None else replace(record, window=window))


def absent_record(own: Mapping[str, Any], what: str) -> Any:
    """The member of a family that a description names: an optimizer, a schedule, an activation, ..., with a stand-in for its function."""
    name, names = own["own"], tuple(own.get("settings", ()))
    function = AbsentFunction(name, own["sha256"], names, keywords=True)
    settings = tuple(_any_number(s, s in own.get("whole", ())) for s in names if s.isidentifier())
    match what:
        case "optimizer":
            return Optimizer(name, function, own_settings=settings)
        case "schedule":
            return Schedule(name, function, own_settings=settings)
        case "activation":
            return Activation(name, function, function, analytic=False)
        case "parametrization":
            return Parametrization(name, function)
        case "loss":
            return Loss(name, function, function, function, own.get("targets", "values"))
    return Initial(name, "zeros", function)


def absent_measure(own: Mapping[str, Any]) -> OwnMeasure:
    """The measure of a description, with its function not here."""
    function = AbsentFunction(own["own"], own["sha256"])
    return measure(
        function, own["own"], over=own["over"], over_starts=own["starts"], better=own.get("better"), log=own.get("log"),
    )  # fmt: skip


def _any_number(name: str, whole: bool) -> Setting:
    """The declaration of a setting whose range the file does not hold: any number is valid."""
    shared = SETTINGS.get(name, Setting(name, latex_symbol(name), "a setting of its own", 0.0))
    return replace(shared, low=-math.inf, high=math.inf, whole=whole or shared.whole)


def refuse_absent(description: Any) -> None:
    """Refuse a description that names a function of the user's own.

    Raises
    ------
    UsageError
        It does; another process could not call it.
    """
    if isinstance(description, Mapping):
        if "own" in description:
            raise UsageError(
                f"{description['own']!r} is a function of your own, which worker processes cannot call: compute this map "
                "without them (workers 0)."
            )
        for value in description.values():
            refuse_absent(value)
    elif isinstance(description, list):
        for value in description:
            refuse_absent(value)
