"""The server of a map's file: its page, its picture tiles, the values of its cells, and their runs trained again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fallline.errors import FalllineError
from fallline.lab.page_files import bundled
from fallline.lab.server.access import Access
from fallline.lab.server.guard import Door, Guard
from fallline.live.html_page import PAGE
from fallline.live.served_map import ServedMap, readable
from fallline.live.tile_page import style_of_tiles

__all__ = ["DOORS_OF_A_MAP", "map_application"]

DOORS_OF_A_MAP = (
    Door("/", "http", "token"), Door("/{file}", "http", "cookie"), Door("/picture/{measure}.png", "http", "cookie"),
    Door("/tiles/{measure}/{z}/{x}/{y}.png", "http", "cookie"), Door("/cell/{column}/{row}", "http", "cookie"),
    Door("/run/{column}/{row}", "http", "cookie"),
)  # fmt: skip
"""Every route of the server of a map. Each requires a cookie or a token."""

FRESH = {"cache-control": "no-store"}
"""The same port may serve another map tomorrow."""


def map_application(access: Access, served: ServedMap, reading: ThreadPoolExecutor) -> Guard:
    """The ASGI application for a map, guarded. `reading` is the one thread that uses the map's file."""
    training = ThreadPoolExecutor(1, "fallline run")

    async def within(thread: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(thread, work, *arguments)

    async def page(request: Request) -> Response:
        return Response(await within(reading, served.page), media_type="text/html", headers=FRESH)

    async def file(request: Request) -> Response:
        match request.path_params["file"]:
            case "served.js":
                return Response(bundled(PAGE, "served.js"), media_type="text/javascript", headers=FRESH)
            case "served.css":
                return Response(style_of_tiles(), media_type="text/css", headers=FRESH)
        return _nothing()

    async def picture(request: Request) -> Response:
        # Drawn in the other thread: meanwhile tiles come.
        return _png(await within(training, served.picture, *_numbers(request, "measure")))

    async def tile(request: Request) -> Response:
        return _png(await within(reading, served.tile, *_numbers(request, "measure", "z", "x", "y")))

    async def cell(request: Request) -> Response:
        found = await within(reading, served.cell, *_numbers(request, "column", "row"))
        return _nothing() if found is None else JSONResponse(readable(found), headers=FRESH)

    async def run(request: Request) -> Response:
        place = _numbers(request, "column", "row")
        found = await within(reading, served.cell, *place)
        if found is None:
            return _nothing()
        told = await within(training, served.run, *place, found)
        return JSONResponse(told | readable(found), headers=FRESH)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        reading.submit(served.close)
        for pool in (reading, training):
            pool.shutdown(wait=False, cancel_futures=pool is training)

    answers = {"/": page, "/{file}": file, "/picture/{measure}.png": picture, "/tiles/{measure}/{z}/{x}/{y}.png": tile,
               "/cell/{column}/{row}": cell, "/run/{column}/{row}": run}  # fmt: skip
    routes = [Route(door.path, _answering(answers[door.path]), methods=["GET"]) for door in DOORS_OF_A_MAP]
    return Guard(Starlette(routes=routes, lifespan=lifespan), access, DOORS_OF_A_MAP)


class _NoNumberError(Exception):
    """An address has something else in the place of a whole number."""


def _answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The answer, or the sentence of an error."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except _NoNumberError:
            return _nothing()
        except FalllineError as error:
            return JSONResponse({"sentence": str(error)}, 422, headers=FRESH)

    return guarded


def _numbers(request: Request, *names: str) -> list[int]:
    """The whole numbers of an address.

    Raises
    ------
    _NoNumberError
        One of them is none, or has more than nine digits.
    """
    texts = [request.path_params[name] for name in names]
    if not all(text.isascii() and text.isdigit() and len(text) <= 9 for text in texts):
        raise _NoNumberError
    return [int(text) for text in texts]


def _png(picture: bytes | None) -> Response:
    return _nothing() if picture is None else Response(picture, media_type="image/png", headers=FRESH)


def _nothing() -> Response:
    return Response("There is nothing under this path.", 404, media_type="text/plain")
