"""Measures of the user's own: a function of a run, or of the last parameters of many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.errors import OwnCodeError, SettingError, UnknownNameError, UsageError, shown
from fallline.measures.measure import MEASURES, Measure, RequestedMeasure, names_of
from fallline.measures.measure import measure as read_measure
from fallline.measures.statistics import Statistics
from fallline.user_code.calling import describe_error, file_of

__all__ = ["MeasureForm", "MeasureForms", "OwnMeasure", "measure", "wanted_measures"]

Function: TypeAlias = Callable[[Any], Any]


def _no_rule(s: Statistics) -> NDArray[Any]:
    """Raise: statistics do not have the values of a function."""
    raise TypeError("a measure of the user's own is not read from statistics")


@dataclass(frozen=True, eq=False)
class OwnMeasure(Measure):
    """A measure whose values a function of the user's own computes. Make it with `fallline.measure`."""

    rule: Callable[[Statistics], NDArray[Any]] = _no_rule
    function: Function = len
    over: Literal["runs", "ends"] = "runs"

    def named(self, name: str) -> OwnMeasure:
        """The same measure under another name."""
        return replace(self, name=name, label=name)

    def of_run(self, run: Any) -> float:
        """The value of one run.

        Raises
        ------
        OwnCodeError
            The function fails, or does not return a number.
        """
        result = self._called(run)
        value = np.asarray(result)
        if value.size != 1 or value.dtype.kind not in "biuf":
            raise OwnCodeError(
                f"the measure {self.name!r} must return a number for a run; it returned {shown(result)}."
            )
        return float(value.item())

    def of_ends(self, ends: NDArray[Any]) -> NDArray[np.float64]:
        """The values of runs with these last parameters, (runs, P); NaN where they are not finite.

        Raises
        ------
        OwnCodeError
            The function fails, or does not return one number for each run.
        """
        values = np.full(len(ends), np.nan)
        alive = np.isfinite(ends).all(axis=-1)
        if not alive.any():
            return values
        result = np.asarray(self._called(ends[alive]))
        count = int(alive.sum())
        if result.shape != (count,) or result.dtype.kind not in "biuf":
            raise OwnCodeError(
                f"the measure {self.name!r} must return one number for each run, shape ({count},) for parameters of shape "
                f"{(count, ends.shape[-1])}; it returned shape {result.shape} of {result.dtype}."
            )
        values[alive] = result
        return values

    def _called(self, argument: Any) -> Any:
        try:
            return self.function(argument)
        except UsageError:
            raise
        except Exception as error:
            place = describe_error(error, file_of(self.function))
            raise OwnCodeError(f"the measure {self.name!r} {place}.") from error


MeasureForm: TypeAlias = str | RequestedMeasure | OwnMeasure | Mapping[str, Function | OwnMeasure]
MeasureForms: TypeAlias = MeasureForm | Sequence[MeasureForm]
"""What a user may write as the measures of a map."""


def measure(
    function: Function,
    name: str = "",
    *,
    over: Literal["runs", "ends"] = "runs",
    better: Literal["low", "high"] | None = None,
    over_starts: Literal["median", "mean"] = "median",
    log: bool | None = None,
) -> OwnMeasure:
    """Return a measure of your own for `map`.

    Parameters
    ----------
    function
        With over="runs", a function of a `Run` that returns a number: it may look at the whole path, and is called once
        for each run. With over="ends", a function of the last parameters of many runs, (runs, P), that returns
        (runs,) numbers. It is called once for each tile, so that it costs little more than a built-in measure.
    name
        What the map calls it; by default, the function's name. A dictionary of measures names them by its keys.
    over
        "runs" or "ends". A function over ends is not called for runs whose loss stopped being finite: their value is NaN.
    better
        Which values are better, for `best`.
    over_starts
        How several starts of one cell become one number.
    log
        Whether colours are logarithmic. By default, if the values are positive and span a factor of 20.

    Notes
    -----
    Built-in measures are folded by the compiled kernel while it trains, and stay the fastest. A function over ends comes
    next. A function of a run needs the path of each run: allow about a millisecond for each cell, and its own time.

    Examples
    --------
    >>> import fallline as fl
    >>> error = measure(lambda w: np.linalg.norm(w - [1, 3], axis=-1), over="ends", better="low")
    >>> m = fl.map("booth", x=("learning_rate", 0.05, 0.1), size=2, steps=20, measures={"error": error})
    >>> m["error"].round(5).tolist(), m.best()["learning_rate"]
    ([0.68774, 0.07292], 0.1)
    """
    if not callable(function):
        raise UsageError(f"a measure of your own is a function; got {shown(function)}.")
    if over not in ("runs", "ends"):
        raise UnknownNameError("over", over, ("runs", "ends"))
    if over_starts not in ("median", "mean"):
        raise UnknownNameError("over_starts", over_starts, ("median", "mean"))
    if better not in (None, "low", "high"):
        raise UnknownNameError("better", better, ("low", "high"))
    name = name or str(getattr(function, "__name__", type(function).__name__))
    meaning = "a measure of the user's own"
    return OwnMeasure(
        name, name, meaning, dtype="<f8", over_starts=over_starts, log=log, lost_word="no value", better=better,
        function=function, over=over,
    )  # fmt: skip


def wanted_measures(measures: MeasureForms) -> tuple[RequestedMeasure, ...]:
    """Measures from what a user wrote: names, records, and dictionaries of functions.

    >>> [str(w) for w in wanted_measures(["final_loss", {"first loss": lambda run: run.losses[0]}])]
    ['final_loss', 'first loss']
    """
    single = isinstance(measures, str | RequestedMeasure | Measure | Mapping) or not isinstance(measures, Iterable)
    wanted: list[RequestedMeasure] = []
    for form in [measures] if single else measures:  # type: ignore[union-attr]  # single says which it is
        wanted += [_named(name, value) for name, value in form.items()] if isinstance(form, Mapping) else [_one(form)]
    if not wanted:
        raise UsageError("a map needs at least one measure, such as final_loss; got none.")
    for w in wanted:
        if isinstance(w.measure, OwnMeasure) and w.name in MEASURES:
            raise UsageError(
                f'{w.name} is a measure of fallline: give yours another name, measures={{"my {w.name}": function}}.'
            )
    names_of(wanted)
    return tuple(wanted)


def _one(form: Any) -> RequestedMeasure:
    if isinstance(form, OwnMeasure):
        return RequestedMeasure(form)
    if callable(form) and not isinstance(form, RequestedMeasure | Measure):
        raise UsageError(
            f'a measure of your own needs a name: measures={{"my measure": function}}; got {shown(form)} alone.'
        )
    if not isinstance(form, str | RequestedMeasure):
        raise SettingError(f'measures are names such as "final_loss", or a dictionary of functions; got {shown(form)}.')
    return read_measure(form)


def _named(name: Any, value: Any) -> RequestedMeasure:
    if not isinstance(name, str) or not name.strip():
        raise SettingError(f"a measure of your own is named by text; got {shown(name)}.")
    if isinstance(value, str):
        raise UsageError(
            f"a dictionary of measures has functions as values; got {shown(value)}. List built-in measures beside it: "
            f'measures=[{value!r}, {{"my measure": function}}].'
        )
    return RequestedMeasure(value.named(name) if isinstance(value, OwnMeasure) else measure(value, name))
