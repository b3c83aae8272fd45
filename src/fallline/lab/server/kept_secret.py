"""The cookie's value, kept in a private file of the user, so that a page recovers when its server is started again."""

from __future__ import annotations

import os
import secrets
import stat
import sys
import time
from pathlib import Path

__all__ = ["kept_secret"]

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
        pass  # it cannot be kept, so a page needs the new address after a restart
    return fresh


_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Follow no link, and do not wait for the other end of a pipe."""


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
    """The folder in which the user's programs keep data of this login."""
    if os.environ.get("XDG_RUNTIME_DIR"):
        return Path(os.environ["XDG_RUNTIME_DIR"], "fallline")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home()), "fallline")
    return Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"), "fallline")
