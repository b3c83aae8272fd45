"""Who may speak to the local server. Every web page that the user has open can reach it, so nobody is trusted by default.

In this order: the Host must be one of ours, exactly (DNS rebinding); the path must be in the table of doors; the method GET
or HEAD, without a body; the Origin ours, exactly, and present on the socket; and the cookie right, which a page gets in
exchange for the one-time token in the address that was opened.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

__all__ = ["DOORS", "Access", "Door", "Guard", "kept_secret"]

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
"""Every route of the server. Nothing is open to all."""

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
"""Stand on every answer."""


@dataclass
class Access:
    """Names under which the server may be called, the cookie, and the token that is exchanged for it once.

    >>> access = Access(8000, secret="s")
    >>> token = access.token
    >>> access.exchange(token), access.exchange(token)
    (True, False)
    """

    port: int
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    exchanged: Callable[[], None] = lambda: None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Allowed values of Host."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def address(self) -> str:
        """What is opened in the browser: good once."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies know no ports, so the name has it."""
        return f"fallline-lab-{self.port}"

    def exchange(self, token: str) -> bool:
        """Whether this is the token; if so, it was, and there is a new one."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return False
        self.token = secrets.token_urlsafe(32)
        self.exchanged()
        return True

    def knows(self, cookies: str) -> bool:
        """Whether a Cookie header holds ours."""
        for one in cookies.split(";"):
            name, _, value = one.strip().partition("=")
            if name == self.cookie and hmac.compare_digest(value.encode(), self.secret.encode()):
                return True
        return False


class Guard:
    """ASGI middleware that lets nobody through whom `Access` does not know."""

    def __init__(self, app: App, access: Access) -> None:
        self.app, self.access = app, access

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
        """Status and sentence, or None for who may come in."""
        kind, path = scope["type"], scope["path"]
        hosts = _header(scope, b"host")
        if len(hosts) != 1 or hosts[0] not in self.access.hosts:
            return 403, "This server answers to its own name alone."
        door = next((d for d in DOORS if d.kind == kind and _fits(d.path, path)), None)
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


def _fits(door: str, path: str) -> bool:
    if door == "/{file}":
        return path.startswith("/") and len(path) > 1 and "/" not in path[1:] and path != "/socket"
    return path == door


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


FRESH = 7 * 86400
"""Seconds after which a kept secret is replaced."""


def kept_secret(port: int, folder: Path | None = None) -> str:
    """The cookie's value, kept in a private file of the user, so that a page recovers when its server is started anew.

    Whoever can read the file is the user himself. Whatever else stands under its name (a link, a pipe, another user's file)
    is left alone and not used; a file of the user's that others may read, or that is old, is replaced.
    """
    folder = folder or private_folder()
    path = folder / f"lab-{port}.secret"
    fresh = secrets.token_urlsafe(32)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
        if not _is_ours(facts) or (sys.platform != "win32" and facts.st_mode & 0o022):
            return fresh  # others could put files there
        known = _read_secret(path)
        if known is not None:
            return known
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFUL
        with open(os.open(path, flags, 0o600), "w", encoding="ascii") as stream:
            stream.write(fresh)
    except OSError:
        pass  # nowhere to keep it: a page asks for the new address after a restart
    return fresh


_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Follow no link, and wait for nobody at the other end of a pipe."""


def _read_secret(path: Path) -> str | None:
    """The secret in a file, or None if there is no file that may be used. OSError where the file is not the user's."""
    try:
        before = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(before.st_mode) or not _is_ours(before):
        raise PermissionError(f"{path} is no file of this user")
    with open(os.open(path, os.O_RDONLY | _CAREFUL), "rb") as stream:
        facts = os.fstat(stream.fileno())
        if not os.path.samestat(before, facts):
            raise PermissionError(f"{path} was replaced")
        known = stream.read(200).decode("ascii", "replace").strip()
    private = sys.platform == "win32" or stat.S_IMODE(facts.st_mode) == 0o600
    young = abs(time.time() - facts.st_mtime) < FRESH
    return known if private and young and len(known) >= 40 and known.isascii() else None


def _is_ours(facts: os.stat_result) -> bool:
    return sys.platform == "win32" or facts.st_uid == os.getuid()


def private_folder() -> Path:
    """Where the user's own programs keep what is for this login."""
    if os.environ.get("XDG_RUNTIME_DIR"):
        return Path(os.environ["XDG_RUNTIME_DIR"], "fallline")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home()), "fallline")
    return Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"), "fallline")
