"""The names under which the server may be called, its cookie, and the token that is exchanged for the cookie once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Access"]


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
        """The address that is opened in the browser; it is valid once."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies know no ports, so the name has it."""
        return f"fallline-lab-{self.port}"

    def exchange(self, token: str) -> bool:
        """Whether this is the token. If so, a new token replaces it."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return False
        self.token = secrets.token_urlsafe(32)
        self.exchanged()
        return True

    def knows(self, cookies: str) -> bool:
        """Whether a Cookie header holds ours."""
        for cookie in cookies.split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == self.cookie and hmac.compare_digest(value.encode(), self.secret.encode()):
                return True
        return False
