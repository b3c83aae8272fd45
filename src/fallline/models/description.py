"""What a model file says of its model: a closed schema, so that nothing else can stand in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fallline.errors import DataError
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES

__all__ = ["Description", "Row", "Stated", "Summary", "Tuned", "read_description"]

Text = Annotated[str, Field(max_length=20_000)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Row(_Closed):
    """The scores of one way to answer: the ensemble, its median start, a linear model, a constant."""

    label: Text
    scores: Mapping[str, float | None]


class Stated(_Closed):
    """How good the model is on new rows, with an interval of 95 %.

    Attributes
    ----------
    score
        "accuracy" or "r2".
    value, low, high
        The estimate and its interval.
    folds
        Folds of the rows that judged.
    nested
        Whether they were kept from everything; else they chose the best epochs.
    tuned
        Whether settings were tuned anew for each of them.
    """

    score: Text
    value: float
    low: float
    high: float
    folds: int
    nested: bool
    tuned: bool


class Tuned(_Closed):
    """Settings that were chosen, and their warranty by fresh starts.

    Attributes
    ----------
    settings
        By name.
    starts, lost
        Fresh starts within 20 % of them, and the share of those that diverged or died.
    margin, rise
        By how much the loss at the edges lies above that of all, relative to it and to that of a constant; None if infinite.
    cliff
        How many times higher the learning rate of the cliff is; None if none was found.
    found, holds
        Whether a neighbourhood fulfilled both limits, and whether fresh starts confirm it.
    """

    settings: Mapping[str, float]
    starts: int
    lost: float
    margin: float | None
    rise: float | None
    cliff: float | None
    found: bool
    holds: bool


class Summary(_Closed):
    """What is told of a fit.

    Attributes
    ----------
    rows, test_rows
        Rows of the table that were learned, and that were kept for the test.
    notes
        What was done to the table.
    settings
        Of the fit, in words.
    validation, test
        Scores by members that did not see the rows, and on the rows kept for the test.
    outcome
        How the training ended.
    estimate
        The score that is stated with an interval; None if no row judged.
    tuned
        The settings that were chosen with a warranty; None if none were.
    """

    rows: int
    test_rows: int
    notes: list[Text]
    settings: Text
    validation: list[Row]
    test: list[Row]
    outcome: Text
    estimate: Stated | None = None
    tuned: Tuned | None = None


class Description(_Closed):
    """The metadata of a model file, in JSON."""

    format: Literal[1]
    made_by: Text
    kind: Literal["classes", "labels", "values"]
    sizes: Annotated[list[Annotated[int, Field(ge=1, le=10**6)]], Field(min_length=2, max_length=50)]
    activations: Annotated[list[Text], Field(max_length=50)]
    loss: Text
    dtype: Literal["float32", "float64"]
    clipped: bool
    target: dict[str, Any]
    preparation: dict[str, Any]
    summary: Summary


def read_description(text: str, file: str) -> Description:
    """Return the description from its text.

    Raises
    ------
    DataError
        The text is not of the schema, or names what fallline does not define.

    Examples
    --------
    >>> read_description('{"format": 2}', "model.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fallline.errors.DataError: model.safetensors is no model file of this version of fallline: format: ...
    """
    try:
        found = Description.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "its metadata"
        raise DataError(f"{file} is no model file of this version of fallline: {where}: {first['msg']}.") from None
    known = {*ACTIVATIONS}
    if (
        len(found.activations) != len(found.sizes) - 2
        or not known.issuperset(found.activations)
        or found.loss not in LOSSES
    ):
        raise DataError(f"{file} is no model file of this version of fallline: its network has unknown parts.")
    return found
