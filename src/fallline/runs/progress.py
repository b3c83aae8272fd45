"""How far long work has come: a bar by rich in a terminal, by tqdm in a notebook, or a function of the user's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeAlias

from fallline.errors import UsageError, shown

__all__ = ["Parts", "Progress", "showing"]

Show: TypeAlias = Callable[[int, int], Any]
"""A function of the number of finished parts and the number of all parts."""

Progress: TypeAlias = bool | Show | None

SECONDS = 0.05
"""The shortest time between two changes of a bar."""


@contextmanager
def showing(progress: Progress, label: str) -> Iterator[Show]:
    """Return the function to call with the finished and all parts, for an argument `progress` of True, False or a function.

    >>> with showing(lambda done, total: print(done, "of", total), "work") as show:
    ...     show(1, 2)
    1 of 2
    """
    if progress is None or progress is False:
        yield lambda done, total: None
    elif progress is True:
        with _notebook_bar(label) if in_notebook() else _terminal_bar(label) as show:
            yield _seldom(show)
    elif callable(progress):
        yield progress
    else:
        raise UsageError(
            f"progress must be True, False, or a function of the finished and all parts; got {shown(progress)}."
        )


def in_notebook() -> bool:
    """Return whether this process answers a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _seldom(show: Show) -> Show:
    """Call `show` at most every 0.05 seconds, and at the end."""
    last = -SECONDS

    def calmly(done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= SECONDS or done >= total:
            last = now
            show(done, total)

    return calmly


@contextmanager
def _terminal_bar(label: str) -> Iterator[Show]:
    """A bar on standard error, so that what the program prints stays clean."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    # What is printed meanwhile goes above the bar; where it goes to a file, it must not be caught for the terminal.
    with Bars(*Bars.get_default_columns(), console=Console(stderr=True), redirect_stdout=sys.stdout.isatty()) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def _notebook_bar(label: str) -> Iterator[Show]:
    """tqdm's bar where it is installed, else rich's."""
    try:
        tqdm = import_module("tqdm.auto").tqdm  # optional
    except ImportError:
        with _terminal_bar(label) as show:
            yield show
        return
    with tqdm(desc=label) as bar:

        def show(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        yield show


class Parts:
    """The progress of several pieces of work, one after the other, as that of one.

    >>> parts = Parts(lambda done, total: print(done, "of", total), {"search": 3.0, "fit": 1.0})
    >>> parts.of("search")(1, 2)
    375 of 1000
    >>> parts.of("fit")(2, 2)
    625 of 1000
    """

    def __init__(self, show: Show, work: Mapping[str, float]) -> None:
        self._show, self._work, self._done = show, dict(work), dict.fromkeys(work, 0.0)

    def of(self, name: str) -> Show:
        """Return the function that is told how far one of them has come."""

        def report(done: int, total: int) -> None:
            self._done[name] = self._work[name] * done / total
            self._show(round(1000 * sum(self._done.values()) / sum(self._work.values())), 1000)

        return report
