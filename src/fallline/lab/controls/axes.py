"""The settings that may be axes of the map, each with a range to begin with."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from fallline.experiment.axis_settings import axis_settings
from fallline.experiment.setting_names import is_layer_rate, is_offset, layer_of, within_schedule, within_start
from fallline.lab.controls.fields import digits_below
from fallline.lab.resolved_state import ResolvedState
from fallline.sentences import sentence
from fallline.settings import Setting

__all__ = ["describe_axes", "describe_axis"]

Json = dict[str, Any]


@lru_cache(maxsize=64)
def describe_axes(resolved: ResolvedState) -> list[Json]:
    """Describe every setting that may be an axis of this state's map, with a range to begin with."""
    valid = axis_settings(resolved.objective, resolved.spec.method.optimizer, resolved.spec.method.schedule)
    coordinates = [n for n in valid if within_start(n) is not None]
    shown = [n for n in (*resolved.spec.method.optimizer.settings, *valid) if n not in coordinates]
    shown = list(dict.fromkeys(shown)) + (coordinates if len(coordinates) <= 120 else [])
    return [describe_axis(resolved, name, valid[name]) for name in shown]


def describe_axis(resolved: ResolvedState, name: str, declared: Setting) -> Json:
    """Describe one setting as an axis, with a range to begin with."""
    low, high, scale = resolved.ranges.of(name, declared)
    label, own = declared.label, declared.unicode_symbol
    coordinate = within_start(name)
    if is_layer_rate(name) or (is_offset(name) and "." in name):
        label = f"{declared.label} of layer {layer_of(name)}"
        own += digits_below(str(layer_of(name))) if own else ""
    elif coordinate is not None:
        label, own = f"start {coordinate}", ""
    elif within_schedule(name) is not None:
        label = f"schedule's {declared.label}"
    bounds = [None if math.isinf(v) else v for v in (declared.low, declared.high)]
    return {
        "name": name, "label": label, "symbol": own or None, "meaning": sentence(declared.meaning), "low": bounds[0],
        "high": bounds[1], "range": [low, high], "scale": scale,
    }  # fmt: skip
