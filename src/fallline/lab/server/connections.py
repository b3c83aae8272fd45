"""Limits on silent connections: their number and their time. Uvicorn limits requests, but waits for ever for the first one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["MOST", "PATIENCE", "bounded"]

MOST = 96
"""The most connections that are not a page's socket. If there is one more, the longest silent one is dropped."""

PATIENCE = 10.0
"""Seconds that a connection may take for its first request."""


def bounded(most: int = MOST, patience: float = PATIENCE) -> type[H11Protocol]:
    """Uvicorn's protocol with these bounds, for one server."""
    silent: dict[H11Protocol, None] = {}

    class Bounded(H11Protocol):
        """HTTP/1.1 with a limited number of connections and a limited time for each."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            silent[self] = None
            if len(silent) > most:
                idle = next((other for other in silent if other is not self and not _busy(other)), self)
                idle.transport.abort()
                silent.pop(idle, None)
            self.deadline = asyncio.get_running_loop().call_later(patience, self._too_late)

        def connection_lost(self, exc: Exception | None) -> None:
            self._settled()
            super().connection_lost(exc)

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._settled()  # a page's socket: those are counted by the server
            super().handle_websocket_upgrade(event)

        def _settled(self) -> None:
            silent.pop(self, None)
            if hasattr(self, "deadline"):
                self.deadline.cancel()

        def _too_late(self) -> None:
            if self.cycle is None:
                self.transport.abort()

    return Bounded


def _busy(connection: H11Protocol) -> bool:
    return connection.cycle is not None and not connection.cycle.response_complete
