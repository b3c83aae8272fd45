"""The kinds of values that a study's keys take: each reads a TOML value, or says what it should have been.

A key is declared once, as a field of a dataclass with its kind and meaning; reading, writing, comments and errors come
from there.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fallline.errors import FalllineError, StudyError, UnknownNameError, shown
from fallline.experiment.formats.toml_lines import Path, line_of
from fallline.settings import SETTINGS

__all__ = [
    "Choice", "Flag", "Kind", "Names", "Number", "Numbers", "Place", "Rest", "Rows", "Sizes", "Table", "Tables", "Text",
    "Whole", "declared", "key", "read_table", "write_table",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A place in a study file, for errors."""

    source: str
    lines: dict[Path, int]
    path: Path = ()

    def at(self, *names: str | int) -> Place:
        """A key or entry inside of this."""
        return Place(self.source, self.lines, (*self.path, *names))

    @property
    def name(self) -> str:
        """The key as people write it: "fits[2].learning_rate", counted from 1."""
        text = ""
        for part in self.path:
            text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        return text or "the study"

    def error(self, sentence: str) -> StudyError:
        """The error of that sentence, with file and line."""
        return StudyError(f"{self.source}, line {line_of(self.lines, self.path)}: {sentence}")

    def wrong(self, rule: str, value: object) -> StudyError:
        """The error of a value that breaks a rule."""
        return self.error(f"{self.name} must be {rule}; got {shown(value)}.")

    def call(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """What the function returns; its complaint, if it has one, with this place."""
        try:
            return function(*arguments, **options)
        except StudyError:
            raise
        except (FalllineError, TypeError) as error:
            raise self.error(f"{self.name}: {error}") from None


class Kind(Protocol):
    """A kind of value: from TOML, and back to it."""

    def read(self, value: Any, place: Place) -> Any: ...

    def write(self, value: Any) -> Any: ...


class _Plain:
    def write(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Text(_Plain):
    """A text."""

    def read(self, value: Any, place: Place) -> str:
        if not isinstance(value, str):
            raise place.wrong("a text in quotes", value)
        return value


@dataclass(frozen=True)
class Flag(_Plain):
    """true or false."""

    def read(self, value: Any, place: Place) -> bool:
        if not isinstance(value, bool):
            raise place.wrong("true or false", value)
        return value


@dataclass(frozen=True)
class Number(_Plain):
    """A number; where `setting` is given, in that setting's range."""

    setting: str = ""

    def read(self, value: Any, place: Place) -> float:
        if self.setting:
            return place.call(SETTINGS[self.setting].check, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.wrong("a number", value)
        if not abs(value) <= sys.float_info.max:  # TOML has nan and inf
            raise place.wrong("a finite number", value)
        return float(value)


@dataclass(frozen=True)
class Whole(_Plain):
    """A whole number from `low` to `high`; where `setting` is given, in that setting's range, too."""

    setting: str = ""
    low: int = 0
    high: int = 2**63 - 1

    def read(self, value: Any, place: Place) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            most = f" and at most {self.high:,}" if self.high < 2**63 - 1 else ""
            raise place.wrong(f"a whole number of at least {self.low}{most}", value)
        return int(place.call(SETTINGS[self.setting].check, value)) if self.setting else value


@dataclass(frozen=True)
class Choice(_Plain):
    """One of several names."""

    what: str
    names: Callable[[], Iterable[str]]

    def read(self, value: Any, place: Place) -> str:
        names = list(self.names())
        if not isinstance(value, str) or value not in names:
            raise place.error(f"{place.name}: {UnknownNameError(self.what, value, names)}")
        return value


@dataclass(frozen=True)
class Names:
    """One name, or a list of them."""

    choice: Choice | Text

    def read(self, value: Any, place: Place) -> str | tuple[str, ...]:
        if isinstance(value, list):
            return tuple(self.choice.read(v, place.at(k)) for k, v in enumerate(value))
        return self.choice.read(value, place)

    def write(self, value: Any) -> Any:
        return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Numbers:
    """A list of numbers."""

    def read(self, value: Any, place: Place) -> tuple[float, ...]:
        if not isinstance(value, list) or not value:
            raise place.wrong("a list of numbers", value)
        return tuple(Number().read(v, place.at(k)) for k, v in enumerate(value))

    def write(self, value: Any) -> Any:
        return list(value)


@dataclass(frozen=True)
class Rows:
    """A list of rows of numbers, all of the same length."""

    def read(self, value: Any, place: Place) -> tuple[tuple[float, ...], ...]:
        if not isinstance(value, list) or not value:
            raise place.wrong("a list of rows, each a list of numbers", value)
        rows = tuple(Numbers().read(row, place.at(k)) for k, row in enumerate(value))
        if len({len(row) for row in rows}) > 1:
            raise place.wrong("rows of the same length", value)
        return rows

    def write(self, value: Any) -> Any:
        return [list(row) for row in value]


@dataclass(frozen=True)
class Sizes(_Plain):
    """Sizes of a network's layers: "2-3-2-3"."""

    def read(self, value: Any, place: Place) -> str:
        from fallline.textbook.network import Network

        if not isinstance(value, str):
            raise place.wrong('a text such as "2-3-2-3"', value)
        hidden = value.count("-") - 1
        return place.call(Network.of, value, activation=["relu"] * hidden).text


@dataclass(frozen=True)
class Table:
    """A table of keys, declared by a dataclass."""

    record: type[Any]

    def read(self, value: Any, place: Place) -> Any:
        if not isinstance(value, dict):
            raise place.wrong(f"a table with the keys {', '.join(declared(self.record))}", value)
        return read_table(self.record, value, place)

    def write(self, value: Any) -> Any:
        return write_table(value)


@dataclass(frozen=True)
class Tables:
    """A list of tables."""

    record: type[Any]

    def read(self, value: Any, place: Place) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise place.wrong(f"a list of tables, each opened by [[{place.name}]]", value)
        return tuple(Table(self.record).read(v, place.at(k)) for k, v in enumerate(value))

    def write(self, value: Any) -> Any:
        return [write_table(v) for v in value]


@dataclass(frozen=True)
class Rest:
    """All keys that no other field of the table takes, as a dictionary.

    `names` tells which may stand there, from the keys read so far, and `pattern` matches further ones that errors need not
    list; `of` is the kind of a key's value.
    """

    names: Callable[[Mapping[str, Any]], Iterable[str]]
    of: Callable[[str], Kind]
    pattern: str = "(?!)"


def key(kind: Any, meaning: str, default: Any = dataclasses.MISSING) -> Any:
    """The declaration of a key: a dataclass field with its kind and meaning; required unless it has a default."""
    metadata = {"kind": kind, "meaning": meaning}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def declared(record: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    """The keys of a table, by name."""
    return {f.name: f for f in dataclasses.fields(record) if "kind" in f.metadata}


def read_table(record: type[T], table: Mapping[str, Any], place: Place) -> T:
    """A record from a TOML table."""
    fields = declared(record)
    rest = next((f for f in fields.values() if isinstance(f.metadata["kind"], Rest)), None)
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name in fields and fields[name] is not rest:
            values[name] = fields[name].metadata["kind"].read(value, place.at(name))
    known = {f.name: f.default for f in fields.values() if f.default is not dataclasses.MISSING} | values
    allowed = [name for name in fields if rest is None or name != rest.name]
    if rest is not None:
        extra = list(rest.metadata["kind"].names(known))
        kind = rest.metadata["kind"]
        values[rest.name] = {
            name: kind.of(name).read(value, place.at(name))
            for name, value in table.items()
            if name not in fields and (name in extra or re.fullmatch(kind.pattern, name))
        }
        allowed += extra
    for name in table:
        if name not in allowed and (rest is None or name not in values[rest.name]):
            raise place.at(name).error(str(UnknownNameError(f"a key of {place.name}", name, allowed)))
    for name, field in fields.items():
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if missing and name not in values:
            raise place.error(f"{place.name} must have the key {name}: {field.metadata['meaning']}.")
    return record(**values)


def write_table(value: Any) -> dict[str, Any]:
    """A TOML table from a record, without keys that have their default."""
    table: dict[str, Any] = {}
    for name, field in declared(type(value)).items():
        inner = getattr(value, name)
        if isinstance(field.metadata["kind"], Rest):
            table |= {k: field.metadata["kind"].of(k).write(v) for k, v in inner.items()}
        elif field.default is dataclasses.MISSING or inner != field.default:
            table[name] = field.metadata["kind"].write(inner)
    return table
