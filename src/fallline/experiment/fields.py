"""The kinds of values that an experiment's fields take: what each reads, writes, refuses and tells a JSON Schema.

A field is declared once, in a record, with its kind, default and meaning. Studies, the lab, comments, JSON Schema and error
messages read that declaration.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, NoReturn

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from fallline.errors import FalllineError, UnknownNameError
from fallline.settings import SETTINGS, Setting, Slider

__all__ = [
    "KEY", "About", "Adapted", "Choice", "Flag", "Free", "Json", "Kind", "ListOf", "Names", "Number", "Numbers", "OfSetting", "Rows",
    "Spread", "Text", "Units", "Whole", "about", "key", "kind_of", "plain", "refuse", "setting_key", "spelling",
]  # fmt: skip

Json = dict[str, Any]
"""A JSON Schema, or any other object of JSON."""

KEY = "<key>"
"""Stands in a rule for the key that the rule is about."""


def refuse(rule: str) -> NoReturn:
    """Refuse a value; the message becomes "KEY must be RULE; got VALUE."."""
    raise PydanticCustomError("rule", rule)


def refuse_unknown(valid: Iterable[str]) -> NoReturn:
    """Refuse a key; the message lists the `valid` ones."""
    raise PydanticCustomError("unknown", "unknown", {"valid": list(valid)})


class Kind:
    """A kind of value, used as an annotation: `Annotated[float, Number()]`."""

    def read(self, value: Any) -> Any:
        """Return the value in its canonical form, or refuse it."""
        raise NotImplementedError

    def schema(self) -> Json:
        """Return the JSON Schema of the values that `read` accepts."""
        return {}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return self.schema()


@dataclass(frozen=True)
class Text(Kind):
    """A text."""

    def read(self, value: Any) -> str:
        return value if isinstance(value, str) else refuse("a text in quotes")

    def schema(self) -> Json:
        return {"type": "string"}


@dataclass(frozen=True)
class Flag(Kind):
    """true or false."""

    def read(self, value: Any) -> bool:
        return value if isinstance(value, bool) else refuse("true or false")

    def schema(self) -> Json:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Number(Kind):
    """A finite number."""

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse("a number")
        if not abs(value) <= sys.float_info.max:  # TOML has nan and inf
            refuse("a finite number")
        return float(value)

    def schema(self) -> Json:
        return {"type": "number"}


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number from `low` to `high`."""

    low: int = 0
    high: int = 2**63 - 1

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            most = f" and at most {self.high:,}" if self.high < 2**63 - 1 else ""
            refuse(f"a whole number of at least {self.low}{most}")
        return value

    def schema(self) -> Json:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class OfSetting(Kind):
    """A value of a setting, in its range."""

    setting: Setting

    def read(self, value: Any) -> float:
        if self.setting.whole and (isinstance(value, bool) or not isinstance(value, int)):
            refuse("a whole number" + ("" if self.setting.range == "finite" else f" {self.setting.range}"))
        return self.setting.check(value)

    def schema(self) -> Json:
        s = self.setting
        schema: Json = {"type": "integer" if s.whole else "number", "description": s.meaning}
        if abs(s.low) < float("inf"):
            schema["minimum" if s.low_included else "exclusiveMinimum"] = s.low
        if abs(s.high) < float("inf"):
            schema["maximum" if s.high_included else "exclusiveMaximum"] = s.high
        return schema


@dataclass(frozen=True)
class Choice(Kind):
    """One of several names. `family` holds them; `what` names it in errors."""

    what: str
    family: Iterable[str]

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.family:
            raise UnknownNameError(self.what, value, self.family)
        return value

    def schema(self) -> Json:
        return {"enum": [name for name in self.family if name]}


@dataclass(frozen=True)
class Names(Kind):
    """A name, or a list of names."""

    name: Choice | Text

    def read(self, value: Any) -> str | tuple[str, ...]:
        if isinstance(value, list | tuple):
            return tuple(_each(enumerate(value), lambda _, name: self.name.read(name)).values())
        return str(self.name.read(value))

    def schema(self) -> Json:
        return {"anyOf": [self.name.schema(), {"type": "array", "items": self.name.schema()}]}


@dataclass(frozen=True)
class Units(Kind):
    """The units of a network's layers, inputs first: "2-3-2-3" or [2, 3, 2, 3]."""

    def read(self, value: Any) -> tuple[int, ...]:
        from fallline.textbook.network import Network

        if not isinstance(value, str | list | tuple):
            refuse('a text such as "2-3-2-3"')
        hidden = value.count("-") - 1 if isinstance(value, str) else len(value) - 2
        return Network.of(value, activation=["relu"] * hidden).sizes

    def schema(self) -> Json:
        numbers = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2}
        return {"anyOf": [{"type": "string", "pattern": r"^\s*\d+(\s*-\s*\d+)+\s*$"}, numbers]}


