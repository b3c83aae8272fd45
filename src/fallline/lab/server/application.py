"""The local server: the page's files, and a socket with a `Session` behind it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fallline.data.csv_file import CsvFile
from fallline.errors import FalllineError
from fallline.lab.page_files import PAGE, document
from fallline.lab.resolved_state import resolve_state
from fallline.lab.server.access import Access
from fallline.lab.server.guard import Guard
from fallline.lab.server.line import Line
from fallline.lab.session.session import Session
from fallline.lab.state import State, default_state
from fallline.lab.work.pool import Pool
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.tile_training import compute_tile

__all__ = ["MOST_PAGES", "application"]

TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
         ".png": "image/png"}  # fmt: skip

MOST_PAGES = 8
"""Pages at once."""

MOST_PLAIN = 64_000
"""Characters of a message that is not a table."""

FIRST_WORD = 15.0
"""Seconds that a page may take for its first message."""


def application(access: Access, first: State | None = None, tables: Mapping[str, CsvFile] | None = None) -> Guard:
    """The ASGI application, guarded."""
    pool = Pool()
    # A thread checks a state and makes its data, so that the loop that serves all pages never waits.
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
        return Response(content, media_type=kind if kind == "image/png" else f"{kind}; charset=utf-8", headers=headers)

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


def _first_tile(first: State | None, tables: Mapping[str, CsvFile]) -> None:
    """Compile and train the first tile that a page will request; the tile is kept."""
    with contextlib.suppress(FalllineError):  # the page will get the error
        compute_tile(resolve_state(first or default_state(), tables), TilePlace(0, 0, 0))


async def _next(page: WebSocket) -> str | None:
    """The next text of a page; None where it has gone or sends something else."""
    message = await page.receive()
    if message["type"] != "websocket.receive":
        return None
    return message.get("text")


def _parsed(text: str) -> Any:
    """The content of a message, or a sentence that says why it cannot be read."""
    if len(text) > MOST_PLAIN and '"csv"' not in text[:200]:
        return f"a message may have at most {MOST_PLAIN:,} characters; this one has {len(text):,}."
    try:
        content = json.loads(text, parse_constant=_no_number)
        if "\\u" in text:
            json.dumps(
                content, ensure_ascii=False
            ).encode()  # half of a surrogate pair is not text, though JSON can write it
    except (ValueError, RecursionError):
        return "a message must be JSON."
    return content if isinstance(content, dict) else "a message must be an object of JSON."


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
