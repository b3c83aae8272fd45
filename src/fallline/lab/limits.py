"""The lab's limits. A live page must not wait for long; `fallline map` has no such limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from fallline.data.generated import GENERATED
from fallline.errors import shown
from fallline.experiment.estimate import estimate
from fallline.experiment.experiment import Experiment
from fallline.experiment.map_record import MapSpec
from fallline.experiment.part import PartError, as_json
from fallline.experiment.records import Network
from fallline.experiment.sources import Generated, KeptTable, Points
from fallline.problems import NetworkObjective

__all__ = [
    "MOST",
    "MOST_CLASSES",
    "MOST_LAYERS",
    "MOST_PINS",
    "MOST_POINTS",
    "MOST_UNITS",
    "check_limits",
    "is_unicode",
    "refuse_slow_map",
]

LARGEST_SEED = 2**32 - 1

MOST: dict[str, int] = {
    "steps": 20_000, "starts": 200, "batch": 10_000, "seed": LARGEST_SEED, "data.seed": LARGEST_SEED, "data.samples": 1000,
}  # fmt: skip
"""The largest values of numbers, by key."""

MOST_UNITS, MOST_LAYERS, MOST_PARAMETERS = 64, 8, 5000
"""The most units of a layer, hidden layers, and parameters of a network."""

MOST_POINTS, MOST_CLASSES, MOST_PINS = 500, 6, 4
"""The most points drawn by hand, their classes, and pinned runs."""

LARGEST = 1e300
"""Numbers are below this, so that differences of two are finite."""

LONGEST = {"name of an axis": 40, "digest": 64, "target": 200}
"""The most characters of texts."""

MOST_WORK = 2e12
"""The most floating-point operations of a tile: about a minute."""

MOST_MEMORY = 64 * 2**20
"""The most bytes of a tile's starts, and of the samples on their way through a network."""

MOST_PATH = 16 * 2**20
"""The most bytes of a run's path."""


def check_limits(experiment: Experiment) -> None:
    """Refuse an experiment that is too large to be read.

    Raises
    ------
    PartError
        If a number, a list or a text is longer or larger than the lab allows.
    """
    for sentence, where in _excesses(experiment):
        raise PartError(sentence, where)


def _excesses(e: Experiment) -> Iterator[tuple[str, str]]:
    if not _small(as_json(e)):
        yield f"numbers must be below {LARGEST:g}.", ""
    for key, most in MOST.items():
        part, name = (e.data, key.removeprefix("data.")) if key.startswith("data.") else (e, key)
        value = getattr(part, name, None)
        if value is not None and value > most:
            yield f"{name} must be at most {most:,} in the lab; got {value:,}.", key
    if len(e.pins) > MOST_PINS:
        yield f"pins must be at most {MOST_PINS}; got {len(e.pins)}.", "pins"
    for letter, axis in e.map.axes.items():
        yield from _text("name of an axis", axis.name, f"map.{letter}")
    if isinstance(e.objective, Network):
        yield from _network(e.objective)
    if isinstance(e.data, Generated):
        yield from _options(e.data)
    if isinstance(e.data, Points):
        yield from _points(e.data)
    if isinstance(e.data, KeptTable):
        yield from _text("digest", e.data.digest, "data.digest")
        yield from _text("target", e.data.target, "data.target")
    if e.start is not None and len(e.start) > MOST_PARAMETERS:
        yield f"start must be a list of at most {MOST_PARAMETERS:,} numbers; got {len(e.start):,}.", "start"


def _network(network: Network) -> Iterator[tuple[str, str]]:
    units, where = network.units, "objective.units"
    if len(units) - 2 > MOST_LAYERS:
        yield f"units must have at most {MOST_LAYERS} hidden layers in the lab; got {len(units) - 2}.", where
    if max(units) > MOST_UNITS:
        yield f"units of a layer must be at most {MOST_UNITS} in the lab; got {max(units):,}.", where
    if len(network.activations) > MOST_LAYERS:
        count = len(network.activations)
        yield f"activations must be at most {MOST_LAYERS} in the lab; got {count}.", "objective.activations"
    parameters = sum((n + network.bias) * m for n, m in pairwise(units))
    if parameters > MOST_PARAMETERS:
        yield (
            f"units must give a network of at most {MOST_PARAMETERS:,} parameters; {network.text} has {parameters:,}. "
            "Take smaller layers.", where,
        )  # fmt: skip


