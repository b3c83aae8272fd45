"""A zoom into a map as a moving picture, or as a folder of pictures."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import ExistsError, UnknownNameError
from fallline.files import refuse_existing, write
from fallline.maps.map import Map
from fallline.maps.zoom import Zoom
from fallline.runs.progress import Progress, showing
from fallline.runs.spent import Spent
from fallline.settings import SETTINGS
from fallline.views.pictures.map_colours import MapColours
from fallline.views.pictures.moving import FPS, SUFFIXES, Scene, recorder
from fallline.views.pictures.style import drawing, look, points
from fallline.views.words import axis_words

__all__ = ["check_zoom_film", "time_to_draw", "zoom_film"]

Pixels = NDArray[np.uint8]

LEAST = 480
"""Pixels along each axis of a frame, at least: cells are repeated."""

DPI = 100

_MARGINS = (0.2, 0.52, 0.36)
"""Inches at the sides, below and above the cells of a frame."""


def check_zoom_film(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a file or a folder that cannot be written, before the key frames are computed.

    Raises
    ------
    UnknownNameError
        The file is neither .gif nor .mp4, nor is it a folder.
    ExistsError
        It exists.
    UsageError
        ffmpeg is needed and is not installed.
    """
    if out.suffix.lower() in SUFFIXES:
        recorder(out.suffix.lower())
        refuse_existing(out, overwrite=overwrite)
    elif out.suffix:
        raise UnknownNameError("the suffix of a zoom", out.suffix, (*SUFFIXES, "none, for a folder of pictures"))
    elif out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ExistsError(f"{out} exists and stays as it is")


def zoom_film(
    zoom: Zoom,
    keys: Sequence[Map],
    *,
    out: str | Path,
    frames: int = 120,
    fps: int = FPS,
    theme: str = "light",
    overwrite: bool = False,
    progress: Progress = False,
) -> Path:
    """Write the frames of a zoom, scaled from its key frames.

    Depths have equal ratios from frame to frame. Each key frame has the colours of its own values; between two key frames
    the colours pass from those of the one to those of the other.

    Parameters
    ----------
    keys
        The maps of `zoom.keys`.
    out
        A .gif file, an .mp4 file where ffmpeg is installed, or a folder of pictures, which is made.
    frames
        How many frames.
    fps
        Frames for each second.
    theme
        "light" or "dark".
    overwrite
        Whether an existing file is replaced. A folder with files never is.
    progress
        True for a bar; or a function of the number of finished frames and the number of all frames.

    Raises
    ------
    UnknownNameError, ExistsError, UsageError
        As for `check_zoom_film`.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> from fallline.maps.zoom import boundary_place
    >>> spec = map_spec("quadratic", x="learning_rate=0.01..0.4", y="momentum=0..0.9", optimizer_="momentum", steps=60,
    ...                 measures="diverged", size=16)
    >>> zoom = Zoom(spec, boundary_place(spec, 4), 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     zoom_film(zoom, list(zoom.maps()), out=f"{folder}/zoom.gif", frames=3).name
    'zoom.gif'
    """
    path = Path(out)
    check_zoom_film(path, overwrite=overwrite)
    count, rate = int(SETTINGS["every"].check(frames)), int(SETTINGS["every"].check(fps))
    record = recorder(path.suffix.lower()) if path.suffix else _pictures
    with (
        tempfile.TemporaryDirectory(dir=path.parent if path.parent.is_dir() else None) as folder,
        showing(progress, "frames") as show,
    ):
        with drawing(look(theme)):
            scene = Scene(*_scene(zoom, keys, count, theme), DPI, range(count))
        file = Path(folder, f"zoom{path.suffix.lower()}")
        with record(file, scene.samples, rate) as add:
            for frame in range(count):
                with drawing(look(theme)):
                    add(scene.image(frame))
                show(frame + 1, count)
        if path.suffix:
            return write(path, file.read_bytes(), overwrite=overwrite)
        if path.exists():
            path.rmdir()  # empty, as was checked
        shutil.move(file, path)
        return path


@contextmanager
def _pictures(folder: Path, samples: Sequence[Pixels], fps: int) -> Iterator[Callable[[Pixels], None]]:
    """Write each frame as a picture: frame-0000.png, frame-0001.png, ..."""
    from PIL import Image

    folder.mkdir()
    count = 0

    def add(image: Pixels) -> None:
        nonlocal count
        Image.fromarray(image).save(folder / f"frame-{count:04d}.png")
        count += 1

    yield add


