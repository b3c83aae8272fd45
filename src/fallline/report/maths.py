"""Equations on a page: outlines for the eye, MathML for assistive technology, LaTeX to copy."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from fallline.textbook.network import Network
from fallline.views.equations import Equations, equations
from fallline.views.equations.outlines import formula, mathml
from fallline.views.equations.sections import Section

__all__ = ["Maths", "equations_of", "gradient_blocks"]

SIZE = 17


@lru_cache(maxsize=8)
def equations_of(network: Network, form: Any) -> Equations:
    """A network's equations, written once for all chapters."""
    return equations(network, form)


class Maths:
    """Writes the equations of one page. Ids in each piece are unique on the page."""

    def __init__(self) -> None:
        self.written = 0

    def __call__(self, section: Section, blocks: Sequence[Section] = ()) -> Markup:
        """A section's equations; or `blocks` of them, side by side if there is room."""
        shown = "".join(self.block(block) for block in blocks or [section])
        label = html.escape(f"Equations: {section.title}", quote=True)
        return Markup(  # noqa: S704  # every part is ours or escaped
            f'<div class="maths" role="group" aria-label="{label}" tabindex="0">{shown}</div>'
            f"<details><summary>LaTeX</summary><pre>{html.escape(section.latex())}</pre></details>"
        )

    def formula(self, latex: str) -> Markup:
        r"""Equations as LaTeX, side by side where `\quad` stands between them; the LaTeX itself where it cannot be set."""
        try:
            shown = "".join(self._drawn(part) for part in re.split(r"\\quad\b", latex))
        except Exception:  # a user's own law may have any text
            return Markup(f"<pre>{html.escape(latex)}</pre>")  # noqa: S704  # escaped
        return Markup(  # noqa: S704  # every part is ours or escaped
            f'<div class="maths" role="group" aria-label="Equation" tabindex="0">{shown}</div>'
            f"<details><summary>LaTeX</summary><pre>{html.escape(latex)}</pre></details>"
        )

    def _drawn(self, latex: str) -> str:
        self.written += 1
        picture = re.sub(r' role="img" aria-label="[^"]*"', "", formula(latex, SIZE), count=1)
        picture = re.sub(r'(\bid="|href="#)', rf"\g<1>m{self.written}-", picture)
        return f'<div><div aria-hidden="true">{picture}</div><div class="unseen">{mathml(latex)}</div></div>'

    def block(self, section: Section) -> str:
        """Outlines, hidden from assistive technology, and MathML, which is invisible."""
        self.written += 1
        picture = re.sub(r' role="img" aria-label="[^"]*"', "", section.svg(SIZE), count=1)
        picture = re.sub(r'(\bid="|href="#)', rf"\g<1>m{self.written}-", picture)
        picture = _once(picture)
        return f'<div><div aria-hidden="true">{picture}</div><div class="unseen">{section.mathml()}</div></div>'


def gradient_blocks(section: Section, network: Network) -> list[Section]:
    """The gradient's equations, unit by unit, in a block for each matrix and each vector of biases."""
    sizes = [size for W, b in reversed(network.shapes) for size in (W[0] * W[1], *(b or ()))]
    if sum(sizes) != len(section.equations):
        return [section]
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
    return [Section(section.title, section.equations[end - n : end]) for n, end in zip(sizes, ends, strict=True)]


def _once(picture: str) -> str:
    """The picture with each glyph defined once: ziamath sometimes defines one twice, and ids must be unique."""
    seen: set[str] = set()

    def first(symbol: re.Match[str]) -> str:
        fresh = symbol[1] not in seen
        seen.add(symbol[1])
        return symbol[0] if fresh else ""

    return re.sub(r'<symbol id="([^"]+)"(?:[^>]*/>|.*?</symbol>)', first, picture, flags=re.DOTALL)
