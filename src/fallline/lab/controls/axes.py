"""The settings that may be axes of the map, each with a range to begin with."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from fallline.experiment.axis_settings import axis_settings
from fallline.lab.controls.fields import digits_below, sentence
from fallline.lab.resolved_state import ResolvedState

__all__ = ["describe_axes"]

Json = dict[str, Any]


@lru_cache(maxsize=64)
def describe_axes(resolved: ResolvedState) -> list[Json]:
    """Describe every setting that may be an axis of this state's map, with a range to begin with."""
    valid = axis_settings(resolved.objective, resolved.spec.method.optimizer, resolved.spec.method.schedule)
    coordinates = [n for n in valid if n.startswith("start.")]
    shown = [n for n in (*resolved.spec.method.optimizer.settings, *valid) if n not in coordinates]
    shown = list(dict.fromkeys(shown)) + (coordinates if len(coordinates) <= 120 else [])
    out = []
    for name in shown:
        declared = valid[name]
        low, high, scale = resolved.ranges.of(name, declared)
        label = declared.label
        if name.startswith("learning_rate."):
            label = f"learning rate of layer {name.partition('.')[2]}"
        elif name.startswith("start."):
            label = f"start {name[6:]}"
        elif name.startswith("schedule."):
            label = f"schedule's {declared.label}"
        bounds = [None if math.isinf(v) else v for v in (declared.low, declared.high)]
        own = declared.unicode_symbol if not name.startswith("start.") else None
        if name.startswith("learning_rate.") and own:
            own += digits_below(name.partition(".")[2])
        out.append({
            "name": name, "label": label, "symbol": own or None, "meaning": sentence(declared.meaning), "low": bounds[0],
            "high": bounds[1], "range": [low, high], "scale": scale,
        })  # fmt: skip
    return out
