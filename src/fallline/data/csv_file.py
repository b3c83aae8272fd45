"""A CSV file that was read: its name and text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fallline.data.csv_rows import columns_and_rows
from fallline.errors import DataError
from fallline.files import read_text

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
        """Names of the columns.

        Raises
        ------
        DataError
            If the text is not a table.
        """
        return columns_and_rows(self.text, Path(self.name).name)[0]

    def __hash__(self) -> int:
        return hash(self.digest)


def read_csv_file(path: Path) -> CsvFile:
    """Read a CSV file.

    Raises
    ------
    DataError
        If the file cannot be read, or is not UTF-8 text.
    """
    return CsvFile(path.name, read_text(path, DataError))
