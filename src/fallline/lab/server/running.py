"""A guarded application served on this machine and opened in the browser, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fallline.errors import UsageError
from fallline.lab.server.access import Access
from fallline.lab.server.kept_secret import kept_secret

if TYPE_CHECKING:
    from fallline.lab.server.guard import Guard

__all__ = ["needing_extra", "run_server"]

SWITCH = 0.0005
"""Seconds for which one thread of Python may keep others waiting. By default it is 5 ms, and on the way from a change to its
first picture a thread waits several times.
"""


@contextlib.contextmanager
def needing_extra() -> Iterator[None]:
    """Imports of the extra `lab`: one that is missing is named in a sentence."""
    try:
        yield
    except ImportError as error:
        raise UsageError(f"the lab needs {error.name}: pip install 'fallline[lab]'.") from None


def run_server(make: Callable[[Access], Guard], port: int | None, *, browser: bool) -> int:
    """Serve what `make` gives for the server's access. Prints the address, and opens it unless `browser` is False."""
    with needing_extra():
        from fallline.lab.server.listening import bind, server

    listener = bind(port)
    number = listener.getsockname()[1]
    access = Access(number, secret=kept_secret(number))

    def show_address(lead: str) -> None:
        print(f"{lead} {access.address}", flush=True)

    show_address("fallline lab:")
    print("Ctrl-C ends it. The address is good once; whoever has it may use the lab on this machine.", flush=True)
    access.exchanged = lambda: show_address("For another browser:")
    if browser and not os.environ.get("FALLLINE_NO_BROWSER"):
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(access.address)
    running = server(listener, make(access))
    sys.setswitchinterval(SWITCH)
    try:
        asyncio.run(running.serve(sockets=[listener]))
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    print("\nThe lab has ended.", file=sys.stderr)
    return 0
