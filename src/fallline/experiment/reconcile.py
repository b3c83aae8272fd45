"""After a change of one thing, the rest of an experiment is brought in line with it, and every such step is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from fallline.data.dataset import Dataset
from fallline.errors import FalllineError
from fallline.experiment.axis_ranges import Ranges
from fallline.experiment.axis_settings import axis_settings
from fallline.experiment.experiment import Experiment, Pin, Span, settings_of_optimizer, settings_of_schedule
from fallline.experiment.objects import dataset_of, first_parameters, objective_of
from fallline.experiment.part import PartError
from fallline.experiment.records import Network
from fallline.experiment.sources import Files, KeptTable
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective, Objective
from fallline.problems.deaths import deaths
from fallline.settings import Setting
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["Note", "reconcile"]

E = TypeVar("E", bound=Experiment)

FIRST_AXES = ("learning_rate", "momentum", "beta1", "decay", "start.x", "start.y", "initial_scale", "seed")
"""The settings that become axes where an axis has lost its setting, in this order."""

TRIES = 50
"""Seeds that are tried for a start without dead units."""


class Note(NamedTuple):
    """What had to change besides what was changed: the dotted key, and a sentence for people."""

    key: str
    sentence: str


def reconcile(before: E, proposed: E, changed: str, files: Files) -> tuple[E, tuple[Note, ...]]:
    """Return a valid experiment for a change of one key, and a note for each thing that had to change with it.

    Parameters
    ----------
    before
        The experiment before the change.
    proposed
        The same with the new value under the key. Its parts need not fit together.
    changed
        The dotted key. Its own value is never changed: if it is wrong, the experiment stays wrong.
    files
        The CSV files that the experiment may name.

    Raises
    ------
    PartError
        If the objective cannot be made.

    Examples
    --------
    >>> before = Experiment()
    >>> proposed = Experiment(optimizer="gradient_descent")
    >>> after, notes = reconcile(before, proposed, "optimizer", Files())
    >>> notes[-1].sentence
    'The y axis is now initial scale: gradient descent has no momentum.'
    """
    change = _Change(before, proposed, changed, files)
    for rule in _RULES:
        rule(change)
    return change.now, tuple(change.notes)


@dataclass
class _Change(Generic[E]):
    """The experiment as it is so far, and the notes on the way."""

    before: E
    now: E
    key: str
    files: Files
    notes: list[Note] = field(default_factory=list)

    def set(self, key: str, sentence: str, **parts: Any) -> None:
        """Change parts of the experiment, and say so."""
        self.now = self.now.model_copy(update=parts)
        self.notes.append(Note(key, sentence))

    @property
    def objective(self) -> Objective:
        return objective_of(self.now, self.files)

    @property
    def axes(self) -> dict[str, Setting]:
        """The settings that may be axes."""
        now = self.now
        return dict(axis_settings(self.objective, OPTIMIZERS[now.optimizer], SCHEDULES[now.schedule]))


# Settings -------------------------------------------------------------------------------------------------------------


def _settings(change: _Change[E]) -> None:
    """Values of settings that the optimizer or the schedule does not have any more."""
    before, now = change.before, change.now
    for key, chooser, family, declared in (
        ("settings", "optimizer", OPTIMIZERS, settings_of_optimizer),
        ("schedule_settings", "schedule", SCHEDULES, settings_of_schedule),
    ):
        owner = family[getattr(now, chooser)].label
        for name, setting in declared(getattr(before, chooser)).items():
            value = getattr(before, key)[name]
            if name not in getattr(now, key) and value != setting.default:
                change.notes.append(
                    Note(f"{key}.{name}", f"{_capital(setting.label)} {value:g} is gone: {owner} has none.")
                )


# The network and its data ---------------------------------------------------------------------------------------------


def _table(change: _Change[E]) -> None:
    """A table that is there, and a target that it has."""
    source, kept = change.now.data, change.files.kept
    if not isinstance(source, KeptTable) or not change.now.is_network:
        return
    if source.digest not in kept:
        if not kept:
            if change.key == "data.kind":
                raise PartError(
                    "choose a CSV file: click the field below, or drop the file on the page.", "data.digest"
                )
            return
        source = source.model_copy(update={"digest": [*kept][-1]})
        change.set("data.digest", f"The table is {kept[source.digest].name}.", data=source)
    columns = kept[source.digest].columns
    if source.target not in columns:
        source = source.model_copy(update={"target": columns[-1]})
        change.set("data.target", f"The column to be learned is {columns[-1]}.", data=source)


def _ends(change: _Change[E]) -> None:
    """As many inputs and outputs as the data have."""
    network, data = change.now.objective, _data(change.now, change.files)
    if not isinstance(network, Network) or data is None:
        return
    units = (data.X.shape[1], *network.units[1:-1], data.T.shape[1])
    if units != network.units:
        sentence = f"The network has {_count(units[0], 'input')} and {_count(units[-1], 'output')}, as the data have."
        change.set("objective.units", sentence, objective=network.model_copy(update={"units": units}))


def _loss(change: _Change[E]) -> None:
    """A loss that takes the data's targets."""
    network, data = change.now.objective, _data(change.now, change.files)
    if not isinstance(network, Network) or data is None:
        return
    loss = network.loss
    if not data.classes and loss in ("cross_entropy", "logistic"):
        loss, targets = "squared_error", "values"
    elif data.classes and loss != "cross_entropy" and change.key.startswith("data"):
        before = _data(change.before, change.files)
        if before is not None and not before.classes:
            loss, targets = "cross_entropy", "classes"
    if loss != network.loss:
        sentence = f"The loss is now {LOSSES[loss].label}: the targets are {targets}."
        change.set("objective.loss", sentence, objective=network.model_copy(update={"loss": loss}))


