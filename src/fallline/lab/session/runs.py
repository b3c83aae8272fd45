"""Runs of the map: one run with its curves, and a network's answers at each of its steps."""

from __future__ import annotations

from collections.abc import Generator

from fallline.lab.session.answers import Json
from fallline.lab.session.fields import POINTED, pin, whole
from fallline.lab.session.shown import Shown
from fallline.lab.work.runs import describe_run
from fallline.lab.work.runs import frames as frames_of

__all__ = ["frames", "run"]


def run(page: Shown, content: Json) -> None:
    """One run at exactly (x, y)."""
    k, x, y = pin(content)
    if page.is_old(content):
        return
    (_, resolved), number = page.current(), page.state_id

    def work() -> Generator[None, None, None]:
        facts, arrays = describe_run(resolved, page.runs.at(resolved, x, y))
        page.answer("run", {"state_id": number, "pin": k, "x": x, "y": y, **facts}, arrays)
        yield

    page.job(content, ("run", k), work, rank=2 if k == POINTED else 1)


def frames(page: Shown, content: Json) -> None:
    """A network's answers over the plane of its inputs, from one step of a run to another."""
    k, x, y = pin(content)
    if page.is_old(content):
        return
    (_, resolved), number = page.current(), page.state_id
    first, last = (whole(content, key, 0, resolved.spec.steps) for key in ("from", "to"))

    def work() -> Generator[None, None, None]:
        facts, arrays = frames_of(resolved, page.runs.at(resolved, x, y), first, last)
        page.answer("frames", {"state_id": number, "pin": k, "x": x, "y": y, "from": first, **facts}, arrays)
        yield

    page.job(content, ("frames", k), work, rank=2)
