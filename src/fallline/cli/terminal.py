"""Standard output and standard error while a command runs: text that would act on the terminal is escaped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fallline.errors import visible

__all__ = ["escaped_output"]


@contextmanager
def escaped_output() -> Iterator[None]:
    """Everything that is printed passes through `visible`, because names and sentences may come from an untrusted file.

    Rich writes its colours directly, so text for rich must have been made visible before.
    """
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and _Escaped(stream) for stream in kept)  # only the part that print and rich use
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


class _Escaped:
    """A text stream that escapes the text that is written to it, and otherwise behaves as the stream itself."""

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream  # rich writes to the stream of this name

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(visible(text, keep="\n\t"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)
