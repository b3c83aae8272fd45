"""The page on study files: each table of a study and its keys, from the JSON Schema that the records make."""

from __future__ import annotations

from typing import Any

from tools.site.tables import table

from fallline.experiment.formats.schema import study_schema

__all__ = ["studies_page"]

TABLES = {
    "Network": "`[network]`", "Generated": "`[data]` (generated)", "Table": "`[data]` (a table of your own)",
    "Points": "`[data]` (points)", "ShownLandscape": "`[landscape]`", "Run": "`[[fits]]` and `[[descents]]`",
    "Comparison": "`[[comparisons]]`", "NamedMethod": "`[[comparisons.methods]]`", "Map": "`[[maps]]`",
    "Draw": "A start that is drawn", "Schedule": "A schedule", "Example": "`[example]`", "Figure": "Published figures",
}  # fmt: skip
"""Definitions of the schema, and what stands in a file for each."""
INTRODUCTION = """# Study files

A study is a TOML file that describes runs, comparisons and maps. `fallline report`, `map` and `lab` read it, and
`fallline.study` does in Python. It is read and checked, never executed; all mistakes are reported at once, each with its line.
`fallline study > mine.toml` writes the built-in study with a comment for each key, and its first line names the JSON Schema,
by which editors complete keys and mark mistakes.

The shortest study of a map:

```toml
title = "Which valley?"

[landscape]
name = "himmelblau"

[[maps]]
x = "start.x=-5..5"
y = "start.y=-5..5"
measures = ["minimum"]
```

The [gallery](../gallery/index.md) has more, for every kind of map. A key without a default is required unless its meaning says
otherwise. N in a key is the number of a layer, from 1.
"""


def studies_page() -> str:
    """The page, in Markdown."""
    schema = study_schema()
    missing = {*schema["definitions"]} - {*TABLES}
    if missing:
        raise ValueError(f"tools/site/studies.py must name these tables of a study, too: {', '.join(sorted(missing))}")
    parts = [INTRODUCTION, "## The file\n", _keys(schema)]
    for name, heading in TABLES.items():
        definition = schema["definitions"][name]
        parts += [f"## {heading}\n", definition.get("description", "") + "\n", _keys(definition)]
    return "\n".join(parts)


def _keys(definition: dict[str, Any]) -> str:
    required = definition.get("required", ())
    rows = []
    for name, key in definition.get("properties", {}).items():
        default = "" if name in required or "default" not in key else _value(key["default"])
        own = f"`[[{name}]]`"
        kind = own if own in _kind(key) else _kind(key)  # one record may serve tables of several names
        rows.append((f"`{name}`", key.get("description", ""), kind, default))
    for pattern, key in definition.get("patternProperties", {}).items():
        name = pattern.removeprefix("^(").removesuffix(")$").replace("[0-9]+", "N").replace(r"\.", ".")
        names = [name.replace("(.N)?", end) for end in ("", ".N")] if "(" in name else [name]
        rows.append((", ".join(f"`{n}`" for n in names), key.get("description", ""), _kind(key), ""))
    return table(("key", "meaning", "value", "default"), rows)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ("", [], {}):
        return ""
    if isinstance(value, dict) and not any(value[name] for name in {*value} - {"name"}):
        return _value(value["name"])
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


WORDS = {
    "string": ("text", "texts"), "number": ("a number", "numbers"), "integer": ("a whole number", "whole numbers"),
    "boolean": ("`true` or `false`", "`true` or `false`"), "object": ("a table", "tables"),
}  # fmt: skip
"""A value of each type of the schema, and several of them."""


def _kind(key: dict[str, Any], several: bool = False) -> str:
    """What a key's value may be, in a few words; or what several of them may be."""
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "$ref" in key:
        return _named(key["$ref"])
    for choice in ("anyOf", "oneOf"):
        if choice in key:
            kinds = [*dict.fromkeys(filter(None, (_kind(one, several) for one in key[choice])))]
            return " or ".join(
                "a list of these" if k and kind == f"a list of {kinds[k - 1]}" else kind for k, kind in enumerate(kinds)
            )
    kind = key.get("type", "")
    if kind == "array":
        inner = _kind(key["items"], True) if isinstance(key.get("items"), dict) else ""
        return ("lists" if several else "a list") + (f" of {inner}" if inner else "")
    return WORDS.get(kind, ("", ""))[several] + _range(key)


def _range(key: dict[str, Any]) -> str:
    ends = [
        f"{word} {_number(key[name])}" for name, word in (
            ("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("exclusiveMaximum", "below"),
        ) if name in key
    ]  # fmt: skip
    return " " + " ".join(ends) if ends else ""


def _number(value: float) -> str:
    """A bound as people write it.

    >>> [_number(n) for n in (0.5, 1000000, 2**64 - 1)]
    ['0.5', '1,000,000', '2^64 - 1']
    """
    if value == int(value) and value >= 2**53:
        return f"2^{int(value).bit_length()} - 1" if (int(value) + 1).bit_count() == 1 else f"{value:g}"
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _named(reference: str) -> str:
    name = reference.rsplit("/", 1)[-1]
    words = TABLES.get(name, name)
    return words[0].lower() + words[1:]
