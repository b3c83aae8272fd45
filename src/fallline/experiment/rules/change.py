"""A change of an experiment: its present state, and the notes so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from fallline.data.dataset import Dataset
from fallline.errors import FalllineError
from fallline.experiment.axis_settings import axis_settings
from fallline.experiment.experiment import Experiment
from fallline.experiment.objects import dataset_of, objective_of
from fallline.experiment.sources import Files
from fallline.problems import Objective
from fallline.settings import Setting
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["Change", "E", "Note", "counted", "data_of", "words"]

E = TypeVar("E", bound=Experiment)


class Note(NamedTuple):
    """A further change that a change required: the dotted key, and a sentence for people."""

    key: str
    sentence: str


@dataclass
class Change(Generic[E]):
    """The experiment in its present state, and the notes so far."""

    before: E
    now: E
    key: str
    files: Files
    notes: list[Note] = field(default_factory=list)

    def set(self, key: str, sentence: str, **parts: Any) -> None:
        """Change parts of the experiment, and add a note."""
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


def data_of(experiment: Experiment, files: Files) -> Dataset | None:
    """The data set of a network; None if it cannot be made; making the objective reports the reason."""
    if not experiment.is_network:
        return None
    try:
        return dataset_of(experiment.data, files)
    except FalllineError:
        return None


def words(name: str) -> str:
    """A name as words."""
    return name.replace("_", " ")


def counted(number: int, what: str) -> str:
    """A number of things in words: "2 pins"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
