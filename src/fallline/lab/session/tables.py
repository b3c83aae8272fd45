"""CSV files that a page read."""

from __future__ import annotations

from fallline.data.csv_file import CsvFile
from fallline.errors import UsageError
from fallline.lab.limits import is_unicode
from fallline.lab.session.answers import Json
from fallline.lab.session.shown import Shown

__all__ = ["MOST_TABLE", "csv"]

MOST_TABLE = 1_000_000
"""The most characters of a CSV file."""

MOST_TABLES = 4
"""The most CSV files that are kept for a page."""


def csv(page: Shown, content: Json) -> None:
    """Keep a CSV file, and answer with its columns."""
    name, text = content.get("name"), content.get("text")
    if not isinstance(name, str) or not isinstance(text, str) or not name or len(name) > 200:
        raise UsageError("a table must have a name and a text.")
    if not is_unicode(name) or not is_unicode(text):
        raise UsageError("a table must be Unicode text; this one holds half of a surrogate pair.")
    if len(text) > MOST_TABLE:
        raise UsageError(f"a table may have at most {MOST_TABLE:,} characters in the lab; {name} has {len(text):,}.")
    table = CsvFile(name.replace("\\", "/").rpartition("/")[2], text.removeprefix("\ufeff"))
    columns = table.columns
    page.tables.pop(table.digest, None)
    page.tables[table.digest] = table
    while len(page.tables) > MOST_TABLES:
        del page.tables[next(iter(page.tables))]
    sentence = f"{' '.join(table.table.notes)} {len(columns)} columns; {columns[-1]} is to be learned."
    page.answer("csv", {
        "id": content["id"], "digest": table.digest, "columns": columns, "rows": len(table.table),
        "target": columns[-1], "sentence": sentence,
    })  # fmt: skip
