"""The kinds of values that an experiment's fields take. Each reads values, refuses wrong ones, and has a JSON Schema."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from fallline.errors import FalllineError, UnknownNameError
from fallline.settings import Setting

__all__ = [
    "KEY", "Adapted", "Choice", "Even", "Flag", "Json", "Kind", "ListOf", "Names", "Number", "Numbers", "OfSetting", "Rows",
    "Spread", "Text", "Units", "Whole", "each", "refuse", "refuse_unknown",
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

    @property
    def meaning(self) -> str:
        """The meaning of the value, if the kind determines it."""
        return ""

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

    @property
    def meaning(self) -> str:
        return self.setting.meaning

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
        return {"type": "string", "enum": [name for name in self.family if name]}


@dataclass(frozen=True)
class Names(Kind):
    """A name, or a list of names."""

    name: Choice | Text

    def read(self, value: Any) -> str | tuple[str, ...]:
        if isinstance(value, list | tuple):
            return tuple(each(enumerate(value), lambda _, name: self.name.read(name)).values())
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
        return _adapter(self.type).validate_python(value)

    def schema(self) -> Json:
        return _adapter(self.type).json_schema()


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def each(items: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    """Read every item, so that all mistakes among them are reported."""
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
