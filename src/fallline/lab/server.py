"""The local server: the page's files, and a socket with a `Session` behind it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fallline.errors import FalllineError, UsageError
from fallline.lab.bundle import document
from fallline.lab.connections import bounded
from fallline.lab.plan import Table, build_plan
from fallline.lab.pyramid import Place, compute_tile
from fallline.lab.security import Access, Guard
from fallline.lab.session import Session
from fallline.lab.state import State, default_state
from fallline.lab.work import Pool

__all__ = ["MOST_PAGES", "application", "bind", "frame", "server"]

PAGE = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

MOST_PAGES = 8
"""Pages at once."""

MOST_MESSAGE = 2_000_000
"""Bytes of a message."""

MOST_PLAIN = 64_000
"""Characters of a message that is not a table."""

MOST_UNSENT = 32_000_000
"""Bytes that wait for a page which does not read them; then it is let go."""

FIRST_WORD = 15.0
"""Seconds that a page may take for its first message."""


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
    """What is on its way to one page; filled from any thread, emptied by the socket."""

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
        """Send what comes, until the page is too slow for it."""
        while (message := await self.queue.get()) is not None:
            if isinstance(message, bytes):
                await page.send_bytes(message)
            else:
                await page.send_text(message)
            self.unsent -= len(message)
        await page.close(1013)


def application(access: Access, first: State | None = None, tables: Mapping[str, Table] | None = None) -> Guard:
    """The ASGI application, guarded."""
    pool = Pool()
    # A state is checked, and its data made, beside the loop that serves everybody.
    threads = ThreadPoolExecutor(MOST_PAGES, "fallline lab page")
    pages: set[Session] = set()

    async def file(request: Request) -> Response:
        name = request.path_params.get("file", "index.html")
        kind = TYPES.get(Path(name).suffix)
        known = {path.name for path in PAGE.iterdir()} if kind else set()
        if kind is None or name not in known:
            return Response("There is nothing under this path.", 404, media_type="text/plain")
        content = document(PAGE) if name == "index.html" else (PAGE / name).read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        headers = {"cache-control": "no-cache", "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)

    async def talk(page: WebSocket) -> None:
        if len(pages) >= MOST_PAGES:
            await page.accept()
            sentence = f"The lab serves {MOST_PAGES} pages at once; close one of the others."
            await page.send_text(json.dumps({"kind": "said", "sentence": sentence}))
            await page.close(1013)
            return
        await page.accept()
        loop = asyncio.get_running_loop()
        line = Line(loop)
        session = Session(line.send, pool, first, tables)
        pages.add(session)
        sending = asyncio.create_task(line.run(page))
        try:
            message = await asyncio.wait_for(_next(page), FIRST_WORD)
            while message is not None:
                content = _parsed(message)
                if isinstance(content, str):
                    line.send({"kind": "refused", "id": None, "sentence": content, "where": None}, [])
                else:
                    await loop.run_in_executor(threads, session.receive, content)
                message = await _next(page)
        except (WebSocketDisconnect, TimeoutError, RuntimeError):
            pass
        finally:
            session.close()
            pages.discard(session)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending
            with contextlib.suppress(Exception):
                await page.close()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        threads.submit(_first_tile, first, tables or {})  # while the browser starts
        yield
        pool.close()
        threads.shutdown(wait=False, cancel_futures=True)

    routes = [
        Route("/", file, methods=["GET"]),
        WebSocketRoute("/socket", talk),
        Route("/{file}", file, methods=["GET"]),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), access)


def _first_tile(first: State | None, tables: Mapping[str, Table]) -> None:
    """Compile and train what a page will ask for first; its tile is kept."""
    with contextlib.suppress(FalllineError):  # the page will be told
        compute_tile(build_plan(first or default_state(), tables), Place(0, 0, 0))


async def _next(page: WebSocket) -> str | None:
    """The next text of a page; None where it has gone or sends something else."""
    message = await page.receive()
    if message["type"] != "websocket.receive":
        return None
    return message.get("text")


def _parsed(text: str) -> Any:
    """The content of a message, or a sentence that says why it has none."""
    if len(text) > MOST_PLAIN and '"csv"' not in text[:200]:
        return f"a message may have at most {MOST_PLAIN:,} characters; this one has {len(text):,}."
    try:
        content = json.loads(text, parse_constant=_no_number)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()  # half of a pair is no text, though JSON can write it
    except (ValueError, RecursionError):
        return "a message must be JSON."
    return content if isinstance(content, dict) else "a message must be an object of JSON."


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def bind(port: int | None) -> socket.socket:
    """A listening socket on loopback: this port, or the first free one from 8421 on."""
    for one in range(8421, 8521) if port is None else [port]:
        # Without the protocol's number asyncio does not know TCP when it sees it, and leaves Nagle's algorithm on: every
        # message that follows another would wait 40 ms for the page to acknowledge the first.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # On Windows "reuse" would let another program take the port over; elsewhere it skips the wait after a restart.
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, alone, 1)
        try:
            listener.bind(("127.0.0.1", one))
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
