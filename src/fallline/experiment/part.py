"""A part of an experiment that is one of several kinds, such as a landscape among objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.fields import kind_of
from fallline.experiment.kinds import Json, refuse
from fallline.experiment.record import Record

__all__ = ["FORGIVING", "OneOf", "Part", "PartError", "as_json"]

FORGIVING = "keys that another choice left behind are dropped"
"""The context of reading after a change: settings that the new optimizer, schedule or data set lacks are no mistake."""


class PartError(UsageError):
    """A part of an experiment that is wrong: a sentence, and the dotted key that it is about."""

    def __init__(self, sentence: str, where: str | None = None) -> None:
        self.where = where
        super().__init__(sentence)


class Part(Record):
    """A record that is one of several kinds. In JSON its table begins with the kind.

    Attributes
    ----------
    kind
        The name of the kind in JSON.
    label
        The kind in words, for a choice on a page.
    first
        The fields that a page fills in when the kind is chosen.
    """

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    first: ClassVar[Mapping[str, Any]] = {}

    def complete(self) -> Self:
        """Return the same part with every optional value filled in."""
        return self


@dataclass(frozen=True)
class OneOf:
    """An annotation of a field: one of several parts, told apart by the key "kind".

    Parameters
    ----------
    what
        The name of the part in errors.
    kinds
        The parts by kind.
    """

    what: str
    kinds: Mapping[str, type[Part]]

    def read(self, value: Any, info: ValidationInfo) -> Any:
        """Return the part that a table of JSON describes, or refuse the table."""
        if isinstance(value, Part):
            return value
        if not isinstance(value, Mapping):
            refuse("an object of JSON")
        kind = value.get("kind")
        if not isinstance(kind, str) or kind not in self.kinds:
            raise UnknownNameError(f"kind of {self.what}", kind, self.kinds)
        record = self.kinds[kind]
        table = {**record.first, **{key: inner for key, inner in value.items() if key != "kind"}}
        if info.context == FORGIVING:
            table = _kept(record, table)
        return record.model_validate(table, context=info.context).complete()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)


def _kept(record: type[Part], table: Json) -> Json:
    """The keys of a table that the record knows."""
    known = {*record.table_keys(), *record.model_fields}
    if record.free:
        free = kind_of(record.model_fields[record.free])
        member = free.family.get(table.get(free.chooser)) if isinstance(table.get(free.chooser), str) else None
        known |= {*free.kinds(member)} if member is not None else {*table}
    return {key: value for key, value in table.items() if key in known}


def as_json(value: Any) -> Any:
    """Return a record as JSON with all of its keys: settings beside the others, tuples as lists.

    >>> from fallline.experiment.records import Network
    >>> as_json(Network(units="2-3-2"))["units"]
    [2, 3, 2]
    """
    if isinstance(value, Record):
        table: Json = {"kind": value.kind} if isinstance(value, Part) else {}
        for name in type(value).model_fields:
            inner = as_json(getattr(value, name))
            table |= inner if name == value.free else {name: inner}
        return table
    if isinstance(value, tuple | list):
        return [as_json(inner) for inner in value]
    return {key: as_json(inner) for key, inner in value.items()} if isinstance(value, dict) else value
