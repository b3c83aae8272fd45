"""The server's port on this machine, and Uvicorn with everything bounded."""

from __future__ import annotations

import socket

import uvicorn

from fallline.errors import UsageError
from fallline.lab.server.connections import bounded
from fallline.lab.server.guard import Guard

__all__ = ["bind", "server"]

MOST_MESSAGE = 2_000_000
"""The most bytes of a message."""


def bind(port: int | None) -> socket.socket:
    """A listening socket on loopback: this port, or the first free one from 8421 on."""
    for number in range(8421, 8521) if port is None else [port]:
        # Without the protocol's number asyncio does not know TCP when it sees it, and leaves Nagle's algorithm on: every
        # message that follows another would wait 40 ms for the page to acknowledge the first.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # On Windows "reuse" would let another program take the port over; elsewhere it skips the wait after a restart.
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, alone, 1)
        try:
            listener.bind(("127.0.0.1", number))
            listener.listen(128)
        except (OSError, OverflowError):
            listener.close()
            continue
        return listener
    if port is None:
        raise UsageError("ports 8421 to 8520 are all taken; choose another with --port.")
    raise UsageError(f"port {port} is taken or not allowed; choose another with --port, or leave it out.")


def server(listener: socket.socket, app: Guard) -> uvicorn.Server:
    """Uvicorn with everything bounded; `asyncio.run(server(...).serve(sockets=[listener]))` runs it."""
    config = uvicorn.Config(
        app, http=bounded(), ws="websockets-sansio", lifespan="on", log_level="critical", access_log=False,
        server_header=False, proxy_headers=False, ws_max_size=MOST_MESSAGE, ws_ping_interval=20, ws_ping_timeout=20,
        ws_per_message_deflate=False, timeout_keep_alive=15, timeout_graceful_shutdown=1, h11_max_incomplete_event_size=16_384,
    )  # fmt: skip
    return uvicorn.Server(config)
