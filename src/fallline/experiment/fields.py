"""The declarations of an experiment's fields: kind, default, meaning, label, and the settings that a table takes besides.

A field is declared once, in a record. Studies, the lab, comments, JSON Schema and error messages read that declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from fallline.experiment.kinds import Json, Kind, each, refuse_unknown
from fallline.settings import SETTINGS, Slider

__all__ = ["About", "Free", "about", "key", "kind_of", "plain", "setting_key", "spelling"]


@dataclass(frozen=True)
class Free:
    """An annotation of the field that gathers all further keys of its table: the settings of a member of a family.

    Parameters
    ----------
    chooser
        The field that names the member; "" if no field names it.
    family
        The members by name.
    kinds
        Maps a member to the kind of each of its keys.
    patterns
        Kinds of keys that every table may have, by regular expression. Errors do not list them.
    """

    chooser: str
    family: Mapping[str, Any]
    kinds: Callable[[Any], Mapping[str, Kind]]
    patterns: tuple[tuple[str, Kind], ...] = ()

    def kind(self, name: str, member: str) -> Kind | None:
        """The kind of a key; None if the member does not declare it."""
        declared = self.kinds(self.family[member]) if self.chooser else {}
        fitting = (kind for pattern, kind in self.patterns if re.fullmatch(pattern, name))
        return declared.get(name) or next(fitting, None)

    def read(self, value: Any, info: ValidationInfo) -> dict[str, Any]:
        member = info.data.get(self.chooser, "")
        if self.chooser and member not in self.family:
            return {}  # the member's own error is reported
        valid = [*getattr(value, "keys_of_table", ()), *(self.kinds(self.family[member]) if self.chooser else ())]

        def read(name: str, inner: Any) -> Any:
            kind = self.kind(name, member)
            return kind.read(inner) if kind else refuse_unknown(valid)

        return each(value.items(), read)

    def schema(self, table: Json) -> Json:
        """The JSON Schema of the table, with the free keys in it."""
        own, rules = {*table["properties"]}, []
        kinds = {name: self.kinds(member) for name, member in self.family.items()}
        for declared in kinds.values():
            for key, kind in declared.items():
                table["properties"].setdefault(key, kind.schema())
        for name, declared in kinds.items():
            # False refuses a key that other members have.
            keys = {k: k in declared and declared[k].schema() for k in table["properties"] if k not in own}
            keys = {k: schema for k, schema in keys.items() if schema != table["properties"][k]}
            chosen: Json = {"properties": {self.chooser: {"const": name}}}
            if name != table["properties"][self.chooser].get("default"):
                chosen["required"] = [self.chooser]
            if keys:
                rules.append({"if": chosen, "then": {"properties": keys}})
        patterns = (
            {"patternProperties": {f"^({p})$": kind.schema() for p, kind in self.patterns}} if self.patterns else {}
        )
        return table | patterns | ({"allOf": rules} if rules else {})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return {}


class About(NamedTuple):
    """The declaration of a field."""

    meaning: str
    label: str
    symbol: str
    slider: Slider | None
    default: Any


def key(default: Any, meaning: str, *, label: str = "", toml: str = "", **more: Any) -> Any:
    """Declare a field: its default (`...` if it must be given), meaning, label, and its name in TOML where that differs."""
    if toml:
        more["validation_alias"] = toml
    return Field(default, description=meaning, title=label or None, **more)


def setting_key(name: str, default: Any = None, meaning: str = "") -> Any:
    """Declare a field that holds a setting; its default and meaning are the setting's unless given."""
    setting = SETTINGS[name]
    return key(setting.default if default is None else default, meaning or setting.meaning)


def spelling(name: str, field: FieldInfo) -> str:
    """The field's name in TOML."""
    return field.validation_alias if isinstance(field.validation_alias, str) else name


def kind_of(field: FieldInfo) -> Any:
    """The field's kind; None for a field that holds records or lists."""
    return next((kind for kind in field.metadata if isinstance(kind, Kind | Free)), None)


def plain(value: Any) -> Any:
    """A value as TOML and JSON have it: records as tables, tuples as lists."""
    if hasattr(value, "write"):
        return value.write()
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return {k: plain(inner) for k, inner in value.items()} if isinstance(value, dict) else value


def about(record: Any, name: str) -> About:
    """The declaration of a record's field.

    >>> from fallline.experiment.records import Network
    >>> about(Network, "l2").symbol
    '\\\\lambda_2'
    """
    field = record.model_fields[name]
    setting = getattr(kind_of(field), "setting", None)
    label = field.title or (setting.label if setting else name.replace("_", " "))
    symbol, slider = (setting.symbol, setting.slider_range) if setting else ("", None)
    return About(field.description or "", label, symbol, slider, field.default)
