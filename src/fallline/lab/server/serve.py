"""`serve`: the lab as a page of the browser, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fallline.lab.server.running import needing_extra, run_server

if TYPE_CHECKING:
    from fallline.experiment.studies import Study

__all__ = ["serve"]


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
    with needing_extra():
        from fallline.lab.server.application import application
    from fallline.lab.initial_state import initial_state

    first, tables = initial_state(study, data, target=target, task=task, missing=missing)
    for table in tables.values():
        print(*table.table.notes, sep="\n", flush=True)
    return run_server(lambda access: application(access, first, tables), port, browser=browser)
