"""Formulas as SVG outlines, set by ziamath, with rows aligned at their equal signs.

Each side of an equation is set separately. Inside a table or a nested row, ziamath would set everything again for each
level of nesting, and a page of fifty equations would take ten times as long.
"""

from __future__ import annotations

import functools
import hashlib
import html
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from fallline.errors import visible

__all__ = ["drawn", "formula", "mathml", "picture", "symbols"]

_BOLD_ONE = ('<mn mathvariant="bold">1</mn>', "<mn>𝟏</mn>")
"""A bold 1 as a Unicode character: MathML Core has no mathvariant, and ziamath has no bold digits."""

_BOX = re.compile(r'<svg [^>]*viewBox="(-?[\d.]+) (-?[\d.]+) ([\d.]+) ([\d.]+)"[^>]*>(.*)</svg>', re.DOTALL)
_SYMBOL = re.compile(r'<symbol id="([^"]+)"(.*?)</symbol>', re.DOTALL)
_BLANK = re.compile(r'<symbol id="([^"]+)"[^>]*/>')
"""A glyph without a shape: a space between words."""

_WORD = re.compile(r"<mo>([A-Za-z]\w+)</mo>")
"""A function's name. As an identifier it has the space of `sin` around it."""

_NAME = re.compile(r"<mo />(<msup>)?<mrow>((?:<mi>[^<]*</mi>)+)</mrow>")
"""A function's name that latex2mathml took for single variables, because it is not of letters alone: leaky_relu."""


@dataclass(frozen=True)
class Outline:
    """A piece of a formula: its drawing, with the origin at the start of its base line, and its box."""

    drawing: str
    glyphs: tuple[tuple[str, str], ...]
    left: float
    top: float
    width: float
    height: float


def mathml(latex: str) -> str:
    """Presentation MathML of a formula or an `aligned` block."""
    from latex2mathml.converter import convert  # comes with ziamath; knows align* for aligned

    text = str(convert(latex.replace("{aligned}", "{align*}"), display="block")).replace(*_BOLD_ONE)
    text = text.replace('rowspacing="3pt"', 'rowspacing="8pt"')
    text = _NAME.sub(lambda found: f"{found[1] or ''}<mi>{re.sub('</?mi>', '', found[2])}</mi>", text)
    text = _WORD.sub(r"<mi>\1</mi>", text)
    text = re.sub(
        r"(?<=</m[in]>)(?=<mi>(min|max)</mi>)", '<mspace width="0.167em" />', text
    )  # ziamath spaces the others
    return re.sub(r'columnalign="(\w+)"', r'columnalign="\1" style="text-align: \1"', text)


def picture(rows: Sequence[tuple[str, str]], alt: str, size: float) -> str:
    """The rows "left = right" as one SVG picture, in the colour of the text around it."""
    sign = outline("=", size)
    sides = [(outline(left, size), outline(right, size)) for left, right in rows]
    margin, space, gap = size / 4, size / 3.5, size / 2.25  # accents are higher than the box that ziamath computes
    middle = margin + max(a.width for a, _ in sides) + space
    y, placed, glyphs, widest = margin, [], dict[str, str](), 0.0
    for a, b in sides:
        base = y - min(a.top, b.top, sign.top)
        right = middle + sign.width + space
        for piece, x in ((a, middle - space - a.width), (sign, middle), (b, right)):
            placed.append(f'<g transform="translate({x - piece.left:.2f} {base:.2f})">{piece.drawing}</g>')
            glyphs |= dict(piece.glyphs)
        y = base + max(p.top + p.height for p in (a, b, sign)) + gap
        widest = max(widest, right + b.width)
    width, height = widest + margin, y - gap + margin
    body = _definitions(glyphs) + "".join(placed)
    body = _unique(body)
    return (
        f'<svg role="img" aria-label="{html.escape(visible(alt), quote=True)}" xmlns="http://www.w3.org/2000/svg" '
        f'width="{width:.2f}" height="{height:.2f}" viewBox="0 0 {width:.2f} {height:.2f}">{body}</svg>'
    )


def drawn(latex: str, size: float) -> tuple[str, float, dict[str, str]]:
    """A piece of a formula as SVG that uses glyphs of `symbols`, its depth below the base line, and its glyphs by name."""
    piece = outline(latex, size)
    margin = size / 12  # accents are higher than the box that ziamath computes
    left, top = piece.left - margin, piece.top - margin
    width, height = piece.width + 2 * margin, piece.height + 2 * margin
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}" height="{height:.2f}" '
        f'viewBox="{left:.2f} {top:.2f} {width:.2f} {height:.2f}">{piece.drawing}</svg>'
    )
    return svg, round(top + height, 2), dict(piece.glyphs)


def symbols(glyphs: dict[str, str]) -> str:
    """Glyphs as one SVG without a size, from which the other pictures of a page take them."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0">{_definitions(glyphs)}</svg>'


def formula(latex: str, size: float) -> str:
    """A formula as one SVG picture, in the colour of the text around it."""
    svg, _, glyphs = drawn(latex, size)
    label = html.escape(visible(latex.strip()), quote=True)
    return _unique(svg.replace(">", f' role="img" aria-label="{label}">{_definitions(glyphs)}', 1))


def _unique(body: str) -> str:
    """The drawing with names of glyphs that are unique to it, because a page can hold several pictures."""
    key = hashlib.sha256(body.encode()).hexdigest()[:8]
    return re.sub(r'( id="|href="#)', rf"\g<1>{key}-", body)


def _definitions(glyphs: dict[str, str]) -> str:
    return "".join(f'<symbol id="{name}"{shape}</symbol>' for name, shape in glyphs.items())


@functools.lru_cache(maxsize=4096)
def outline(latex: str, size: float) -> Outline:
    """One side of an equation, set by ziamath."""
    with warnings.catch_warnings():  # the way it opens its font is deprecated in Python 3.11
        warnings.simplefilter("ignore", DeprecationWarning)
        import ziamath

    text = _flat(mathml(latex)).replace("<math ", '<math mathcolor="currentColor" ', 1)
    box = _BOX.search(ziamath.Math(text, size=size).svg())
    if box is None:
        raise RuntimeError(f"ziamath drew no picture of {latex}")
    left, top, width, height = (float(number) for number in box.groups()[:4])
    drawing, glyphs = box[5], []
    for name in _BLANK.findall(drawing):
        drawing = re.sub(rf'<(?:symbol id="|use href="#){name}"[^>]*/>', "", drawing)
    for name, shape in _SYMBOL.findall(drawing):
        own = "g" + hashlib.sha256(shape.encode()).hexdigest()[:6]  # equal shapes have equal names
        drawing = drawing.replace(f'href="#{name}"', f'href="#{own}"')
        glyphs.append((own, shape))
    return Outline(_SYMBOL.sub("", drawing), tuple(glyphs), left, top, width, height)


def _flat(text: str) -> str:
    """The MathML of the same formula with fewer nested rows."""
    text = re.sub(r"^(<math [^>]*>)<mrow>(.*)</mrow></math>$", r"\1\2</math>", text)
    text = re.sub(
        r'<mo stretchy="false">&#x00028;</mo><mn>(\d+)</mn><mo stretchy="false">&#x00029;</mo>', r"<mn>(\1)</mn>", text
    )
    return re.sub(r"<mrow>(<m[nio]>[^<]*</m[nio]>)</mrow>", r"\1", text)
