"""The page on study files: each table of a study and its keys, from the JSON Schema that the records make."""

from __future__ import annotations

from typing import Any

from tools.site.tables import table

from fallline.experiment.formats.schema import study_schema

__all__ = ["studies_page"]

TABLES = {
    "Network": "`[network]`", "Generated": "`[data]`, generated", "Table": "`[data]`, a table of your own",
    "Points": "`[data]`, points", "ShownLandscape": "`[landscape]`", "Run": "`[[fits]]` and `[[descents]]`",
    "Comparison": "`[[comparisons]]`", "NamedMethod": "`[[comparisons.methods]]`", "Map": "`[[maps]]`",
    "Draw": "A start that is drawn", "Schedule": "A schedule", "Example": "`[example]`", "Figure": "A published figure",
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
otherwise.
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
        rows.append((f"`{name}`", key.get("description", ""), _kind(key), default))
    for pattern in definition.get("patternProperties", {}):
        rows.append((f"`{pattern}`", "further keys of this form", "", ""))
    return table(("key", "meaning", "value", "default"), rows)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ("", [], {}):
        return ""
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _kind(key: dict[str, Any]) -> str:
    """What a key's value may be, in a few words."""
    if "enum" in key:
        return ", ".join(f"`{value}`" for value in key["enum"])
    if "$ref" in key:
        return _named(key["$ref"])
    for several in ("anyOf", "oneOf"):
        if several in key:
            return " or ".join(dict.fromkeys(filter(None, map(_kind, key[several]))))
    kind = key.get("type", "")
    if kind == "array":
        inner = _kind(key["items"]) if isinstance(key.get("items"), dict) else ""
        return f"a list of {inner}" if inner else "a list"
    words = {
        "string": "text",
        "number": "a number",
        "integer": "a whole number",
        "boolean": "`true` or `false`",
        "object": "a table",
    }
    return words.get(kind, "") + _range(key)


def _range(key: dict[str, Any]) -> str:
    ends = [
        (f"{word} {key[name]:g}") for name, word in (
            ("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("exclusiveMaximum", "below"),
        ) if name in key
    ]  # fmt: skip
    return " " + " ".join(ends) if ends else ""


def _named(reference: str) -> str:
    name = reference.rsplit("/", 1)[-1]
    return TABLES.get(name, name)
