"""Moving pictures: the frames of a figure, and the files that they are written to, GIF by Pillow and MP4 by ffmpeg."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from subprocess import CalledProcessError
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.errors import OutputError, UnknownNameError, UsageError

__all__ = [
    "FPS", "FRAMES", "SUFFIXES", "Frame", "Recorder", "Scene", "ffmpeg", "has_ffmpeg", "recorder", "seconds", "suffix_of",
]  # fmt: skip

Pixels: TypeAlias = NDArray[np.uint8]

Frame: TypeAlias = Callable[[int], Sequence[Any]]
"""Change artists to how the result is after so many steps, and return them. Nothing else of the figure changes."""

SUFFIXES = (".gif", ".mp4")

FRAMES = 60
"""Frames of a moving picture, at most, unless the user chooses."""

FPS = 12
"""Frames for each second, unless the user chooses."""

NO_FFMPEG = (
    "an .mp4 file needs ffmpeg, which is not installed. Install it (apt install ffmpeg, brew install ffmpeg, or "
    "pip install 'fallline[video]'), or write a .gif file."
)


def seconds(frames: int, fps: int) -> float:
    """How long a moving picture of so many frames lasts; the last one stays for a second.

    >>> seconds(31, 12)
    3.5
    """
    return (frames - 1) / fps + 1


def suffix_of(path: Path) -> str:
    """The suffix of a moving picture, in small letters.

    Raises
    ------
    UnknownNameError
        The file has another suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UnknownNameError("the suffix of a moving picture", suffix, SUFFIXES)
    return suffix


class Scene:
    """A figure whose frames are drawn over what does not change, which is drawn once.

    Parameters
    ----------
    steps
        The steps of the frames, of which the last has the longest texts.
    """

    def __init__(self, figure: Any, frame: Frame, dpi: float, steps: Sequence[int]) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        # The layout is fixed, so that nothing jumps, at an even number of pixels, which video needs.
        figure.set_dpi(dpi)
        figure.set_size_inches(*(2 * round(side * dpi / 2) / dpi for side in figure.get_size_inches()))
        self.figure, self.frame, self.agg = figure, frame, FigureCanvasAgg(figure)
        frame(steps[-1])
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for artist in frame(steps[0]):
            artist.set_animated(True)
        self.agg.draw()
        self.still = self.agg.copy_from_bbox(figure.bbox)
        self.samples = [self.image(steps[k]) for k in (0, len(steps) // 2, -1)]
        """The first, the middle and the last frame."""

    def image(self, step: int) -> Pixels:
        """The pixels of a frame, (height, width, 3)."""
        self.agg.restore_region(self.still)
        for artist in self.frame(step):
            self.figure.draw_artist(artist)
        return np.array(self.agg.buffer_rgba())[..., :3]


Write: TypeAlias = Callable[[Pixels], None]
"""Writes a frame after those before."""

Recorder: TypeAlias = Callable[[Path, Sequence[Pixels], int], AbstractContextManager[Write]]
"""Opens a file, from its path, some of the frames, and the frames for each second. The last frame stays for a second."""


@contextmanager
def _gif(file: Path, samples: Sequence[Pixels], fps: int) -> Iterator[Write]:
    """The frames have one palette, that of the samples, so that no colour flickers."""
    from PIL import Image

    palette = Image.fromarray(np.concatenate(samples)).quantize(256)
    frames: list[Any] = []
    yield lambda image: frames.append(Image.fromarray(image).quantize(palette=palette, dither=Image.Dither.NONE))
    durations = [round(1000 / fps)] * (len(frames) - 1) + [1000]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0)


@contextmanager
def _mp4(program: str, file: Path, samples: Sequence[Pixels], fps: int) -> Iterator[Write]:
    import matplotlib
    from matplotlib.animation import FFMpegWriter
    from matplotlib.figure import Figure

    height, width = samples[0].shape[:2]
    figure: Any = Figure(figsize=(width / 100, height / 100), dpi=100)
    figure.set_layout_engine("none")
    shown = figure.figimage(samples[0])
    with matplotlib.rc_context({"animation.ffmpeg_path": program}):
        writer = FFMpegWriter(fps=fps, extra_args=["-pix_fmt", "yuv420p"])
        writer.setup(figure, file, 100)

    def add(image: Pixels) -> None:
        shown.set_data(image)
        writer.grab_frame()

    try:
        try:
            yield add
            for _ in range(fps - 1):
                writer.grab_frame()
        finally:
            writer.finish()
    except (OSError, CalledProcessError) as failure:
        raise OutputError(f"ffmpeg could not write the moving picture: {failure}.") from None


def ffmpeg() -> str | None:
    """The ffmpeg program: that of matplotlib's setting `animation.ffmpeg_path`, or the one that imageio-ffmpeg brings."""
    import matplotlib
    from matplotlib.animation import FFMpegWriter

    if FFMpegWriter.isAvailable():
        return str(matplotlib.rcParams["animation.ffmpeg_path"])
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())  # optional
    except (ImportError, RuntimeError):
        return None


def has_ffmpeg() -> bool:
    """Whether `ffmpeg` seems to be there, without loading matplotlib."""
    return which("ffmpeg") is not None or find_spec("imageio_ffmpeg") is not None


def recorder(suffix: str) -> Recorder:
    """What writes a file of that suffix.

    Call it before `drawing`, which sets all of matplotlib's settings to their defaults.

    Raises
    ------
    UsageError
        ffmpeg is needed and is not installed.
    """
    if suffix == ".gif":
        return _gif
    program = ffmpeg()
    if program is None:
        raise UsageError(NO_FFMPEG)
    return partial(_mp4, program)
