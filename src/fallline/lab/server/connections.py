"""Connections that say nothing: how many, and how long. Uvicorn bounds requests, but waits for ever for a first one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["MOST", "PATIENCE", "bounded"]

MOST = 96
"""Connections that are not a page's socket, at most. One more, and the one that has been silent longest is dropped."""

PATIENCE = 10.0
"""Seconds that a connection may take for its first request."""


def bounded(most: int = MOST, patience: float = PATIENCE) -> type[H11Protocol]:
    """Uvicorn's protocol with these bounds, for one server."""
    silent: dict[H11Protocol, None] = {}

    class Bounded(H11Protocol):
        """HTTP/1.1 from few connections, none of which may dawdle."""

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