def _scene(zoom: Zoom, keys: Sequence[Map], count: int, theme: str) -> tuple[Any, Callable[[int], Sequence[Any]]]:
    """The figure, and the function that changes it to a frame."""
    from matplotlib.figure import Figure

    colours = look(theme)
    cells = max(zoom.spec.shape)
    pixels = cells * math.ceil(LEAST / cells)
    side, below, above = _MARGINS
    width, height = pixels / DPI + 2 * side, pixels / DPI + below + above
    figure: Any = Figure(figsize=(width, height), dpi=DPI, facecolor=colours.background)
    figure.set_layout_engine("none")
    ax = figure.add_axes((side / width, below / height, pixels / DPI / width, pixels / DPI / height))
    ax.set(xticks=[], yticks=[])
    image = ax.imshow(np.zeros((pixels, pixels, 3), np.uint8), interpolation="none", aspect="auto")
    title = ax.set_title(" ", loc="left", color=colours.ink, fontsize=points(11), fontweight="bold")
    style = {"color": colours.muted, "fontsize": points(9), "ha": "left"}
    texts = [figure.text(side / width, at / height, " ", **style) for at in (0.3, 0.12)]
    paint = _Painter(zoom, keys, pixels, theme)

    def frame(number: int) -> Sequence[Any]:
        key, scale = zoom.frame(number, count)
        image.set_data(paint(key, scale)[::-1])
        title.set_text(_depth_words(2.0**key * scale))
        for text, words in zip(texts, _middle_words(zoom, key, scale), strict=True):
            text.set_text(words)
        return image, title, *texts

    return figure, frame


def time_to_draw(zoom: Zoom, frames: int) -> Spent:
    """The time that the drawing of a film takes on this machine: three frames are drawn."""
    short = Zoom(zoom.spec, zoom.place, min(4.0, zoom.depth))
    keys = [Map(spec) for spec in short.keys]
    for k, m in enumerate(keys):
        values = {w.name: random.normal(k, "trial frame", m.spec.cells).reshape(m.spec.shape) for w in m.spec.measures}
        m.fill({n: v.astype(m.spec.dtype) for n, v in values.items()}, np.ones(m.spec.shape, dtype=bool))
    begin = Spent.now()
    with tempfile.TemporaryDirectory() as folder:
        zoom_film(short, keys, out=Path(folder, "frames"), frames=len(keys))
    return max(frames, len(zoom.keys)) / len(keys) * (Spent.now() - begin)


class _Painter:
    """The cells of a frame as colours, (pixels, pixels, 3), the lowest row first."""

    def __init__(self, zoom: Zoom, keys: Sequence[Map], pixels: int, theme: str) -> None:
        self.zoom, self.keys, self.pixels = zoom, keys, pixels
        # Key frames have up to twice as many cells as the frame has pixels there: several points of a pixel are averaged.
        self.points = max(1, math.ceil(2 * max(zoom.spec.shape) / pixels))
        self.colours = lru_cache(4)(lambda k: MapColours(keys[k], theme=theme))
        self.painted: Callable[[int, int], Pixels] = lru_cache(8)(self._painted)

    def __call__(self, key: int, scale: float) -> Pixels:
        last = min(key + 1, len(self.keys) - 1)
        own, next_ = (self._frame(key, scale, by) for by in (key, last))
        share = math.sin(math.pi / 2 * math.log2(scale)) ** 2
        mixed = (1 - share) * own + share * next_
        p = self.points
        image: Pixels = np.round(mixed.reshape(self.pixels, p, self.pixels, p, 3).mean(axis=(1, 3))).astype(np.uint8)
        return image

    def _frame(self, key: int, scale: float, by: int) -> NDArray[np.float64]:
        """The frame in the colours of the key frame `by`."""
        count = self.pixels * self.points
        columns, rows = self.zoom.cells_under(key, scale, key, count)
        frame: NDArray[np.float64] = self.painted(key, by)[np.ix_(rows, columns)].astype(np.float64)
        if key + 1 < len(self.keys):
            columns, rows = self.zoom.cells_under(key, scale, key + 1, count)
            i, j = np.flatnonzero(columns >= 0), np.flatnonzero(rows >= 0)
            frame[np.ix_(j, i)] = self.painted(key + 1, by)[np.ix_(rows[j], columns[i])]
        return frame

    def _painted(self, key: int, by: int) -> Pixels:
        m = self.keys[key]
        name = m.measures[0]
        return np.asarray(self.colours(by).of({name: m.plane(name)}, m.known)[..., :3])


def _depth_words(depth: float) -> str:
    """A depth in words: "the whole map", "32 times deeper", "3.2·10⁷ times deeper"."""
    if depth < 1.005:
        return "the whole map"
    if depth < 1000:
        return f"{depth:.3g} times deeper"
    power = math.floor(math.log10(depth) + 1e-9)
    raised = str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{depth / 10**power:.1f}·10{raised} times deeper"


def _middle_words(zoom: Zoom, key: int, scale: float) -> list[str]:
    """The value in the middle of a frame for each axis, to a hundredth of its width."""
    columns, rows = zoom.cells_under(key, scale, key, 3)
    spec = zoom.keys[key]
    words = []
    for axis, at in ((spec.x, columns[1]), (spec.y, rows[1])):
        value, width = float(axis.values[at]), float(axis.values[-1] - axis.values[0]) / scale
        digits = 3 if not width or not value else max(3, math.ceil(math.log10(abs(value) / width)) + 2)
        words.append(f"{axis_words(axis.name)} {value:.{min(16, digits)}g}")
    return words
