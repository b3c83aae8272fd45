"""A picture: a matplotlib figure with its title and a description, which can be written to a file."""

from __future__ import annotations

import builtins
import hashlib
import html
import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fallline.errors import UnknownNameError, visible
from fallline.files import write
from fallline.views.pictures.style import Theme, drawing

__all__ = ["Picture"]

FORMATS = ("svg", "png", "pdf")

RASTER = 200
"""Pixels in an inch of what is not drawn as lines in an SVG file: the cells of a map whose axis has uneven steps."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn figure.

    Attributes
    ----------
    figure
        The matplotlib figure. It may be changed.
    title
        One line.
    alt
        What the picture shows, in words, for those who cannot see it.
    theme
        The colours.
    axes
        The axes of the drawing; the first where there are several.
    image
        What the colours of a map, contours or regions belong to: matplotlib's `set_cmap`, `set_clim` and `colorbar` take
        it. None in other pictures.
    scale
        Factor on all fonts, below 1 for a picture that is narrower than usual.
    own
        False if it was drawn on axes of the user's figure.

    Notes
    -----
    The same figure gives the same bytes, on every day and with every user's settings of matplotlib. A picture on axes of
    the user's figure follows the user's settings.
    """

    figure: Any
    title: str
    alt: str
    theme: Theme
    axes: Any = None
    image: Any = None
    scale: float = 1.0
    own: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", visible(self.title))
        object.__setattr__(self, "alt", visible(self.alt))

    def save(self, path: str | Path, *, overwrite: bool = False, dpi: float = 200) -> Path:
        """Write the picture as .svg, .png or .pdf, by the suffix. Replace an existing file only with `overwrite`."""
        return write(path, self.bytes(Path(path).suffix.lower().lstrip("."), dpi), overwrite=overwrite)

    def bytes(self, format: str = "svg", dpi: float = 200) -> builtins.bytes:
        """The content of the file."""
        if format == "svg":
            return b'<?xml version="1.0" encoding="utf-8"?>\n' + self.svg.encode() + b"\n"
        if format not in FORMATS:
            raise UnknownNameError("the suffix of a picture", format, FORMATS)
        meta: dict[str, Any] = {"Title": self.title}
        meta |= {"Software": "fallline"} if format == "png" else {"CreationDate": None, "Creator": "fallline"}
        return self._rendered(format, meta, dpi)

    @cached_property
    def svg(self) -> str:
        """One `<svg>` element for any page. Its ids differ from those of other pictures, and it loads nothing."""
        text = self._rendered("svg", {"Date": None, "Creator": "fallline"}, RASTER).decode()
        text = text[text.index("<svg") :].strip()
        before, _, rest = text.partition("<metadata>")
        text = before.rstrip() + rest.partition("</metadata>")[2]
        # Nobody sees less than a hundredth of a point, and rounding to it makes the file a third smaller.
        text = re.sub(r'(?<= d=")[^"]+', lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]), text)
        own = "f" + hashlib.sha256(text.encode()).hexdigest()[:8] + "-"
        text = re.sub(r'(\bid="|href="#|url\(#)', lambda match: match[0] + own, text)
        # A style sheet would change the page around the picture; a style attribute of the element does not.
        before, _, rest = text.partition("<defs>\n  <style")
        sheet, _, rest = rest.partition("</style>\n </defs>")
        style = html.escape(sheet[sheet.index("{") + 1 : sheet.rindex("}")])
        text = before.rstrip() + rest
        title, alt = html.escape(self.title), html.escape(self.alt)
        head = f' role="img" aria-labelledby="{own}title {own}alt" style="{style}"'
        text = text.replace("<svg", "<svg" + head, 1)
        at = text.index(">") + 1
        return f'{text[:at]}\n <title id="{own}title">{title}</title>\n <desc id="{own}alt">{alt}</desc>{text[at:]}'

    def _rendered(self, format: str, metadata: dict[str, Any], dpi: float) -> builtins.bytes:
        stream = io.BytesIO()
        if not self.own:
            import matplotlib

            with matplotlib.rc_context({"pdf.fonttype": 42, "ps.fonttype": 42}):
                self.figure.figure.savefig(stream, format=format, dpi=dpi, metadata=metadata)
            return stream.getvalue()
        with drawing(self.theme, self.scale):
            _escape(self.figure)
            if self.figure.get_layout_engine() is not None:
                # The layout changes a little each time it is computed, so it is computed once for all files.
                self.figure.draw_without_rendering()
                self.figure.set_layout_engine("none")
            self.figure.savefig(stream, format=format, dpi=dpi, metadata=metadata)
        return stream.getvalue()

    def _repr_html_(self) -> str | None:
        if not self.own:  # the notebook shows the user's figure itself
            return None
        return f'<div style="max-width: {96 * self.figure.get_figwidth():.0f}px">{self.svg}</div>'

    def _repr_png_(self) -> builtins.bytes | None:
        return self.bytes("png", 150) if self.own else None

    def __repr__(self) -> str:
        return f"Picture({self.title!r}: {self.alt})"


def _escape(figure: Any) -> None:
    """Escape control characters in all texts of a figure: XML forbids them, and users' tables may hold them."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter

    for text in figure.findobj(Text):
        shown = visible(text.get_text(), keep="\n")
        if shown != text.get_text():
            text.set_text(shown)
    for axes in figure.axes:  # each drawing creates new labels of ticks
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if isinstance(formatter, FixedFormatter):
                formatter.seq = [visible(label, keep="\n") for label in formatter.seq]
