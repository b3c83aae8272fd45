"""One run as a picture."""

from __future__ import annotations

from fallline.problems import NetworkObjective
from fallline.runs.run import Run
from fallline.views.pictures.curves import curves_on, draw_curves
from fallline.views.pictures.data import legend_columns
from fallline.views.pictures.landscape import draw_contours, run_over_contours
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.regions import draw_regions, regions_on
from fallline.views.pictures.style import Theme, canvas, drawing, legend_below, look

__all__ = ["run_picture"]


def run_picture(run: Run, *, title: str | None = None, theme: str | Theme = "light") -> Picture:
    """Draw a run: its path over contours if it has two parameters, decision regions if the network has two inputs; below,
    its loss at each step.
    """
    theme = look(theme)
    curve = draw_curves([run], title=title, theme=theme)
    finite = not run.outcome.failed
    network = run.objective if isinstance(run.objective, NetworkObjective) else None
    if run.objective.dimension == 2:
        over = draw_contours(run.objective, [run], theme=theme)
    elif network is not None and network.network.sizes[0] == 2 and finite:
        over = draw_regions(network, run.end, theme=theme)
    else:
        return curve
    title = title or curve.title.replace("Loss of", "Descent of", 1)
    with drawing(theme):
        figure = canvas(theme, 6.6, title)
        ax, below = figure.subplots(2, 1, height_ratios=(3.6, 2.3))
        if network is None or run.objective.dimension == 2:
            run_over_contours(figure, ax, run, theme)
        else:
            handles, texts = regions_on(figure, ax, network, run.end, theme)
            legend_below(figure, handles, texts, legend_columns(len(handles)))
        curves_on(below, [run], [""], theme, log=None)
    return Picture(figure, title, f"{over.alt} {curve.alt} {run.outcome.sentence}", theme)
