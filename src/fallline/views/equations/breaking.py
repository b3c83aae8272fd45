r"""Where a long formula may be broken into lines: before signs of sums and entrywise products, and before equal signs."""

from __future__ import annotations

import re

__all__ = ["fragments"]

_TOKEN = re.compile(
    r"\\left(?:\\[a-zA-Z|{}]+|.)|\\right(?:\\[a-zA-Z|{}]+|.)|\\begin\{\w+\}|\\end\{\w+\}|\\[a-zA-Z]+|\\.|[{}]| (?:[-+=]|\\odot|\\oslash) |.",
    re.DOTALL,
)

_SIGNS = ("+", "-", "=")
_OUTER_SIGNS = (*_SIGNS, r"\odot", r"\oslash")
"""Signs that a formula may be broken before, outside of brackets."""


def fragments(latex: str) -> list[str]:
    r"""Cut a formula before each " + ", " - ", " = " and " \odot " that no fraction, exponent or matrix contains.

    A product entry by entry is not cut inside brackets.

    Brackets that are open at a cut are closed and opened again without a mark, so that each fragment is a formula by itself.

    Examples
    --------
    >>> fragments(r"a + \frac{b + c}{2} = 3")
    ['a', '{} + \\frac{b + c}{2}', '{} = 3']
    >>> fragments(r"f\left(x - 1\right)")
    ['f\\left(x \\right.', '\\left.{} - 1\\right)']
    """
    pieces = [""]
    inside, brackets = 0, 0
    for part in _TOKEN.findall(latex):
        if part == "{" or part.startswith(r"\begin"):
            inside += 1
        elif part == "}" or part.startswith(r"\end"):
            inside -= 1
        elif not inside and part.startswith(r"\left") and not part.startswith(r"\leftarrow"):
            brackets += 1
        elif not inside and part.startswith(r"\right") and not part.startswith(r"\rightarrow"):
            brackets -= 1
        elif not inside and part.strip() in (_SIGNS if brackets else _OUTER_SIGNS) and pieces[-1].strip():
            pieces[-1] += r" \right." * brackets
            pieces.append(r"\left." * brackets + "{}" + part)  # something before it, or a sign is that of a number
            continue
        pieces[-1] += part
    return pieces
