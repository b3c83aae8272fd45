"""The encoding of output: of text that a terminal shows, and of text that goes to files.

Text for people is written in the terminal's own encoding. If the encoding lacks a character of a text, the whole text is
written in plain ASCII forms (x^2 for x², epsilon for ε), so that it has one notation and nothing raises an error. Text for
machines (TOML, MathML, LaTeX) is UTF-8 unless it is shown on a terminal.
"""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from itertools import groupby
from typing import TextIO

__all__ = ["NARROWEST", "plain", "prepare", "print_document"]

NARROWEST = 20
"""The least number of columns; a table cannot be laid out in fewer."""

_PLAIN = {
    "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "∂": "d", "√": "sqrt ", "∑": "sum", "≤": "<=", "≥": ">=",
    "≠": "!=", "≈": "~", "→": "->", "←": "<-", "′": "'", "’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "∞": "inf",
    "∈": "in", "ℓ": "l", "⊙": "*", "∘": "*", "°": ".", "∇": "grad", "±": "+-", "\u0302": "_hat", "\u0303": "_tilde", "ϵ": "eps",
    "ß": "ss", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "█": "#", "│": "|", "─": "-",
}  # fmt: skip


def prepare() -> None:
    """Make the standard streams and the terminal's width fit for output, once, before the first output."""
    sys.stdout, sys.stderr = _readable(sys.stdout), _readable(sys.stderr)
    # The libraries that lay out tables believe these variables; with a width of 0 some never end.
    for name, least in (("COLUMNS", NARROWEST), ("LINES", 1)):
        text = os.environ.get(name, "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if number == 0:
            os.environ.pop(name, None)
        elif number < least:
            os.environ[name] = str(least)


class _PlainText(io.TextIOWrapper):
    """A stream in an encoding that lacks characters."""

    def write(self, text: str) -> int:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return super().write(plain(text))
        return super().write(text)


def _readable(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, _PlainText):
        return stream
    if stream.encoding.lower().replace("_", "-").startswith("utf-"):
        stream.reconfigure(errors="backslashreplace")  # bytes of a file's name that are not text
        return stream
    return _PlainText(
        stream.buffer, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )  # fmt: skip


def print_document(text: str) -> None:
    """Print a text whose encoding is UTF-8: unchanged to a file or pipe, in the terminal's own encoding to a terminal."""
    stream = getattr(sys.stdout, "rich_proxied_file", sys.stdout)  # the stream itself, where one is wrapped around it
    if stream is None or stream.isatty() or not isinstance(stream, io.TextIOWrapper):
        print(text, end="")
        return
    stream.flush()
    stream.buffer.write(text.encode("utf-8", "backslashreplace"))
    stream.buffer.flush()


def plain(text: str) -> str:
    """The text in ASCII, as far as its characters have a plain form.

    >>> plain("x² + ε₁ mₜ₊₁ − é")
    'x^2 + epsilon_1 m_(t+1) - e'
    """
    return "".join(_script(mark, "".join(map(_plain_character, run))) for mark, run in groupby(text, _mark))


def _mark(character: str) -> str:
    """ "^" of a raised character, "_" of a lowered one."""
    kind = unicodedata.decomposition(character).partition(" ")[0]
    return {"<super>": "^", "<sub>": "_"}.get(kind, "")


def _script(mark: str, text: str) -> str:
    if not mark or text.isalnum() or (text.startswith("(") and text.endswith(")")):
        return mark + text
    return f"{mark}({text})"


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words:
        letter = words[words.index("LETTER") + 1].lower()
        return letter.capitalize() if "CAPITAL" in words else letter
    letters = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    letters = "".join(_PLAIN.get(c, c) for c in letters)
    return letters if letters.isascii() and letters else character.encode("ascii", "backslashreplace").decode()