def _activations(change: _Change[E]) -> None:
    """An activation for each hidden layer: that of a removed layer is removed, a new layer takes the last one."""
    network, before = change.now.objective, change.before.objective
    if not isinstance(network, Network):
        return
    names, hidden = network.activations, len(network.units) - 2
    if len(names) == hidden:
        return
    if isinstance(before, Network) and len(names) == hidden + 1:
        removed = _removed(before.units, network.units)
        names = names if removed is None else names[:removed] + names[removed + 1 :]
    names = (names + (names[-1] if names else "relu",) * hidden)[:hidden]
    labels = ", ".join(ACTIVATIONS[name].label for name in names) or "none"
    sentence = f"The activations are now {labels}: one for each hidden layer."
    change.set("objective.activations", sentence, objective=network.model_copy(update={"activations": names}))


def _removed(before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    """Which hidden layer was taken away."""
    if len(before) != len(after) + 1:
        return None
    return next((k for k in range(len(after) - 1) if k + 1 >= len(after) or before[k + 1] != after[k + 1]), None)


def _data(experiment: Experiment, files: Files) -> Dataset | None:
    """The data set of a network; None if it cannot be made, which is told where the objective is made."""
    if not experiment.is_network:
        return None
    try:
        return dataset_of(experiment.data, files)
    except FalllineError:
        return None


# The start ------------------------------------------------------------------------------------------------------------


def _start(change: _Change[E]) -> None:
    """A start that was given is kept while it means the same."""
    before, now, objective = change.before, change.now, change.objective
    if now.start is None or change.key == "start":
        return
    other = change.key in ("objective.kind", "objective.name") and now.start == before.start
    drawn = change.key == "initial" or (change.key == "seed" and now.is_network)
    if len(now.start) != objective.dimension:
        reason = f"{objective.name} has {_count(objective.dimension, 'parameter')}, and the old start {len(now.start)}"
    elif other:
        reason = "the old one belonged to another objective"
    elif drawn:
        reason = "the old one did not depend on them"
    else:
        return
    origin = "drawn from the seed and the initial weights" if now.is_network else "the classical one"
    change.set("start", f"The start is now {origin}: {reason}.", start=None)


def _fresh_start(change: _Change[E]) -> None:
    """Random weights as the activations want them, and with life in them.

    With the standard normal distribution most small networks begin with a layer that is off for every sample, and then
    no setting of the map moves them.
    """
    before, now, objective = change.before, change.now, change.objective
    if not isinstance(objective, NetworkObjective) or now.start is not None:
        return
    if change.key.partition(".")[0] not in ("objective", "data"):
        return
    if before.start is not None and now.initial == before.initial == Experiment.model_fields["initial"].default:
        kinked = any("relu" in activation.name for activation in objective.network.activations)
        initial = "he_normal" if kinked else "glorot_normal"
        suited = " and ".join(dict.fromkeys(activation.label for activation in objective.network.activations))
        reason = f", which suit {suited}" if suited else ""
        change.set("initial", f"The initial weights are now {INITIALS[initial].label}{reason}.", initial=initial)
    if now.seed == before.seed:
        seeds = range(now.seed, now.seed + TRIES)
        seed = next((seed for seed in seeds if _lives(objective, change.now.initial, seed)), 0)
        if seed != now.seed:
            change.set("seed", f"The seed is now {seed}: with {now.seed}, some units begin dead.", seed=seed)


def _lives(objective: NetworkObjective, initial: str, seed: int) -> bool:
    return not deaths(objective, draw_starts(objective, 1, seed, distribution=initial))


# Runs and the map -----------------------------------------------------------------------------------------------------


def _batch(change: _Change[E]) -> None:
    """Minibatches that are not larger than all samples."""
    batch, objective = change.now.batch, change.objective
    if batch is None or change.key == "batch":
        return
    samples = len(objective.data) if isinstance(objective, NetworkObjective) else 0
    if batch > samples:
        has = f"there are {samples:,}" if samples else f"{objective.name} has no samples"
        change.set("batch", f"The minibatches of {batch:,} samples are gone: {has}.", batch=None)


def _measure(change: _Change[E]) -> None:
    """A measure that the runs have."""
    objective, plane = change.objective, change.now.map
    classifies = isinstance(objective, NetworkObjective) and objective.network.loss.targets != "values"
    if plane.measure == "accuracy" and not classifies:
        sentence = f"The colour now shows the final loss: {objective.name} has no accuracy."
        change.set("map.measure", sentence, map=plane.model_copy(update={"measure": "final_loss"}))


def _same_axes(change: _Change[E]) -> None:
    """An axis that takes the other one's setting gives its own in exchange."""
    plane, old = change.now.map, change.before.map
    if plane.x.name != plane.y.name:
        return
    letter, span = ("y", old.x) if change.key.startswith("map.x") else ("x", old.y)
    sentence = f"The {letter} axis is now {span.name.replace('_', ' ')}: the axes changed places."
    change.set(f"map.{letter}", sentence, map=plane.model_copy(update={letter: span}))


def _axes(change: _Change[E]) -> None:
    """Axes that exist, with ranges that suit the objective."""
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
            else f"The {letter} axis is now {label}: {_owner(span.name, change)} has no {_words(span.name)}."
        )
        change.set(f"map.{letter}", sentence, map=change.now.map.model_copy(update={letter: new}))


