"""A picture: a matplotlib figure, its title, what it shows in words, and how it is written to a file."""

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


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn figure.

    Attributes
    ----------
    figure
        matplotlib's figure, to be changed at will.
    title
        One line.
    alt
        What the picture shows, in words, for those who cannot see it.
    theme
        Its colours.

    Notes
    -----
    The same figure gives the same bytes, whatever the day and whoever's settings.
    """

    figure: Any
    title: str
    alt: str
    theme: Theme

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", visible(self.title))
        object.__setattr__(self, "alt", visible(self.alt))

    def save(self, path: str | Path, *, overwrite: bool = False, dpi: float = 200) -> Path:
        """Write the picture; the suffix decides: .svg, .png or .pdf. A file that exists stays unless told otherwise."""
        return write(path, self.bytes(Path(path).suffix.lower().lstrip("."), dpi), overwrite=overwrite)

    def bytes(self, format: str = "svg", dpi: float = 200) -> builtins.bytes:
        """The file's content."""
        if format == "svg":
            return b'<?xml version="1.0" encoding="utf-8"?>\n' + self.svg.encode() + b"\n"
        if format not in FORMATS:
            raise UnknownNameError("the suffix of a picture", format, FORMATS)
        meta: dict[str, Any] = {"Title": self.title}
        meta |= {"Software": "fallline"} if format == "png" else {"CreationDate": None, "Creator": "fallline"}
        return self._rendered(format, meta, dpi)

    @cached_property
    def svg(self) -> str:
        """One `<svg>` element that can stand in any page beside others: its ids are its own, it loads nothing."""
        text = self._rendered("svg", {"Date": None, "Creator": "fallline"}, 72).decode()
        text = text[text.index("<svg") :].strip()
        before, _, rest = text.partition("<metadata>")
        text = before.rstrip() + rest.partition("</metadata>")[2]
        # Hundredths of a point are finer than anyone sees, and make the file a third smaller.
        text = re.sub(r'(?<= d=")[^"]+', lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]), text)
        own = "f" + hashlib.sha256(text.encode()).hexdigest()[:8] + "-"
        text = re.sub(r'(\bid="|href="#|url\(#)', lambda match: match[0] + own, text)
        # A style sheet would reach into the page around; the same two words as the element's own style do not.
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
        with drawing(self.theme):
            _escape(self.figure)
            if self.figure.get_layout_engine() is not None:
                # A layout that is found anew at each drawing wanders; found once, every file has the same one.
                self.figure.draw_without_rendering()
                self.figure.set_layout_engine("none")
            self.figure.savefig(stream, format=format, dpi=dpi, metadata=metadata)
        return stream.getvalue()

    def _repr_html_(self) -> str:
        return f'<div style="max-width: {96 * self.figure.get_figwidth():.0f}px">{self.svg}</div>'

    def _repr_png_(self) -> builtins.bytes:
        return self.bytes("png", 150)

    def __repr__(self) -> str:
        return f"Picture({self.title!r}: {self.alt})"


def _escape(figure: Any) -> None:
    """Make every text of a figure visible: names come from anybody's tables, and XML forbids control characters."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter

    for text in figure.findobj(Text):
        shown = visible(text.get_text(), keep="\n")
        if shown != text.get_text():
            text.set_text(shown)
    for axes in figure.axes:  # labels of ticks are made anew at each drawing
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            if isinstance(formatter, FixedFormatter):
                formatter.seq = [visible(label, keep="\n") for label in formatter.seq]
