"""What another process is asked for: the spec of a map once, then tiles, with the states from which their runs go on."""

from __future__ import annotations

import io
import json
import struct

import numpy as np

from fallline.experiment.description.absent import refuse_absent
from fallline.experiment.description.plain_data import canonical
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import rebuild_map_spec
from fallline.maps.earlier import Earlier
from fallline.maps.tiles import Tile
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.execution import Execution

__all__ = ["packed_spec", "read_request", "request", "unpacked_spec"]


def packed_spec(spec: MapSpec) -> bytes:
    """The spec with its arrays as bytes."""
    description, arrays = spec.describe()
    refuse_absent(description)
    memory = io.BytesIO()
    np.savez(memory, **arrays)  # type: ignore[arg-type]  # numpy's stub takes allow_pickle for one of the arrays
    text = canonical(description).encode()
    return struct.pack("<Q", len(text)) + text + memory.getvalue()


def unpacked_spec(message: bytes) -> MapSpec:
    """The inverse of `packed_spec`."""
    (length,) = struct.unpack("<Q", message[:8])
    with np.load(io.BytesIO(message[8 + length :])) as arrays:
        return rebuild_map_spec(json.loads(message[8 : 8 + length]), dict(arrays))


def request(tile: Tile, earlier: Earlier | None) -> bytes:
    """The request for a tile."""
    after = None if earlier is None else earlier.of(tile)
    states = b"" if after is None else np.ascontiguousarray(after.values).tobytes()
    return json.dumps([tile, after and after.step]).encode() + b"\n" + states


def read_request(spec: MapSpec, message: bytes, threads: int) -> tuple[Tile, Execution, Checkpoints | None]:
    """What a request asks for: a tile, how it is executed, and the states from which its runs go on."""
    head, _, states = message.partition(b"\n")
    tile, step = json.loads(head)
    values = np.frombuffer(states, spec.dtype).reshape(-1, spec.kept) if step is not None else None
    return Tile(*tile), Execution(threads), None if values is None else Checkpoints(step, values)
