"""A map as a moving picture: the loss of every cell after each of some steps, or a measure of its parameters there."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.experiment.map_record import MapSpec
from fallline.files import refuse_existing, write
from fallline.maps.film import Film, check_playable, filmed
from fallline.maps.map import Map
from fallline.maps.thinning import thinned_axes
from fallline.measures.measure import measure
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.progress import Progress, showing
from fallline.sentences import capital
from fallline.settings import SETTINGS
from fallline.views.numerals import percent
from fallline.views.pictures.map import draw_map
from fallline.views.pictures.map_picture import bound_curves, colour_limits, head_words, placed_marks
from fallline.views.pictures.moving import FPS, FRAMES, Scene, recorder, suffix_of
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.style import drawing, look

__all__ = ["animate_map", "check_animation", "moving_map"]

FINEST = 1000
"""Largest number of cells along an axis. A frame has fewer pixels."""


def animate_map(
    m: Map, *, out: str | Path, overwrite: bool = False, progress: Progress = False, **options: Any
) -> Path:  # fmt: skip
    """Write a map as a moving picture: the loss of every cell, from the first step to the last, in the colours of the last.

    If the map's first measure is `accuracy`, `test_loss`, `generalization_gap` or `test_accuracy`, it shows this measure in place
    of the loss. All runs are trained again, with all their steps. The last frame has the values of the map, to the bit; from the
    step on at which a run diverges, its cell has the colour of diverged runs.

    Parameters
    ----------
    out
        A .gif file, or an .mp4 file where ffmpeg is installed.
    overwrite
        Whether an existing file is replaced.
    progress
        True for a bar; or a function of the work that is done and all work.
    **options
        As for `moving_map`.

    Raises
    ------
    UnknownNameError
        The file has another suffix.
    UsageError
        The map has one axis, or an axis of steps; or ffmpeg is not installed.

    Examples
    --------
    >>> import fallline as fl
    >>> m = fl.map("booth", x="learning_rate=0.01..0.2", y="momentum=0..0.9", optimizer="momentum", size=8, steps=20)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     m.animate(f"{folder}/map.gif", frames=3).name
    'map.gif'
    """
    path = Path(out)
    check_animation(m.spec, path)
    refuse_existing(path, overwrite=overwrite)
    work = moving_map(m, suffix_of(path), **options)
    with showing(progress, "animate") as show:
        while True:
            try:
                show(*next(work))
            except StopIteration as done:
                return write(path, done.value, overwrite=overwrite)


def check_animation(spec: MapSpec, out: Path) -> None:
    """Refuse what cannot be written, before the map is computed.

    Raises
    ------
    UnknownNameError
        The file is neither .gif nor .mp4.
    UsageError
        The map has one axis, or an axis of steps; or ffmpeg is not installed.
    """
    if spec.one_dimensional:
        raise UsageError("a map of one axis cannot be played; give it a second axis.")
    check_playable(spec)
    recorder(suffix_of(out))


def moving_map(
    m: Map,
    suffix: str = ".gif",
    *,
    frames: int = FRAMES,
    fps: int = FPS,
    marks: Sequence[tuple[Any, Any, str]] = (),
    theory: bool = False,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    theme: str = "light",
    dpi: float = 120,
    execution: Execution = EVERY_CORE,
) -> Generator[tuple[int, int], None, bytes]:
    """Return the content of the file. It pauses between pieces of the work, and yields the work done and all work.

    Parameters
    ----------
    suffix
        ".gif" or ".mp4".
    frames
        The largest number of frames; they are evenly spaced in the steps. The last one stays for a second.
    fps
        Frames for each second.
    marks, theory, limits, title, theme
        As for `map_picture`; by default the colours are those after the last step.
    execution
        How the runs are carried out.
    """
    rate, record = int(SETTINGS["every"].check(fps)), recorder(suffix)
    spec = replace(m.spec.over(*thinned_axes(m.x, m.y, FINEST)), kept=0)
    m = Map(replace(spec, measures=(measure("final_loss"),)))
    marked, curves = placed_marks(m, marks), bound_curves(m) if theory else {}
    count = min(int(SETTINGS["every"].check(frames)), m.spec.steps + 1)
    training = filmed(spec, count, execution)
    while True:
        try:
            done, cells = next(training)
        except StopIteration as end:
            film: Film = end.value
            break
        yield count * done // cells, 2 * count
    if theory:  # now the best run is known, and the curvature at its end
        m.fill({"final_loss": np.nan_to_num(film.ends, nan=np.inf, posinf=np.inf)}, np.ones(spec.shape, dtype=bool))
        curves = bound_curves(m)
    with drawing(look(theme)):
        picture = draw_map(
            film.values[0], m.x, m.y, measure=film.label, diverged=film.lost(-1), marks=marked, curves=curves,
            limits=limits or _limits(film), better=film.measure.better,
            title=f"{capital(film.label)} step by step: {head_words(m)}" if title is None else title, theme=theme,
        )  # fmt: skip
        scene = Scene(picture.figure, _Frames(film, picture), dpi, range(count))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"map{suffix}")
        with record(file, scene.samples, rate) as add:
            for frame in range(count):
                with drawing(look(theme)):
                    add(scene.image(frame))
                yield count + frame + 1, 2 * count
        return file.read_bytes()


BEYOND = 3
"""How many times the highest colour the usual first loss may be, before the colours span it."""

SPAN = 1e6
"""The largest ratio of colours that span the first losses."""


def _limits(film: Film) -> tuple[float, float] | None:
    """The colours of the values after the last step; of the first ones too, where these are far beyond, or no losses."""
    limits = colour_limits(film.values[-1].astype(np.float64), film.lost(-1))
    first = film.values[0][np.isfinite(film.values[0])]
    if limits is None or not first.size:
        return limits
    usual = float(np.median(first))
    if film.measure.better != "low":
        return min(limits[0], usual), max(limits[1], usual)
    if not usual > BEYOND * limits[1] >= 0:
        return limits
    return max(limits[0], usual / SPAN) if limits[0] >= 0 else limits[0], usual


class _Frames:
    """Changes the cells, the step and the share of diverged runs to those of a frame."""

    def __init__(self, film: Film, picture: Picture) -> None:
        self.film, self.image, ax = film, picture.image, picture.axes
        self.title = ax.set_title(" ")
        texts = [text for legend in picture.figure.legends for text in legend.get_texts()]
        self.share = next((text for text in texts if text.get_text().startswith("diverged: ")), None)
        # What lies over the cells is drawn again with them, and the legend with its text.
        over = [artist for artist in ax.get_children() if artist not in (ax.patch, ax.xaxis, ax.yaxis)]
        self.artists = sorted(over, key=lambda artist: float(artist.get_zorder()))
        self.artists += picture.figure.legends

    def __call__(self, frame: int) -> Sequence[Any]:
        film, lost = self.film, self.film.lost(frame)
        cells = np.ma.masked_array(film.values[frame].astype(np.float64), lost)
        self.image.set_array(cells)
        self.title.set_text(f"after {film.steps[frame]} of {film.spec.steps} steps")
        if self.share is not None:
            self.share.set_text(f"diverged: {percent(float(lost.mean()))} of runs")
        return self.artists
