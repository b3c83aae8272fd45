"""The picture of a verdict: a heat map of the errors of each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fallline.checks.reference.comparison import BlockComparison
from fallline.views.numerals import listed, number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.style import Theme, canvas, drawing, look, oklab_ramp

__all__ = ["draw_errors"]

LOWEST, HIGHEST = 1e-12, 1.0
"""Relative errors at the ends of the colours: rounding, and an error as large as the block itself."""


def draw_errors(
    function: str, blocks: Sequence[BlockComparison], relative_errors: Mapping[str, Any], theme: str | Theme = "light"
) -> Picture:
    """A heat map for each block: a row for each unit that weights come from, a column for each unit that they go to.

    Parameters
    ----------
    function
        Name of the checked function.
    blocks
        The comparison of each block.
    relative_errors
        By block, the error of each entry.
    """
    theme = look(theme)
    errors = {name: np.atleast_2d(np.asarray(e, dtype=float)) for name, e in relative_errors.items()}
    layers = sorted({int(name[2:]) for name in errors if name[2:].isdigit()}) or [0]
    columns = [[n for n in errors if n[2:] == str(l)] if l else list(errors) for l in layers]
    tallest = max(sum(len(errors[n]) for n in column) for column in columns)
    wrong = [str(b.block) for b in blocks if not b.agrees]
    title = f"{function}: {'every block agrees' if not wrong else 'wrong in ' + listed(wrong)}"
    with drawing(theme):
        cell = 4.0 / max(8, tallest)  # inches; all blocks are drawn to one scale of rows
        below, above, gap = 0.75, 0.3, 0.35
        content = max(sum(max(0.14, cell * len(errors[n])) + gap for n in column) for column in columns)
        figure = canvas(theme, content + below + above, title)
        figure.set_layout_engine("none")
        width, height = figure.get_size_inches()
        top = below + content + 0.05
        space = (width - 0.15) / len(columns)
        for k, column in enumerate(columns):
            y = top
            for name in column:
                tall = max(0.14, cell * len(errors[name]))  # a row of biases stays visible beside 64 rows of weights
                y -= tall + gap
                box = (0.4 + k * space, y + 0.12, space - 0.5, tall)
                ax = figure.add_axes([box[0] / width, box[1] / height, box[2] / width, box[3] / height])
                mesh = _map(ax, errors[name], name, name in wrong, theme, labelled=name == column[-1])
        below_maps = figure.add_axes([0.4 / width, 0.5 / height, (width - 0.8) / width, 0.1 / height])
        bar = figure.colorbar(mesh, cax=below_maps, orientation="horizontal")
        bar.minorticks_off()
        bar.set_ticks([1e-12, 1e-8, 1e-4, 1.0], labels=[number(v) for v in (1e-12, 1e-8, 1e-4, 1.0)])
        bar.set_label("error relative to the block's largest entry")
        bar.outline.set_visible(False)
    worst = {str(b.block): b.relative for b in blocks}
    sizes = {name: worst.get(name, float(e.max())) for name, e in errors.items()}
    largest = ", ".join(
        f"{name} {size:.1e}" for name, size in sizes.items() if not np.isnan(size)
    )  # NaN: it is not told
    caption = "Heat maps of the error of each entry of the gradient." + (f" Largest: {largest}." if largest else "")
    return Picture(figure, title, caption, theme)


def _map(ax: Any, error: Any, name: str, wrong: bool, theme: Theme, *, labelled: bool) -> Any:
    from matplotlib.colors import ListedColormap, LogNorm

    ramp = oklab_ramp((theme.faint, *reversed(theme.diverged)), 64)
    colours = np.clip(np.where(np.isfinite(error), error, HIGHEST), LOWEST, HIGHEST)
    mesh = ax.pcolormesh(
        colours, cmap=ListedColormap(ramp), norm=LogNorm(LOWEST, HIGHEST), edgecolors=theme.background,
        linewidth=0.8 if error.size <= 400 else 0, rasterized=error.size > 2000,
    )  # fmt: skip
    ax.invert_yaxis()
    ax.set_title(f"{name}  {'wrong' if wrong else 'right'}", fontweight="bold" if wrong else "normal")
    ax.tick_params(length=0)
    for axis, count in ((ax.xaxis, error.shape[1]), (ax.yaxis, error.shape[0])):
        step = max(1, -(-count // 8))
        axis.set_ticks(np.arange(0, count, step) + 0.5, [str(i) for i in range(0, count, step)])
    if not labelled:
        ax.xaxis.set_ticks([])  # the biases below have the same units
    if len(error) == 1:
        ax.yaxis.set_ticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return mesh
