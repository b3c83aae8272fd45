"""The figure of a live page: all that the page knows of its map, as JSON.

The page's modules answer for a server: `welcome` is what the lab's session answers to "hello", "stored" holds the other
answers that were computed here, and the rest is what the page needs to compute answers for other numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import fallline
from fallline.experiment.map_record import MapSpec
from fallline.lab.controls.measure import colours_of, describe_outcomes
from fallline.lab.limits import MOST, MOST_PINS
from fallline.lab.presets import themes
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.session.described import summary
from fallline.lab.session.fields import MOST_TILES
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.runs import describe_run, labels_of, layers_of, train_run
from fallline.lab.work.tile_training import compute_tile
from fallline.live.arrays import as_json_arrays
from fallline.live.causes import describe_causes
from fallline.live.controls import changeable_axes, changeable_controls, fixed_facts, measures_of, notes, sentences
from fallline.live.gradients import describe_gradient
from fallline.live.kernels import describe_kernel, kernel_settings
from fallline.live.problems import describe_problem
from fallline.live.rules import frames, measures, shown, tested
from fallline.live.scenes import answers_of, drawn_answers, equations_of
from fallline.live.shown_map import show_map
from fallline.live.worker import worker_text
from fallline.maps.film import is_playable
from fallline.maps.map import Map
from fallline.measures.measure import MEASURES
from fallline.problems import has_test_samples

__all__ = ["VERSION", "Figure", "check_page", "figure"]

Json = dict[str, Any]
Figure = Json

VERSION = 1
"""Of the figure's form."""


def figure(m: Map, *, pins: Sequence[tuple[float, float]] = (), command: str = "", holds: str = "") -> Figure:
    """The figure of a map, which need not be complete.

    Parameters
    ----------
    pins
        Runs of the map that are marked when the page opens, the first four.
    command
        The command that makes the page; empty if it is not known.
    holds
        What the page says of the data that it holds.

    Raises
    ------
    UsageError
        A page cannot train the map's runs.
    """
    resolved = show_map(m.spec)
    kernel, gradient = describe_kernel(resolved), describe_gradient(resolved)
    marked = [{"x": float(x), "y": float(y)} for x, y in pins[:MOST_PINS]]
    return {
        "version": VERSION,
        "welcome": _welcome(resolved, marked, kernel["settings"]),
        "fixed": fixed_facts(resolved),
        "command": command,
        "holds": holds,
        "sentences": sentences(),
        "notes": notes(),
        "measures": _measures(resolved),
        "answers": drawn_answers(resolved),
        "layers": None if resolved.network is None else layers_of(resolved.network),
        "labels": labels_of(resolved.objective),
        "kernel": kernel,
        "problem": describe_problem(resolved),
        "worker": worker_text(),
        "rules": _rules(resolved),
        "causes": describe_causes(resolved),
        "gradient": gradient,
        "equations": equations_of(resolved, gradient=gradient is not None),
        "stored": {
            "scenes": answers_of(resolved), "tiles": _tiles(resolved, m), "runs": [_run(resolved, pin) for pin in marked],
        },
        "map": _map(m),
    }  # fmt: skip


def check_page(spec: MapSpec) -> None:
    """Refuse a map whose runs a page cannot train, before it is computed.

    Raises
    ------
    UsageError
        The sentence says why.
    """
    kernel_settings(show_map(spec))


def _welcome(resolved: ResolvedState, pins: list[Json], columns: list[str]) -> Json:
    controls = changeable_controls(resolved, columns)
    content = summary(resolved.state, resolved)
    state = content["state"] | {"pins": pins}
    digest = hashlib.sha256(json.dumps(controls).encode()).hexdigest()[:16]
    return content | {
        "state": state, "axes": changeable_axes(resolved, columns), "controls": controls, "digest": digest,
        "version": fallline.__version__, "themes": themes(), "outcomes": describe_outcomes(), "presets": [],
        "defaults": state, "film": {"frames": 0, "fps": 1, "ffmpeg": False},
        "limits": {"tiles": MOST_TILES, "pins": MOST_PINS, "table": 0, "steps": MOST["steps"]},
    }  # fmt: skip


def _rules(resolved: ResolvedState) -> Json:
    """The programs of measures, and of what is drawn of them."""
    dtype, names = resolved.spec.dtype, measures_of(resolved)
    return {
        "frames": frames().as_data(),
        "measures": measures(resolved.objective, dtype, names).as_data(),
        "shown": {name: shown(name, dtype).as_data() for name in names},
        "tested": tested(resolved.objective, dtype).as_data() if has_test_samples(resolved.objective) else None,
    }


def _measures(resolved: ResolvedState) -> Json:
    """For each measure that the page can show the meaning of its colours, and how its values are computed and kept."""
    return {
        name: colours_of(m, resolved.objective)
        | {
            "dtype": m.dtype,
            "ends": m.reads_ends,
            "test": m.reads_test,
            "over_starts": m.over_starts,
            "played": is_playable(m),
        }
        for name in measures_of(resolved)
        for m in [MEASURES[name]]
    }


def _tiles(resolved: ResolvedState, m: Map) -> Json:
    """The whole plane in one tile, as the answer to "tiles" has it."""
    values = compute_tile(resolved, TilePlace(0, 0, 0))
    wanted = resolved.spec.measures[0]
    first = {wanted.name: wanted.measure.shown(values[wanted.name], resolved.spec.steps)}
    return {"0/0/0": as_json_arrays(first | {k: v for k, v in values.items() if k != wanted.name})}


def _run(resolved: ResolvedState, pin: Json) -> Json:
    content, arrays = describe_run(resolved.spec, train_run(resolved, pin["x"], pin["y"]))
    return {"content": pin | content, "arrays": as_json_arrays(arrays)}


def _map(m: Map) -> Json:
    """What makes the map's own cells, and their hash."""
    return {
        "sha256": m.sha256 if m.complete else None, "shape": list(m.spec.shape), "x": m.spec.x.describe(),
        "y": m.spec.y.describe(), "measures": [{"name": w.name, "target": w.target, "dtype": str(m.spec.dtype_of(w))}
                                               for w in m.spec.measures],
    }  # fmt: skip
