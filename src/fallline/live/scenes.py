"""What a page shows around its runs, computed when the page is written: samples, contours, theory, equations."""

from __future__ import annotations

from typing import Any

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.details import has_confusion
from fallline.lab.work.equation_blocks import WrittenBlocks
from fallline.lab.work.equation_sections import sections_of
from fallline.lab.work.frames import SIDE, scale_of
from fallline.lab.work.input_plane import all_samples, input_plane
from fallline.lab.work.scenes import landscape_scene, samples, theory_curves
from fallline.lab.work.units import MOST_UNITS, UNIT_SIDE
from fallline.live.answers import at_samples, over_plane, unit_shades
from fallline.live.arrays import as_json_arrays
from fallline.live.equation_numbers import numbered_equations

__all__ = ["answers_of", "drawn_answers", "equations_of"]

Json = dict[str, Any]


def answers_of(resolved: ResolvedState) -> Json:
    """The answers to the questions of views (`lab.session.scenes`), by their kind: content, and arrays."""
    found: Json = {"theory": {"content": {"curves": theory_curves(resolved)}, "arrays": {}}}
    kind, (content, arrays) = (
        ("landscape", landscape_scene(resolved, None)) if resolved.network is None else ("data", samples(resolved))
    )
    return found | {kind: {"content": content, "arrays": as_json_arrays(arrays)}}


def equations_of(resolved: ResolvedState, *, gradient: bool) -> Json:
    """The equations in each of their forms, and those with "numbers"; `gradient`: whether the page can compute the gradient."""
    forms = ("matrix",) if resolved.network is None else ("matrix", "units")
    found: Json = {"numbers": numbered_equations(resolved, forms, gradient=gradient)}
    for form in forms:
        written = WrittenBlocks()
        for section in sections_of(resolved, form):
            written.add(section)
        found[form] = {"blocks": written.blocks, "glyphs": written.symbols}
    return found


def drawn_answers(resolved: ResolvedState) -> Json | None:
    """What draws a network's answers at the steps of a run; None for a landscape.

    "plane" is None for a network of one input, and "units" is False for one with too many hidden units, which are not drawn. "classes" is 0 where there is no confusion matrix.
    """
    net = resolved.network
    if net is None:
        return None
    sizes = net.network.sizes[1:-1]
    facts: Json = {
        "sizes": list(sizes), "side": SIDE, "unit_side": UNIT_SIDE, "scale": scale_of(net), "units": False, "plane": None,
        "window": None, "shades": unit_shades().as_data(), "samples": at_samples(net).as_data(),
        "classes": max(2, net.network.sizes[-1]) if has_confusion(net) else 0,
    }  # fmt: skip
    if net.data.raw.X.shape[1] < 2:
        return facts
    plane = input_plane(all_samples(net.data.raw))
    drawn = {"plane": over_plane(net, plane).as_data(), "window": plane.window}
    return facts | drawn | {"units": 0 < sum(sizes) <= MOST_UNITS}
