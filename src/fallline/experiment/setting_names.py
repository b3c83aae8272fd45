"""The flat names of settings: "momentum", "learning_rate.2" for layer 2, "initial_offset.1", "schedule.decay", "start.x".

Axes, map files, kernels and keyword arguments share them.
"""

from __future__ import annotations

from fallline.errors import SettingError
from fallline.number_text import is_whole

__all__ = [
    "OFFSET",
    "is_layer_rate",
    "is_offset",
    "layer_of",
    "layer_offset",
    "layer_rate",
    "moves_start",
    "schedule_setting",
    "start_setting",
    "within_schedule",
    "within_start",
]

OFFSET = "initial_offset"
"""The name of the number that is added to all first parameters."""

_LAYER = "learning_rate."
_SCHEDULE = "schedule."
_START = "start."


def layer_rate(layer: int) -> str:
    """The name of a layer's own learning rate.

    >>> layer_rate(2)
    'learning_rate.2'
    """
    return f"{_LAYER}{layer}"


def is_layer_rate(name: str) -> bool:
    """Whether the name is that of a layer's own learning rate."""
    return name.startswith(_LAYER)


def layer_offset(layer: int) -> str:
    """The name of the number added to the first parameters of a layer alone.

    >>> layer_offset(1)
    'initial_offset.1'
    """
    return f"{OFFSET}.{layer}"


def is_offset(name: str) -> bool:
    """Whether the name is that of a number added to the start: of all parameters, or of a layer."""
    return name == OFFSET or name.startswith(f"{OFFSET}.")


def layer_of(name: str) -> int:
    """The layer whose learning rate, or whose initial offset, the name is.

    >>> layer_of("learning_rate.2"), layer_of("initial_offset.1")
    (2, 1)

    Raises
    ------
    SettingError
        No whole number follows the point.
    """
    head, _, text = name.partition(".")
    if not is_whole(text):
        what = head.replace("_", " ")
        raise SettingError(f"a layer's {what} is written {head}.1, {head}.2, ...; got {name!r}.")
    return int(text)


def schedule_setting(name: str) -> str:
    """The flat name of a setting of the schedule.

    >>> schedule_setting("decay")
    'schedule.decay'
    """
    return _SCHEDULE + name


def within_schedule(name: str) -> str | None:
    """The schedule's own name of a setting; None if the flat name is that of another setting.

    >>> within_schedule("schedule.decay"), within_schedule("momentum")
    ('decay', None)
    """
    return name.removeprefix(_SCHEDULE) if name.startswith(_SCHEDULE) else None


def start_setting(label: str) -> str:
    """The flat name of a coordinate of the start, from its label.

    >>> start_setting("W1[0,0]")
    'start.W1[0,0]'
    """
    return _START + label


def within_start(name: str) -> str | None:
    """The label of a coordinate of the start; None if the flat name is that of another setting.

    >>> within_start("start.x"), within_start("momentum")
    ('x', None)
    """
    return name.removeprefix(_START) if name.startswith(_START) else None


def moves_start(name: str) -> bool:
    """Whether each value of an axis of that name gives the same network or landscape another start.

    >>> moves_start("seed"), moves_start("start.x"), moves_start("momentum")
    (True, True, False)
    """
    return name in ("seed", "initial_scale") or is_offset(name) or within_start(name) is not None
