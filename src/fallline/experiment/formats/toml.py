"""Studies as TOML: read and checked, or written."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from fallline.errors import StudyError, visible
from fallline.experiment.build import check
from fallline.experiment.fields import Place, declared, read_table, write_table
from fallline.experiment.formats.toml_lines import locate
from fallline.experiment.records import Study
from fallline.settings import SETTINGS

__all__ = ["parse", "to_toml"]


def parse(text: str, *, name: str = "study", source: str | None = None, folder: Path | None = None) -> Study:
    """A study from TOML text; a mistake is named with its key, value, rule and line.

    >>> parse("title = 'x'\\n[landscape]\\nname = 'rosenbrok'")
    Traceback (most recent call last):
    fallline.errors.StudyError: study, line 3: landscape.name: landscape must be one of ackley, beale, booth,
    himmelblau, monkey_saddle, plateau, quadratic, rastrigin, rosenbrock, saddle, styblinski_tang, three_hump_camel;
    got 'rosenbrok'. Did you mean 'rosenbrock'?
    """
    source, text = source or name, text.replace("\r\n", "\n")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(source, text, error) from None
    except RecursionError:
        raise StudyError(f"{source}: its tables are nested too deep.") from None
    except ValueError:  # Python's bound on the digits of a whole number
        raise StudyError(f"{source} must not hold a whole number of thousands of digits.") from None
    place = Place(source, locate(text))
    read = read_table(Study, table, place)
    read = Study(**{k: getattr(read, k) for k in declared(Study)}, name=name, folder=folder or Path())
    check(read, place)
    return read


def to_toml(study: Study) -> str:
    """The study as TOML, each key explained where it first stands; reading it gives the same study.

    >>> from fallline.experiment.studies import study
    >>> parse(to_toml(study())) == study()
    True
    """
    import tomlkit

    document = tomlkit.document()
    explained: set[tuple[str, str]] = set()
    _fill(document, study, write_table(study), explained)
    return visible(tomlkit.dumps(document), keep="\n")  # its escapes are those of TOML's strings


def _fill(container: Any, record: Any, table: dict[str, Any], explained: set[tuple[str, str]]) -> None:
    import tomlkit

    fields, owner = declared(type(record)), type(record).__name__
    # TOML has a table's plain keys first: what follows a header belongs to that header.
    deep = [k for k, v in table.items() if _is_table(v, k, fields)]
    for name in [k for k in table if k not in deep]:
        _explain(container, _meaning(fields, name), (owner, name), explained)
        container.add(name, _value(table[name]))
    for name in deep:
        inner, tables = getattr(record, name), []
        for one, values in zip(
            inner if isinstance(inner, tuple) else [inner], table[name] if isinstance(inner, tuple) else [table[name]],
            strict=True,
        ):  # fmt: skip
            item = tomlkit.table()
            _explain(item, _meaning(fields, name), (owner, name), explained)
            _fill(item, one, values, explained)
            tables.append(item)
        if isinstance(inner, tuple):
            array = tomlkit.aot()
            for item in tables:
                array.append(item)
            container.add(name, array)
        else:
            container.add(name, tables[0])


def _meaning(fields: dict[str, Any], name: str) -> str:
    if name in fields:
        return str(fields[name].metadata["meaning"])
    return SETTINGS[name].meaning if name in SETTINGS else ""


def _explain(container: Any, meaning: str, what: tuple[str, str], explained: set[tuple[str, str]]) -> None:
    import tomlkit

    if meaning and what not in explained:
        container.add(tomlkit.comment(f"{meaning[0].upper()}{meaning[1:]}."))
    explained.add(what)


def _is_table(value: Any, name: str, fields: dict[str, Any]) -> bool:
    """Whether a value gets a header of its own; starts, schedules and published figures stay on one line."""
    if name in ("start", "schedule", "published") or name not in fields:
        return False
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value(value: Any) -> Any:
    import tomlkit

    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        for k, v in value.items():
            inline.add(k, _value(v))
        return inline
    if isinstance(value, list):
        array = tomlkit.array()
        for v in value:
            array.append(_value(v))
        return array.multiline(bool(value) and isinstance(value[0], dict))
    return value


def _syntax(source: str, text: str, error: tomllib.TOMLDecodeError) -> StudyError:
    match = re.search(r"^(.*) \((?:at line (\d+), column (\d+)|at end of document)\)$", str(error))
    if match is None:
        return StudyError(f"{source} must be TOML: {error}.")
    line = match[2] or str(text.count("\n") + 1)
    column = f", column {match[3]}" if match[3] else ""
    what = match[1][:1].lower() + match[1][1:]
    return StudyError(f"{source}, line {line}{column}: this is no TOML ({what}).")
