"""The kinds of controls as the page draws them: choices and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fallline.lab.controls.words import sentence
from fallline.settings import Setting
from fallline.textbook.families import Member

__all__ = ["Json", "choice", "number", "options"]

Json = dict[str, Any]


def choice(key: str, label: str, meaning: str, entries: Iterable[Any]) -> Json:
    """A choice among named values."""
    return {"key": key, "kind": "choice", "label": label, "symbol": None, "meaning": meaning, "options": list(entries)}


def options(family: Mapping[str, Member]) -> list[Json]:
    """Entries of a choice, from the members of a family."""
    return [{"value": name, "label": record.label} for name, record in family.items()]


def number(key: str, declared: Setting, d: Mapping[str, Any] | None = None, **more: Any) -> Json:
    """A number's control from its declaration."""
    slider = declared.slider_range
    low, high = (None if math.isinf(v) else v for v in (declared.low, declared.high))
    field: Json = {
        "key": key, "kind": "number", "label": declared.label, "symbol": declared.unicode_symbol or None,
        "meaning": sentence(declared.meaning), "low": low, "high": high, "low_included": declared.low_included,
        "high_included": declared.high_included, "whole": declared.whole, "default": declared.default, "nullable": False,
        "slider": {**asdict(slider), "step": 1 if declared.whole else None},
    }  # fmt: skip
    if d is not None:
        for which in ("x", "y"):
            if d["map"][which]["name"] in (declared.name, key.replace("schedule_settings.", "schedule.")):
                field["axis"] = which
    return field | more
