"""Controls as the page draws them: choices and numbers, with their words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from fallline.experiment.experiment import Plane
from fallline.sentences import sentence
from fallline.settings import Setting

__all__ = ["Json", "choice", "digits_below", "number", "options"]

Json = dict[str, Any]


class Labelled(Protocol):
    """A member of a family, as far as a choice shows it."""

    @property
    def label(self) -> str: ...


_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def choice(key: str, label: str, meaning: str, entries: Iterable[Any]) -> Json:
    """A choice among named values."""
    return {"key": key, "kind": "choice", "label": label, "symbol": None, "meaning": meaning, "options": list(entries)}


def options(names: Iterable[str]) -> list[Json]:
    """Entries of a choice, from the members of a family, or from names that speak for themselves."""
    family: Mapping[str, Labelled] = names if isinstance(names, Mapping) else {}
    return [{"value": name, "label": family[name].label if name in family else name} for name in names]


def number(key: str, declared: Setting, plane: Plane | None = None, **more: Any) -> Json:
    """A number's control from its declaration; it says which axis of the plane moves the number."""
    slider = declared.slider_range
    low, high = (None if math.isinf(v) else v for v in (declared.low, declared.high))
    field: Json = {
        "key": key, "kind": "number", "label": declared.label, "symbol": declared.unicode_symbol or None,
        "meaning": sentence(declared.meaning), "low": low, "high": high, "low_included": declared.low_included,
        "high_included": declared.high_included, "whole": declared.whole, "default": declared.default, "nullable": False,
        "slider": {**asdict(slider), "step": 1 if declared.whole else None},
    }  # fmt: skip
    for letter, axis in plane.axes.items() if plane else ():
        if axis.name in (declared.name, key.replace("schedule_settings.", "schedule.")):
            field["axis"] = letter
    return field | more


def digits_below(text: str) -> str:
    """Digits as subscripts."""
    return text.translate(_LOW)
