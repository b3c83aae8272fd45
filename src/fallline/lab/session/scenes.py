"""Questions of the views: theory, samples, the contours of a landscape, equations."""

from __future__ import annotations

from collections.abc import Callable, Generator

from fallline.errors import UsageError
from fallline.lab.session.answers import Json
from fallline.lab.session.fields import number, plane, whole, window
from fallline.lab.session.shown import Shown

__all__ = ["ANSWERS"]


def theory(page: Shown, content: Json) -> None:
    """The curves of theory over the map."""
    from fallline.lab.work.scenes import theory_curves

    if page.is_old(content):
        return
    (_, resolved), state_id = page.current(), page.state_id

    def work() -> Generator[None, None, None]:
        page.answer("theory", {"state_id": state_id, "curves": theory_curves(resolved)})
        yield

    page.job(content, "theory", work, lane="words")


def data(page: Shown, content: Json) -> None:
    """The samples."""
    from fallline.lab.work.scenes import samples

    if not page.is_old(content):
        page.answer("data", *samples(page.current()[1], plane(content)))


def landscape(page: Shown, content: Json) -> None:
    """Contours and heights of a landscape over a window."""
    from fallline.lab.work.scenes import landscape_scene

    if page.is_old(content):
        return
    (_, resolved), state_id, rectangle = page.current(), page.state_id, window(content.get("window"))
    if resolved.network is not None:
        raise UsageError("contours need a landscape; a network's loss has too many coordinates.")

    def work() -> Generator[None, None, None]:
        facts, arrays = landscape_scene(resolved, rectangle)
        page.answer("landscape", {"state_id": state_id, **facts}, arrays)
        yield

    page.job(content, "landscape", work, lane="words")


def equations(page: Shown, content: Json) -> None:
    """The equations of the objective and the optimizer, with the numbers of a run on request."""
    from fallline.lab.work.equation_blocks import WrittenBlocks
    from fallline.lab.work.equation_sections import sections_of

    if page.is_old(content):
        return
    (_, resolved), state_id, form = page.current(), page.state_id, content.get("form", "matrix")
    numbers = bool(content.get("numbers")) and content.get("pin") is not None
    at = (
        (number(content, "x"), number(content, "y"), whole(content, "step", 0, resolved.spec.steps))
        if numbers
        else None
    )

    def work() -> Generator[None, None, None]:
        run = None if at is None else page.runs.at(resolved, at[0], at[1])
        step = 0 if at is None else at[2]
        written = WrittenBlocks()
        for section in sections_of(resolved, form, run, step):
            written.add(section)
            yield
        page.answer("equations", {
            "state_id": state_id, "blocks": written.blocks, "glyphs": written.symbols, "form": form, "numbers": numbers,
        })  # fmt: skip

    page.job(content, "equations", work, lane="words")


ANSWERS: dict[str, Callable[[Shown, Json], None]] = {
    "theory": theory, "data": data, "landscape": landscape, "equations": equations,
}  # fmt: skip
"""The handlers of the questions that views ask (`page/views.js`)."""
