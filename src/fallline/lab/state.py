"""The whole state of the lab as JSON with a closed schema: read, completed, checked.

A state is what the address of a page holds. Every key has a default; the canonical form leaves out nothing; a key that is
none of ours is refused with a sentence. Nothing in a state is evaluated, opened or fetched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from fallline.data.generated import GENERATED, generate
from fallline.errors import FalllineError, UnknownNameError, UsageError, shown
from fallline.experiment.starts import notebook_start
from fallline.formulas import EXAMPLES, parse_formula
from fallline.measures.measure import MEASURES
from fallline.problems import NetworkObjective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["State", "StateError", "default_state", "options_of", "read_state"]

Json = dict[str, Any]

LARGEST_SEED = 2**32 - 1
MOST_UNITS, MOST_LAYERS, MOST_STEPS, MOST_STARTS, MOST_POINTS, MOST_CLASSES, MOST_PINS = 64, 8, 20_000, 200, 500, 6, 4
MOST_SAMPLES = 1000
"""What a page may ask for, at most: units of a layer, hidden layers, steps, starts of a cell, points by hand, their classes,
pinned runs, samples of a class of a generated set."""


LARGEST = 1e300
"""Numbers of a state are below this."""


class StateError(UsageError):
    """A state that cannot be: a sentence, and the dotted key that it is about."""

    def __init__(self, sentence: str, where: str | None = None) -> None:
        self.where = where
        super().__init__(sentence)


@dataclass(frozen=True)
class Key:
    """A key of the schema: its default, and what makes a value of it or says why it is none."""

    default: Any
    check: Callable[[Any], Any]


# What makes a value ---------------------------------------------------------------------------------------------------


def number(what: str, low: float = -math.inf, high: float = math.inf) -> Callable[[Any], float]:
    """A finite number within bounds."""

    def check(value: Any) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
        if not good or not low <= value <= high:
            rule = (
                "finite"
                if low == -math.inf
                else f"from {low:g} to {high:g}"
                if high < math.inf
                else f"at least {low:g}"
            )
            raise UsageError(f"{what} must be a number, {rule}; got {shown(value)}.")
        return float(value)

    return check


def whole(what: str, low: int, high: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def check(value: Any) -> int:
        got = number(what, low, high)(value)
        if got != int(got):
            raise UsageError(f"{what} must be a whole number from {low} to {high:,}; got {shown(value)}.")
        return int(got)

    return check


def setting(declared: Setting, high: float = math.inf) -> Callable[[Any], float]:
    """A value of a declared setting."""
    name = declared.name

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            raise UsageError(f"{name} must be a number {declared.range}; got {shown(value)}.")
        got = declared.check(value)
        if got > high:
            raise UsageError(f"{name} must be at most {high:,g} in the lab; got {got:,g}.")
        return got

    return check


def choice(what: str, valid: Iterable[str]) -> Callable[[Any], str]:
    """One of some names."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in valid:
            raise UnknownNameError(what, shown(value) if not isinstance(value, str) else value[:60], valid)
        return value

    return check


def flag(what: str) -> Callable[[Any], bool]:
    """Yes or no."""

    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise UsageError(f"{what} must be true or false; got {shown(value)}.")
        return value

    return check


def text(what: str, most: int) -> Callable[[Any], str]:
    """A text that is not too long."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or not is_unicode(value):
            raise UsageError(f"{what} must be a text of at most {most} characters; got {shown(value)}.")
        return value

    return check


def is_unicode(text: str) -> bool:
    r"""Whether the text can be encoded: JSON may hold one half of a surrogate pair.

    >>> is_unicode("é"), is_unicode("\ud800")
    (True, False)
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)


def several(what: str, inner: Callable[[Any], Any], low: int, high: int) -> Callable[[Any], list[Any]]:
    """A list."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or not low <= len(value) <= high:
            got = f"{len(value):,} of them" if isinstance(value, list) else shown(value)
            raise UsageError(f"{what} must be a list of {low} to {high}; got {got}.")
        return [inner(v) for v in value]

    return check


def maybe(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Or nothing."""
    return lambda value: None if value is None else inner(value)


