"""Files that the page saves: picture, moving picture, live page, map file, study, Python lines, weights.

All give the same bits as the picture.
"""

from __future__ import annotations

import contextlib
import json
import struct
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fallline
from fallline.data.csv_file import CsvFile
from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.estimate import estimate
from fallline.experiment.experiment import Pin
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.toml import to_toml
from fallline.experiment.records import Network
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.state import State
from fallline.lab.study import study_of
from fallline.lab.work.pyramid import view_spec
from fallline.lab.work.runs import train_run
from fallline.maps.growing import growing
from fallline.maps.map import Map
from fallline.maps.theory import has_theory
from fallline.plotting import draw
from fallline.runs.execution import Execution, Progress
from fallline.views.pictures.moving import FPS, FRAMES, seconds

__all__ = ["EXPORTS", "export", "safetensors"]

Work = Generator[None, None, tuple[dict[str, Any], bytes | None]]

EXPORTS = ("png", "svg", "gif", "mp4", "live", "map", "study", "python", "weights")

MIME = {"png": "image/png", "svg": "image/svg+xml", "live": "text/html", "gif": "image/gif", "mp4": "video/mp4"}
"""The types of pictures and pages."""

ACROSS = {"gif": 256, "mp4": 256, "live": 128}
"""The cells along a side of what is not exported with 512."""

MOST_WORK = 1e13
"""Floating-point operations of an exported map, at most: a few minutes."""


def export(
    what: str, state: State, resolved: ResolvedState, tables: Mapping[str, CsvFile], *, pin: int | None = None, size: int | None = None,
    theme: str = "light", progress: Progress = lambda done, total: None,
) -> Work:  # fmt: skip
    """Name, MIME type and text of an export, or its bytes. It pauses between pieces of the work, and calls `progress` with
    the work done and all work.
    """
    if what not in EXPORTS:
        raise UnknownNameError("what is exported", what[:40], EXPORTS)
    yield
    if what == "weights":
        return {"name": "weights.safetensors", "mime": "application/octet-stream"}, _weights(state, resolved, pin)
    spec = view_spec(resolved, state.view, size or ACROSS.get(what, 512))
    if what == "python":
        return {
            "name": "lab.py",
            "mime": "text/x-python",
            "text": to_python(study_of(state, spec, tables), state.pins, "lab.png"),
        }, None
    if what == "study":
        return {"name": "study.toml", "mime": "application/toml", "text": to_toml(study_of(state, spec, tables))}, None
    if spec.work > MOST_WORK:
        raise UsageError(
            f"this map is too much for the lab: {estimate(spec)}. Export the study and run `fallline map`."
        )
    if what == "map":
        with tempfile.TemporaryDirectory(prefix="fallline-") as folder:
            path = Path(folder, "lab.fallmap")
            growth = growing(Map(spec, path), threads=1, progress=progress)
            with contextlib.closing(growth) as work:  # a file that is open cannot be removed
                for _ in work:
                    yield
            return {"name": "lab.fallmap", "mime": "application/vnd.sqlite3"}, path.read_bytes()
    facts = {"name": f"lab.{what}", "mime": MIME[what]}
    if what in ("gif", "mp4"):
        return facts | _length(spec.steps), (yield from _moving_picture(Map(spec), what, state, theme, progress))
    result = Map(spec)
    for _ in growing(result, threads=1, progress=progress):
        yield
    if what == "live":
        page: str = draw("map page", result, pins=[(pin.x, pin.y) for pin in state.pins])
        return facts | {"name": "lab.html"}, page.encode()
    return facts, _picture(result, state, theme).bytes(what)


def _length(steps: int) -> dict[str, Any]:
    """How many frames a moving picture has, and how many seconds."""
    frames = min(FRAMES, steps + 1)
    return {"frames": frames, "seconds": seconds(frames, FPS)}


def _moving_picture(
    m: Map, what: str, state: State, theme: str, progress: Progress
) -> Generator[None, None, bytes]:  # fmt: skip
    from fallline.views.pictures.map_animation import moving_map  # late: it loads matplotlib

    work = moving_map(m, f".{what}", execution=Execution(threads=1), **_options(m, state, theme))
    while True:
        try:
            progress(*next(work))
        except StopIteration as done:
            content: bytes = done.value
            return content
        yield


def _picture(result: Map, state: State, theme: str) -> Any:
    return result.plot(**_options(result, state, theme))


def _options(m: Map, state: State, theme: str) -> dict[str, Any]:
    """What the page shows on the map and how: pins in view, theory, locked colours, theme."""
    names = [name.replace("_", " ") for name in m.spec.axes]
    marks = [
        (p.x, p.y, ", ".join(f"{name} {v:.4g}" for name, v in zip(names, (p.x, p.y), strict=True)), k)
        for k, p in enumerate(state.pins, start=1)
        if _in_view(state, p)
    ]
    options: dict[str, Any] = {"marks": marks, "theme": theme if theme in ("light", "dark") else "light"}
    if state.look.colours is not None and m.spec.measures[0].measure.kind == "values":
        options["limits"] = state.look.colours
    options["theory"] = state.look.theory and has_theory(m)
    return options


def _in_view(state: State, pin: Pin) -> bool:
    """Whether a pin lies in the part of the plane that is shown, its borders included."""
    for letter, value in (("x", pin.x), ("y", pin.y)):
        place = state.map.axes[letter].fraction(value)
        low, high = getattr(state.view, letter)
        if not low - 1e-9 <= place <= high + 1e-9:
            return False
    return True


def _weights(state: State, resolved: ResolvedState, pin: int | None) -> bytes:
    """The parameters of a pinned run at the step that is shown, or at its end."""
    if pin is None or pin >= len(state.pins):
        raise UsageError("weights are those of a pinned run: pin one on the map first.")
    x, y = state.pins[pin].x, state.pins[pin].y
    run = train_run(resolved, x, y)
    step = run.steps if state.look.step is None else min(run.steps, state.look.step)
    w = np.asarray(run.path[step])
    facts = {
        "fallline": fallline.__version__, "objective": run.objective.name, "method": str(run.method), "step": str(step),
        resolved.spec.x.name: repr(x), resolved.spec.y.name: repr(y), "outcome": run.outcome.kind,
    }  # fmt: skip
    if resolved.network is None:
        return safetensors({"w": w}, facts | {"coordinates": ",".join(run.objective.labels)})
    tensors: dict[str, NDArray[Any]] = {}
    for k, layer in enumerate(resolved.network.network.unpack(w), start=1):
        tensors[f"W{k}"] = np.asarray(layer.W)
        if layer.b is not None:
            tensors[f"b{k}"] = np.asarray(layer.b)
    assert isinstance(state.objective, Network)
    network = state.objective
    facts |= {"units": network.text, "activations": ",".join(network.activations), "loss": network.loss}
    return safetensors(tensors, facts)


def safetensors(tensors: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> bytes:
    """Arrays in the safetensors format: the header's length, its JSON, the bytes. Nothing in it can be run.

    >>> content = safetensors({"W1": np.zeros((2, 3))}, {"made": "by hand"})
    >>> json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])["W1"]
    {'dtype': 'F64', 'shape': [2, 3], 'data_offsets': [0, 48]}
    """
    header: dict[str, Any] = {"__metadata__": dict(facts)}
    parts, at = [], 0
    for name, values in tensors.items():
        plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        end = at + plain.nbytes
        header[name] = {"dtype": f"F{8 * plain.itemsize}", "shape": list(plain.shape), "data_offsets": [at, end]}
        parts.append(plain.tobytes())
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)
