"""Pictures of a law's evidence: curves beside their predictions, planes, and the regions in which the law holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from fallline.laws.evidence import Curves, Evidence, Plane, Region
from fallline.sentences import capital
from fallline.views.numerals import number
from fallline.views.pictures.curves import loss_ticks
from fallline.views.pictures.map import Mark, draw_map
from fallline.views.pictures.map_axes import log_ticks
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import Theme
from fallline.views.words import axis_words

__all__ = ["draw_evidence"]


def draw_evidence(
    evidence: Evidence,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the evidence of a law. What the law predicts is dashed in curves, and a white line in planes.

    Parameters
    ----------
    evidence
        `Curves`, `Plane` or `Region` of `fallline.laws`.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    heading = evidence.title if title is None else title
    if isinstance(evidence, Curves):
        return _curves(evidence, heading, Place(ax, size, theme))
    if isinstance(evidence, Plane):
        points = [Mark(float(x[0]), float(y[0]), name) for name, (x, y) in evidence.lines.items() if len(x) == 1]
        lines = {name: line for name, line in evidence.lines.items() if len(line[0]) > 1}
        return draw_map(
            evidence.values, evidence.x, evidence.y, measure=evidence.label, log=False, marks=points, curves=lines,
            lost_word=evidence.lost, lost_unit="cells", title=heading, ax=ax, size=size, theme=theme,
        )  # fmt: skip
    return _region(evidence, heading, Place(ax, size, theme))


def _region(region: Region, heading: str, place: Place) -> Picture:
    """Dark where all starts agree; cells whose starts mostly diverge have the colour of divergence."""
    gone = next((share for name, share in region.shares.items() if "diverge" in name), np.zeros_like(region.agree))
    lost = (gone > 0.5) & (region.agree < 0.5)
    picture = draw_map(
        region.agree, region.x, region.y, measure=f"share of {'starts' if region.counted == 'runs' else 'samples'} that agree with the law", diverged=lost, log=False,
        limits=(0.0, 1.0), better="high", curves=dict(region.lines), lost_word="diverged", lost_unit="cells",
        title=heading, ax=place.ax, size=place.size, theme=place.theme,
    )  # fmt: skip
    words = f"{heading}, over {axis_words(region.x.name)} and {axis_words(region.y.name)}. {region.sentence}"
    return Picture(
        picture.figure, picture.title, words, picture.theme, picture.axes, picture.image, picture.scale, picture.own
    )


def _curves(c: Curves, heading: str, place: Place) -> Picture:
    with sheet(place, 3.4, heading, heading) as page:
        ax = page.axes()
        cases = list(dict.fromkeys([*c.measured, *c.predicted]))
        colours = {case: page.theme.series[k % len(page.theme.series)] for k, case in enumerate(cases)}
        for case, curves in c.measured.items():
            for curve in curves:
                ax.plot(c.at, curve, color=colours[case], linewidth=page.line(0.9), alpha=0.55, zorder=2)
        for curve in c.predicted.values():
            ax.plot(c.at, curve, color=page.theme.ink, linewidth=page.line(1.1), linestyle=(0, (5, 3)), zorder=3)
        for value in c.thresholds.values():
            ax.axvline(value, color=page.theme.ink, linewidth=page.line(1.1), linestyle=(0, (5, 3)), zorder=1)
        _scales(ax, c, page)
        ax.set(xlabel=capital(c.x) if page.own else c.x, ylabel=c.y)
        handles, texts = _legend(c, colours, page)
        page.legend(handles, texts)
    return page.picture(_words(c, heading))


def _scales(ax: Any, c: Curves, page: Sheet) -> None:
    if "y" in c.log:
        ax.set_yscale("log")
    if page.own:
        loss_ticks(ax, "y" in c.log)
    ax.set_xlim(float(c.at[0]), float(c.at[-1]))
    if "x" in c.log:
        ax.set_xscale("log")
        ticks = log_ticks(float(c.at[0]), float(c.at[-1]))
        ax.set_xticks(ticks, labels=[number(t) for t in ticks])
        ax.xaxis.set_minor_formatter(NullFormatter())
    elif page.own and float(c.at[-1]) < 20:  # `loss_ticks` sets whole numbers
        ax.xaxis.set_major_locator(MaxNLocator(7))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))


def _legend(c: Curves, colours: dict[str, str], page: Sheet) -> tuple[list[Any], list[str]]:
    starts = max(len(curves) for curves in c.measured.values())
    handles = [Line2D([], [], color=colours[case], linewidth=1.8) for case in c.measured]
    texts = list(c.measured)
    if c.predicted or c.thresholds:
        names = [name for name in (*c.predicted, *c.thresholds) if name not in c.measured]
        handles.append(Line2D([], [], color=page.theme.ink, linewidth=1.4, linestyle=(0, (5, 3))))
        texts.append("predicted" + (f": {', '.join(names)}" if names else ""))
    if texts and starts > 1:
        texts[0] += f" ({starts} starts)"
    return handles, texts


def _words(c: Curves, heading: str) -> str:
    parts = []
    for case, curves in c.measured.items():
        ends = curves[:, -1][np.isfinite(curves[:, -1])]
        if ends.size:
            parts.append(f"{case}: {number(float(np.median(ends)), 4)} at the end in the median")
    thresholds = "".join(f" Predicted: {name}, at {number(at)}." for name, at in c.thresholds.items())
    return f"{heading}, over {c.x}. {'; '.join(parts)}.{thresholds}"
