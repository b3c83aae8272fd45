"""Equations, sections of equations, and a page of sections: as text, LaTeX, MathML and SVG outlines."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from fallline.errors import UnknownNameError, visible
from fallline.views.equations.latex import Latex
from fallline.views.equations.outlines import mathml, picture
from fallline.views.equations.text import Text, width

__all__ = ["Equation", "Equations", "Section"]


@dataclass(frozen=True)
class Equation:
    """The equation left = right. Both sides are SymPy or matrix expressions that the textbook's page returned."""

    left: Any
    right: Any
    note: str = ""

    @property
    def text(self) -> str:
        """The equation in Unicode."""
        return f"{Text().write(self.left)} = {Text().write(self.right)}"

    @property
    def latex(self) -> str:
        """The equation in LaTeX."""
        return f"{Latex().write(self.left)} = {Latex().write(self.right)}"

    def __repr__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


@dataclass(frozen=True)
class Section:
    """Equations under a title, with a sentence about their symbols."""

    title: str
    equations: tuple[Equation, ...]
    note: str = ""

    def text(self, columns: int = 100) -> str:
        """The section as plain text, with aligned equal signs. Long right sides are broken before a sign."""
        sides = [(Text().write(e.left), Text().write(e.right), e.note) for e in self.equations]
        indent = max((width(left) for left, _, _ in sides), default=0) + 2
        lines = [self.title, *textwrap.wrap(self.note, columns), ""]
        notes = max((width(r) for _, r, n in sides if n and width(r) < columns // 2), default=0)
        for left, right, note in sides:
            pad = " " * (indent - width(left))
            first, *rest = _broken(right, columns - indent - 3)
            lines.append(f"{pad}{left} = {first}")
            lines += [f"{' ' * indent}   {more}" for more in rest]
            if note:
                lines[-1] += " " * max(3, notes - width(first) + 3) + note
        return "\n".join(lines)

    def latex(self) -> str:
        """An `aligned` block."""
        rows = (f"{Latex().write(e.left)} &= {Latex().write(e.right)}" for e in self.equations)
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def mathml(self) -> str:
        """Presentation MathML, for browsers and assistive technology."""
        return mathml(self.latex())

    def svg(self, size: float = 18) -> str:
        """SVG outlines, which need no maths font. They have the colour of the text around them."""
        rows = [(Latex().write(e.left), Latex().write(e.right)) for e in self.equations]
        return picture(rows, " ; ".join(e.text for e in self.equations), size)

    def __repr__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


@dataclass(frozen=True, repr=False)
class Equations(Sequence[Equation]):
    """The equations of a network, landscape, optimizer ...: a sequence of equations in sections.

    >>> from fallline.textbook.landscapes import LANDSCAPES
    >>> from fallline.views.equations import equations
    >>> written = equations(LANDSCAPES["saddle"])
    >>> len(written), [section.title for section in written.sections]
    (3, ['Formula', 'Partial derivatives'])
    """

    title: str
    sections: tuple[Section, ...]

    def section(self, title: str) -> Section:
        """The first section whose title begins with these words, in upper or lower case.

        Examples
        --------
        >>> import fallline as fl
        >>> page = fl.equations("booth")
        >>> page.section("Formula").title
        'Formula'
        """
        for section in self.sections:
            if section.title.lower().startswith(title.lower()):
                return section
        raise UnknownNameError("section", title, [s.title for s in self.sections])

    def text(self, columns: int = 100) -> str:
        """Plain text for a terminal.

        Examples
        --------
        >>> import fallline as fl
        >>> page = fl.equations("booth")
        >>> print(page.text().splitlines()[4])
          f(x, y) = (x + 2 y − 7)² + (2 x + y − 5)²
        """
        return "\n\n".join([self.title, *(s.text(columns) for s in self.sections)])

    def latex(self) -> str:
        r"""LaTeX: one `aligned` block for each section, its title in a comment.

        Examples
        --------
        >>> import fallline as fl
        >>> page = fl.equations("booth")
        >>> print(page.latex().splitlines()[3])
        f\left(x, y\right) &= \left(x + 2 y - 7\right)^{2} + \left(2 x + y - 5\right)^{2}
        """
        return "\n\n".join(f"% {s.title}\n\\[\n{s.latex()}\n\\]" for s in self.sections)

    def mathml(self) -> str:
        """Presentation MathML: one `math` element for each section.

        Examples
        --------
        >>> import fallline as fl
        >>> page = fl.equations("booth")
        >>> page.mathml()[:5]
        '<math'
        """
        return "\n".join(s.mathml() for s in self.sections)

    def svg(self, size: float = 18) -> str:
        """One SVG picture of all sections, one below the other.

        Examples
        --------
        >>> import fallline as fl
        >>> page = fl.equations("booth")
        >>> page.svg()[:4]
        '<svg'
        """
        y, gap, widest, inner = 0.0, 1.5 * size, 0.0, []
        for section in self.sections:
            drawn = section.svg(size)
            numbers = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn)
            w, h = (float(numbers[1]), float(numbers[2])) if numbers else (0.0, 0.0)
            inner.append(drawn.replace("<svg ", f'<svg x="0" y="{y:g}" ', 1))
            y, widest = y + h + gap, max(widest, w)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{widest:g}" height="{y - gap:g}" '
            f'viewBox="0 0 {widest:g} {y - gap:g}">{"".join(inner)}</svg>'
        )

    def __len__(self) -> int:
        return sum(len(s.equations) for s in self.sections)

    def __iter__(self) -> Iterator[Equation]:
        return (e for s in self.sections for e in s.equations)

    @overload
    def __getitem__(self, index: int) -> Equation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Equation]: ...
    def __getitem__(self, index: int | slice) -> Equation | Sequence[Equation]:
        return tuple(self)[index]

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{html.escape(self.title)}</b></p>"]
        for s in self.sections:
            note = f"<br><small>{html.escape(s.note)}</small>" if s.note else ""
            parts.append(f"<p>{html.escape(s.title)}{note}</p>\n{s.svg()}")
        return visible("\n".join(parts), keep="\n")

    def _repr_latex_(self) -> str:
        return "\n".join(s._repr_latex_() for s in self.sections)


def _broken(text: str, columns: int) -> list[str]:
    """The text in lines of at most `columns` columns, if possible, broken before plus and minus signs.

    The text is broken inside brackets only if breaks outside them are not enough.
    """
    for deepest in (0, 1, 99):
        lines = [""]
        for piece in _pieces(text, deepest):
            if lines[-1] and width(lines[-1]) + width(piece) > columns:
                lines.append(piece.lstrip())
            else:
                lines[-1] += piece
        if all(width(line) <= columns for line in lines):
            break
    return lines


def _pieces(text: str, deepest: int) -> list[str]:
    """The text cut before each " + " and " − " inside at most `deepest` brackets."""
    cuts, depth = [0], 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth <= deepest and text[k : k + 3] in (" + ", " − "):
            cuts.append(k)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]
