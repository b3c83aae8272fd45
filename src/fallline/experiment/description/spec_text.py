"""The text of a spec in a map file, read without trust: canonical JSON whose every key, type and bound is declared here.

pydantic compares and changes nothing. `map_spec` interprets the values and decides whether they fit together.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import AfterValidator, ConfigDict, FailFast, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from fallline.experiment.description.plain_data import canonical

__all__ = ["read_spec_text"]

LONGEST = 4_000_000
"""Characters of a spec, at most: an axis of 200,000 listed values."""

MOST_KEYS = 200
"""Keys of a table, at most. pydantic reports each wrong key, which takes memory."""


def read_spec_text(text: str) -> dict[str, Any]:
    """Read the description in a text.

    Raises
    ------
    ValueError
        The text is not a description. The message is the rest of a sentence that begins with the file's name.
    """
    if len(text) > LONGEST:
        raise ValueError(f"its spec is longer than {LONGEST:,} characters")
    try:
        # The text must equal what `canonical` makes of its content. This excludes numbers that are not float64, NaN,
        # repeated keys, and everything else on which two readers of JSON disagree.
        description = json.loads(text, object_pairs_hook=_bounded)
        canonical_text = isinstance(description, dict) and canonical(description) == text
    except (ValueError, RecursionError):
        canonical_text = False
    if not canonical_text:
        raise ValueError("its spec is no canonical JSON")
    try:
        _adapter(_keys(description)).validate_python(description)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        raise ValueError(f"{_where(fault, description)} in its spec is missing or of the wrong kind") from None
    return dict(description)


def _bounded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise ValueError
    return dict(pairs)


def _where(fault: Any, description: Any) -> str:
    """The key of a fault: "x.count". It ends where a list begins, or a table that may be of several kinds."""
    *location, last = fault["loc"]
    names: list[str] = []
    for part in location:
        if not isinstance(description, dict) or part not in description or len(part) > 20:
            return ".".join(names) or "a key"
        names.append(part)
        description = description[part]
    known = isinstance(description, dict) and last in description and len(last) <= 20
    if fault["type"] == "missing" or (known and fault["type"] != "extra_forbidden"):
        names.append(last)
    return ".".join(names) or "a key"


def _table(keys: dict[str, Any]) -> Any:
    """The shape of a table that has these keys and no others."""
    return with_config(ConfigDict(extra="forbid"))(TypedDict("Table", keys))  # type: ignore[operator]  # made at run time


# Shapes ---------------------------------------------------------------------------------------------------------------

Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Text: TypeAlias = Annotated[str, Field(strict=True, max_length=2000)]
Key: TypeAlias = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
Numbers: TypeAlias = Annotated[list[Number], FailFast()]
Texts: TypeAlias = Annotated[list[Text], FailFast()]
Pair: TypeAlias = Annotated[list[Number], Field(min_length=2, max_length=2), FailFast()]
Window: TypeAlias = Annotated[list[Pair], Field(min_length=2, max_length=2), FailFast()]


_OWN = {"own": Text, "sha256": Key}
_METHOD = _OWN | {"settings": Texts}
_NAMED: Any = (
    Text | _table(_OWN) | _table(_METHOD) | _table(_METHOD | {"whole": Texts}) | _table(_OWN | {"targets": Text})
)
_DRAWN = {"better": NotRequired[Literal["low", "high"]], "log": NotRequired[Flag]}
_OWN_MEASURE: Any = _table(_OWN | _DRAWN | {"over": Literal["runs", "ends"], "starts": Literal["median", "mean"]})
_RANGE = {"name": Text, "low": Number, "high": Number, "count": Whole, "scale": Literal["linear", "log"]}
_PART = Annotated[list[Whole], Field(min_length=2, max_length=2)]
_CHOICE: Any = _table({"name": _NAMED, "settings": dict[Text, Number]})
_AXIS: Any = (
    _table({"name": Text, "values": Numbers}) | _table({"name": Text, "choices": Annotated[list[_CHOICE], FailFast()]})
    | _table(_RANGE) | _table(_RANGE | {"part": _PART})
)  # fmt: skip


def _method(schedule: dict[str, Any]) -> dict[str, Any]:
    """A schedule is its name, and numbers."""
    numbers = {key for key, value in schedule.items() if isinstance(value, int | float)}
    if "name" not in schedule or numbers != schedule.keys() - {"name"}:
        raise ValueError
    return schedule


_COMMON: dict[str, Any] = {
    "optimizer": _NAMED | None, "settings": dict[Text, Number],
    "schedule": Annotated[dict[Text, _NAMED | Number], AfterValidator(_method)] | None, "x": _AXIS, "y": _AXIS, "steps": Whole,
    "batch": Whole | None, "seed": Whole, "starts": Whole, "initial": _NAMED | None, "start": Key | None, "dtype": Text,
    "measures": Annotated[list[Text | _OWN_MEASURE], FailFast()],
}  # fmt: skip
_NETWORK = {
    "sizes": Text, "activations": Annotated[list[_NAMED], FailFast()], "loss": _NAMED, "reduction": Text, "bias": Flag,
    "scales": Numbers, "l2": Number, "parametrization": NotRequired[_NAMED], "base_width": NotRequired[Whole],
}  # fmt: skip
_SAMPLES = {"samples": Whole, "X": Key, "T": Key, "raw": NotRequired[Key]}
_DATA = _SAMPLES | {
    "name": Text, "columns": Texts, "classes": Texts, "test": NotRequired[_table(_SAMPLES)],
    "features": NotRequired[_table({"columns": Texts, "standardized": Flag})],
}  # fmt: skip
_OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"network": _table(_NETWORK), "data": _table(_DATA)},
    {"formula": Text, "window": Window},
    {"landscape": Text, "condition": Number, "window": Window},
    {"landscape": Text | _table(_OWN | {"coordinates": Texts}), "dimension": Whole, "window": Window},
    {"landscape": _table(_OWN), "dimension": Whole},  # as format 1 had it
    {"objective": _table(_OWN), "dimension": Whole},
)
_MINIMA = Annotated[list[Numbers], FailFast()]
_OPTIONAL: tuple[dict[str, Any], ...] = ({}, {"kept": Whole}, {"minima": _MINIMA}, {"kept": Whole, "minima": _MINIMA})
_SHAPES = {frozenset(keys): _table(keys) for objective in _OBJECTIVES for more in _OPTIONAL
           for keys in (_COMMON | objective | more,)}  # fmt: skip


def _keys(description: dict[str, Any]) -> frozenset[str]:
    """The description's keys if a shape has them. Other keys stand for no shape, and fill no cache."""
    keys = frozenset(description)
    return keys if keys in _SHAPES else frozenset()


@cache
def _adapter(keys: frozenset[str]) -> TypeAdapter[Any]:
    return TypeAdapter(_SHAPES.get(keys, _table(_COMMON)))
