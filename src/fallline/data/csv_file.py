"""A CSV file that was read: its name and text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fallline.data.reading.columns import Table
from fallline.data.reading.sources import file_text
from fallline.data.reading.text import text_table

__all__ = ["CsvFile", "read_csv_file"]


@dataclass(frozen=True)
class CsvFile:
    """A CSV file: its name and text.

    >>> CsvFile("flowers.csv", "a,b\\n1,2\\n").columns
    ['a', 'b']
    """

    name: str
    text: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.columns)

    @cached_property
    def table(self) -> Table:
        """The columns of the text.

        Raises
        ------
        DataError
            If the text is not a table.
        """
        return text_table(self.text, Path(self.name).name)

    def __hash__(self) -> int:
        return hash(self.digest)


def read_csv_file(path: Path) -> CsvFile:
    """Read a CSV file.

    Raises
    ------
    DataError
        If the file cannot be read, or is not text.
    """
    return CsvFile(path.name, file_text(path))
