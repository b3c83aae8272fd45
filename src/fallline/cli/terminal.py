"""Standard output and standard error while a command runs: text that would act on the terminal is escaped."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fallline.errors import visible

__all__ = ["escaped_output"]

_STYLE = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z])")
"""A colour or a movement of the cursor, as rich writes them; never a title, a link or a clipboard."""


@contextmanager
def escaped_output() -> Iterator[None]:
    """Everything that is printed passes through `visible`: names and sentences may come from anybody's file.

    Rich keeps its colours and bars. So text that is given to rich must have been made visible before, else it has them too.
    """
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and _Plain(stream) for stream in kept)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


class _Stream:
    """A text stream with another `write`, and the stream itself in all other respects."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Plain(_Stream):
    """What `print` writes to."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.rich_proxied_file = _Styled(stream)  # rich writes to the stream of this name

    def write(self, text: str) -> int:
        self.stream.write(visible(text, keep="\n\t"))
        return len(text)


class _Styled(_Stream):
    """What rich writes to."""

    def write(self, text: str) -> int:
        parts = _STYLE.split(text)  # text and styles in turn
        self.stream.write("".join(s if k % 2 else visible(s, keep="\n\t\r") for k, s in enumerate(parts)))
        return len(text)
