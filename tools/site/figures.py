"""Pictures and equations in place of printed results: the examples of the tutorial are run, as the tests run them.

A page has `>>> run.plot()` and, below it, what Python prints: the picture in words. So it reads well on a code host, and
`pytest` checks it. On the site the picture itself takes the place of the words.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from pathlib import Path
from typing import Any

from tools.site.gallery import live_frame

from fallline.maps.map import Map
from fallline.views.equations import Equations
from fallline.views.pictures.picture import Picture

__all__ = ["draw_figures", "with_figures"]

BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def draw_figures(folder: Path) -> None:
    """Replace results by pictures in every page of the tutorial."""
    for page in sorted((folder / "learn").glob("*.md")):
        with contextlib.redirect_stdout(io.StringIO()):  # what examples print stands in the page already
            text = with_figures(page.read_text(encoding="utf-8"), {}, folder / "_static/learn", page.stem)
        page.write_text(text, encoding="utf-8")


def with_figures(text: str, names: dict[str, Any], live: Path | None = None, stem: str = "") -> str:
    """The page with its examples run; `names` are the variables that they share. Live pages of maps are written to `live`."""

    def block(match: re.Match[str]) -> str:
        return _block(match[1], names, live, stem) if ">>>" in match[1] else match[0]

    return BLOCK.sub(block, text)


def _block(text: str, names: dict[str, Any], live: Path | None, stem: str) -> str:
    """A block of examples as blocks of code with figures between them."""
    parts: list[str] = []
    code = ""
    for piece in doctest.DocTestParser().parse(text):
        if isinstance(piece, str):
            code += piece
            continue
        figure = _figure(piece.source, names)
        lines = piece.source.splitlines()
        code += "".join(f"{'>>>' if k == 0 else '...'} {line}".rstrip() + "\n" for k, line in enumerate(lines))
        if figure:
            parts += [_fenced(code), figure, _live(piece.source, names, live, stem)]
            code = ""
        else:
            code += piece.want
    return "\n".join([*parts, _fenced(code)]) if code.strip() else "\n".join(parts)


def _fenced(code: str) -> str:
    return f"```python\n{code.strip(chr(10))}\n```\n"


def _figure(source: str, names: dict[str, Any]) -> str:
    """Run an example; return its figure, if its value is one."""
    try:
        expression = compile(source, "<example>", "eval")
    except SyntaxError:
        exec(compile(source, "<example>", "exec"), names)  # noqa: S102  # a page of this repository
        return ""
    value = eval(expression, names)  # noqa: S307
    if isinstance(value, Equations):
        return _raw(f'<div class="equation">{value._repr_html_()}</div>')
    if not isinstance(value, Picture):
        return ""
    source = source.partition("  # doctest:")[0]
    dark = eval(re.sub(r"(\()?\)\s*$", lambda end: f'{end[1] or ", "}theme="dark")', source), names)  # noqa: S307
    return _raw(f'<div class="figure only-light">{value.svg}</div><div class="figure only-dark">{dark.svg}</div>')


def _live(source: str, names: dict[str, Any], folder: Path | None, stem: str) -> str:
    """The live page of the map that an example plots, in the page; empty for other pictures."""
    name = source.partition(".plot(")[0]
    m = names.get(name)
    if folder is None or not isinstance(m, Map):
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    m.to_html(folder / f"{stem}-{name}.html")
    return live_frame(f"../_static/learn/{stem}-{name}.html")


def _raw(html: str) -> str:
    return f"```{{raw}} html\n{html}\n```\n"
