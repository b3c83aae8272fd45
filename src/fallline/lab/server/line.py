"""Messages on their way to one page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket

__all__ = ["Line", "frame"]

MOST_UNSENT = 32_000_000
"""The most bytes that wait for a page that does not read them; then the page is dropped."""


def frame(content: Mapping[str, Any], buffers: list[bytes]) -> bytes:
    """One binary message: the header's length, the header, and the buffers, each at a multiple of 8.

    >>> frame({"kind": "x"}, [b"abc"])
    b'\\x1c\\x00\\x00\\x00{"kind":"x","buffers":[3]}  abc\\x00\\x00\\x00\\x00\\x00'
    """
    header = json.dumps(
        {**content, "buffers": [len(b) for b in buffers]}, separators=(",", ":"), allow_nan=False
    ).encode()
    header += b" " * (-(4 + len(header)) % 8)
    parts = [struct.pack("<I", len(header)), header]
    for b in buffers:
        parts += [b, b"\0" * (-len(b) % 8)]
    return b"".join(parts)


class Line:
    """The messages on their way to one page; any thread adds them, the socket sends them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.unsent = loop, 0
        self.queue: asyncio.Queue[str | bytes | None] = asyncio.Queue()

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Take a message, in any thread."""
        message: str | bytes = (
            frame(content, buffers) if buffers else json.dumps(content, separators=(",", ":"), allow_nan=False)
        )
        with contextlib.suppress(RuntimeError):  # the server has ended
            self.loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: str | bytes) -> None:
        self.unsent += len(message)
        self.queue.put_nowait(None if self.unsent > MOST_UNSENT else message)

    async def run(self, page: WebSocket) -> None:
        """Send messages as they come, until the page is too slow for them."""
        while (message := await self.queue.get()) is not None:
            if isinstance(message, bytes):
                await page.send_bytes(message)
            else:
                await page.send_text(message)
            self.unsent -= len(message)
        await page.close(1013)