def _options(data: Generated) -> Iterator[tuple[str, str]]:
    """Options stay within their sliders."""
    declared = GENERATED[data.name].declared
    for name, value in data.options.items():
        if name not in declared:
            yield f"{name} of a data set cannot be changed in the lab.", f"data.{name}"
            continue
        slider = declared[name].slider_range
        if not slider.low <= value <= slider.high:
            yield f"{name} must be from {slider.low:g} to {slider.high:g} in the lab; got {value:g}.", f"data.{name}"


def _points(data: Points) -> Iterator[tuple[str, str]]:
    points, where = data.points, "data.points"
    if not 2 <= len(points) <= MOST_POINTS:
        yield f"points must be a list of 2 to {MOST_POINTS}; got {len(points):,} of them.", where
    for point in points:
        if len(point) != 3 or point[2] not in range(MOST_CLASSES) or max(map(abs, point[:2])) > 1e6:
            yield (
                f"a point must be [x, y, class] with a class from 0 to {MOST_CLASSES - 1}; got {shown([*point])}.",
                where,
            )


def _text(what: str, text: str, where: str) -> Iterator[tuple[str, str]]:
    if len(text) > LONGEST[what] or not is_unicode(text):
        yield f"{what} must be a text of at most {LONGEST[what]} characters; got {shown(text)}.", where


def _small(value: Any) -> bool:
    """Whether all numbers in JSON are below the largest."""
    if isinstance(value, float | int):
        return abs(value) < LARGEST
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(map(_small, inner))


def is_unicode(text: str) -> bool:
    r"""Whether the text can be encoded: JSON may hold one half of a surrogate pair.

    >>> is_unicode("é"), is_unicode("\ud800")
    (True, False)
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)


def refuse_slow_map(spec: MapSpec) -> None:
    """Refuse, before anything is computed, a map that a page would have to wait for too long.

    Raises
    ------
    PartError
        If a tile of the map takes too much time or memory.
    """
    for sentence, where in _costs(spec):
        raise PartError(sentence, where)


def _costs(spec: MapSpec) -> Iterator[tuple[str, str]]:
    if isinstance(spec.objective, NetworkObjective):
        net, samples = spec.objective.network, len(spec.objective.data)
        # Curvature at a point takes the gradient beside it along every parameter of a small network, all at once.
        side_by_side = spec.objective.dimension if spec.objective.dimension <= 300 else 2
        if 8 * samples * max(net.sizes) * side_by_side > MOST_MEMORY:
            yield (
                f"{samples:,} samples are too many for a live page with the network {net.text}. Take fewer samples or "
                "smaller layers; `fallline map` has no such bound.", "data.samples",
            )  # fmt: skip
    if spec.work > MOST_WORK:
        yield (
            f"one tile of this map is too much for a live page: {estimate(spec)}. Take fewer steps, samples or starts, or "
            "a smaller network; or let `fallline map` compute it in the background.", "steps",
        )  # fmt: skip
    path, starts = 8 * spec.steps * spec.objective.dimension, 8 * spec.cells * spec.starts * spec.objective.dimension
    most = f"and {MOST_MEMORY / 2**20:.0f} MB are allowed"
    if spec.starts > 1 and starts > MOST_MEMORY:
        yield f"starts must be fewer: those of one tile take {starts / 2**20:,.0f} MB, {most}.", "starts"
    if path > MOST_PATH:
        yield (
            f"steps must be fewer: the path of one run takes {path / 2**20:,.0f} MB, and {MOST_PATH / 2**20:.0f} MB are "
            "allowed.", "steps",
        )  # fmt: skip
