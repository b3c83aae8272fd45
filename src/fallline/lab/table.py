"""A CSV file that the lab read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fallline.errors import DataError

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """A CSV file: its name and text.

    >>> Table("flowers.csv", "a,b\\n1,2\\n").columns
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
        from fallline.data.tables import columns_and_rows

        return columns_and_rows(self.text, Path(self.name))[0]

    def __hash__(self) -> int:
        return hash(self.digest)


def read_table(path: Path) -> Table:
    """Read a CSV file."""
    try:
        return Table(path.name, path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} must be a text in UTF-8; its byte {error.start + 1} is none.") from None
