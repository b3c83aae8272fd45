"""The words of the command that is running, for what has to name it: a script, a page, the advice to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["command_line", "command_words", "running"]

_WORDS: ContextVar[tuple[str, ...]] = ContextVar("words of the command", default=())


@contextmanager
def running(words: Sequence[str]) -> Iterator[None]:
    """Keep the words of a command, without the program's name, while it runs."""
    token = _WORDS.set(tuple(words))
    try:
        yield
    finally:
        _WORDS.reset(token)


def command_words(without: str = "") -> list[str]:
    """The words of the running command, `fallline` first; without a flag that has a value.

    >>> with running(["map", "booth", "--slurm", "64", "--steps=9"]):
    ...     command_words(without="--slurm")
    ['fallline', 'map', 'booth', '--steps=9']
    """
    words, skip = ["fallline"], False
    for word in _WORDS.get():
        if not skip and not (without and (word == without or word.startswith(f"{without}="))):
            words.append(word)
        skip = bool(without) and word == without
    return words


def command_line() -> str:
    """The running command as a line for a shell."""
    return shlex.join(command_words())
