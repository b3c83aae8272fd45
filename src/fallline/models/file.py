"""Model files: the numbers as safetensors, everything else as JSON of a closed schema in its metadata. Reading runs no code."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as tensors_text

from fallline import files
from fallline.data.preparing import Preparation, Target
from fallline.errors import DataError, UsageError
from fallline.limits import check_memory
from fallline.models.description import Description, Summary, read_description
from fallline.models.ensemble import Ensemble
from fallline.models.fitting import Kind
from fallline.models.scaling import Scaling
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Layer, Network

__all__ = ["Parts", "load_parts", "save_parts"]

Floats = NDArray[Any]

KEY = "fallline"
"""The key of the description in a file's metadata."""

LONGEST = 10**8
"""Bytes of a file's metadata, at most."""


class Parts(NamedTuple):
    """The parts of a model that its file holds; see `Model`."""

    target: Target
    preparation: Preparation
    kind: Kind
    ensemble: Ensemble
    summary: Summary


def save_parts(model: Parts, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model; see `Model.save`."""
    from fallline import __version__

    e = model.ensemble
    network = e.network
    own = [a.name for a in network.activations if ACTIVATIONS.get(a.name) != a]
    if own:
        raise UsageError(f"a model file cannot hold a function of your own: the network has the activation {own[0]!r}.")
    description = Description(
        format=1, made_by=f"fallline {__version__}", kind=model.kind, sizes=list(network.sizes),
        activations=[a.name for a in network.activations], loss=network.loss.name,
        dtype="float32" if e.parameters.dtype == np.float32 else "float64", clipped=e.scaling.clipped,
        target=model.target.to_json(), preparation=model.preparation.to_json(), summary=model.summary,
    )  # fmt: skip
    tensors: dict[str, Floats] = {
        "scaling.centre": e.scaling.centre, "scaling.factor": e.scaling.factor,
        "target.centre": e.centre, "target.spread": e.spread,
    }  # fmt: skip
    for l, (W, b) in enumerate(network.unpack(e.parameters), start=1):
        tensors[f"W{l}"], tensors[f"b{l}"] = W, b
    content = tensors_text(
        {name: np.ascontiguousarray(values) for name, values in tensors.items()}, {KEY: description.model_dump_json()}
    )
    return files.write(path, content, overwrite=overwrite)


def load_parts(path: str | Path) -> Parts:
    """Read a model; see `Model.load`."""
    file = Path(path).name
    content = files.read_bytes(path, DataError)
    found = read_description(_metadata(content, file), file)
    sizes = found.sizes
    members = _members(content, file)
    check_memory(8.0 * members * sum(a * b for a, b in itertools.pairwise(sizes)), file, "It is no sensible model.")
    try:
        tensors = read_tensors(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} is no model file: {str(error).splitlines()[0]}.") from None
    shapes: dict[str, tuple[int, ...]] = {
        "scaling.centre": (sizes[0],), "scaling.factor": (sizes[0],), "target.centre": (sizes[-1],), "target.spread": (sizes[-1],),
    }  # fmt: skip
    for l, (n, m) in enumerate(itertools.pairwise(sizes), start=1):
        shapes[f"W{l}"], shapes[f"b{l}"] = (members, n, m), (members, m)
    _check(tensors, shapes, found.dtype, file)
    network = Network(
        tuple(sizes), tuple(ACTIVATIONS[name] for name in found.activations), LOSSES[found.loss], "mean"
    )  # fmt: skip
    layers = tuple(Layer(tensors[f"W{l}"], tensors[f"b{l}"]) for l in range(1, len(sizes)))
    scaling = Scaling(tensors["scaling.centre"], tensors["scaling.factor"], found.clipped)
    target, preparation = Target.from_json(found.target), Preparation.from_json(found.preparation)
    preparation.check_width(sizes[0])
    outputs = len(target.classes) if target.classes else len(target.columns)
    if outputs != sizes[-1]:
        raise DataError(f"{file} is no model file: its target has {outputs} columns, its network {sizes[-1]} outputs.")
    ensemble = Ensemble(network, network.pack(layers), scaling, tensors["target.centre"], tensors["target.spread"])
    return Parts(target, preparation, found.kind, ensemble, found.summary)


def _header(content: bytes, file: str) -> dict[str, Any]:
    """Return the header of a safetensors file: eight bytes of its length, then JSON."""
    import json

    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 0 < length <= min(LONGEST, len(content) - 8):
        raise DataError(f"{file} is no model file: it is not in the format safetensors.")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise DataError(f"{file} is no model file: its header is no JSON object.")
    return header


def _metadata(content: bytes, file: str) -> str:
    """Return our text in the metadata of a safetensors file."""
    metadata = _header(content, file).get("__metadata__")
    if not isinstance(metadata, dict) or set(metadata) != {KEY} or not isinstance(metadata[KEY], str):
        raise DataError(
            f"{file} is a safetensors file, but no model of fallline: its metadata lack the key {KEY!r} alone."
        )
    return str(metadata[KEY])


def _members(content: bytes, file: str) -> int:
    """Return how many networks a file has: the first length of W1."""
    entry = _header(content, file).get("W1")
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not isinstance(shape, list) or len(shape) != 3 or not isinstance(shape[0], int) or not 1 <= shape[0] <= 10**6:
        raise DataError(f"{file} is no model file: it has no weights W1 of at least one network.")
    return shape[0]


def _check(tensors: dict[str, Floats], shapes: dict[str, tuple[int, ...]], dtype: str, file: str) -> None:
    """Refuse other numbers than those of the network."""
    if set(tensors) != set(shapes):
        raise DataError(f"{file} is no model file: it must have {', '.join(shapes)}.")
    for name, shape in shapes.items():
        values = tensors[name]
        wanted = dtype if name[0] in "Wb" else "float64"
        if values.shape != shape or values.dtype != wanted:
            raise DataError(
                f"{file} is no model file: {name} must have the shape {shape} and the type {wanted}; "
                f"got {values.shape} and {values.dtype}."
            )
        if not np.isfinite(values).all():
            raise DataError(f"{file} is no model file: {name} must hold finite numbers.")
