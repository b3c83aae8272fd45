"""The text of a spec in a map file, read without trust: canonical JSON whose every key, type and bound is known."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fallline.experiment.formats.description import canonical

__all__ = ["read_spec_text"]

LONGEST = 4_000_000
"""Characters of a spec, at most: an axis of 200,000 listed values."""

_LARGEST = 1.7976931348623157e308
_KEY = re.compile("[0-9a-f]{64}")


def read_spec_text(text: str) -> dict[str, Any]:
    """The description in a text; a ValueError gives the reason, as the rest of a sentence, if it cannot be read."""
    if len(text) > LONGEST:
        raise ValueError(f"its spec is longer than {LONGEST:,} characters")
    try:
        # The text must be what `canonical` makes of it, which leaves no room for numbers beyond those of float64, for
        # NaN, for a key that stands twice or for anything else on which two readers of JSON disagree.
        description = json.loads(text)
        right = isinstance(description, dict) and canonical(description) == text
    except (ValueError, RecursionError):
        right = False
    if not right:
        raise ValueError("its spec is no canonical JSON")
    fault = _fault(description, _shape(description), "")
    if fault is not None:
        raise ValueError(f"{fault} in its spec is missing or of the wrong kind")
    return dict(description)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _none(value: Any) -> bool:
    return value is None


def _text(value: Any) -> bool:
    """Text of a length that a sentence can hold; a lone surrogate is no text."""
    return isinstance(value, str) and len(value) <= 2000 and not re.search("[\ud800-\udfff]", value)


def _key(value: Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _scale(value: Any) -> bool:
    return value in ("linear", "log")


def _part(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_whole(v) for v in value)


def _window(value: Any) -> bool:
    pairs = isinstance(value, list) and len(value) == 2 and all(isinstance(pair, list) for pair in value)
    return pairs and all(len(pair) == 2 and all(_number(v) for v in pair) for pair in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(_text(k) and _number(v) for k, v in value.items())


def _schedule(value: Any) -> bool:
    if not isinstance(value, dict) or "name" not in value:
        return False
    settings = {k: v for k, v in value.items() if k != "name"}
    return _fault(value["name"], _NAMED, "") is None and _numbers(settings)


# A shape is a function that knows the right values, a list [shape of each entry], a tuple of alternatives,
# or a dictionary of all keys that must be there and no others.
_OWN: dict[str, Any] = {"own": _text, "sha256": _key}
_SETTINGS = _OWN | {"settings": [_text]}
_NAMED = (_text, _OWN, _SETTINGS, _SETTINGS | {"whole": [_text]}, _OWN | {"targets": _text})
_AXIS = (
    {"name": _text, "values": [_number]},
    {"name": _text, "low": _number, "high": _number, "count": _whole, "scale": _scale},
    {"name": _text, "low": _number, "high": _number, "count": _whole, "scale": _scale, "part": _part},
)
_COMMON: dict[str, Any] = {
    "optimizer": _NAMED, "settings": _numbers, "schedule": _schedule, "x": _AXIS, "y": _AXIS, "steps": _whole,
    "batch": (_none, _whole), "seed": _whole, "starts": _whole, "initial": _NAMED, "start": (_none, _key),
    "dtype": _text, "measures": [_text],
}  # fmt: skip
_NETWORK = {
    "network": {
        "sizes": _text, "activations": [_NAMED], "loss": _NAMED, "reduction": _text, "bias": _flag, "scales": [_number],
        "l2": _number,
    },
    "data": {"name": _text, "samples": _whole, "columns": [_text], "classes": [_text], "X": _key, "T": _key},
}  # fmt: skip
_WINDOW = {"window": _window}
_OBJECTIVES: tuple[dict[str, Any], ...] = (
    _NETWORK,
    {"formula": _text} | _WINDOW,
    {"landscape": _text, "condition": _number} | _WINDOW,
    {"landscape": _text, "dimension": _whole} | _WINDOW,
    {"landscape": _OWN | {"coordinates": [_text]}, "dimension": _whole} | _WINDOW,
    {"landscape": _OWN, "dimension": _whole},  # as format 1 had it
    {"objective": _OWN, "dimension": _whole},
)


def _shape(description: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of a description: what all have, and what its kind of objective has."""
    own = isinstance(description.get("landscape"), dict)
    for objective in _OBJECTIVES:
        if objective.keys() == description.keys() - _COMMON.keys() and own == isinstance(
            objective.get("landscape"), dict
        ):
            return _COMMON | objective
    return _COMMON | {"objective": _OWN, "dimension": _whole}


def _fault(value: Any, shape: Any, where: str) -> str | None:
    """Where a value first differs from its shape: "x.count"; None where it does not."""
    if isinstance(shape, dict):
        if not isinstance(value, dict) or value.keys() != shape.keys():
            return where or "a key"
        inner = (_fault(value[k], s, f"{where}.{k}".lstrip(".")) for k, s in shape.items())
        return next((fault for fault in inner if fault is not None), None)
    if isinstance(shape, list):
        right = isinstance(value, list) and all(_fault(v, shape[0], where) is None for v in value)
        return None if right else where
    if isinstance(shape, tuple):
        return None if any(_fault(value, s, where) is None for s in shape) else where
    return None if shape(value) else where
