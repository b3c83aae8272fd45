"""The JSON Schema of studies, by which editors complete and check study files.

The package holds it as `study.schema.json`; `python -m fallline.experiment.formats.schema` writes that file anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fallline.experiment.kinds import Json

__all__ = ["FILE", "directive", "study_schema"]

FILE = Path(__file__).with_name("study.schema.json")
"""The published schema."""


def directive() -> str:
    r"""The first line of a study: where its schema is, as Taplo, Tombi and "Even Better TOML" read it.

    The address is that of the installed file, so completion works at once and without a network. On another machine an
    editor does not find the file and works without it; for fallline the line is a comment.

    >>> directive().startswith("#:schema file:///")
    True
    """
    return f"#:schema {FILE.as_uri()}"


def study_schema() -> Json:
    """The JSON Schema of studies, made of the declarations of the records; draft 7, which editors know.

    >>> study_schema()["definitions"]["Network"]["properties"]["l2"]["minimum"]
    0
    """
    from fallline.experiment.study_records import Study

    schema = Study.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _plain(part) for name, part in schema.pop("$defs").items()}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A study of fallline"}
    return head | {k: v for k, v in _plain(schema).items() if k != "title"} | {"definitions": definitions}


def _plain(part: Any) -> Any:
    """A part of pydantic's schema without null, which TOML lacks, and without titles, which repeat the keys."""
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    plain = {k: _plain(v) for k, v in part.items() if not (k == "title" and isinstance(v, str)) and v is not None}
    if isinstance(plain.get("anyOf"), list):
        choices = [choice for choice in plain.pop("anyOf") if choice != {"type": "null"}]
        plain = choices[0] | plain if len(choices) == 1 else plain | {"anyOf": choices}
    if "description" in plain and isinstance(plain["description"], str):
        plain["description"] = " ".join(plain["description"].split("\n\n")[0].split())
    return plain


def text() -> str:
    """The text of the published file."""
    return json.dumps(study_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