def _formula(value: Any) -> str:
    parse_formula(value)
    return str(value).strip()


def _point(value: Any) -> list[float]:
    if not isinstance(value, list) or len(value) != 3:
        raise UsageError(f"a point must be [x, y, class]; got {shown(value)}.")
    x, y, kind = value
    bound = number("a coordinate", -1e6, 1e6)
    return [bound(x), bound(y), whole("a class", 0, MOST_CLASSES - 1)(kind)]


# The schema -----------------------------------------------------------------------------------------------------------

OBJECTIVES: dict[str, dict[str, Key]] = {
    "network": {
        "units": Key([2, 3, 2, 3], several("units", whole("units of a layer", 1, MOST_UNITS), 2, MOST_LAYERS + 2)),
        "activations": Key(["relu", "relu"], several("activations", choice("activation", ACTIVATIONS), 0, MOST_LAYERS)),
        "loss": Key("cross_entropy", choice("loss", LOSSES)),
        "reduction": Key("sum", choice("reduction", ("sum", "mean"))),
        "bias": Key(True, flag("bias")),
        "l2": Key(0.0, setting(SETTINGS["l2"])),
    },
    "landscape": {"name": Key("rosenbrock", choice("landscape", LANDSCAPES))},
    "formula": {"text": Key(EXAMPLES[0], _formula)},
}


def options_of(name: str) -> dict[str, Key]:
    """The options of a generated set.

    >>> list(options_of("spirals"))
    ['noise', 'turns', 'arms']
    """
    found = {}
    for option, declared in GENERATED[name].declared.items():
        if option not in ("samples", "seed"):
            bound = declared.slider_range
            read = (
                whole(option, int(bound.low), int(bound.high))
                if declared.whole
                else number(option, bound.low, bound.high)
            )
            found[option] = Key(declared.default, read)
    return found


HAND_DRAWN = [[-1.0, -0.5, 0], [-0.6, -0.9, 0], [-1.3, -1.0, 0], [0.8, 0.7, 1], [1.2, 0.3, 1], [0.6, 1.2, 1]]


def data_keys(kind: str, given: Mapping[str, Any]) -> dict[str, Key]:
    if kind == "points":
        return {"points": Key(HAND_DRAWN, several("points", _point, 2, MOST_POINTS))}
    if kind == "table":
        return {
            "digest": Key("", text("digest", 64)), "target": Key("", text("target", 200)),
            "standardize": Key(True, flag("standardize")),
        }  # fmt: skip
    name = given.get("name", "three-gaussians")
    own = options_of(name) if isinstance(name, str) and name in GENERATED else {}
    seed = GENERATED[name].declared["seed"].default if isinstance(name, str) and name in GENERATED else 0
    return {
        "name": Key("three-gaussians", choice("data set", GENERATED)),
        "samples": Key(100, whole("samples", 1, MOST_SAMPLES)),
        "seed": Key(seed, setting(SETTINGS["seed"], LARGEST_SEED)),
    } | own


AXIS: dict[str, Key] = {
    "name": Key("", text("name of an axis", 40)),
    "low": Key(0.0, number("low end of an axis")),
    "high": Key(1.0, number("high end of an axis")),
    "scale": Key("linear", choice("scale", ("linear", "log"))),
}

LOOK: dict[str, Key] = {
    "theory": Key(True, flag("theory")),
    "form": Key("matrix", choice("form", ("matrix", "units"))),
    "numbers": Key(False, flag("numbers")),
    "colours": Key(None, maybe(several("colours", number("end of the colours"), 2, 2))),
    "step": Key(None, maybe(whole("step", 0, MOST_STEPS))),
}

DATA_KINDS = ("generated", "points", "table")


@cache
def _default() -> str:
    network = Network.of("2-3-2-3")
    start = notebook_start(NetworkObjective(network, generate("three-gaussians")))
    plain = {
        "objective": {"kind": "network"}, "data": {"kind": "generated"}, "optimizer": "momentum", "start": start.tolist(),
    }  # fmt: skip
    return _read(plain, {}).text


