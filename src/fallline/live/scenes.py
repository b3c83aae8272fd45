"""What a page shows around its runs, computed when the page is written: samples, contours, theory, equations."""

from __future__ import annotations

from typing import Any

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_blocks import WrittenBlocks
from fallline.lab.work.equation_sections import sections_of
from fallline.lab.work.input_plane import InputPlane, all_samples, input_plane
from fallline.lab.work.scenes import landscape_scene, samples, theory_curves
from fallline.live.arrays import as_json_arrays

__all__ = ["answers_of", "equations_of", "plane_of"]

Json = dict[str, Any]


def answers_of(resolved: ResolvedState) -> Json:
    """The answers to the questions of views (`lab.session.scenes`), by their kind: content, and arrays."""
    found: Json = {"theory": {"content": {"curves": theory_curves(resolved)}, "arrays": {}}}
    kind, (content, arrays) = (
        ("landscape", landscape_scene(resolved, None)) if resolved.network is None else ("data", samples(resolved))
    )
    return found | {kind: {"content": content, "arrays": as_json_arrays(arrays)}}


def equations_of(resolved: ResolvedState) -> Json:
    """The equations in each of their forms."""
    forms = ("matrix",) if resolved.network is None else ("matrix", "units")
    found = {}
    for form in forms:
        written = WrittenBlocks()
        for section in sections_of(resolved, form):
            written.add(section)
        found[form] = {"blocks": written.blocks, "glyphs": written.symbols}
    return found


def plane_of(resolved: ResolvedState) -> Json | None:
    """The plane of inputs over which the network is drawn; None if there is none."""
    net = resolved.network
    if net is None or net.data.raw.X.shape[1] < 2:
        return None
    plane: InputPlane = input_plane(all_samples(net.data.raw))
    return {
        "centre": plane.centre.tolist(), "across": plane.across.tolist(), "up": plane.up.tolist(),
        "window": plane.window,
    }  # fmt: skip
