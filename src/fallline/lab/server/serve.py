"""`serve`: the lab as a page of the browser, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from fallline.errors import UsageError

if TYPE_CHECKING:
    from fallline.experiment.studies import Study

__all__ = ["serve"]

SWITCH = 0.0005
"""Seconds for which one thread of Python may keep others waiting. By default it is 5 ms, and on the way from a change to its
first picture a thread waits several times.
"""


def serve(
    study: str | Path | Study | None = None,
    *,
    data: str | Path | None = None,
    target: str | None = None,
    task: str | None = None,
    missing: str | None = None,
    port: int | None = None,
    browser: bool = True,
) -> int:
    """Serve the lab on this machine and open it in the browser; ends with Ctrl-C.

    Parameters
    ----------
    study
        A built-in study's name, or a TOML file; its first map is what the page begins with.
    data
        A CSV file to begin with.
    target, task, missing
        Of that table: the column to learn, by default the last; "classification" or "regression", guessed unless given; and
        "refuse" or "impute", what is done about missing cells.
    port
        Of the local server; the first free one from 8421 on by default.
    browser
        Whether to open the page.
    """
    try:
        from fallline.lab.server.application import application
        from fallline.lab.server.listening import bind, server
    except ImportError as error:
        raise UsageError(f"the lab needs {error.name}: pip install 'fallline[lab]'.") from None
    from fallline.lab.initial_state import initial_state
    from fallline.lab.server.access import Access
    from fallline.lab.server.kept_secret import kept_secret

    first, tables = initial_state(study, data, target=target, task=task, missing=missing)
    for table in tables.values():
        print(*table.table.notes, sep="\n", flush=True)
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
    running = server(listener, application(access, first, tables))
    sys.setswitchinterval(SWITCH)
    try:
        asyncio.run(running.serve(sockets=[listener]))
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    print("\nThe lab has ended.", file=sys.stderr)
    return 0