def default_state() -> State:
    """The state of a fresh page: the built-in study's network, data and start over learning rate and momentum.

    >>> state = default_state()
    >>> state["map"]["x"]
    {'name': 'learning_rate', 'low': 1e-05, 'high': 0.01, 'scale': 'log'}
    """
    return State(_default())


@dataclass(frozen=True)
class State:
    """A state that is complete and right, as its canonical text."""

    text: str

    @cached_property
    def json(self) -> Json:
        """The state as JSON; not to be changed."""
        read: Json = json.loads(self.text)
        return read

    def __getitem__(self, key: str) -> Any:
        return self.json[key]

    @cached_property
    def computing(self) -> str:
        """The part of the text that decides results: without view, pins and look."""
        return canonical({k: v for k, v in self.json.items() if k not in ("view", "pins", "look")})

    def with_(self, **parts: Any) -> State:
        """The state with other parts, checked."""
        return read_state(self.json | parts)


def canonical(value: Any) -> str:
    """The one JSON text of a state."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def read_state(given: Any) -> State:
    """A state from JSON; what is not given is the default state's, what is unknown is refused.

    >>> read_state({"steps": 40})["steps"]
    40
    >>> read_state({"step": 40})
    Traceback (most recent call last):
    fallline.lab.state.StateError: a key of the state must be one of batch, data, dtype, initial, look, map, objective,
    optimizer, pins, schedule, schedule_settings, seed, settings, start, starts, steps, view; got 'step'. Did you mean
    'steps' or 'seed'?
    """
    if not isinstance(given, dict):
        raise StateError(f"a state must be an object of JSON; got {shown(given)}.")
    return _read(given, default_state().json)


def _read(given: Mapping[str, Any], base: Mapping[str, Any]) -> State:
    objective = _kind(
        "objective", given.get("objective", base.get("objective")), OBJECTIVES, lambda k, _: OBJECTIVES[k]
    )
    data = _kind("data", given.get("data", base.get("data")), DATA_KINDS, data_keys)
    optimizer = _value("optimizer", given.get("optimizer", base.get("optimizer")), choice("optimizer", OPTIMIZERS))
    plan = _value("schedule", given.get("schedule", base.get("schedule", "constant")), choice("schedule", SCHEDULES))
    keys = [k for k in TOP if k not in ("objective", "data", "optimizer", "schedule")]
    for key in given:
        if key not in TOP:
            raise StateError(str(UnknownNameError("a key of the state", key, TOP)))
    d: Json = {"objective": objective, "data": data, "optimizer": optimizer, "schedule": plan}
    for key in keys:
        value = given.get(key, base.get(key, MISSING))
        if key in ("settings", "schedule_settings") and key not in given:
            value = {k: v for k, v in ({} if value is MISSING else value).items() if k in setting_keys(key, d)}
        d[key] = TOP[key](value, d)
    return State(canonical({key: d[key] for key in TOP}))


MISSING = object()


def _section(where: str, given: Any, keys: Mapping[str, Key]) -> Json:
    if given is MISSING:
        given = {}
    if not isinstance(given, dict):
        raise StateError(f"{where} must be an object of JSON; got {shown(given)}.", where)
    for key in given:
        if key not in keys:
            raise StateError(str(UnknownNameError(f"a key of {where}", str(key)[:60], keys)), where)
    return {name: _value(f"{where}.{name}", given.get(name, key.default), key.check) for name, key in keys.items()}


def _kind(where: str, given: Any, kinds: Iterable[str], keys: Callable[[str, Json], dict[str, Key]]) -> Json:
    if not isinstance(given, dict):
        raise StateError(f"{where} must be an object of JSON; got {shown(given)}.", where)
    rest = {k: v for k, v in given.items() if k != "kind"}
    kind = _value(f"{where}.kind", given.get("kind"), choice(f"kind of {where}", kinds))
    return {"kind": kind} | _section(where, rest, keys(kind, rest))


def _value(where: str, value: Any, check: Callable[[Any], Any]) -> Any:
    try:
        return check(value)
    except StateError:
        raise
    except FalllineError as error:
        raise StateError(str(error), where) from None


def setting_keys(key: str, d: Json) -> dict[str, Key]:
    """The settings of the optimizer, or of the schedule, that a state holds."""
    if key == "schedule_settings":
        declared = {n: s for n, s in SCHEDULES[d["schedule"]].declared.items() if n != "steps"}
    else:
        declared = {**OPTIMIZERS[d["optimizer"]].declared, "initial_scale": SETTINGS["initial_scale"]}
    return {n: Key(FIRST.get(n, s.default), setting(s)) for n, s in declared.items()}


FIRST = {"learning_rate": 0.001}


def _map(given: Any, d: Json) -> Json:
    if given is MISSING:
        given = {}
    keys = {
        "x": Key({"name": "learning_rate", "low": 1e-5, "high": 1e-2, "scale": "log"}, lambda v: v),
        "y": Key({"name": "momentum", "low": 0.0, "high": 0.99, "scale": "linear"}, lambda v: v),
        "measure": Key("final_loss", choice("measure", MEASURES)), "target": Key(40.0, number("target")),
    }  # fmt: skip
    found = _section("map", given, keys)
    for which in ("x", "y"):
        axis = _section(f"map.{which}", found[which], AXIS)
        if not axis["low"] < axis["high"]:
            raise StateError(
                f"{axis['name']} must run from low to high; got {axis['low']:g} to {axis['high']:g}.", f"map.{which}"
            )
        if axis["scale"] == "log" and axis["low"] <= 0:
            raise StateError(
                f"a log axis must have positive ends; {axis['name']} starts at {axis['low']:g}. "
                "Raise its low end or make it linear.", f"map.{which}",
            )  # fmt: skip
        found[which] = axis
    return found


def _view(given: Any, d: Json) -> Json:
    view = {} if given is MISSING else given
    whole_range = Key([0.0, 1.0], several("view", number("an end of the view", -1, 2), 2, 2))
    found = _section("view", view, {"x": whole_range, "y": whole_range})
    for which, (low, high) in found.items():
        if not low < high:
            raise StateError(f"view.{which} must run from low to high; got {low!r} to {high!r}.", "view")
    return found


def _pins(given: Any, d: Json) -> list[Json]:
    pins = [] if given is MISSING else given
    if not isinstance(pins, list) or len(pins) > MOST_PINS:
        raise StateError(f"pins must be a list of at most {MOST_PINS}; got {shown(pins)}.", "pins")
    keys = {k: Key(None, number(f"{k} of a pin")) for k in ("x", "y")}
    return [_section(f"pins.{k}", pin, keys) for k, pin in enumerate(pins)]


def _plain(where: str, default: Any, check: Callable[[Any], Any]) -> Callable[[Any, Json], Any]:
    return lambda given, _: _value(where, default if given is MISSING else given, check)


MOST_PARAMETERS = 5000

TOP: dict[str, Callable[[Any, Json], Any]] = {
    "objective": lambda given, d: d["objective"],
    "data": lambda given, d: d["data"],
    "optimizer": lambda given, d: d["optimizer"],
    "settings": lambda given, d: _section("settings", given, setting_keys("settings", d)),
    "schedule": lambda given, d: d["schedule"],
    "schedule_settings": lambda given, d: _section("schedule_settings", given, setting_keys("schedule_settings", d)),
    "initial": _plain("initial", "normal", choice("initial weights", INITIALS)),
    "start": _plain("start", None, maybe(several("start", number("a coordinate of the start"), 1, MOST_PARAMETERS))),
    "seed": _plain("seed", 0, setting(SETTINGS["seed"], LARGEST_SEED)),
    "starts": _plain("starts", 1, setting(SETTINGS["starts"], MOST_STARTS)),
    "steps": _plain("steps", 30, setting(SETTINGS["steps"], MOST_STEPS)),
    "batch": _plain("batch", None, maybe(setting(SETTINGS["batch"], 10_000))),
    "dtype": _plain("dtype", "float32", choice("dtype", ("float32", "float64"))),
    "map": _map,
    "view": _view,
    "pins": _pins,
    "look": lambda given, d: _section("look", given, LOOK),
}
"""The keys of a state, in the canonical order, each with what reads it."""
