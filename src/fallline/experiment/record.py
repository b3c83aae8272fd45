"""The base class of an experiment's records: frozen, closed, read from a table, and changed by copying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import CoreSchema

from fallline.errors import UsageError
from fallline.experiment.fields import Free, kind_of, plain, spelling
from fallline.experiment.kinds import Json, refuse
from fallline.experiment.mistakes import mistakes_in

__all__ = ["FLAT", "Record"]

FLAT = "free keys stand in the table itself"
"""The context of tables, such as TOML's, in which free keys can stand only beside the other keys."""


class _Gathered(dict[str, Any]):
    """Free keys that stood in a table of a record."""

    keys_of_table: tuple[str, ...]


class Record(BaseModel):
    """A part of an experiment.

    Fields are named as in Python; a field with another name in TOML is read under both. A record with a `Free` field takes
    that field's keys in its own table, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)
    free: ClassVar[str] = ""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UsageError(" ".join(m.sentence for m in mistakes_in(error, type(self), values))) from None

    # pydantic then reads inner records without calling this method for each
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # as pydantic's RootModel does

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.free = next((name for name, field in cls.model_fields.items() if isinstance(kind_of(field), Free)), "")

    @classmethod
    def table_keys(cls) -> tuple[str, ...]:
        """The keys of a table of this kind, in TOML's spelling, without the free ones."""
        return tuple(spelling(name, field) for name, field in cls.model_fields.items() if name != cls.free)

    def with_(self, **parts: Any) -> Self:
        """A copy with other values, checked.

        >>> from fallline.experiment.records import Network
        >>> Network(units="2-3-2").with_(l2=0.5).l2
        0.5
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_copy(update=dict(type(self)(**values | parts)))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, not checked; what a `cached_property` keeps is not copied."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    def __hash__(self) -> int:
        return hash((type(self), *(_hashable(getattr(self, name)) for name in type(self).model_fields)))

    def write(self) -> Any:
        """The table of this record in TOML: free keys beside the others, keys that have their default left out."""
        table: Json = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name == self.free:
                table |= plain(value)
            elif field.is_required() or value != field.default:
                table[spelling(name, field)] = plain(value)
        return table

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any, info: ValidationInfo) -> Any:
        """Put free keys into their field."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            refuse(f"a table with the keys {', '.join(cls.table_keys())}")
        if not cls.free:
            return value
        known = {*cls.table_keys(), *cls.model_fields} - ({cls.free} if info.context == FLAT else set())
        gathered = _Gathered({name: inner for name, inner in value.items() if name not in known})
        gathered.keys_of_table = cls.table_keys()
        table = {name: inner for name, inner in value.items() if name in known}
        gathered.update(table.get(cls.free, {}))
        return table | {cls.free: gathered}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        schema = handler.resolve_ref_schema(handler(core))
        if cls.free:
            del schema["properties"][cls.free]
            schema.update(kind_of(cls.model_fields[cls.free]).schema(schema))
        return schema


def _hashable(value: Any) -> Any:
    """A value that is hashed in place of this one: equal values have equal ones."""
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(_hashable(inner) for inner in value)
    return value
