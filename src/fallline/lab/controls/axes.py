"""The settings that may be axes of the map, each with a range to begin with."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from fallline.experiment.axis_settings import axis_settings
from fallline.lab.controls.words import digits_below, sentence
from fallline.lab.plan import Plan
from fallline.problems import LandscapeObjective
from fallline.settings import Setting

__all__ = ["axis_range", "describe_axes"]

Json = dict[str, Any]


@lru_cache(maxsize=64)
def describe_axes(plan: Plan) -> list[Json]:
    """Every setting that may be an axis of this state's map, with a range to begin with."""
    found = axis_settings(plan.objective, plan.spec.optimizer, plan.spec.schedule)
    coordinates = [n for n in found if n.startswith("start.")]
    shown = [n for n in (*plan.spec.optimizer.settings, *found) if n not in coordinates]
    shown = list(dict.fromkeys(shown)) + (coordinates if len(coordinates) <= 120 else [])
    out = []
    for name in shown:
        declared = found[name]
        low, high, scale = axis_range(name, declared, plan)
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


def axis_range(name: str, declared: Setting, plan: Plan) -> tuple[float, float, str]:
    """A range of an axis to begin with: for learning rates around the bound that the curvature at the start allows."""
    if name.startswith("start."):
        k = plan.objective.labels.index(name[6:])
        if isinstance(plan.objective, LandscapeObjective):
            low, high = plan.objective.landscape.window[k % 2]
            return float(low), float(high), "linear"
        at = float(plan.start[k])
        return round(at - 2, 3), round(at + 2, 3), "linear"
    if declared.name == "learning_rate":
        if plan.bound is not None and math.isfinite(plan.bound) and plan.bound > 0:
            first, last = math.floor(math.log10(plan.bound / 60)), math.ceil(math.log10(plan.bound * 2))
            return float(f"1e{first}"), float(f"1e{last}"), "log"  # pow of C's library may err in the last place
        return 1e-4, 1.0, "log"
    if declared.name == "seed":
        return 0.0, 63.0, "linear"
    slider = declared.slider_range
    return float(slider.low), float(slider.high), slider.scale
