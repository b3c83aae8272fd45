"""One run as a moving picture."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.files import refuse_existing, write
from fallline.problems import NetworkObjective, has_plane
from fallline.runs.progress import Progress, showing
from fallline.runs.run import Run
from fallline.settings import SETTINGS
from fallline.views.numerals import capitalized, number
from fallline.views.pictures.curves import curves_on
from fallline.views.pictures.data import legend_columns
from fallline.views.pictures.landscape import contours_on, levels_bar
from fallline.views.pictures.moving import FPS, FRAMES, Frame, Scene, recorder, suffix_of
from fallline.views.pictures.paths import clipped, fitting_window
from fallline.views.pictures.regions import regions_on
from fallline.views.pictures.sheet import Sheet
from fallline.views.pictures.style import MARKERS, Theme, canvas, drawing, legend_below, look, rimmed
from fallline.views.pictures.surface import Surface
from fallline.views.words import loss_words, objective_words, shared

__all__ = ["animate_run"]


def animate_run(
    run: Run,
    *,
    out: str | Path,
    frames: int = FRAMES,
    fps: int = FPS,
    title: str | None = None,
    theme: str | Theme = "light",
    dpi: float = 120,
    overwrite: bool = False,
    progress: Progress = False,
) -> Path:
    """Write a run as a moving picture: its path over contours if it has two parameters, decision regions if the network has
    two inputs; below, its loss, with a mark at the step.

    Parameters
    ----------
    out
        A .gif file, or an .mp4 file where ffmpeg is installed.
    frames
        The largest number of frames; they are evenly spaced in the steps. The last one stays for a second.
    fps
        Frames for each second.
    overwrite
        Whether an existing file is replaced.
    progress
        True for a bar; or a function of the number of finished frames and the number of all frames.

    Raises
    ------
    UnknownNameError
        The file has another suffix.
    UsageError
        ffmpeg is not installed.

    Examples
    --------
    >>> import fallline as fl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.descend("himmelblau", steps=20).animate(f"{folder}/descent.gif", frames=3).name
    'descent.gif'
    """
    path, theme = Path(out), look(theme)
    suffix = suffix_of(path)
    refuse_existing(path, overwrite=overwrite)
    steps = _chosen(run, int(SETTINGS["every"].check(frames)))
    rate, record = int(SETTINGS["every"].check(fps)), recorder(suffix)
    with drawing(theme), tempfile.TemporaryDirectory() as folder, showing(progress, "animate") as show:
        scene = Scene(*_scene(run, title, theme), dpi, steps)
        file = Path(folder, f"run{suffix}")
        with record(file, scene.samples, rate) as add:
            for done, step in enumerate(steps, start=1):
                add(scene.image(step))
                show(done, len(steps))
        return write(path, file.read_bytes(), overwrite=overwrite)


def _chosen(run: Run, frames: int) -> list[int]:
    """The steps of the frames: from the first to the last, or to that of divergence, at even distances."""
    finite = np.isfinite(run.losses) & np.isfinite(run.path).all(axis=-1)
    last = len(run) - 1 if finite.all() else max(0, int(finite.argmin()) - 1)
    if run.outcome.step is not None:
        last = min(last, run.outcome.step)
    return sorted({round(float(step)) for step in np.linspace(0, last, min(frames, last + 1))})


def _scene(run: Run, title: str | None, theme: Theme) -> tuple[Any, Frame]:
    """The figure, and the function that changes it to a step."""
    network = run.objective if isinstance(run.objective, NetworkObjective) else None
    common = shared([run])
    title = title or f"Descent of {objective_words(run.objective)}" + (f": {common}" if common else "")
    parts: list[Frame] = []
    if run.objective.dimension == 2 or has_plane(run.objective):
        figure = canvas(theme, 6.6, title)
        ax, below = figure.subplots(2, 1, height_ratios=(3.6, 2.3))
        if run.objective.dimension == 2:
            parts.append(_path(figure, ax, run, theme))
        elif network is not None:
            parts.append(_regions(figure, ax, network, run.path, theme))
    else:
        figure = canvas(theme, 3.25, title)
        below = figure.add_subplot()
    parts.append(_curve(figure, below, run, theme))

    return figure, lambda step: [artist for part in parts for artist in part(step)]


def _curve(figure: Any, ax: Any, run: Run, theme: Theme) -> Frame:
    curves_on(ax, [run], [""], Sheet(figure, theme, ""), log=None)
    low, high = ax.get_ylim()
    style = {"markersize": 9, "color": theme.series[0], "markeredgecolor": theme.background, "zorder": 8}
    (mark,) = ax.plot([], [], marker=MARKERS[0], linestyle="none", clip_on=False, **style)
    line = ax.axvline(0, color=theme.muted, linewidth=0.8, zorder=1)
    words = capitalized(loss_words(run.objective))
    title = ax.set_title(words, color=theme.ink)

    def frame(step: int) -> Sequence[Any]:
        loss = float(run.losses[step])
        mark.set_data([step], [min(max(loss, low), high)])
        line.set_xdata([step, step])
        title.set_text(f"{words}\nstep {step} of {run.steps}: {number(loss)}")
        return line, mark, title

    return frame


def _path(figure: Any, ax: Any, run: Run, theme: Theme) -> Frame:
    window = fitting_window(run.objective, [run])
    surface = Surface.of(run.objective, window)
    filled = contours_on(ax, run.objective, surface, theme)
    levels_bar(Sheet(figure, theme, ""), filled, surface, ax, run.objective)
    colour = theme.series[0]
    dots = {"marker": ".", "markersize": 4} if len(run) <= 400 else {}
    (line,) = ax.plot([], [], color=colour, linewidth=1.3, path_effects=rimmed(theme, 1.3), zorder=5, **dots)
    mark = {"linestyle": "none", "markersize": 8, "zorder": 6}
    ax.plot(*run.path[:1].T, marker="o", color=theme.background, markeredgecolor=colour, markeredgewidth=1.8, **mark)
    (head,) = ax.plot([], [], marker=MARKERS[0], color=colour, markeredgecolor=theme.background, **mark)

    def frame(step: int) -> Sequence[Any]:
        pieces, _, _ = clipped(run.path[: step + 1], window)
        line.set_data(*_with_gaps(pieces).T)
        head.set_data(*run.path[step : step + 1].T)
        return line, head

    return frame


def _with_gaps(pieces: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The pieces of a path as one array, NaN between them."""
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for piece in pieces for part in (piece, gap)] or [gap])


def _regions(figure: Any, ax: Any, objective: NetworkObjective, path: NDArray[Any], theme: Theme) -> Frame:
    page, limits = Sheet(figure, theme, ""), None
    if objective.network.loss.targets == "values":  # the colours mean the same in each frame
        values = objective.data.T[:, 0]
        limits = float(values.min()), float(values.max())

    def drawn(step: int) -> list[tuple[Any, str]]:
        ax.clear()
        handles, texts, _ = regions_on(page, ax, objective, path[step], limits=limits, bar=False)
        return list(zip(handles, texts, strict=True))

    def frame(step: int) -> Sequence[Any]:
        drawn(step)
        return (ax,)

    legend = [(handle, "wrong" if text.startswith("wrong: ") else text) for handle, text in drawn(0)]
    legend_below(figure, [handle for handle, _ in legend], [text for _, text in legend], legend_columns(len(legend)))
    return frame
