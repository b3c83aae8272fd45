"""The flags of a table of the user's own, the same for every command that takes a table in the place of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from fallline.errors import UsageError

if TYPE_CHECKING:
    from fallline.experiment.study_records import Study

__all__ = ["TableFlags", "study_or_table"]


def _flag(text: str) -> Parameter:
    return Parameter(help=text, negative="", show_default=False, group="A table of your own")


@Parameter(name="*")
@dataclass
class TableFlags:
    """How a table is read."""

    target: Annotated[
        tuple[str, ...], _flag("The column to learn; given several times, several labels or values.")
    ] = ()
    inputs: Annotated[tuple[str, ...], _flag("The input columns; all others unless given.")] = ()
    task: Annotated[
        Literal["classification", "regression"] | None,
        _flag("Whether the target holds classes or values; guessed, and said, unless given."),
    ] = None
    missing: Annotated[
        Literal["refuse", "impute"] | None, _flag("Whether missing cells are refused or imputed; refused unless given.")
    ] = None
    categories: Annotated[tuple[str, ...], _flag("Columns of numbers that are categories, such as a code.")] = ()

    @property
    def told(self) -> dict[str, Any]:
        """What was given."""
        return {name: value for name, value in vars(self).items() if value}


def study_or_table(word: str, flags: TableFlags | None) -> Study:
    """Return the study of that name; of a table, CSV or Parquet, the study that fallline makes of it.

    Raises
    ------
    UsageError
        A table has no target, or a study has flags of a table.
    """
    from fallline.data.reading.sources import is_table
    from fallline.experiment.studies import study

    told = {} if flags is None else flags.told
    if is_table(word):
        from fallline.experiment.table_study import table_study

        return table_study(word, told.pop("target", ()), **told)
    if told:
        raise UsageError(f"--{next(iter(told))} is about a table, such as flowers.csv; got {word}.")
    return study(word)
