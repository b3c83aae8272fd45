"""The rows of a map file. Types, bounds and checksums are checked before anything is read from them."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.description.fingerprints import array_key
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import STATES, Values
from fallline.maps.database import LONGEST
from fallline.maps.tiles import LARGEST_TILE, Tile, in_layout
from fallline.measures.measure import RequestedMeasure

__all__ = [
    "MOST_ARRAYS",
    "RowError",
    "array_from",
    "array_row",
    "bits",
    "blank",
    "check_room",
    "longest_tile",
    "pack",
    "tile_from",
    "tile_sha",
    "unpack",
]

MOST_ARRAYS = 2**29
"""Bytes of all arrays of a map file, data and start, at most."""


class RowError(ValueError):
    """The fault of a row, as the rest of a sentence: "the tile of ... cannot be read"."""


def pack(spec: MapSpec, values: Values) -> bytes:
    """The values of a tile as bytes: measure by measure, then the states of its runs; little-endian."""
    return b"".join(np.ascontiguousarray(values[name], dtype).tobytes() for name, dtype, _ in _columns(spec))


def unpack(spec: MapSpec, raw: bytes, count: int) -> Values:
    """The inverse of `pack`."""
    values, at = {}, 0
    for name, dtype, numbers in _columns(spec):
        column = np.frombuffer(raw, dtype, count * numbers, at)
        values[name] = column.reshape(count, numbers) if name == STATES else column
        at += column.nbytes
    return values


def blank(spec: MapSpec, wanted: RequestedMeasure) -> float | int:
    """What stands for the value of a cell that is not known."""
    kind = spec.dtype_of(wanted).kind
    return np.nan if kind == "f" else -1 if kind == "i" else 255


def bits(numbers: NDArray[Any]) -> NDArray[Any]:
    """The bits of numbers as whole numbers, so that NaN equals itself."""
    return np.ascontiguousarray(numbers).view(f"u{numbers.dtype.itemsize}")


def tile_sha(version: int, spec: MapSpec, tile: Tile, raw: bytes) -> str:
    """The checksum of a tile: of spec, place and values; of the values alone in files of format 1."""
    digest = hashlib.sha256()
    if version > 1:
        digest.update(f"fallline tile {spec.sha256} {' '.join(map(str, tile))}\n".encode())
    digest.update(raw)
    return digest.hexdigest()


def longest_tile(spec: MapSpec) -> int:
    """Bytes that the largest tile can take, even if zlib makes it longer."""
    raw = min(spec.cells, LARGEST_TILE) * _cell_bytes(spec)
    return min(raw + raw // 1000 + 64, LONGEST)


def tile_from(version: int, spec: MapSpec, place: tuple[Any, ...], data: Any, sha: Any) -> tuple[Tile, Values]:
    """A tile and its values from its row."""
    if not all(type(n) is int for n in place) or not in_layout(spec, tile := Tile(*place)):
        raise RowError("it holds a tile that is no part of the map")
    if not isinstance(data, bytes):
        raise RowError(f"the tile of {tile} cannot be read")
    count = tile.cells
    size = count * _cell_bytes(spec)
    raw = None if spec.kept and size > LONGEST else _inflated(data, size)
    if raw is None:
        raise RowError(f"the tile of {tile} cannot be read")
    if tile_sha(version, spec, tile, raw) != sha:
        raise RowError(f"the tile of {tile} does not match its checksum")
    return tile, unpack(spec, raw, count)


def array_row(values: NDArray[Any]) -> tuple[str, str, str, bytes]:
    """Checksum, type, shape and compressed bytes of an array."""
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return array_key(values), little.dtype.str, json.dumps(values.shape), zlib.compress(little.tobytes())


def array_from(row: tuple[Any, ...], room: int) -> tuple[str, NDArray[Any]]:
    """Checksum and values of an array of at most `room` bytes, from its row."""
    key, dtype, shape, data = row
    if not (isinstance(key, str) and re.fullmatch("[0-9a-f]{64}", key)):
        raise RowError("it holds an array without a checksum")
    wrong = RowError(f"array {key[:12]} cannot be read")
    if not (isinstance(dtype, str) and re.fullmatch("[<|][biuf][1248]", dtype) and isinstance(data, bytes)):
        raise wrong
    if not (isinstance(shape, str) and re.fullmatch(r"\[\d{1,10}(, \d{1,10})?\]", shape)):
        raise wrong
    sizes = json.loads(shape)
    size = math.prod(sizes) * int(dtype[2:])
    raw = _inflated(data, size) if size <= room else None
    try:
        values = None if raw is None else np.frombuffer(raw, dtype).reshape(sizes)
    except (TypeError, ValueError):  # a type such as "<b8", or an array of no entries
        raise wrong from None
    if values is None:
        raise wrong
    if array_key(values) != key:
        raise RowError(f"array {key[:12]} does not match its checksum")
    return key, values


def check_room(arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that are too large for a map file."""
    size = sum(values.nbytes for values in arrays.values())
    if size > MOST_ARRAYS:
        raise UsageError(
            f"data and start of a map file may take at most {MOST_ARRAYS / 2**20:,.0f} MB; these take "
            f"{size / 2**20:,.0f} MB. Use fewer samples, or compute the map without a file."
        )


def _columns(spec: MapSpec) -> list[tuple[str, np.dtype[Any], int]]:
    """Name, type and numbers of a cell of everything that a tile holds, in order."""
    columns = [(w.name, spec.dtype_of(w), 1) for w in spec.measures]
    states = (STATES, np.dtype(spec.dtype).newbyteorder("<"), spec.starts * spec.kept)
    return [*columns, states] if spec.kept else columns


def _cell_bytes(spec: MapSpec) -> int:
    return sum(dtype.itemsize * numbers for _, dtype, numbers in _columns(spec))


def _inflated(data: bytes, size: int) -> bytes | None:
    """The uncompressed bytes; None if there are not exactly `size` of them. At most one byte more is unpacked."""
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(data, size + 1)
    except zlib.error:
        return None
    return raw if len(raw) == size and stream.eof and not stream.unused_data else None
