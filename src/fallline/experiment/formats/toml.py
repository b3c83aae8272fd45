"""Studies as TOML: read, with the line of every mistake, or written, with a comment for each key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fallline.errors import StudyError, visible
from fallline.experiment.consistency import inconsistencies
from fallline.experiment.fields import kind_of, spelling
from fallline.experiment.formats.toml_lines import line_of, locate
from fallline.experiment.mistakes import Mistake, mistakes_in
from fallline.experiment.record import FLAT, Record
from fallline.experiment.study_records import Study
from fallline.sentences import sentence

__all__ = ["parse", "to_toml"]

TOLD = 8
"""The most mistakes that one error reports."""


def parse(text: str, *, name: str = "study", source: str | None = None, folder: Path | None = None) -> Study:
    """A study from TOML text.

    >>> parse("title = 'x'\\n[landscape]\\nname = 'rosenbrok'")
    Traceback (most recent call last):
    fallline.errors.StudyError: study, line 3: landscape.name: landscape must be one of ackley, beale, booth,
    himmelblau, monkey_saddle, plateau, quadratic, rastrigin, rosenbrock, saddle, styblinski_tang, three_hump_camel;
    got 'rosenbrok'. Did you mean 'rosenbrock'?

    Raises
    ------
    StudyError
        The text is not TOML, or is not a study. The message lists every mistake, each with its line, key, rule and value.
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
    try:
        study = Study.model_validate(table, context=FLAT).at(name, folder)
    except ValidationError as error:
        raise _mistaken(mistakes_in(error, Study, table), source, text) from None
    mistakes = inconsistencies(study)
    if mistakes:
        raise _mistaken(mistakes, source, text)
    return study


def _mistaken(mistakes: list[Mistake], source: str, text: str) -> StudyError:
    """The error that lists all mistakes in the order of the file."""
    lines = locate(text)
    told = sorted(((line_of(lines, mistake.path), mistake.sentence) for mistake in mistakes), key=lambda pair: pair[0])
    sentence = f"{source}, " + " ".join(
        f"{'Line' if k else 'line'} {line}: {sentence}" for k, (line, sentence) in enumerate(told[:TOLD])
    )
    more = len(told) - TOLD
    return StudyError(sentence + (f" {more} more mistake{'s' if more > 1 else ''} below." if more > 0 else ""))


def to_toml(study: Study) -> str:
    """The study as TOML, each key explained where it first stands; reading it gives the same study.

    >>> from fallline.experiment.studies import study
    >>> parse(to_toml(study())) == study()
    True
    """
    import tomlkit

    document = tomlkit.document()
    _fill(document, study, study.write(), set())
    return visible(tomlkit.dumps(document), keep="\n")  # its escapes are those of TOML's strings


def _fill(container: Any, record: Record, table: dict[str, Any], explained: set[tuple[str, str]]) -> None:
    """Put a record's table into a container of tomlkit's. `explained` holds the keys that have a comment already."""
    import tomlkit

    fields = {spelling(name, field): (name, field) for name, field in type(record).model_fields.items()}
    owner = type(record).__name__
    deep = {key: value for key, value in table.items() if key in fields and _has_header(key, value)}
    # TOML has a table's plain keys first: what follows a header belongs to that header.
    for key, value in table.items():
        if key not in deep:
            _explain(container, _meaning(record, fields, key), (owner, key), explained)
            container.add(key, _value(value))
    for key, value in deep.items():
        name, field = fields[key]
        inner, tables = getattr(record, name), []
        several = isinstance(inner, tuple)
        for one, values in zip(inner, value, strict=True) if several else [(inner, value)]:
            item = tomlkit.table()
            _explain(item, field.description or "", (owner, key), explained)
            _fill(item, one, values, explained)
            tables.append(item)
        if several:
            array = tomlkit.aot()
            for item in tables:
                array.append(item)
            container.add(key, array)
        else:
            container.add(key, tables[0])


def _meaning(record: Record, fields: dict[str, Any], key: str) -> str:
    if key in fields:
        return str(fields[key][1].description)
    free = kind_of(type(record).model_fields[record.free])
    return str(free.kind(key, getattr(record, free.chooser, "")).meaning)


def _explain(container: Any, meaning: str, what: tuple[str, str], explained: set[tuple[str, str]]) -> None:
    import tomlkit

    if meaning and what not in explained:
        container.add(tomlkit.comment(sentence(meaning)))
    explained.add(what)


def _has_header(key: str, value: Any) -> bool:
    """Whether a value gets a header of its own; starts, schedules and published figures stay on one line."""
    tables = isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
    return tables and key not in ("start", "schedule", "published")


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
