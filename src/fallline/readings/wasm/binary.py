"""From an object of LLVM's to a module that a browser loads: a function is exported, and what only a linker reads is left out.

An object for WebAssembly is a module already: its code refers to its own functions by the right numbers. A kernel has no data of
its own and calls no function from outside, so there is nothing to link.

The format: https://webassembly.github.io/spec/core/binary/modules.html
"""

from __future__ import annotations

from collections.abc import Iterator

from fallline.errors import FalllineError

__all__ = ["exporting"]

_CUSTOM, _IMPORT, _EXPORT, _CODE, _DATA = 0, 2, 7, 10, 11
_KIND_FUNCTION, _KIND_TABLE, _KIND_GLOBAL = 0, 1, 3
_SYMBOLS, _UNDEFINED = 8, 16
_FOLLOWING = (9, 12, _CODE)
"""Sections that stand behind the exports: elements, the number of data segments, code."""


def exporting(data: bytes, name: str) -> bytes:
    """Return the object as a module that exports its function `name`.

    The module imports `env.__linear_memory`, and what else its code needs of `env`: `__stack_pointer`, and a table.
    """
    sections = list(_sections(data, 8))  # behind the magic number and the version
    bodies = dict(sections)
    foreign = _imported_functions(bodies.get(_IMPORT, b"\0"))
    if foreign or _DATA in bodies:
        what = f"calls {', '.join(foreign)}" if foreign else "has data of its own"
        raise FalllineError(f"a WebAssembly module needs a linker, because it {what}. Please report this.")
    encoded = name.encode()
    export = b"\1" + _number(len(encoded)) + encoded + bytes([_KIND_FUNCTION]) + _number(_functions(sections)[name])
    out, done = [data[:8]], False
    for number, body in sections:
        if number == _CUSTOM:
            continue
        if number in _FOLLOWING and not done:
            out.append(_section(_EXPORT, export))
            done = True
        out.append(_section(number, body))
    return b"".join(out)


def _section(number: int, body: bytes) -> bytes:
    return bytes([number]) + _number(len(body)) + body


def _sections(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each section from that place on."""
    while at < len(data):
        length, start = _read_number(data, at + 1)
        yield data[at], data[start : start + length]
        at = start + length


def _functions(sections: list[tuple[int, bytes]]) -> dict[str, int]:
    """Return the functions of an object by their names, from the table of symbols that it holds for linkers.

    https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md
    """
    prefix = b"\7linking\2"  # the section's name and its version
    linking = next(body for number, body in sections if number == _CUSTOM and body.startswith(prefix))
    table = dict(_sections(linking, len(prefix)))[_SYMBOLS]
    count, at = _read_number(table, 0)
    found = {}
    for _ in range(count):
        kind, at = table[at], at + 1
        flags, at = _read_number(table, at)
        index, at = _read_number(table, at)
        if not flags & _UNDEFINED:
            length, at = _read_number(table, at)
            if kind == _KIND_FUNCTION:
                found[table[at : at + length].decode()] = index
            at += length
    return found


def _imported_functions(body: bytes) -> list[str]:
    """Return the names of the functions that are imported."""
    count, at = _read_number(body, 0)
    names: list[str] = []
    for _ in range(count):
        for _ in range(2):  # the module's name, then the import's
            length, at = _read_number(body, at)
            name, at = body[at : at + length].decode(), at + length
        kind, at = body[at], at + 1
        if kind == _KIND_FUNCTION:
            names.append(name)
            _, at = _read_number(body, at)
        elif kind == _KIND_GLOBAL:
            at += 2  # type and mutability
        else:
            at = _behind_limits(body, at + (kind == _KIND_TABLE))  # a table has a type before its limits
    return names


def _behind_limits(body: bytes, at: int) -> int:
    flags, at = _read_number(body, at)
    for _ in range(1 + flags % 2):  # the least size, and the largest if the flag is set
        _, at = _read_number(body, at)
    return at


def _number(value: int) -> bytes:
    """An unsigned number in LEB128: groups of seven bits, the lowest first; all but the last have the high bit set."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at that place, and the place behind it."""
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
