"""The closed schema of a preparation as plain JSON: what a file may hold, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fallline.data.preparing.inputs import CategoryInput, Indicator, Input, NumberInput
from fallline.data.preparing.scaling import Scale
from fallline.errors import DataError

__all__ = ["from_plain", "schema", "to_plain"]

Text = Annotated[str, Field(max_length=10_000)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Scale(_Closed):
    exponent: Annotated[int, Field(ge=-1100, le=1100)]
    centre: float
    width: Annotated[float, Field(gt=0)]
    smooth: bool


class _Number(_Closed):
    kind: Literal["number"]
    column: Text
    fill: float | None = None
    scale: _Scale | None = None

    def input(self) -> Input:
        return NumberInput(self.column, self.fill, None if self.scale is None else Scale(**self.scale.model_dump()))


class _Category(_Closed):
    kind: Literal["category"]
    column: Text
    levels: Annotated[list[Text], Field(min_length=1, max_length=1000)]
    fill: Text | None = None

    def input(self) -> Input:
        if len({*self.levels}) < len(self.levels) or self.fill not in (None, *self.levels):
            raise DataError(f"a preparation's levels of {self.column!r} must differ, and its fill be one of them.")
        return CategoryInput(self.column, tuple(self.levels), self.fill)


class _Indicator(_Closed):
    kind: Literal["indicator"]
    column: Text

    def input(self) -> Input:
        return Indicator(self.column)


_Part = Annotated[_Number | _Category | _Indicator, Field(discriminator="kind")]


class _Preparation(_Closed):
    inputs: Annotated[list[_Part], Field(min_length=1, max_length=100_000)]
    notes: list[Text] = []


def to_plain(inputs: Sequence[Input], notes: Sequence[str]) -> dict[str, Any]:
    """Inputs and notes as plain data. Floats keep their bits: JSON writes the shortest digits that read back to them."""
    return {"inputs": [_input(part) for part in inputs], "notes": list(notes)}


def _input(part: Input) -> dict[str, Any]:
    plain: dict[str, Any] = {"kind": part.kind, "column": part.column}
    if isinstance(part, CategoryInput):
        plain["levels"] = list(part.levels)
    if isinstance(part, NumberInput) and part.scale is not None:
        plain["scale"] = dict(vars(part.scale))
    fill = getattr(part, "fill", None)
    return plain if fill is None else plain | {"fill": fill}


def from_plain(plain: Mapping[str, Any]) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    """The inverse of `to_plain`.

    Raises
    ------
    DataError
        The data are not of the schema.
    """
    try:
        read = _Preparation.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"a preparation's {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    return tuple(part.input() for part in read.inputs), tuple(read.notes)


def schema() -> dict[str, Any]:
    """The JSON Schema of a preparation.

    >>> sorted(schema()["properties"])
    ['inputs', 'notes']
    """
    return _Preparation.model_json_schema()
