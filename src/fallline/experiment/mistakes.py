"""The mistakes in a table, as sentences: name, rule, value, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

from fallline.errors import UnknownNameError, shown
from fallline.experiment.fields import spelling
from fallline.experiment.kinds import KEY

__all__ = ["Mistake", "Path", "dotted", "mistakes_in"]

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """A mistake in a table.

    Parameters
    ----------
    path
        Keys and list indices that lead to the value.
    rule
        "KEY must be RULE; got VALUE." is the sentence where a rule is given.
    value
        The value.
    text
        Otherwise, the sentence about the value.
    bare
        Whether that sentence names the key itself.
    whole
        The name of the outermost table.
    """

    path: Path
    rule: str = ""
    value: Any = None
    text: str = ""
    bare: bool = False
    whole: str = "the study"

    @property
    def sentence(self) -> str:
        """The mistake as a sentence."""
        name = dotted(self.path) or self.whole
        if self.rule:
            return f"{name} must be {self.rule.replace(KEY, name)}; got {shown(self.value)}."
        return self.text.replace(KEY, name) if self.bare else f"{name}: {self.text}"


def dotted(path: Path) -> str:
    """A path as people write it, with lists counted from 1.

    >>> dotted(("fits", 1, "learning_rate"))
    'fits[2].learning_rate'
    """
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def mistakes_in(error: ValidationError, record: type[BaseModel], table: Any) -> list[Mistake]:
    """The mistakes that pydantic finds in a table of a record, each once.

    A missing key is left out where the same table has an unknown one, which most often is that key, misspelt.
    """
    lines = error.errors(include_url=False)
    unknown = {line["loc"][:-1] for line in lines if line["type"] in ("extra_forbidden", "unknown")}
    mistakes = [
        _mistake(line, record, table) for line in lines if line["type"] != "missing" or line["loc"][:-1] not in unknown
    ]
    return list({(mistake.path, mistake.rule, mistake.text): mistake for mistake in mistakes}.values())


def _mistake(line: Any, record: type[BaseModel], table: Any) -> Mistake:
    path, kind, text = _path(line["loc"], table), line["type"], line["msg"]
    owner, whole = _record(line["loc"][:-1], record), f"the {record.__name__.lower()}"
    if kind == "rule":
        return Mistake(path, rule=text, value=line["input"], whole=whole)
    if kind == "value_error":
        return Mistake(path, text=str(line["ctx"]["error"]))
    if kind == "missing":
        meaning = next(
            field.description for name, field in owner.model_fields.items() if spelling(name, field) == path[-1]
        )
        return Mistake(path[:-1], text=f"{KEY} must have the key {path[-1]}: {meaning}.", bare=True, whole=whole)
    if kind in ("extra_forbidden", "unknown"):
        valid = line["ctx"]["valid"] if kind == "unknown" else owner.table_keys()
        return Mistake(
            path, text=str(UnknownNameError(f"a key of {dotted(path[:-1]) or whole}", path[-1], valid)), bare=True
        )
    return Mistake(path, text=text, bare=kind == "bare")


def _path(loc: Path, table: Any) -> Path:
    """A location without the parts that stand in no table: names of fields that gather keys, kinds of records."""
    path: list[str | int] = []
    inner = table
    for part in loc:
        if isinstance(inner, list | tuple) and isinstance(part, int) and part < len(inner):
            path, inner = [*path, part], inner[part]
        elif isinstance(inner, Mapping) and (part in inner or part is loc[-1]):
            path, inner = [*path, part], inner.get(part)
    return tuple(path)


def _record(loc: Path, record: type[BaseModel]) -> Any:
    """The record of the table at a location."""
    records = [record]
    for part in loc:
        fields = [f for r in records for name, f in r.model_fields.items() if part in (name, spelling(name, f))]
        records = (
            [r for r in records if r.__name__ == part] or [r for f in fields for r in _inside(f.annotation)] or records
        )
    return records[0]


def _inside(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [record for inner in get_args(annotation) for record in _inside(inner)]
