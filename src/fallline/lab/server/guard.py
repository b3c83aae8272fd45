"""Access to the local server. Every web page that the user has open can reach it, so no request is trusted by default.

In this order: the Host must be one of ours, exactly (DNS rebinding); the path must be in the table of doors; the method GET
or HEAD, without a body; the Origin ours, exactly, and present on the socket; and the cookie right, which a page gets in
exchange for the one-time token in the address that was opened.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import parse_qs

from fallline.lab.server.access import Access

__all__ = ["DOORS", "HEADERS", "Door", "Guard"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Door:
    """A route and what it asks for: "cookie", or "token" where a one-time token will do as well."""

    path: str
    kind: Literal["http", "websocket"]
    needs: Literal["cookie", "token"]


DOORS = (Door("/", "http", "token"), Door("/{file}", "http", "cookie"), Door("/socket", "websocket", "cookie"))
"""Every route of the lab's server. Each requires a cookie or a token."""

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'",
    "font-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "object-src 'none'",
))  # fmt: skip

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
"""Headers of every answer."""


class Guard:
    """ASGI middleware that refuses every request that `Access` does not know, or that fits none of the `doors`."""

    def __init__(self, app: App, access: Access, doors: tuple[Door, ...] = DOORS) -> None:
        self.app, self.access, self.doors = app, access, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)
            return
        token = _token(scope) if scope["type"] == "http" and scope["path"] == "/" else None
        if token is not None:
            cookie = f"{self.access.cookie}={self.access.secret}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 303, "", [(b"location", b"/"), (b"set-cookie", cookie.encode())])
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence of a refusal; None if the request is allowed."""
        kind, path = scope["type"], scope["path"]
        hosts = _header(scope, b"host")
        if len(hosts) != 1 or hosts[0] not in self.access.hosts:
            return 403, "This server answers to its own name alone."
        door = next((d for d in self.doors if d.kind == kind and _pattern(d.path).fullmatch(path)), None)
        if door is None:
            return 404, "There is nothing under this path."
        if kind == "http":
            if scope["method"] not in ("GET", "HEAD"):
                return 405, "Only GET and HEAD are answered; files are read by the page and go through its socket."
            lengths = _header(scope, b"content-length")
            if _header(scope, b"transfer-encoding") or any(length != "0" for length in lengths):
                return 413, "A request has no body here."
        origins = _header(scope, b"origin")
        if kind == "websocket" and len(origins) != 1:
            return 403, "The socket is for the page that this server serves."
        if len(origins) > 1 or any(origin != f"http://{hosts[0]}" for origin in origins):
            return 403, "Pages of another origin are not answered."
        token = _token(scope)
        if door.needs == "token" and token is not None:
            if self.access.exchange(token):
                return None
            return (
                403,
                "This address was used before, or is of a server that has ended. Open the address in the terminal.",
            )
        sites = _header(scope, b"sec-fetch-site")
        if any(site not in ("none", "same-origin") for site in sites):
            return 403, "Other pages are not answered."
        if not any(self.access.knows(cookies) for cookies in _header(scope, b"cookie")):
            return 403, "Open the address that `fallline lab` printed in its terminal."
        return None


@cache
def _pattern(door: str) -> re.Pattern[str]:
    """The paths of a door: a word in braces stands for any text without a slash."""
    parts = re.split(r"(\{\w+\})", door)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


def _header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _token(scope: Scope) -> str | None:
    try:
        found = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=4).get("token")
    except ValueError:  # more fields than an address of ours has
        return None
    return found[0] if found else None


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "http":
        await _answer(send, status, sentence, [(b"connection", b"close")])
        return
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": sentence})


async def _answer(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = text.encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    plain.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *headers, *HEADERS]})
    await send({"type": "http.response.body", "body": body})
