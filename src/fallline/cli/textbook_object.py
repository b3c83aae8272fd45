"""A network, or a member of one of the textbook's families, by its name on the command line."""

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

__all__ = ["textbook_object"]

_FAMILIES: tuple[dict[str, Any], ...] = (LANDSCAPES, OPTIMIZERS, ACTIVATIONS, LOSSES, SCHEDULES)


def textbook_object(word: str, **network: Any) -> Any:
    """A network for sizes such as 2-3-2-3; otherwise the landscape, optimizer, activation, loss or schedule.

    >>> textbook_object("momentum"), textbook_object("relu")
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