def _outdated(span: Span, change: _Change[E]) -> bool:
    """Whether a range that nobody typed belongs to another objective or optimizer."""
    if change.key.startswith("map"):
        return False
    if span.name in ("start.x", "start.y"):
        return change.key in ("objective.name", "objective.kind")
    a, b = change.now, change.before
    other = a.objective.kind != b.objective.kind or a.optimizer != b.optimizer
    other = other or (a.objective.kind == "landscape" and a.objective != b.objective)
    return span.name == "learning_rate" and other


def _pins(change: _Change[E]) -> None:
    """Pins that lie on the map."""
    pins, axes, old = change.now.pins, change.now.map.axes, change.before.map.axes
    if not pins or axes == old or change.key == "pins":
        return
    if any(axes[letter].name != old[letter].name for letter in axes):
        gone = "The pin was removed" if len(pins) == 1 else f"The {len(pins)} pins were removed"
        change.set("pins", f"{gone}: the map has other axes.", pins=())
        return
    kept = tuple(pin for pin in pins if _inside(pin, axes))
    if len(kept) < len(pins):
        lost = len(pins) - len(kept)
        verb = "lies outside the new range and was" if lost == 1 else "lie outside the new range and were"
        change.set("pins", f"{lost} of {_count(len(pins), 'pin')} {verb} removed.", pins=kept)


def _inside(pin: Pin, axes: dict[str, Span]) -> bool:
    return all(axis.low <= getattr(pin, letter) <= axis.high for letter, axis in axes.items())


_RULES: tuple[Callable[[_Change[Any]], None], ...] = (
    _settings, _table, _ends, _loss, _activations, _start, _fresh_start, _batch, _measure, _same_axes, _axes, _pins,
)  # fmt: skip
"""What must hold, in the order in which one thing follows from another."""


# Words ----------------------------------------------------------------------------------------------------------------


def _owner(name: str, change: _Change[E]) -> str:
    """What would have to have a setting."""
    if name.startswith("schedule."):
        return SCHEDULES[change.now.schedule].label
    objective = name.startswith(("start.", "learning_rate.")) or name == "l2"
    return change.objective.name if objective else OPTIMIZERS[change.now.optimizer].label


def _suited(change: _Change[E]) -> str:
    """What a range follows: the optimizer if that was changed, else the objective."""
    return OPTIMIZERS[change.now.optimizer].label if change.key == "optimizer" else change.objective.name


def _axis_label(name: str, declared: Setting) -> str:
    return _words(name) if "." in name else declared.label


def _words(name: str) -> str:
    return name.replace("_", " ")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
