"""Rules: the plane of runs has axes, a measure and pins that fit the objective and the method."""

from __future__ import annotations

from fallline.experiment.axis_ranges import Ranges
from fallline.experiment.experiment import Pin, Span
from fallline.experiment.objects import first_parameters
from fallline.experiment.rules.change import Change, E, counted, words
from fallline.experiment.setting_names import is_layer_rate, is_offset, within_schedule, within_start
from fallline.measures.measure import MEASURES, lacking
from fallline.problems import NetworkObjective
from fallline.settings import Setting
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = [
    "PINS_SWAPPED",
    "axes_swapped",
    "fit_axes",
    "fit_batch",
    "fit_measure",
    "fit_pins",
    "pins_outside",
    "pins_removed",
    "swap_axes",
]

FIRST_AXES = ("learning_rate", "momentum", "beta1", "decay", "start.x", "start.y", "initial_scale", "seed")
"""The settings that become axes where an axis has lost its setting, in this order."""


PINS_SWAPPED = "The pins show the same runs as before."


def axes_swapped(letter: str, label: str) -> str:
    """Say that an axis gave its setting to the other, and took this one."""
    return f"The {letter} axis is now {label}: the axes changed places."


def pins_removed(pins: int) -> str:
    """Say that no pin has a place on the new map.

    >>> pins_removed(1), pins_removed(3)
    ('The pin was removed: the map has other axes.', 'The 3 pins were removed: the map has other axes.')
    """
    gone = "The pin was removed" if pins == 1 else f"The {pins} pins were removed"
    return f"{gone}: the map has other axes."


def pins_outside(lost: int, pins: int) -> str:
    """Say how many of the pins lie outside the new range."""
    verb = "lies outside the new range and was" if lost == 1 else "lie outside the new range and were"
    return f"{lost} of {counted(pins, 'pin')} {verb} removed."


def fit_batch(change: Change[E]) -> None:
    """Minibatches are not larger than the data set."""
    batch, objective = change.now.batch, change.objective
    if batch is None or change.key == "batch":
        return
    samples = len(objective.data) if isinstance(objective, NetworkObjective) else 0
    if batch > samples:
        has = f"there are {samples:,}" if samples else f"{objective.name} has no samples"
        change.set("batch", f"The minibatches of {batch:,} samples are gone: {has}.", batch=None)


def fit_measure(change: Change[E]) -> None:
    """The measure exists for the objective."""
    objective, plane = change.objective, change.now.map
    if lacking(MEASURES[plane.measure], objective):
        sentence = f"The colour now shows the final loss: {objective.name} has no {MEASURES[plane.measure].label}."
        change.set("map.measure", sentence, map=plane.model_copy(update={"measure": "final_loss"}))


def swap_axes(change: Change[E]) -> None:
    """An axis that takes the other one's setting gives its own in exchange."""
    plane, old = change.now.map, change.before.map
    if plane.x.name != plane.y.name:
        return
    letter, span = ("y", old.x) if change.key.startswith("map.x") else ("x", old.y)
    change.set(
        f"map.{letter}", axes_swapped(letter, span.name.replace("_", " ")), map=plane.model_copy(update={letter: span})
    )


def fit_axes(change: Change[E]) -> None:
    """The axes exist, and their ranges suit the objective."""
    valid, ranges = change.axes, None
    for letter, other in (("x", "y"), ("y", "x")):
        span, taken = getattr(change.now.map, letter), getattr(change.now.map, other).name
        known = span.name in valid
        if known and not _outdated(span, change):
            continue
        name = span.name if known else next(n for n in (*FIRST_AXES, *valid) if n in valid and n != taken)
        ranges = ranges or Ranges(
            change.objective, change.now.optimizer, first_parameters(change.now, change.objective)
        )
        low, high, scale = ranges.of(name, valid[name])
        new = Span.model_construct(name=name, low=low, high=high, scale=scale)
        if new == span:
            continue
        label = _axis_label(name, valid[name])
        sentence = (
            f"The {letter} axis now runs from {low:g} to {high:g}, to suit {_suited(change)}."
            if known
            else f"The {letter} axis is now {label}: {_owner(span.name, change)} has no {words(span.name)}."
        )
        change.set(f"map.{letter}", sentence, map=change.now.map.model_copy(update={letter: new}))


def _outdated(span: Span, change: Change[E]) -> bool:
    """Whether a range that the user did not choose belongs to another objective or optimizer."""
    if change.key.startswith("map"):
        return False
    if span.name in ("start.x", "start.y"):
        return change.key in ("objective.name", "objective.kind")
    a, b = change.now, change.before
    other = a.objective.kind != b.objective.kind or a.optimizer != b.optimizer
    other = other or (a.objective.kind == "landscape" and a.objective != b.objective)
    return span.name == "learning_rate" and other


def fit_pins(change: Change[E]) -> None:
    """The pins lie on the map."""
    pins, axes, old = change.now.pins, change.now.map.axes, change.before.map.axes
    if not pins or axes == old or change.key == "pins":
        return
    if (axes["x"].name, axes["y"].name) == (old["y"].name, old["x"].name):
        swapped = tuple(Pin(x=pin.y, y=pin.x) for pin in pins)
        change.set("pins", PINS_SWAPPED, pins=swapped)
        pins = swapped
    elif any(axes[letter].name != old[letter].name for letter in axes):
        change.set("pins", pins_removed(len(pins)), pins=())
        return
    kept = tuple(pin for pin in pins if _inside(pin, axes))
    if len(kept) < len(pins):
        change.set("pins", pins_outside(len(pins) - len(kept), len(pins)), pins=kept)


def _inside(pin: Pin, axes: dict[str, Span]) -> bool:
    return all(axis.low <= getattr(pin, letter) <= axis.high for letter, axis in axes.items())


def _owner(name: str, change: Change[E]) -> str:
    """The part that a setting would belong to."""
    if within_schedule(name) is not None:
        return SCHEDULES[change.now.schedule].label
    objective = within_start(name) is not None or is_layer_rate(name) or is_offset(name) or name == "l2"
    return change.objective.name if objective else OPTIMIZERS[change.now.optimizer].label


def _suited(change: Change[E]) -> str:
    """The cause of a new range: the optimizer if that was changed, else the objective."""
    return OPTIMIZERS[change.now.optimizer].label if change.key == "optimizer" else change.objective.name


def _axis_label(name: str, declared: Setting) -> str:
    return words(name) if "." in name else declared.label