@dataclass(frozen=True)
class ListOf:
    """An annotation of a tuple: the rule for its length, as the error has it."""

    rule: str
    low: int = 0
    high: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._listed, handler(source))

    def _listed(self, value: Any) -> Any:
        if not isinstance(value, list | tuple) or not self.low <= len(value) <= (self.high or sys.maxsize):
            refuse(self.rule)
        return value

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        bounds = {"minItems": self.low} | ({} if self.high is None else {"maxItems": self.high})
        return handler(core) | bounds


class Spread:
    """An annotation of a tuple of texts: one text stands for a list of it alone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._listed, handler(source))

    @staticmethod
    def _listed(value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        several = handler(core)
        return {"anyOf": [several["items"], several]}


@dataclass(frozen=True)
class Even:
    """An annotation of rows: all have the same length."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._even, handler(source))

    def _even(self, rows: Any) -> Any:
        return rows if len({len(row) for row in rows}) == 1 else refuse("rows of the same length")


Numbers = Annotated[tuple[Annotated[float, Number()], ...], ListOf("a list of numbers", 1)]
Rows = Annotated[tuple[Numbers, ...], ListOf("a list of rows, each a list of numbers", 1), Even()]


@dataclass(frozen=True)
class Adapted(Kind):
    """A kind that is a type which pydantic knows, such as `Rows`."""

    type: Any

    def read(self, value: Any) -> Any:
        return TypeAdapter(self.type).validate_python(value)

    def schema(self) -> Json:
        return TypeAdapter(self.type).json_schema()


@dataclass(frozen=True)
class Free:
    """An annotation of the field that gathers all further keys of its table: the settings of a member of a family.

    Parameters
    ----------
    chooser
        The field that names the member; "" where there is none.
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
            return {}  # the member's own error is told
        valid = [*getattr(value, "keys_of_table", ()), *(self.kinds(self.family[member]) if self.chooser else ())]

        def read(name: str, inner: Any) -> Any:
            kind = self.kind(name, member)
            return kind.read(inner) if kind else refuse_unknown(valid)

        return _each(value.items(), read)

    def schema(self, table: Json) -> Json:
        """The JSON Schema of the table, with the free keys in it."""
        keys, rules = [*table["properties"]], []
        for name, member in self.family.items() if self.chooser else ():
            kinds = self.kinds(member)
            for key, kind in kinds.items():
                table["properties"].setdefault(key, kind.schema())
            own = {k: kind.schema() for k, kind in kinds.items() if table["properties"][k] != kind.schema()}
            names = {"anyOf": [{"enum": [*keys, *kinds]}, *({"pattern": f"^({p})$"} for p, _ in self.patterns)]}
            chosen: Json = {"properties": {self.chooser: {"const": name}}}
            if name != table["properties"][self.chooser].get("default"):
                chosen["required"] = [self.chooser]
            rules.append({"if": chosen, "then": {"propertyNames": names} | ({"properties": own} if own else {})})
        patterns = (
            {"patternProperties": {f"^({p})$": kind.schema() for p, kind in self.patterns}} if self.patterns else {}
        )
        return table | patterns | ({"allOf": rules} if rules else {})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return {}


def _each(items: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    """Read every item, so that all mistakes among them are told."""
    values, mistakes = {}, []
    for name, value in items:
        try:
            values[name] = read(name, value)
        except PydanticCustomError as error:
            mistakes.append(InitErrorDetails(type=error, loc=(name,), input=value))
        except ValidationError as error:
            mistakes += [
                InitErrorDetails(
                    type=PydanticCustomError(e["type"], e["msg"], e.get("ctx")), loc=(name, *e["loc"]), input=e["input"]
                )
                for e in error.errors()
            ]
        except FalllineError as error:
            mistakes.append(InitErrorDetails(type="value_error", loc=(name,), input=value, ctx={"error": error}))
    if mistakes:
        raise ValidationError.from_exception_data("values", mistakes)
    return values


# Declarations ---------------------------------------------------------------------------------------------------------


class About(NamedTuple):
    """What a field tells of itself."""

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
    """What the field of a record declares.

    >>> from fallline.experiment.records import Network
    >>> about(Network, "l2").symbol
    '\\\\lambda_2'
    """
    field = record.model_fields[name]
    setting = getattr(kind_of(field), "setting", None)
    label = field.title or (setting.label if setting else name.replace("_", " "))
    symbol, slider = (setting.symbol, setting.slider_range) if setting else ("", None)
    return About(field.description or "", label, symbol, slider, field.default)
