"""Rule: a note for each value whose setting no longer exists."""

from __future__ import annotations

from fallline.experiment.experiment import settings_of_optimizer, settings_of_schedule
from fallline.experiment.rules.change import Change, E, Note
from fallline.sentences import capital
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["tell_lost_settings"]


def tell_lost_settings(change: Change[E]) -> None:
    """Add a note for each value of a setting that the optimizer or the schedule no longer has."""
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
                    Note(f"{key}.{name}", f"{capital(setting.label)} {value:g} is gone: {owner} has none.")
                )
