"""Bytes of a text file as text: which encoding it has."""

from __future__ import annotations

import codecs

from fallline.errors import DataError

__all__ = ["decoded"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"), (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"), (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"), (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)  # fmt: skip
"""Byte order marks, the codec of each, and what it is called. UTF-32's little-endian mark begins with UTF-16's."""


def decoded(content: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and its encoding. Messages call the file by its name.

    A byte order mark tells the encoding. Without one it is UTF-8 if the bytes are valid in it; UTF-16 if every other byte of the
    beginning is 0; else Windows-1252, of which ISO 8859-1 is a part but for control characters.

    Raises
    ------
    DataError
        The file is no text in any of these, or not in the encoding that was given.

    Examples
    --------
    >>> decoded("größe".encode("cp1252"), "t.csv")
    ('größe', 'Windows-1252')
    >>> decoded("größe".encode("utf-16"), "t.csv")
    ('größe', 'UTF-16')
    """
    if encoding is not None:
        return _as(content, encoding, name), encoding
    for mark, codec, called in _MARKS:
        if content.startswith(mark):
            return _as(content, codec, name), called
    wide = _codec_without_mark(content)
    if wide is None:
        try:
            return content.decode("utf-8"), "UTF-8"
        except UnicodeDecodeError:
            wide = ("cp1252", "Windows-1252")
    return _as(content, wide[0], name), wide[1]


def _codec_without_mark(content: bytes) -> tuple[str, str] | None:
    """UTF-16 if one of each two bytes at the beginning is 0, as in text of Latin letters; None if it does not look so."""
    first = content[:200]
    if len(first) < 4 or b"\0" not in first:
        return None
    zeros = [first[k::2].count(0) / len(first[k::2]) for k in (0, 1)]
    if zeros[1] > 0.7 and zeros[0] < 0.2:
        return "utf-16-le", "UTF-16"
    return ("utf-16-be", "UTF-16") if zeros[0] > 0.7 and zeros[1] < 0.2 else None


def _as(content: bytes, codec: str, name: str) -> str:
    try:
        text = content.decode(codec)
    except LookupError:
        raise DataError(f"encoding must be one that Python knows, such as utf-8 or cp1252; got {codec!r}.") from None
    except (UnicodeError, ValueError) as failure:
        at = f"; byte {failure.start + 1} is invalid" if isinstance(failure, UnicodeDecodeError) else ""
        raise DataError(f"{name} cannot be read as text in the encoding {codec}{at}. Save it as UTF-8.") from None
    return text.removeprefix("\ufeff")
