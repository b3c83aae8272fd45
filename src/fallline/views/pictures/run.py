"""One run as a picture."""

from __future__ import annotations

from typing import Any, Literal

from fallline.errors import UnknownNameError, UsageError
from fallline.problems import NetworkObjective, has_plane
from fallline.runs.run import Run
from fallline.views.pictures.curves import curves_on, draw_curves
from fallline.views.pictures.data import legend_columns
from fallline.views.pictures.landscape import draw_contours, run_over_contours
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.regions import draw_regions, regions_on
from fallline.views.pictures.sheet import Place, Size, is_low, sheet
from fallline.views.pictures.style import Theme

__all__ = ["run_picture"]

View = Literal["path", "regions", "loss"]

HEIGHT = 6.6
"""Height of two views, in inches."""


def run_picture(
    run: Run,
    view: View | None = None,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
    **options: Any,
) -> Picture:
    """Draw a run: its path over contours if it has two parameters, decision regions if the network has two inputs; below,
    its loss at each step.

    Parameters
    ----------
    view
        Only one of these: "path", "regions" or "loss". By default the first that the run has, with the loss below it. On
        your own axes, and where `size` has no room, the loss is left out.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    **options
        As for `draw_contours`, `draw_regions` or `draw_curves`, with a `view` or on your own axes: `cmap`, `limits`, `log`.
    """
    views = _views(run)
    if view is not None and view not in views:
        raise UnknownNameError("the view of this run", view, views)
    place: dict[str, Any] = {"title": title, "size": size, "theme": theme}
    if ax is not None or view is not None or len(views) == 1 or is_low(size, HEIGHT):
        return _draw(run, view or views[0], ax=ax, **place, **options)
    if options:
        raise UsageError(
            f"{', '.join(options)} of a picture with two views: choose one of them, view={views[0]!r} or view='loss'."
        )
    return _both(run, views[0], **place)


def _views(run: Run) -> list[View]:
    """What can be drawn of the run, the best first."""
    if run.objective.dimension == 2:
        return ["path", "loss"]
    if has_plane(run.objective) and not run.outcome.failed:
        return ["regions", "loss"]
    return ["loss"]


def _draw(run: Run, view: View, **options: Any) -> Picture:
    if view == "path":
        return draw_contours(run.objective, [run], **options)
    if view == "regions":
        assert isinstance(run.objective, NetworkObjective)
        return draw_regions(run.objective, run.end, **options)
    return draw_curves([run], **options)


def _both(run: Run, view: View, *, title: str | None, size: Size, theme: str | Theme) -> Picture:
    """Path or regions above the loss."""
    over, curve = _draw(run, view, theme=theme), draw_curves([run], theme=theme)
    default = curve.title.replace("Loss of", "Descent of", 1)
    with sheet(Place(None, size, theme), HEIGHT, default, title) as page:
        ax, below = page.figure.subplots(2, 1, height_ratios=(3.6, 2.3))
        if view == "path":
            run_over_contours(page, ax, run)
        else:
            assert isinstance(run.objective, NetworkObjective)
            handles, texts, _ = regions_on(page, ax, run.objective, run.end)
            page.legend(handles, texts, legend_columns(len(handles)))
        curves_on(below, [run], [""], page, log=None)
    return page.picture(f"{over.alt} {curve.alt} {run.outcome.sentence}")
