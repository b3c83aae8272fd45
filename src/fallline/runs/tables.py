"""Runs and comparisons as plain data, and as tables of pandas, which is loaded on use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError

__all__ = ["numbers_of_run", "pandas", "table_of_run", "table_of_runs", "table_of_summaries"]

Floats = NDArray[Any]


def pandas(otherwise: str = "") -> Any:
    """Return the module pandas. `otherwise` is a sentence for those who do not have it.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        return import_module("pandas")
    except ImportError:
        raise UsageError(f"pandas is not installed: pip install pandas.{otherwise}") from None


def numbers_of_run(path: Floats, losses: Floats, gradient_norms: Floats) -> dict[str, Any]:
    """Return the start, the end, and the losses of a run as lists. Numbers that are not finite become None."""

    def listed(values: Floats) -> list[float | None]:
        return [float(value) if np.isfinite(value) else None for value in values]

    return {
        "start": listed(path[0]),
        "end": listed(path[-1]),
        "loss": listed(losses[-1:])[0],
        "losses": listed(losses),
        "gradient_norm": listed(gradient_norms[-1:])[0],
    }


def table_of_run(labels: Sequence[str], path: Floats, losses: Floats, gradient_norms: Floats) -> Any:
    """Return a table with a row for each step: loss, gradient norm, and each parameter by its name."""
    columns = {"loss": losses, "gradient_norm": gradient_norms}
    taken = [label for label in labels if label in columns]
    if taken:
        raise UsageError(f"a parameter may not be called {taken[0]!r} in a table: that is the column of the run.")
    columns |= dict(zip(labels, path.T, strict=True))
    steps = pandas().RangeIndex(len(losses), name="step")
    return pandas().DataFrame({name: np.array(values) for name, values in columns.items()}, index=steps)


def table_of_runs(columns: Mapping[str, Mapping[str, Floats]], starts: int) -> Any:
    """Return a table with a row for each method and start, from the columns of each method by its label."""
    names = next(iter(columns.values()))
    table = {
        "method": np.repeat(np.array(list(columns), dtype=object), starts),
        "start": np.tile(np.arange(starts), len(columns)),
    }
    table |= {name: np.concatenate([part[name] for part in columns.values()]) for name in names}
    return pandas().DataFrame(table)


def table_of_summaries(summaries: Sequence[Any], names: Sequence[str]) -> Any:
    """Return a table with a row for each method: each estimate, and the ends of its interval as name_low and name_high."""
    rows = []
    for summary in summaries:
        row: dict[str, float] = {}
        for name in names:
            estimate = getattr(summary, name)
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        rows.append(row)
    return pandas().DataFrame(rows, index=pandas().Index([s.label for s in summaries], name="method"))
