"""The kinds of controls as the page draws them: choices and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from fallline.lab.controls.words import sentence, symbol, words
from fallline.settings import Setting

__all__ = ["SLIDERS", "Json", "choice", "number", "options"]

Json = dict[str, Any]

SLIDERS: dict[str, tuple[float, float, str]] = {
    "learning_rate": (1e-5, 1.0, "log"), "momentum": (0, 0.99, "linear"), "beta1": (0, 0.99, "linear"),
    "beta2": (0.9, 0.9999, "linear"), "decay": (0, 0.99, "linear"), "epsilon": (1e-10, 1.0, "log"),
    "initial_accumulator": (0, 1, "linear"), "weight_decay": (1e-4, 1.0, "log"), "every": (1, 50, "linear"),
    "l2": (0, 10, "linear"), "initial_scale": (0.1, 3, "linear"), "seed": (0, 99, "linear"), "steps": (1, 500, "log"),
    "starts": (1, 50, "log"), "batch": (1, 300, "log"),
}  # fmt: skip
"""Range of a slider, and of an axis, where the setting's own has no end or no scale."""


def choice(key: str, label: str, meaning: str, entries: Iterable[Any]) -> Json:
    """A choice among named values."""
    return {"key": key, "kind": "choice", "label": label, "symbol": None, "meaning": meaning, "options": list(entries)}


def options(names: Iterable[str]) -> list[Json]:
    """Entries of a choice, from names of the project."""
    return [{"value": name, "label": words(name)} for name in names]


def number(key: str, declared: Setting, d: Mapping[str, Any] | None = None, **more: Any) -> Json:
    """A number's control from its declaration."""
    low, high = (None if math.isinf(v) else v for v in (declared.low, declared.high))
    field: Json = {
        "key": key, "kind": "number", "label": words(declared.name), "symbol": symbol(declared.symbol) or None,
        "meaning": sentence(declared.meaning), "low": low, "high": high, "low_included": declared.low_included,
        "high_included": declared.high_included, "whole": declared.whole, "default": declared.default, "nullable": False,
        "slider": None,
    }  # fmt: skip
    if declared.name in SLIDERS:
        a, b, scale = SLIDERS[declared.name]
        field["slider"] = {"low": a, "high": b, "scale": scale, "step": 1 if declared.whole else None}
    if d is not None:
        for which in ("x", "y"):
            if d["map"][which]["name"] in (declared.name, key.replace("schedule_settings.", "schedule.")):
                field["axis"] = which
    return field | more
