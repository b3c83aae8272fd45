"""Runs of the map: one run with its curves, a network's answers at each of its steps, and what is shown on request."""

from __future__ import annotations

from collections.abc import Generator

from fallline.errors import UnknownNameError, UsageError
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.session.answers import Json
from fallline.lab.session.fields import POINTED, changes, pin, plane, whole
from fallline.lab.session.shown import Shown
from fallline.lab.work.details import DETAILS
from fallline.lab.work.frames import frames as frames_of
from fallline.lab.work.input_plane import all_samples, input_plane
from fallline.lab.work.runs import describe_run
from fallline.lab.work.what_if import what_if as what_if_of
from fallline.problems import NetworkObjective

__all__ = ["detail", "frames", "run", "what_if"]


def run(page: Shown, content: Json) -> None:
    """One run at exactly (x, y)."""
    k, x, y = pin(content)
    if page.is_old(content):
        return
    (_, resolved), number = page.current(), page.state_id

    def work() -> Generator[None, None, None]:
        facts, arrays = describe_run(resolved.spec, page.runs.at(resolved, x, y))
        page.answer("run", {"state_id": number, "pin": k, "x": x, "y": y, **facts}, arrays)
        yield

    page.job(content, ("run", k), work, rank=2 if k == POINTED else 1)


def frames(page: Shown, content: Json) -> None:
    """A network's answers over a plane of its inputs, from one step of a run to another."""
    k, x, y = pin(content)
    if page.is_old(content):
        return
    (_, resolved), number, inputs = page.current(), page.state_id, plane(content)
    net = _network(resolved)
    first, last = (whole(content, key, 0, resolved.spec.steps) for key in ("from", "to"))

    def work() -> Generator[None, None, None]:
        facts, arrays = frames_of(
            net, page.runs.at(resolved, x, y), input_plane(all_samples(net.data.raw), inputs), first, last
        )
        where = {"state_id": number, "pin": k, "x": x, "y": y, "from": first, "plane": content.get("plane")}
        page.answer("frames", {**where, **facts}, arrays)
        yield

    page.job(content, ("frames", k), work, rank=2)


def detail(page: Shown, content: Json) -> None:
    """What a page shows of a run on request, by its name `of` in `DETAILS`."""
    k, x, y = pin(content)
    of = content.get("of")
    if not isinstance(of, str) or of not in DETAILS:
        raise UnknownNameError("detail of a run", repr(of)[:40], DETAILS)
    if page.is_old(content):
        return
    (_, resolved), number = page.current(), page.state_id

    def work() -> Generator[None, None, None]:
        arrays = DETAILS[of](page.runs.at(resolved, x, y))
        page.answer("detail", {"state_id": number, "id": content["id"], "pin": k, "x": x, "y": y, "of": of}, arrays)
        yield

    page.job(content, (of, x, y), work, rank=2)


def what_if(page: Shown, content: Json) -> None:
    """A run's network at a step with some of its weights changed."""
    k, x, y = pin(content)
    if page.is_old(content):
        return
    (_, resolved), number, inputs = page.current(), page.state_id, plane(content)
    net = _network(resolved)
    step, values = whole(content, "step", 0, resolved.spec.steps), changes(content)

    def work() -> Generator[None, None, None]:
        on = input_plane(all_samples(net.data.raw), inputs) if net.data.raw.X.shape[1] > 1 else None
        facts, arrays = what_if_of(page.runs.at(resolved, x, y), step, values, on)
        where = {"state_id": number, "id": content["id"], "pin": k, "x": x, "y": y, "step": step}
        page.answer("what_if", {**where, **facts}, arrays)
        yield

    page.job(content, ("what_if", x, y), work)


def _network(resolved: ResolvedState) -> NetworkObjective:
    if resolved.network is None:
        raise UsageError("only a network has regions and weights; a landscape has its contours.")
    return resolved.network
