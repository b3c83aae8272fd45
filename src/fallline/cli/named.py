"""What a word on the command line stands for: a network, or a member of one of the textbook's families."""

from __future__ import annotations

from typing import Any

from fallline.errors import UnknownNameError
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from fallline.user_code.python_file import load, names_file, split
from fallline.user_code.records import plain_landscape

__all__ = ["named"]

_FAMILIES: tuple[dict[str, Any], ...] = (LANDSCAPES, OPTIMIZERS, ACTIVATIONS, LOSSES, SCHEDULES)


def named(word: str, **network: Any) -> Any:
    """A network for sizes such as 2-3-2-3; otherwise the landscape, optimizer, activation, loss or schedule.

    >>> named("momentum"), named("relu")
    (optimizer('momentum'), activation('relu'))
    """
    if names_file(word):
        return plain_landscape(load(*split(word)))
    if word[:1].isdigit():
        return Network.of(word, **network)
    for family in _FAMILIES:
        if word in family:
            return family[word]
    raise UnknownNameError("equations", word, [name for family in _FAMILIES for name in family])
